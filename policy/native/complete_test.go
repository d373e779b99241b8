package native_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/policy/predicate"
)

func loadComplete(t *testing.T) policy.Set {
	t.Helper()
	set, err := native.Load(os.DirFS("testdata"), "good/complete.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Policies) != 1 || len(set.Exceptions) != 1 {
		t.Fatalf("%d policies and %d exceptions, want one of each", len(set.Policies), len(set.Exceptions))
	}
	return set
}

// TestCompletePolicy reads the policy that the project exists for.
func TestCompletePolicy(t *testing.T) {
	p := loadComplete(t).Policies[0]
	if p.Name != "production" || p.Source != "good/complete.yaml:1" || p.Mode != policy.Enforce ||
		!p.RequireDigest || p.Platforms != policy.PlatformEach || p.AllowUnmatched {
		t.Errorf("policy is %+v", p)
	}
	same(t, "match", p.Match, policy.Match{Images: []string{"ghcr.io/acme/**"}, Exclude: []string{"ghcr.io/acme/sandbox/**"}})
	if len(p.Require) != 7 {
		t.Fatalf("%d requirements, want 7", len(p.Require))
	}
	var names []string
	for _, r := range p.Require {
		names = append(names, r.Name)
	}
	same(t, "names", names, []string{"built-by-us", "known-contents", "no-known-holes", "reviewed", "tested", "vsa", "layout"})
}

func TestCompleteProvenance(t *testing.T) {
	r := loadComplete(t).Policies[0].Require[0]
	if r.Source != "good/complete.yaml:22" {
		t.Errorf("source is %s", r.Source)
	}
	release := policy.SignerRule{Name: "release", Keyless: &policy.Keyless{
		Issuer:     "https://token.actions.githubusercontent.com",
		Subject:    "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*",
		Extensions: map[string]string{"sourceRepositoryURI": "https://github.com/acme/*", "runnerEnvironment": "github-hosted"},
	}}
	same(t, "provenance", *r.Provenance, policy.ProvenanceRequirement{
		Signers:  []policy.SignerRule{release},
		Builders: []string{"https://github.com/actions/runner/*"},
		Sources:  []string{"git+https://github.com/acme/*"},
		Level:    3,
	})
}

func TestCompleteSBOM(t *testing.T) {
	s := *loadComplete(t).Policies[0].Require[1].SBOM
	s.Signers = nil
	same(t, "sbom", s, policy.SBOMRequirement{
		Formats:      []string{"cyclonedx", "spdx"},
		NTIA:         true,
		DenyPackages: []policy.PackageRule{{Text: "pkg:golang/golang.org/x/net@<0.38.0", PURL: "pkg:golang/golang.org/x/net", Range: "<0.38.0"}},
		DenyLicenses: []string{"AGPL-3.0-only"},
	})
}

func TestCompleteVulnerabilities(t *testing.T) {
	r := loadComplete(t).Policies[0].Require[2]
	v := *r.Vulnerabilities
	if len(v.Signers) != 1 || v.Signers[0].Name != "scanner" || v.Signers[0].Key == nil || v.Signers[0].IgnoreTransparencyLog {
		t.Errorf("signers are %+v", v.Signers)
	}
	if len(v.VEX.Signers) != 1 || v.VEX.Signers[0].Name != "psirt" {
		t.Errorf("signers of VEX are %+v", v.VEX.Signers)
	}
	v.Signers, v.VEX.Signers = nil, nil
	same(t, "vulnerabilities", v, policy.VulnerabilityRequirement{
		Formats:         []string{"openvex"},
		MaxAge:          24 * time.Hour,
		Severity:        predicate.SeverityHigh,
		UnknownSeverity: true,
		Exploited:       true,
		EPSS:            0.5,
		VEX: &policy.VEXRule{
			Statuses:       []predicate.VEXStatus{predicate.NotAffected, predicate.Fixed},
			Justifications: []string{"vulnerable_code_not_present"},
		},
		Ignore: []policy.Ignore{{
			ID: "CVE-2026-1234", Reason: "not reachable; SEC-991", Source: "good/complete.yaml:33",
			Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		}},
	})
	same(t, "unsupported", r.Unsupported, []string(nil))
}

