package dialect_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/convert"
	"github.com/syncgate/syncgate/policy/dialect"
)

// TestConvertedIsNeverWeaker judges every case by the native policy that its
// own becomes: what the tool would not let run, that does not either; and where
// nothing is left to write by hand, what it would let run passes.
func TestConvertedIsNeverWeaker(t *testing.T) {
	s := newScene(t)
	same, byHand := 0, 0
	for _, c := range cases(t, "clusterimagepolicy") {
		t.Run(c.Name, func(t *testing.T) {
			at := s.stage(t, c)
			converted, err := convert.Files(fstest.MapFS{"p.yaml": {Data: []byte(at.policy)}}, []string{"p.yaml"}, dialect.Convertible()...)
			check(t, err)
			if strings.Contains(string(converted.Text), "trustedRoot:") || converted.Policies == 0 {
				t.Skip("its trusted root is named on the command line")
			}
			at.policy = string(converted.Text)
			got := s.gate(t, at).Verdict
			if got == policy.Pass && c.Want != "pass" && c.Oracle != "pass" {
				if !anotherForm(c) {
					t.Errorf("passes as\n%s", converted.Text)
				}
				return
			}
			if got == policy.Pass == (c.Want == "pass") {
				same++
			} else if len(converted.ByHand) > 0 {
				byHand++
			} else if !narrower(at.policy) {
				t.Errorf("is %s, want %s, and nothing says that it differs:\n%s", got, c.Want, converted.Text)
			}
		})
	}
	t.Logf("%d cases end the same, %d wait for what is written by hand", same, byHand)
	if same < 20 {
		t.Errorf("only %d cases end the same", same)
	}
}

// TestConvertedLoads: what policy-controller takes for valid becomes policies
// that load.
func TestConvertedLoads(t *testing.T) {
	for _, pattern := range []string{"policy-controller/valid/*.yaml", "policy-controller/e2e/cip-*.yaml"} {
		files, err := filepath.Glob(filepath.Join(corpus(t), "policy-controller", pattern))
		check(t, err)
		for _, file := range files {
			converted, err := convert.Files(os.DirFS(filepath.Dir(file)), []string{filepath.Base(file)}, dialect.Convertible()...)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if _, err := dialect.Load(fstest.MapFS{"p.yaml": {Data: converted.Text}}, "p.yaml"); err != nil {
				t.Errorf("%s: %v\n%s", file, err, converted.Text)
			}
		}
	}
}

// anotherForm tells whether a case fails for the form of its evidence alone,
// which the comments say counts.
func anotherForm(c differential) bool {
	return slices.ContainsFunc(c.Evidence, func(e evidence) bool {
		return (e.Form == "bundle") != strings.Contains(c.Policy, "signatureFormat: bundle")
	})
}

// narrower tells whether the comments say that less runs.
func narrower(text string) bool {
	return strings.Contains(text, "is left out: the policy is about more here") || strings.Contains(text, "here with any tag")
}
