package report

import (
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// compared is a report of 30 images on a change: of those that fail some are
// new, some are not so before, and some are as before.
func compared(t testing.TB, old verify.OldFailures) verify.Report {
	t.Helper()
	r := many(t, 30)
	c := &verify.Comparison{Revision: render.Revision{Repository: r.Revision.Repository, Commit: "0123456789abcdef0123456789abcdef01234567"}, OldFailures: old}
	for i := range r.Images {
		image := &r.Images[i]
		switch {
		case image.Verdict == policy.Fail && i%3 == 0:
			image.Change = verify.Old
			c.Old++
			for j := range image.Findings {
				f := &image.Findings[j]
				f.Warning = f.Warning || old == verify.AllowOld && f.Verdict != policy.Pass
			}
			for j := range image.Requirements {
				q := &image.Requirements[j]
				q.Warning = q.Warning || old == verify.AllowOld && q.Verdict != policy.Pass
			}
		case image.Verdict == policy.Fail && i%3 == 1:
			image.Change = verify.Added
			c.Added++
			c.New++
		case image.Verdict == policy.Fail:
			image.Change = verify.Worse
			c.New++
		}
	}
	r.ComparedTo = c
	return r
}

// TestChangesAreToldApart: in every format for people what is of the change
// comes before what is as before, and both are named.
func TestChangesAreToldApart(t *testing.T) {
	r := compared(t, verify.BlockOld)
	for _, format := range []string{"text", "markdown", "html"} {
		text := written(t, format, r, Options{Style: Verbose})
		first, last := strings.LastIndex(text, "new image<"), strings.Index(text, "as before<")
		if format != "html" {
			first, last = strings.LastIndex(text, "(new image)"), strings.Index(text, "(as before)")
		}
		if first < 0 || last < first || !strings.Contains(text, "not so before") || !strings.Contains(strings.ToLower(text), "compared to 0123456789ab: ") {
			t.Errorf("%s: new at %d, old at %d", format, first, last)
		}
	}
}

// TestOldFailuresThatAreAllowedAreTold: they do not block, and no format is
// silent on them.
func TestOldFailuresThatAreAllowedAreTold(t *testing.T) {
	r := compared(t, verify.AllowOld)
	for i := range r.Images {
		if image := &r.Images[i]; image.Change != verify.Old && image.Verdict == policy.Fail {
			image.Verdict, image.Findings, image.Requirements, image.Change = policy.Pass, nil, nil, ""
		}
		if image := &r.Images[i]; image.Verdict == policy.Unknown {
			image.Verdict, image.Findings, image.Requirements = policy.Pass, nil, nil
		}
	}
	r.Verdict, r.Summary = policy.Pass, verify.Summary{Images: 30, Pass: 30 - r.ComparedTo.Old, Fail: r.ComparedTo.Old}
	for _, format := range Formats() {
		text := written(t, format, r, Options{Time: signedAt})
		if format != "vsa" && !strings.Contains(text, "CVE-2026-31337") {
			t.Errorf("%s does not tell what is wrong as before", format)
		}
		for _, bad := range map[string][]string{
			"sarif": {`"level": "error"`}, "junit": {"<failure"}, "github": {"\n::error"}, "gitlab": {`"blocker"`},
			"policyreport": {"result: fail"}, "vsa": nil, "markdown": {"### ❌", "❌ Sync blocked"}, "text": {"BLOCKED"},
		}[format] {
			if strings.Contains(text, bad) {
				t.Errorf("%s says %q of what does not count", format, bad)
			}
		}
		if format == "vsa" && strings.Count(text, "FAILED\",") != r.ComparedTo.Old {
			t.Errorf("%d summaries say FAILED, want %d", strings.Count(text, "FAILED\","), r.ComparedTo.Old)
		}
	}
}