func TestCompleteGroupAndAttestation(t *testing.T) {
	p := loadComplete(t).Policies[0]
	g := p.Require[3].Group
	if g.Kind != "atLeast" || g.Count != 2 || len(g.Of) != 3 {
		t.Fatalf("group is %+v", g)
	}
	same(t, "names", []string{g.Of[0].Name, g.Of[1].Name, g.Of[2].Name}, []string{"signature", "signature-2", "attestation"})
	a := *p.Require[4].Attestation
	if a.Expression == nil || a.Expression.String() != `predicate.result == "PASSED"` {
		t.Errorf("expression is %v", a.Expression)
	}
	a.Expression, a.Signers = nil, nil
	same(t, "attestation", a, policy.AttestationRequirement{
		PredicateType: "https://in-toto.io/attestation/test-result/v0.1",
		Statements:    policy.AnyStatement,
		MaxAge:        7 * 24 * time.Hour,
	})
}

func TestCompleteSummaryAndLayout(t *testing.T) {
	p := loadComplete(t).Policies[0]
	v := *p.Require[5].VSA
	if len(v.Signers) != 1 || v.Signers[0].Name != "verifier" {
		t.Errorf("signers are %+v", v.Signers)
	}
	v.Signers = nil
	same(t, "vsa", v, policy.VSARequirement{Verifier: "https://acme.example/verifier", Level: "SLSA_BUILD_LEVEL_3"})
	l := p.Require[6].Layout
	if len(l.Layout.Steps) != 2 || len(l.Functionaries) != 2 || len(l.Functionaries[0]) != 1 || len(l.Functionaries[1]) != 2 {
		t.Fatalf("layout is %+v", l)
	}
	if rule := l.Functionaries[0][0]; rule.Key == nil || rule.Key.Public == nil || rule.IgnoreTransparencyLog || !strings.HasPrefix(rule.Name, "functionary ") {
		t.Errorf("functionary is %+v", rule)
	}
}

// TestLayoutThatItsOwnersDidNotSign does not load, nor does one that is none.
func TestLayoutThatItsOwnersDidNotSign(t *testing.T) {
	for text, want := range map[string]string{
		"layout: {file: root.layout, keys: [psirt.pub]}":            "no signature by the owner's key 1 of 1 holds",
		"layout: {file: root.layout, keys: [owner.pub, psirt.pub]}": "no signature by the owner's key 2 of 2 holds",
		"layout: {file: psirt.pub, keys: [owner.pub]}":              "read layout \"psirt.pub\"",
		"layout: {file: missing, keys: [owner.pub]}":                "read layout \"missing\"",
		"layout: {file: root.layout, keys: [missing]}":              "read key file \"missing\"",
	} {
		_, err := native.Load(tree(t, map[string]string{"p.yaml": requiring(text)}), "p.yaml")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestCompleteException(t *testing.T) {
	same(t, "exception", loadComplete(t).Exceptions[0], policy.Exception{
		Name:         "legacy-billing",
		Images:       []string{"ghcr.io/acme/billing@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"},
		Policies:     []string{"production"},
		Requirements: []string{"no-known-holes"},
		Until:        time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		Reason:       "SEC-412",
		ApprovedBy:   "platform-security",
		Source:       "good/complete.yaml:46",
	})
}

// TestDigestIsThatOfTheDocument: each document of a file has a digest of its
// own bytes, which a change of another does not touch.
func TestDigestIsThatOfTheDocument(t *testing.T) {
	text, err := os.ReadFile("testdata/good/complete.yaml")
	if err != nil {
		t.Fatal(err)
	}
	document, _, _ := strings.Cut(string(text), "---\n")
	sum := sha256.Sum256([]byte(document))
	if got, want := loadComplete(t).Policies[0].Digest.String(), "sha256:"+hex.EncodeToString(sum[:]); got != want {
		t.Errorf("digest is %s, want %s", got, want)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is\n%+v\nwant\n%+v", what, got, want)
	}
}
