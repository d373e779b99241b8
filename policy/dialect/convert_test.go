package dialect_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/convert"
	"github.com/syncgate/syncgate/policy/dialect"
)

// TestConvertedIsNeverWeaker judges every case by the native policy that its
// own becomes: what the tool would not let run, that does not either; and where
// nothing is left to write by hand, what it would let run passes.
func TestConvertedIsNeverWeaker(t *testing.T) {
	s := newScene(t)
	for name, least := range map[string]int{"clusterimagepolicy": 60, "kyverno": 100} {
		same, byHand := 0, 0
		for _, c := range cases(t, name) {
			t.Run(c.Name, func(t *testing.T) {
				at := s.stage(t, c)
				converted, err := convert.Files(fstest.MapFS{"p.yaml": {Data: []byte(at.policy)}}, []string{"p.yaml"}, dialect.Convertible()...)
				check(t, err)
				if strings.Contains(string(converted.Text), "trustedRoot:") || converted.Policies == 0 {
					t.Skip("its trusted root is named on the command line")
				}
				s.noNarrower(t, c, at, string(converted.Text))
				at.policy = string(converted.Text)
				switch got := s.gate(t, at).Verdict; {
				case got == policy.Pass && c.Want != "pass" && c.Oracle != "pass":
					if !anotherForm(c) && !wider(at.policy) {
						t.Errorf("passes as\n%s", converted.Text)
					}
				case got == policy.Pass == (c.Want == "pass"), got == policy.Pass && c.Oracle == "pass":
					same++
				case len(converted.ByHand) > 0:
					byHand++
				case !narrower(at.policy):
					t.Errorf("is %s, want %s, and nothing says that it differs:\n%s", got, c.Want, converted.Text)
				}
			})
		}
		t.Logf("%d cases of %s end the same, %d wait for what is written by hand", same, name, byHand)
		if same < least {
			t.Errorf("only %d cases of %s end the same", same, name)
		}
	}
}

// noNarrower: beside a policy that lets everything run which no other is about,
// the converted one must still be about what its own was about.
func (s *scene) noNarrower(t *testing.T, c differential, at stage, converted string) {
	t.Helper()
	const all = "\n---\napiVersion: syncgate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: {name: everything-else}\nspec: {match: {images: [\"**\"]}, unmatched: allow}\n"
	before, after := at, at
	before.policy, after.policy = at.policy+all, converted+all
	was, is := s.gate(t, before).Verdict, s.gate(t, after).Verdict
	if was == policy.Fail && is == policy.Pass && !anotherForm(c) && !strings.Contains(converted, "Every image is asked for here.") {
		t.Errorf("is about less as\n%s", converted)
	}
}

// TestConvertedLoads: what the tools' own suites take becomes policies that
// load.
func TestConvertedLoads(t *testing.T) {
	root, loaded := corpus(t), 0
	check(t, filepath.WalkDir(root, func(file string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".yaml" {
			return err
		}
		dir, base := os.DirFS(filepath.Dir(file)), filepath.Base(file)
		if _, err := dialect.Load(dir, base); err != nil {
			return nil
		}
		converted, err := convert.Files(dir, []string{base}, dialect.Convertible()...)
		if err == nil && converted.Policies > 0 {
			_, err = dialect.Load(fstest.MapFS{"p.yaml": {Data: converted.Text}}, "p.yaml")
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", file, err, converted.Text)
		}
		loaded++
		return nil
	}))
	if loaded < 60 {
		t.Errorf("only %d policies", loaded)
	}
}

// anotherForm tells whether a case fails for the form of its evidence alone,
// which the comments say counts.
func anotherForm(c differential) bool {
	return slices.ContainsFunc(c.Evidence, func(e evidence) bool {
		return (e.Form == "bundle") != (strings.Contains(c.Policy, "signatureFormat: bundle") || strings.Contains(c.Policy, "type: SigstoreBundle"))
	})
}

// wider tells whether the comments say that the policy is about images that
// none was about, which then need what it asks for.
func wider(text string) bool {
	return strings.Contains(text, "the policy is about more here") || strings.Contains(text, "held against the whole reference") ||
		strings.Contains(text, "Every image is asked for here.") || strings.Contains(text, "here with any tag")
}

// narrower tells whether the comments say that less runs.
func narrower(text string) bool {
	return strings.Contains(text, "the policy is about more here") || strings.Contains(text, "here with any tag")
}

// FuzzConvert: what is converted loads, whatever the policy was.
func FuzzConvert(f *testing.F) {
	for _, name := range []string{"clusterimagepolicy", "kyverno"} {
		files, err := filepath.Glob(filepath.Join("testdata", name, "*.yaml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			var list []differential
			if err := yaml.Unmarshal(text, &list); err != nil {
				f.Fatal(err)
			}
			for _, c := range list {
				const key = "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\\n-----END PUBLIC KEY-----"
				text := regexp.MustCompile(`\$(ALICE|BOB|BOTH)`).ReplaceAllString(c.Policy, `"`+key+`"`)
				f.Add(strings.ReplaceAll(text, "$REGISTRY", "ghcr.io"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := fstest.MapFS{"p.yaml": {Data: []byte(text)}}
		if _, err := dialect.Load(files, "p.yaml"); err != nil {
			return
		}
		converted, err := convert.Files(files, []string{"p.yaml"}, dialect.Convertible()...)
		if err == nil && converted.Policies > 0 {
			_, err = dialect.Load(fstest.MapFS{"p.yaml": {Data: converted.Text}}, "p.yaml")
		}
		if err != nil {
			t.Errorf("%v\nfrom\n%s\nto\n%s", err, text, converted.Text)
		}
	})
}
