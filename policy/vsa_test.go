package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const vsaType = "https://slsa.dev/verification_summary/v1"

func summary(change ...string) string {
	s := fmt.Sprintf(`{"verifier": {"id": "https://acme.example/verifier"}, "timeVerified": %q, "resourceUri": "pkg:oci/app?repository_url=ghcr.io/acme/app",
		"policy": {"uri": "p"}, "verificationResult": "PASSED", "verifiedLevels": ["SLSA_BUILD_LEVEL_3", "ACME_REVIEWED"]}`, morning.Format(time.RFC3339))
	return strings.NewReplacer(change...).Replace(s)
}

// GHSA-r2xv-vpr2-42m9: a verification summary counts for its verifier, its
// resource, its result and its level, not for being signed.
func TestEachFieldOfSummariesAloneMakesThemFail(t *testing.T) {
	for name, row := range map[string]struct {
		change   func(*VSARequirement)
		evidence []Evidence
		want     Verdict
		code     Code
	}{
		"all of it":        {nil, []Evidence{attest(image, vsaType, summary(), scanner)}, Pass, ""},
		"a higher level":   {func(r *VSARequirement) { r.Level = "SLSA_BUILD_LEVEL_2" }, []Evidence{attest(image, vsaType, summary(), scanner)}, Pass, ""},
		"a label":          {func(r *VSARequirement) { r.Level = "ACME_REVIEWED" }, []Evidence{attest(image, vsaType, summary(), scanner)}, Pass, ""},
		"a lower level":    {nil, []Evidence{attest(image, vsaType, summary("LEVEL_3", "LEVEL_2"), scanner)}, Fail, CodeVSALevel},
		"another track":    {nil, []Evidence{attest(image, vsaType, summary("SLSA_BUILD", "SLSA_SOURCE"), scanner)}, Fail, CodeVSALevel},
		"no level":         {nil, []Evidence{attest(image, vsaType, summary(`["SLSA_BUILD_LEVEL_3", "ACME_REVIEWED"]`, "[]"), scanner)}, Fail, CodeVSALevel},
		"failed":           {nil, []Evidence{attest(image, vsaType, summary("PASSED", "FAILED"), scanner)}, Fail, CodeVSAFailed},
		"another verifier": {nil, []Evidence{attest(image, vsaType, summary("acme.example/verifier", "evil.example/verifier"), scanner)}, Fail, CodeVSAVerifier},
		"another resource": {nil, []Evidence{attest(image, vsaType, summary("ghcr.io/acme/app", "ghcr.io/acme/other"), scanner)}, Fail, CodeVSAResource},
		"a source":         {nil, []Evidence{attest(image, vsaType, summary("pkg:oci/app?repository_url=ghcr.io/acme/app", "git+https://git.example/app"), scanner)}, Fail, CodeVSAResource},
		"by name":          {nil, []Evidence{attest(image, vsaType, summary("pkg:oci/app?repository_url=ghcr.io/acme/app", "ghcr.io/acme/app@"+image.String()), scanner)}, Pass, ""},
		"by another":       {nil, []Evidence{attest(image, vsaType, summary(), signedBy("mallory"))}, Fail, CodeSignerMismatch},
		"of another image": {nil, []Evidence{attest(digestOf("other"), vsaType, summary(), scanner)}, Fail, CodeVSAMissing},
		"stale":            {func(r *VSARequirement) { r.MaxAge = time.Hour }, []Evidence{attest(image, vsaType, summary(), scanner)}, Fail, CodeAttestationStale},
		"malformed":        {nil, []Evidence{attest(image, vsaType, `{}`, scanner)}, Fail, CodePredicateMalformed},
		"not read":         {nil, []Evidence{attest(image, "https://slsa.dev/verification_summary/v9", summary(), scanner)}, Unknown, CodePredicateUnsupported},
		"none":             {nil, nil, Fail, CodeVSAMissing},
	} {
		t.Run(name, func(t *testing.T) {
			r := VSARequirement{Signers: []SignerRule{keyRule("scanner")}, Verifier: "https://acme.example/verifier", Level: "SLSA_BUILD_LEVEL_3"}
			if row.change != nil {
				row.change(&r)
			}
			expect(t, evaluate(t, requiring(Requirement{VSA: &r}), inputOf(row.evidence...)), row.want, row.code)
		})
	}
}

// FuzzProducts: no identifier of a product makes a panic, and what is about
// another digest is never the image.
func FuzzProducts(f *testing.F) {
	for _, id := range []string{"pkg:oci/app@sha256:00?repository_url=ghcr.io/acme/app&arch=amd64&tag=1", "ghcr.io/acme/app:1.0@" + image.String(), "urn:cdx:a/1#b", "pkg:docker/acme/app@1.0"} {
		f.Add(id, "vers:semver/>=1.0|<2.0", "1.0")
	}
	f.Fuzz(func(t *testing.T, id, versions, version string) {
		in := inputOf()
		e := &evaluation{in: in}
		n := e.names(target{digest: image})
		other := digestOf("other").String()
		if strings.Contains(id, other) && n.resource(id) {
			t.Fatalf("%q is the image", id)
		}
		inVers(versions, version)
		n.resource(id)
	})
}
