package verify_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/policy/predicate"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// lists counts requests for lists of evidence, by where they ask.
type lists struct {
	http.RoundTripper
	mu    sync.Mutex
	asked map[string]int
}

func (l *lists) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, part := range []string{"/referrers/", ".att", ".sig"} {
		if strings.Contains(r.URL.Path, part) {
			l.asked[part]++
		}
	}
	return l.RoundTripper.RoundTrip(r)
}

// policy-controller 1863: a registry is asked for the lists of evidence that
// the policy needs, and for no others.
func TestThreatPolicyController1863OnlyListsThatAreNeeded(t *testing.T) {
	const head = "apiVersion: syncgate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: {name: fleet}\nspec:\n  match: {images: [\"%s/**\"]}\n" +
		"  signers: {release: {keyless: {issuer: \"https://token.actions.githubusercontent.com\", subject: \"https://github.com/acme/**\"}}, scanner: {key: {file: scanner.pub}}}\n  require:\n"
	const (
		signature = "    - signature: {signers: [release]}\n"
		sbom      = "    - sbom: {signers: [release]}\n"
		scan      = "    - vulnerabilities: {signers: [scanner], maxAge: 24h, deny: {severity: high}}\n"
	)
	for name, c := range map[string]struct {
		form    verifytest.Form
		require string
		want    map[string]int
	}{
		"bundles, a signature":           {verifytest.FormBundle, signature, map[string]int{"/referrers/": 1}},
		"bundles, an SBOM":               {verifytest.FormBundle, sbom, map[string]int{"/referrers/": 1}},
		"bundles, the newest scan":       {verifytest.FormBundle, signature + scan, map[string]int{"/referrers/": 1, ".att": 1}},
		"tags, an SBOM":                  {verifytest.FormTag, sbom, map[string]int{"/referrers/": 1, ".att": 1}},
		"tags, a signature":              {verifytest.FormTag, signature, map[string]int{"/referrers/": 1, ".sig": 1}},
		"tags, the newest scan":          {verifytest.FormTag, scan, map[string]int{"/referrers/": 1, ".att": 1}},
		"tags, a signature and the rest": {verifytest.FormTag, signature + sbom + scan, map[string]int{"/referrers/": 1, ".att": 1, ".sig": 1}},
		"tags, one of two":               {verifytest.FormTag, "    - anyOf: [{signature: {signers: [release]}}, {sbom: {signers: [release]}}]\n", map[string]int{"/referrers/": 1, ".att": 1, ".sig": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 1, c.form)
			var err error
			f.policies, err = native.Load(fstest.MapFS{
				"policy.yaml": {Data: fmt.Appendf(nil, head+c.require, f.world.Host())},
				"scanner.pub": {Data: f.scanner.PEM()},
			}, "policy.yaml")
			if err != nil {
				t.Fatal(err)
			}
			l := &lists{RoundTripper: http.DefaultTransport, asked: map[string]int{}}
			report := f.check(t, registry.Options{Base: l})
			if report.Verdict != policy.Pass || !maps.Equal(l.asked, c.want) {
				t.Errorf("verdict %s after %v, want a pass after %v: %+v", report.Verdict, l.asked, c.want, report.Images[0].Findings)
			}
		})
	}
}

// What asks for the newest looks wherever there may be one: a bad scan in one
// form is not hidden by a good one in another.
func TestANewerScanInAnotherFormCounts(t *testing.T) {
	const bad = `"Results": [{"Target": "app", "Vulnerabilities": [{"VulnerabilityID": "CVE-2026-1", "PkgName": "a", "InstalledVersion": "1", "Severity": "CRITICAL"}]}]`
	for name, forms := range map[string][2]verifytest.Form{
		"a bundle after a tag": {verifytest.FormTag, verifytest.FormBundle},
		"a tag after a bundle": {verifytest.FormBundle, verifytest.FormTag},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 1, forms[0])
			now := f.world.Now().Add(time.Second)
			scan := strings.Replace(fmt.Sprintf(fleetScan, now.Format("2006-01-02T15:04:05Z")), `"Results": []`, bad, 1)
			if err := f.world.Attest(f.images[0], f.scanner, claim(predicate.TypeCosignVuln, scan), verifytest.How{Form: forms[1], At: now}); err != nil {
				t.Fatal(err)
			}
			image := f.check(t, registry.Options{}).Images[0]
			codes := []policy.Code{}
			for _, finding := range image.Findings {
				codes = append(codes, finding.Code)
			}
			if image.Verdict != policy.Fail || !slices.Contains(codes, policy.CodeVulnerabilityDenied) {
				t.Errorf("verdict %s, %v", image.Verdict, image.Findings)
			}
		})
	}
}
