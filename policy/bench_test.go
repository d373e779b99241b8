package policy

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

// fivePoints is what the project exists for: provenance, an SBOM and a fresh
// vulnerability report, each signed.
func fivePoints() []Requirement {
	w := newProvenanceWorld()
	vulnerabilities := strict()
	vulnerabilities.Formats = []string{"openvex"}
	return []Requirement{
		{Name: "built-by-us", Provenance: &w.requirement},
		{Name: "known-contents", SBOM: &SBOMRequirement{Signers: []SignerRule{keyRule("release")}, Formats: []string{"cyclonedx", "spdx"},
			DenyPackages: []PackageRule{packageRule("pkg:golang/golang.org/x/net@<0.38.0")}, DenyLicenses: []string{"AGPL-3.0-only"}}},
		{Name: "no-known-holes", Vulnerabilities: &vulnerabilities},
		{Name: "signed", Signature: &SignatureRequirement{Signers: []SignerRule{keylessRule()}}},
	}
}

// BenchmarkEvaluate judges 1,000 images by 20 policies, of which four match
// each image, on evidence that was recorded before.
func BenchmarkEvaluate(b *testing.B) {
	var set Set
	for i := range 20 {
		p := Policy{Name: fmt.Sprintf("p%d", i), Require: fivePoints(), Match: Match{Images: []string{fmt.Sprintf("ghcr.io/team-%d/**", i), "registry.example/x/*"}}}
		if i%5 == 0 {
			p.Match.Images = append(p.Match.Images, "ghcr.io/acme/**")
		}
		set.Policies = append(set.Policies, p)
	}
	var inputs []Input
	for i := range 1000 {
		d := digestOf(fmt.Sprint(i))
		in := inputOf(
			attest(d, predicate.TypeSLSA1, builtV1, signedByWorkflow()),
			attest(d, predicate.TypeCycloneDX, contentsCycloneDX, signedBy("release")),
			attest(d, vexType, openVEX(morning, says("CVE-2026-1", "affected")), scanner),
			attest(d, vexType, openVEX(morning, says("CVE-2026-1", "not_affected")), psirt(morning)),
			signatureOf(d, signedByWorkflow()),
		)
		in.Subject.Digest, in.Subject.Reference = d, "ghcr.io/acme/app@"+d.String()
		inputs = append(inputs, in)
	}
	b.ReportAllocs()
	start := time.Now()
	for b.Loop() {
		for _, in := range inputs {
			if r := set.Evaluate(context.Background(), in); r.Verdict != Pass {
				b.Fatal(describe(r))
			}
		}
	}
	b.ReportMetric(float64(time.Since(start).Microseconds())/float64(b.N*len(inputs)), "µs/image")
}
