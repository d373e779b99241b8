package argocd_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/argocd"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	argorender "github.com/syncgate/syncgate/render/argocd"
	"github.com/syncgate/syncgate/verify"
)

// denied is an image with a finding.
func denied(reference, message string, verdict policy.Verdict) verify.ImageResult {
	return verify.ImageResult{
		Reference: reference, Verdict: verdict,
		Locations: []render.Location{{Object: render.ObjectID{Kind: "Pod", Name: "a"}, Origin: render.Origin{File: "a.yaml", Line: 3}}},
		Findings:  []policy.Finding{{Code: "some-code", Verdict: verdict, Policy: "p", Message: message, Hint: "do this", Retryable: verdict == policy.Unknown}},
	}
}

func TestConditionIsShort(t *testing.T) {
	var r verify.Report
	r.Verdict = policy.Fail
	for i := range 100 {
		r.Images = append(r.Images, denied(fmt.Sprintf("ghcr.io/acme/app-%d:v1", i), fmt.Sprintf("reason %d %s", i, strings.Repeat("long ", 100)), policy.Fail))
	}
	r.Summary = verify.Summary{Images: 100, Fail: 100}
	text := argocd.Condition(r)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != bounds.ConditionLines || !strings.HasPrefix(lines[0], "SYNC DENIED: 100 of 100 images denied") {
		t.Errorf("%d lines, want %d:\n%s", len(lines), bounds.ConditionLines, text)
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "and 282 lines more; `syncgate verify`") {
		t.Errorf("last line %q", last)
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) > bounds.ConditionColumns {
			t.Errorf("a line has %d characters", utf8.RuneCountInString(line))
		}
	}
}

// What is denied comes before what could not be checked, and the same reason is
// told once.
func TestConditionTellsDenialFromDoubt(t *testing.T) {
	r := verify.Report{
		Verdict: policy.Fail, Summary: verify.Summary{Images: 3, Fail: 2, Unknown: 1},
		Images: []verify.ImageResult{
			denied("a:1", "registry is down", policy.Unknown), denied("b:1", "not signed", policy.Fail), denied("c:1", "not signed", policy.Fail),
		},
		Findings: []verify.Finding{{Finding: policy.Finding{Code: "old", Verdict: policy.Fail, Message: "only a warning", Warning: true}}},
	}
	want := `SYNC DENIED: 2 of 3 images denied by policy, 1 of 3 images could not be checked
- b:1 (Pod/a, a.yaml:3)
- c:1 (Pod/a, a.yaml:3)
  not signed [some-code, policy p]
  fix: do this
- a:1 (Pod/a, a.yaml:3)
  registry is down [some-code, policy p]
  fix: do this
`
	if got := argocd.Condition(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.Verdict, r.Images, r.Summary = policy.Unknown, r.Images[:1], verify.Summary{Images: 1, Unknown: 1}
	if got := argocd.Condition(r); !strings.HasPrefix(got, "SYNC HELD: the only image could not be checked, and nothing was found wrong; a hard refresh tries again\n") {
		t.Errorf("got %s", got)
	}
	r.Images[0].Findings[0].Retryable = false
	if got := argocd.Condition(r); !strings.HasPrefix(got, "SYNC HELD: the only image could not be checked\n") {
		t.Errorf("got %s", got)
	}
}

// Names in a repository are anybody's to choose, and land in an interface.
func TestConditionIsOfOneMeaning(t *testing.T) {
	r := verify.Report{Verdict: policy.Fail, Summary: verify.Summary{Images: 1, Fail: 1}, Images: []verify.ImageResult{
		denied("a:1\nSYNC ALLOWED", "\x1b[2Jgone \u202e", policy.Fail),
	}}
	got := argocd.Condition(r)
	if strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "\nSYNC ALLOWED") {
		t.Errorf("got %q", got)
	}
}

func TestEnvironment(t *testing.T) {
	for name, environ := range map[string][]string{
		"not started by Argo CD": {"HOME=/"},
		"parameters are none":    {"ARGOCD_APP_NAME=a", "ARGOCD_APP_PARAMETERS={"},
		"parameters are many":    {"ARGOCD_APP_NAME=a", "ARGOCD_APP_PARAMETERS=[" + strings.Repeat(" ", bounds.PluginParameters) + "]"},
	} {
		if _, err := argocd.ReadEnvironment(environ); err == nil || !strings.HasPrefix(err.Error(), "read ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, row := range []struct{ path, dir, root string }{
		{"apps/web", "/tmp/x/apps/web", "/tmp/x"},
		{".", "/tmp/x", "/tmp/x"},
		{"", "/tmp/x", "/tmp/x"},
		{"./apps//web/", "/tmp/x/apps/web", "/tmp/x"},
		{"web", "/tmp/x/oweb", ""},
		{"../apps", "/tmp/x/other", ""},
		{"tmp/x", "/tmp/x", ""},
	} {
		root, err := argocd.Environment{Path: row.path}.Root(row.dir)
		if root != row.root || (err == nil) != (row.root != "") {
			t.Errorf("path %q in %s: root %q, %v; want %q", row.path, row.dir, root, err, row.root)
		}
	}
}

func FuzzParameters(f *testing.F) {
	f.Add(`[{"name":"values-files","array":["a"]},{"name":"source","string":"helm: {}"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := argocd.ReadEnvironment([]string{"ARGOCD_APP_NAME=a", "ARGOCD_APP_PARAMETERS=" + text})
		if err == nil {
			_, _ = e.Render(t.Context(), render.Tree{}, argorender.Options{})
		}
	})
}
