package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

func digestOf(t testing.TB, n int) policy.Digest {
	t.Helper()
	d, err := policy.ParseDigest(fmt.Sprintf("sha256:%064x", n+0xabcdef))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var signedAt = time.Date(2026, 6, 15, 10, 0, 0, 0, time.UTC)

// sample is a report with everything that a report may hold: of each verdict,
// of each kind of finding, with warnings, exceptions and VEX.
func sample(t testing.TB) verify.Report {
	t.Helper()
	r := verify.Report{
		APIVersion: verify.ReportAPIVersion, Kind: verify.ReportKind, Verdict: policy.Fail,
		Revision: render.Revision{Repository: "https://github.com/acme/deploy", Commit: "6454ed39b8a64b0d8b1f2a3c4d5e6f7081920a1b"},
		Policies: []verify.PolicyRef{{Name: "production", Digest: digestOf(t, 900)}, {Name: "trial", Digest: digestOf(t, 901)}},
		Units: []verify.UnitResult{
			{Name: "apps/shop/production", Kind: "kustomize", Path: "apps/shop/production", Objects: 3},
			{Name: "billing", Kind: "helm", Path: "charts/billing", Objects: 2},
			{Name: "broken", Kind: "kustomize", Path: "apps/broken"},
		},
		Images: []verify.ImageResult{
			unsigned(t), vulnerable(t), unreachable(t), excepted(t), clean_(t), unmatchedTag(t),
		},
		Findings: []verify.Finding{
			{Finding: policy.Finding{Code: "render-failed", Verdict: policy.Fail, Message: "kustomize build apps/broken: no such file:\n  missing.yaml", Hint: "check the kustomization with kustomize build apps/broken"},
				Unit: "broken", Origin: render.Origin{File: "apps/broken/kustomization.yaml"}},
			{Finding: policy.Finding{Code: "variable-undefined", Verdict: policy.Unknown, Message: "nothing defines ${TAG}", Hint: "define it"},
				Unit: "billing", Object: &render.ObjectID{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "billing", Name: "db"}, Origin: render.Origin{File: "charts/billing/templates/db.yaml", Line: 7, Column: 3}},
			{Finding: policy.Finding{Code: "tree-unreadable", Verdict: policy.Unknown, Message: "a part of the repository could not be read", Retryable: true}},
			{Finding: policy.Finding{Code: "kustomization-used", Verdict: policy.Pass, Warning: true, Message: "kustomization apps/shop/base was not rendered by itself", Hint: "nothing to do"},
				Unit: "apps/shop/base", Origin: render.Origin{File: "apps/shop/base/kustomization.yaml"}},
			{Finding: policy.Finding{Code: policy.CodeExceptionUnused, Verdict: policy.Pass, Warning: true, Message: "the exception old (x.yaml:1) matches nothing: no image is x"}},
		},
	}
	for _, image := range r.Images {
		r.Summary.Images++
		switch image.Verdict {
		case policy.Pass:
			r.Summary.Pass++
		case policy.Fail:
			r.Summary.Fail++
		default:
			r.Summary.Unknown++
		}
	}
	r.Summary.Objects = 5
	return r
}

func location(unit, name, file string, line int) render.Location {
	return render.Location{
		Unit: unit, Object: render.ObjectID{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: name},
		Field: "spec.template.spec.containers[0].image", Origin: render.Origin{File: file, Line: line, Column: 13},
	}
}

// requirements are those of the policy production, with the verdicts given in
// their order.
func requirements(verdicts ...policy.Verdict) []policy.RequirementResult {
	list := []policy.RequirementResult{
		{Requirement: "signed-by-us", Kind: "signature"}, {Requirement: "built-by-us", Kind: "provenance", Level: 3},
		{Requirement: "known-contents", Kind: "sbom"}, {Requirement: "no-known-holes", Kind: "vulnerabilities"},
	}
	for i := range list {
		list[i].Policy, list[i].Verdict = "production", verdicts[i]
		if list[i].Verdict != policy.Pass {
			list[i].Level = 0
		}
	}
	return list
}

func unsigned(t testing.TB) verify.ImageResult {
	d := digestOf(t, 1)
	return verify.ImageResult{
		Reference: "registry.example/acme/cart@" + d.String(), Class: render.ClassPodSpec, Digest: d, Verdict: policy.Fail,
		Policies: []string{"production"}, Requirements: requirements(policy.Fail, policy.Fail, policy.Pass, policy.Pass),
		Locations: []render.Location{
			location("apps/shop/production", "cart", "apps/shop/production/kustomization.yaml", 12),
			location("apps/shop/production", "cart-canary", "apps/shop/production/kustomization.yaml", 12),
			location("apps/shop/production", "cart-worker", "apps/shop/base/worker.yaml", 30),
		},
		Findings: []policy.Finding{
			{Code: policy.CodeSignatureMissing, Verdict: policy.Fail, Policy: "production", Requirement: "signed-by-us",
				Message: "registry.example/acme/cart@" + d.String()[:19] + " has no signature; wanted one by release", Hint: "cosign sign registry.example/acme/cart@" + d.String()},
			{Code: policy.CodeProvenanceMissing, Verdict: policy.Fail, Policy: "production", Requirement: "built-by-us",
				Message: "has no SLSA provenance; wanted one by release", Hint: "cosign attest --type slsaprovenance1 --predicate FILE registry.example/acme/cart@" + d.String()},
		},
		Evidence: []verify.EvidenceSummary{},
		Rejected: []verify.RejectionSummary{{Code: "signature-invalid", Location: "registry.example/acme/cart:sha256-1.sig layer 0", Reason: "the signature is not of this payload"}},
	}
}

func vulnerable(t testing.TB) verify.ImageResult {
	d := digestOf(t, 2)
	holes := policy.Finding{Code: policy.CodeVulnerabilityDenied, Verdict: policy.Fail, Policy: "production", Requirement: "no-known-holes"}
	lead, first, second := holes, holes, holes
	lead.Message, lead.Hint = "has 2 vulnerabilities that are denied: 1 critical, 1 high", "update what is fixed and build again"
	first.Message = "CVE-2026-31337 in golang.org/x/net v0.44.0 (critical, fixed in 0.45.0)"
	second.Message = "CVE-2026-31338 in golang.org/x/net v0.44.0 (high, fixed in 0.45.0)"
	return verify.ImageResult{
		Reference: "registry.example/acme/api:1.4.0", Class: render.ClassPodSpec, Digest: d, Verdict: policy.Fail,
		Policies: []string{"production"}, Requirements: requirements(policy.Pass, policy.Pass, policy.Pass, policy.Fail),
		Locations: []render.Location{location("billing", "api", "charts/billing/values.yaml", 2)},
		Findings:  []policy.Finding{lead, first, second}, Evidence: []verify.EvidenceSummary{evidence(t, 20, "")},
	}
}

func unreachable(t testing.TB) verify.ImageResult {
	return verify.ImageResult{
		Reference: "ghcr.io/acme/mail:2", Class: render.ClassPodSpec, Verdict: policy.Unknown,
		Policies: []string{"production"}, Requirements: requirements(policy.Unknown, policy.Unknown, policy.Unknown, policy.Unknown),
		Locations: []render.Location{location("billing", "mail", "charts/billing/templates/mail.yaml", 18)},
		Findings: []policy.Finding{
			{Code: verify.CodeRegistryRateLimited, Verdict: policy.Unknown, Message: "resolve ghcr.io/acme/mail:2: registry ghcr.io limits the rate (429)", Hint: "run it again later", Retryable: true},
			{Code: policy.CodeDigestUnresolved, Verdict: policy.Unknown, Policy: "production", Requirement: "signed-by-us", Message: "the digest is not known"},
		},
		Evidence: []verify.EvidenceSummary{},
	}
}

func excepted(t testing.TB) verify.ImageResult {
	d := digestOf(t, 4)
	r := requirements(policy.Pass, policy.Pass, policy.Pass, policy.Pass)
	r[3].Lifted = true
	return verify.ImageResult{
		Reference: "registry.example/acme/billing@" + d.String(), Class: render.ClassPodSpec, Digest: d, Verdict: policy.Pass,
		Policies: []string{"production"}, Requirements: r,
		Locations: []render.Location{location("billing", "billing", "charts/billing/values.yaml", 5)},
		Findings: []policy.Finding{
			{Code: policy.CodeExceptionApplied, Verdict: policy.Pass, Policy: "production", Requirement: "no-known-holes",
				Message: "the exception legacy-billing (exceptions.yaml:1) for requirement no-known-holes lifts it until 2026-12-31T00:00:00Z: SEC-412 (approved by jo)"},
			{Code: policy.CodeReportMissing, Verdict: policy.Fail, Warning: true, Policy: "production", Requirement: "no-known-holes", Message: "has no vulnerability report; wanted one by scanner", Hint: "cosign attest --type vuln"},
		},
		Evidence: []verify.EvidenceSummary{evidence(t, 40, ""), evidence(t, 41, "https://slsa.dev/provenance/v1")},
	}
}

func clean_(t testing.TB) verify.ImageResult {
	d := digestOf(t, 5)
	r := append(requirements(policy.Pass, policy.Pass, policy.Pass, policy.Pass),
		policy.RequirementResult{Policy: "trial", Requirement: "reviewed", Kind: "signature", Verdict: policy.Fail, Warning: true})
	return verify.ImageResult{
		Reference: "registry.example/acme/worker@" + d.String(), Class: render.ClassPodSpec, Digest: d, Verdict: policy.Pass,
		Policies: []string{"production", "trial"}, Requirements: r,
		Locations: []render.Location{location("billing", "worker", "charts/billing/values.yaml", 9)},
		Findings: []policy.Finding{
			{Code: policy.CodeVEXSilenced, Verdict: policy.Pass, Policy: "production", Requirement: "no-known-holes",
				Message: "CVE-2026-31337 in golang.org/x/net v0.44.0 is explained away by VEX: not_affected, vulnerable_code_not_in_execute_path, says psirt"},
			{Code: policy.CodeReportDecided, Verdict: policy.Pass, Policy: "production", Requirement: "no-known-holes", Message: "the newest report by scanner decided"},
			{Code: policy.CodeSignatureMissing, Verdict: policy.Fail, Warning: true, Policy: "trial", Requirement: "reviewed", Message: "has no signature; wanted one by reviewer"},
		},
		Evidence: []verify.EvidenceSummary{
			evidence(t, 50, ""), evidence(t, 51, "https://slsa.dev/provenance/v1"), evidence(t, 52, "https://cyclonedx.org/bom"),
			evidence(t, 53, "https://cosign.sigstore.dev/attestation/vuln/v1"), evidence(t, 54, "https://openvex.dev/ns/v0.2.0"),
		},
	}
}

func unmatchedTag(t testing.TB) verify.ImageResult {
	return verify.ImageResult{
		Reference: "docker.io/library/redis", Class: render.ClassText, Digest: digestOf(t, 6), Verdict: policy.Fail,
		Policies: []string{}, Requirements: []policy.RequirementResult{},
		Locations: []render.Location{{Unit: "billing", Object: render.ObjectID{APIVersion: "v1", Kind: "ConfigMap", Namespace: "shop", Name: "jobs"}, Field: "data.image"}},
		Findings: []policy.Finding{{Code: policy.CodeImageUnmatched, Verdict: policy.Fail,
			Message: "no enforced policy is about docker.io/library/redis; looked at production: it is about registry.example/acme/**", Hint: "write a policy whose match names the image"}},
		Evidence: []verify.EvidenceSummary{},
	}
}

func evidence(t testing.TB, n int, predicateType string) verify.EvidenceSummary {
	e := verify.EvidenceSummary{
		Kind: policy.KindSignature, Digest: digestOf(t, n+1000), Subject: digestOf(t, n/10), SignedAt: &signedAt,
		Format: policy.FormatSimpleSigning, Location: fmt.Sprintf("registry.example/acme/app:sha256-%d.sig layer 0", n),
		Signer: verify.SignerSummary{TransparencyLog: true, Certificate: &policy.Certificate{
			Issuer: "https://token.actions.githubusercontent.com", Subject: "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1.4.0",
		}},
	}
	if predicateType != "" {
		e.Kind, e.PredicateType, e.Format = policy.KindAttestation, predicateType, policy.FormatDSSE
	}
	if n%2 == 1 {
		e.Signer = verify.SignerSummary{Key: "sha256:" + strings.Repeat("ab", 32), TransparencyLog: true}
	}
	return e
}

// empty is a report of a revision that deploys no image.
func empty(t testing.TB) verify.Report {
	t.Helper()
	return verify.Report{
		APIVersion: verify.ReportAPIVersion, Kind: verify.ReportKind, Revision: render.Revision{Repository: "/srv/deploy"},
		Policies: []verify.PolicyRef{}, Units: []verify.UnitResult{}, Images: []verify.ImageResult{},
		Findings: []verify.Finding{{Finding: policy.Finding{Code: verify.CodeNoImages, Message: "found no image in anything that this revision deploys"}}},
	}
}

// passing is a report in which nothing is wrong.
func passing(t testing.TB) verify.Report {
	r := sample(t)
	r.Verdict, r.Images, r.Findings = policy.Pass, []verify.ImageResult{excepted(t), clean_(t)}, []verify.Finding{}
	r.Summary = verify.Summary{Objects: 2, Images: 2, Pass: 2}
	return r
}

// many is a report of n images, half of which pass, with ten findings each in
// the other half.
func many(t testing.TB, n int) verify.Report {
	t.Helper()
	r := sample(t)
	r.Images, r.Findings, r.Summary = nil, []verify.Finding{}, verify.Summary{Objects: n, Images: n}
	for i := range n {
		var image verify.ImageResult
		switch {
		case i%2 == 0:
			image = clean_(t)
			r.Summary.Pass++
		case i%10 == 1:
			image = unreachable(t)
			r.Summary.Unknown++
		default:
			image = vulnerable(t)
			r.Summary.Fail++
			for j := range 17 {
				f := image.Findings[1]
				f.Message = fmt.Sprintf("CVE-2026-%d in golang.org/x/net v0.44.0 (high, fixed in 0.45.0)", 40000+i*20+j)
				image.Findings = append(image.Findings, f)
			}
		}
		image.Digest = digestOf(t, 10_000+i)
		image.Reference = fmt.Sprintf("registry.example/team-%d/service-%04d:1.%d@%s", i%17, i, i%9, image.Digest)
		image.Locations = []render.Location{location(r.Units[i%2].Name, fmt.Sprintf("service-%04d", i), fmt.Sprintf("apps/team-%d/service-%04d.yaml", i%17, i), 20+i%40)}
		r.Images = append(r.Images, image)
	}
	return r
}

// payloads are what somebody would write into a name, a message or a path to
// break a format or those who read it.
var payloads = []string{
	`"><script>alert(1)</script>`, `</script><script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `javascript:alert(1)`,
	"::error::forged", "\n::set-output name=x::y", "##[error]forged", "##vso[task.setvariable variable=x]y", "%0A::error::forged",
	"`code` ![x](https://evil.example/x.png)", "[click](https://evil.example)", "@everyone #1 https://evil.example www.evil.example", "| a | b |\n|---|", "<!-- x -->", "</details>",
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u202etxt.exe", "\r\nforged: line", "a\x00b", "\xff\xfe", "]]>", "&amp;&#0;", "---\nforged: yaml", "!!python/object:x", "{{.}} ${x} {0}",
	"'; DROP TABLE x; --", "../../etc/passwd", strings.Repeat("long", 2000), "\U0001F4A9\u2028\u2029\ufeff",
}

// hostile is a report in which every string is a payload.
func hostile(t testing.TB) verify.Report {
	t.Helper()
	r := sample(t)
	i := 0
	next := func() string { i++; return payloads[i%len(payloads)] }
	r.Revision = render.Revision{Repository: next(), Commit: next()}
	for range 40 {
		image := unsigned(t)
		image.Reference, image.Class = next(), render.Class(next())
		image.Policies = []string{next()}
		for k := range image.Requirements {
			image.Requirements[k].Policy, image.Requirements[k].Requirement, image.Requirements[k].Kind = next(), next(), next()
		}
		for k := range image.Locations {
			image.Locations[k] = render.Location{Unit: next(), Object: render.ObjectID{APIVersion: next(), Kind: next(), Namespace: next(), Name: next()},
				Field: next(), Origin: render.Origin{File: next(), Line: k, Column: k}}
		}
		for k := range image.Findings {
			f := &image.Findings[k]
			f.Code, f.Policy, f.Requirement, f.Message, f.Hint = policy.Code(next()), next(), next(), next(), next()
		}
		e := evidence(t, 50, next())
		e.Location, e.Format, e.Kind = next(), policy.Format(next()), policy.EvidenceKind(next())
		e.Signer.Certificate = &policy.Certificate{Issuer: next(), Subject: next()}
		image.Evidence = []verify.EvidenceSummary{e}
		image.Rejected = []verify.RejectionSummary{{Code: policy.Code(next()), Location: next(), Reason: next()}}
		r.Images = append(r.Images, image)
		r.Units = append(r.Units, verify.UnitResult{Name: next(), Kind: render.SourceKind(next()), Path: next()})
		r.Policies = append(r.Policies, verify.PolicyRef{Name: next()})
		r.Findings = append(r.Findings, verify.Finding{
			Finding: policy.Finding{Code: policy.Code(next()), Verdict: policy.Verdict(i % 3), Message: next(), Hint: next(), Warning: i%2 == 0},
			Unit:    next(), Origin: render.Origin{File: next(), Line: i % 4},
			Object: &render.ObjectID{APIVersion: next(), Kind: next(), Namespace: next(), Name: next()},
		})
	}
	return r
}

// reports are all samples, by name.
func reports(t testing.TB) map[string]verify.Report {
	return map[string]verify.Report{
		"sample": sample(t), "empty": empty(t), "passing": passing(t), "hostile": hostile(t), "many": many(t, 200),
		"compared": compared(t, verify.BlockOld), "allowed": compared(t, verify.AllowOld),
	}
}

func written(t testing.TB, format string, r verify.Report, o Options) string {
	t.Helper()
	write, err := For(format)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Bytes(write, r, o)
	if err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return string(b)
}
