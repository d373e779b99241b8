package policy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/policy/predicate"
)

// production is the evidence of one image that meets the example policy, by
// the kind of evidence.
type production struct {
	t        *testing.T
	now      time.Time
	digest   policy.Digest
	platform policy.Digest
	evidence map[string]policy.Evidence
	workflow policy.Signer
	keys     map[string]policy.Signer
}

func newProduction(t *testing.T, set policy.Set) *production {
	w := &production{t: t, now: time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC), evidence: map[string]policy.Evidence{}, keys: map[string]policy.Signer{}}
	w.digest, w.platform = parse(t, strings.Repeat("a", 64)), parse(t, strings.Repeat("b", 64))
	signed := w.now.Add(-2 * time.Hour)
	w.workflow = policy.Signer{Logged: true, SignedAt: signed, Certificate: &policy.Certificate{
		Issuer: "https://token.actions.githubusercontent.com", Subject: "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1",
		Extensions: map[string]string{"sourceRepositoryURI": "https://github.com/acme/app", "runnerEnvironment": "github-hosted"},
	}}
	vulnerabilities := set.Policies[0].Require[2].Vulnerabilities
	for _, rule := range append(vulnerabilities.Signers, vulnerabilities.VEX.Signers...) {
		w.keys[rule.Name] = policy.Signer{Key: rule.Key.Fingerprint, Logged: true, SignedAt: signed}
	}
	w.attest("provenance", predicate.TypeSLSA1, w.workflow, `{"buildDefinition": {"buildType": "https://actions.github.io/buildtypes/workflow/v1",
		"externalParameters": {"workflow": {"ref": "refs/tags/v1", "repository": "https://github.com/acme/app", "path": ".github/workflows/release.yml"}}},
		"runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}}}`)
	w.attest("sbom", predicate.TypeSPDX, w.workflow, `{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "app", "documentNamespace": "https://acme.example/app",
		"creationInfo": {"created": "2026-06-15T10:00:00Z", "creators": ["Organization: acme"]},
		"packages": [{"SPDXID": "SPDXRef-a", "name": "net", "versionInfo": "v0.40.0", "supplier": "Organization: Go", "downloadLocation": "NOASSERTION", "licenseConcluded": "BSD-3-Clause",
		"externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:golang/golang.org/x/net@v0.40.0"}]}]}`)
	w.report()
	w.attest("vex", predicate.TypeOpenVEX, w.keys["psirt"], vexDocument(signed, `{"vulnerability": {"name": "CVE-2026-1"}, "status": "not_affected", "justification": "component_not_present"}`))
	w.attest("test", "https://in-toto.io/attestation/test-result/v0.1", w.workflow, `{"result": "PASSED"}`)
	w.attest("review", "https://acme.example/review/v1", w.keys["psirt"], `{}`)
	w.evidence["signature"] = policy.Evidence{Kind: policy.KindSignature, Subject: w.platform, ID: w.digest, Signers: []policy.Signer{w.workflow}}
	return w
}

func parse(t *testing.T, hex string) policy.Digest {
	d, err := policy.ParseDigest("sha256:" + hex)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func vexDocument(at time.Time, statements ...string) string {
	return fmt.Sprintf(`{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/1", "author": "acme", "timestamp": %q, "version": 1, "statements": [%s]}`,
		at.Format(time.RFC3339), strings.Join(statements, ","))
}

// report attaches the scanner's report in VEX form.
func (w *production) report(statements ...string) {
	statements = append(statements, `{"vulnerability": {"name": "CVE-2026-1"}, "status": "under_investigation"}`)
	scanner := w.keys["scanner"]
	w.attest("report", predicate.TypeOpenVEX, scanner, vexDocument(scanner.SignedAt, statements...))
}

func (w *production) attest(name, predicateType string, by policy.Signer, raw string) {
	id := parse(w.t, fmt.Sprintf("%064x", len(w.evidence)+1))
	w.evidence[name] = policy.Evidence{
		Kind: policy.KindAttestation, ID: id, Subject: w.platform, Signers: []policy.Signer{by},
		Statement: &policy.Statement{Type: policy.StatementV1, PredicateType: predicateType, Subjects: []policy.Digest{w.platform}, Predicate: json.RawMessage(raw)},
	}
}

// The policy that the project exists for holds in every point: each alone
// turns a pass into a fail.
func TestProductionPolicyHoldsInEveryPoint(t *testing.T) {
	set, err := native.Load(document.Disk{}, "../examples/policies/production.yaml")
	if err != nil {
		t.Fatal(err)
	}
	change := func(name, old, new string) func(*production) {
		return func(w *production) {
			raw := string(w.evidence[name].Statement.Predicate)
			if !strings.Contains(raw, old) {
				w.t.Fatalf("%s holds no %s", name, old)
			}
			w.evidence[name].Statement.Predicate = json.RawMessage(strings.ReplaceAll(raw, old, new))
		}
	}
	remove := func(name string) func(*production) {
		return func(w *production) { delete(w.evidence, name) }
	}
	by := func(name, who string) func(*production) {
		return func(w *production) { w.evidence[name].Signers[0] = w.keys[who] }
	}
	for name, row := range map[string]struct {
		change func(*production)
		code   policy.Code
	}{
		"all of it":                     {func(*production) {}, ""},
		"no provenance":                 {remove("provenance"), policy.CodeProvenanceMissing},
		"provenance by another":         {by("provenance", "scanner"), policy.CodeSignerMismatch},
		"provenance of another source":  {change("provenance", "acme/app", "acme2/app"), policy.CodeProvenanceIdentity},
		"provenance of another builder": {change("provenance", "https://github.com/actions/runner/github-hosted", "https://evil.example/runner"), policy.CodeProvenanceBuilder},
		"no SBOM":                       {remove("sbom"), policy.CodeSBOMMissing},
		"SBOM by another":               {by("sbom", "scanner"), policy.CodeSignerMismatch},
		"SBOM without suppliers":        {change("sbom", "Organization: Go", "NOASSERTION"), policy.CodeSBOMElements},
		"SBOM with a denied package":    {change("sbom", "v0.40.0", "v0.37.0"), policy.CodeSBOMPackageDenied},
		"SBOM with a denied licence":    {change("sbom", "BSD-3-Clause", "AGPL-3.0-or-later"), policy.CodeSBOMLicenseDenied},
		"no report":                     {remove("report"), policy.CodeReportMissing},
		"report by another":             {by("report", "psirt"), policy.CodeReportMissing},
		"report in another form":        {func(w *production) { w.attest("report", predicate.TypeCosignVuln, w.keys["scanner"], "{}") }, policy.CodeReportFormat},
		"report of yesterday":           {func(w *production) { w.now = w.now.Add(23 * time.Hour) }, policy.CodeReportStale},
		"a hole that nobody rates": {func(w *production) {
			w.report(`{"vulnerability": {"name": "CVE-2026-2"}, "status": "affected", "action_statement": "update"}`)
		}, policy.CodeVulnerabilityDenied},
		"a hole that is accepted": {func(w *production) {
			w.report(`{"vulnerability": {"name": "CVE-2026-1234"}, "status": "affected", "action_statement": "update"}`)
		}, ""},
		"VEX missing":                    {remove("vex"), policy.CodeVulnerabilityDenied},
		"VEX by another":                 {by("vex", "scanner"), policy.CodeVulnerabilityDenied},
		"VEX with another status":        {change("vex", "not_affected", "under_investigation"), policy.CodeVulnerabilityDenied},
		"VEX with another justification": {change("vex", "component_not_present", "inline_mitigations_already_exist"), policy.CodeVulnerabilityDenied},
		"no review":                      {remove("review"), policy.CodeGroupUnmet},
		"no signature":                   {remove("signature"), policy.CodeGroupUnmet},
		"no test":                        {remove("test"), policy.CodeAttestationMissing},
		"test failed":                    {change("test", "PASSED", "FAILED"), policy.CodeExpressionFalse},
		"test without a result":          {change("test", "result", "outcome"), policy.CodeExpressionError},
		"everything on the index only":   {func(w *production) { w.platform, w.digest = w.digest, w.platform }, policy.CodeProvenanceMissing},
	} {
		t.Run(name, func(t *testing.T) {
			w := newProduction(t, set)
			row.change(w)
			in := policy.Input{Complete: true, At: w.now, Subject: policy.Subject{
				Reference: "ghcr.io/acme/app@" + w.digest.String(), Repository: "ghcr.io/acme/app", Pinned: true, Digest: w.digest,
				PlatformsKnown: true, Platforms: []policy.Platform{{Name: "linux/amd64", Digest: w.platform}},
			}}
			for _, e := range w.evidence {
				in.Evidence = append(in.Evidence, e)
			}
			r := set.Evaluate(context.Background(), in)
			if row.code == "" {
				if r.Verdict != policy.Pass {
					t.Errorf("want pass, got %s %+v", r.Verdict, r.Findings)
				}
				return
			}
			if r.Verdict != policy.Fail || leading(r) != row.code {
				t.Errorf("want fail for %s, got %s for %s: %+v", row.code, r.Verdict, leading(r), r.Findings)
			}
		})
	}
}

func leading(r policy.Result) policy.Code {
	for _, f := range r.Findings {
		if f.Verdict == policy.Fail && !f.Warning {
			return f.Code
		}
	}
	return ""
}
