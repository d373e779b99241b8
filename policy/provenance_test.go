package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

const builtV1 = `{
 "buildDefinition": {
  "buildType": "https://actions.github.io/buildtypes/workflow/v1",
  "externalParameters": {"workflow": {"ref": "refs/tags/v1.0.0", "repository": "https://github.com/acme/app", "path": ".github/workflows/release.yml"}},
  "resolvedDependencies": [{"uri": "git+https://github.com/acme/app@refs/tags/v1.0.0", "digest": {"gitCommit": "` + commit + `"}}]},
 "runDetails": {
  "builder": {"id": "https://github.com/actions/runner/github-hosted"},
  "metadata": {"invocationId": "https://github.com/acme/app/actions/runs/1/attempts/1", "startedOn": "2026-06-15T10:00:00Z", "finishedOn": "2026-06-15T10:30:00Z"}}}`

const builtV02 = `{
 "builder": {"id": "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v1.9.0"},
 "buildType": "https://github.com/slsa-framework/slsa-github-generator/container@v1",
 "invocation": {"configSource": {"uri": "git+https://github.com/acme/app@refs/tags/v1.0.0", "digest": {"sha1": "` + commit + `"}, "entryPoint": ".github/workflows/release.yml"}},
 "metadata": {"buildStartedOn": "2026-06-15T10:00:00Z"},
 "materials": [{"uri": "git+https://github.com/acme/app@refs/tags/v1.0.0", "digest": {"sha1": "` + commit + `"}}]}`

// provenanceWorld is a requirement and evidence that meets it.
type provenanceWorld struct {
	requirement   ProvenanceRequirement
	predicateType string
	predicate     string
	signer        Signer
	at            time.Time
}

func (w *provenanceWorld) replace(old, new string) {
	if !strings.Contains(w.predicate, old) {
		panic("nothing to replace: " + old)
	}
	w.predicate = strings.ReplaceAll(w.predicate, old, new)
}

func newProvenanceWorld() *provenanceWorld {
	return &provenanceWorld{
		requirement: ProvenanceRequirement{
			Signers: []SignerRule{keylessRule()}, Builders: []string{"https://github.com/actions/runner/*"},
			BuildTypes: []string{"https://actions.github.io/buildtypes/workflow/v1"},
			Sources:    []string{"git+https://github.com/acme/*"}, Refs: []string{"refs/tags/v*"}, Level: 3, MaxAge: 24 * time.Hour,
		},
		predicateType: predicate.TypeSLSA1, predicate: builtV1, signer: signedByWorkflow(), at: noon,
	}
}

func (w *provenanceWorld) generator() {
	w.predicateType, w.predicate = predicate.TypeSLSA02, builtV02
	generator := "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v1.9.0"
	w.requirement.Builders = []string{"https://github.com/slsa-framework/slsa-github-generator/.github/workflows/*@refs/tags/*"}
	w.requirement.BuildTypes = nil
	w.requirement.Signers[0].Keyless.Subject = generator
	w.signer.Certificate.Subject, w.signer.Certificate.Extensions["buildSignerURI"] = generator, generator
	w.signer.Certificate.Extensions["buildConfigURI"] = release
}

// The rows "CVE-2025-29778", "GHSA-r2xv-vpr2-42m9" and "conforma 70f42e7d" of
// what must never happen.
func TestEachFieldOfProvenanceAloneMakesItFail(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*provenanceWorld)
		want   Verdict
		code   Code
	}{
		{"as it should be", func(*provenanceWorld) {}, Pass, ""},
		{"reusable workflow", (*provenanceWorld).generator, Pass, ""},
		{"builder", func(w *provenanceWorld) { w.requirement.Builders = []string{"https://builds.acme.example/**"} }, Fail, CodeProvenanceBuilder},
		{"builder in upper case", func(w *provenanceWorld) { w.requirement.Builders = []string{"HTTPS://GitHub.com/actions/runner/*"} }, Pass, ""},
		{"http is not https", func(w *provenanceWorld) { w.requirement.Builders = []string{"http://github.com/actions/runner/*"} }, Fail, CodeProvenanceBuilder},
		{"builder that goes up", func(w *provenanceWorld) {
			w.requirement.Builders = []string{"https://github.com/acme/**"}
			w.replace("actions/runner/github-hosted", "acme/../evil/runner")
		}, Fail, CodeProvenanceBuilder},
		{"build type", func(w *provenanceWorld) { w.replace("buildtypes/workflow", "buildtypes/other") }, Fail, CodeProvenanceBuildType},
		{"source", func(w *provenanceWorld) { w.requirement.Sources = []string{"git+https://github.com/other/*"} }, Fail, CodeProvenanceSource},
		{"source without git+", func(w *provenanceWorld) { w.requirement.Sources = []string{"https://github.com/acme/app"} }, Pass, ""},
		{"source with .git", func(w *provenanceWorld) { w.requirement.Sources = []string{"https://github.com/acme/app.git"} }, Pass, ""},
		{"source with its ref", func(w *provenanceWorld) {
			w.requirement.Sources = []string{"git+https://github.com/acme/app@refs/tags/*"}
		}, Pass, ""},
		{"source with another ref", func(w *provenanceWorld) {
			w.requirement.Sources = []string{"git+https://github.com/acme/app@refs/heads/*"}
		}, Fail, CodeProvenanceSource},
		{"source in a deeper path", func(w *provenanceWorld) { w.requirement.Sources = []string{"https://github.com/*"} }, Fail, CodeProvenanceSource},
		{"source over http", func(w *provenanceWorld) { w.requirement.Sources = []string{"http://github.com/acme/*"} }, Fail, CodeProvenanceSource},
		{"source over HTTP", func(w *provenanceWorld) { w.requirement.Sources = []string{"HTTP://github.com/acme/*"} }, Fail, CodeProvenanceSource},
		{"no source", func(w *provenanceWorld) {
			w.replace(`"workflow"`, `"other"`)
			w.replace(`"resolvedDependencies"`, `"x"`)
		}, Fail, CodeProvenanceSource},
		{"no entry point, all sources count", func(w *provenanceWorld) {
			w.replace(`"workflow":`, `"other":`)
			w.replace(`"resolvedDependencies": [`, `"resolvedDependencies": [{"uri": "git+https://github.com/evil/lib@refs/tags/v1"}, `)
		}, Fail, CodeProvenanceSource},
		{"ref", func(w *provenanceWorld) { w.requirement.Refs = []string{"refs/heads/*"} }, Fail, CodeProvenanceRef},
		{"no ref", func(w *provenanceWorld) {
			w.replace(`"ref": "refs/tags/v1.0.0", `, "")
			w.replace("@refs/tags/v1.0.0", "")
		}, Fail, CodeProvenanceRef},
		{"ref of the certificate", func(w *provenanceWorld) { w.signer.Certificate.Extensions["sourceRepositoryRef"] = "refs/heads/x" }, Fail, CodeProvenanceRef},
		{"level without builders", func(w *provenanceWorld) { w.requirement.Builders = nil }, Unknown, CodeUnsupportedField},
		{"level on a self-hosted runner", func(w *provenanceWorld) {
			w.generator()
			w.requirement.Signers[0].Keyless.Extensions = nil
			w.signer.Certificate.Extensions["runnerEnvironment"] = "self-hosted"
		}, Fail, CodeProvenanceLevel},
		{"a lower level on a self-hosted runner", func(w *provenanceWorld) {
			w.generator()
			w.requirement.Level, w.requirement.Signers[0].Keyless.Extensions = 2, nil
			w.signer.Certificate.Extensions["runnerEnvironment"] = "self-hosted"
		}, Pass, ""},
		{"signer", func(w *provenanceWorld) { w.requirement.Signers = []SignerRule{keyRule("x")} }, Fail, CodeSignerMismatch},
		{"signed by a key", func(w *provenanceWorld) { w.requirement.Signers, w.signer = []SignerRule{keyRule("x")}, signedBy("x") }, Pass, ""},
		{"predicate of another repository than the certificate", func(w *provenanceWorld) {
			w.signer.Certificate.Extensions["sourceRepositoryURI"] = "https://github.com/acme/other"
		}, Fail, CodeProvenanceIdentity},
		{"repository of the certificate in other case", func(w *provenanceWorld) {
			w.signer.Certificate.Extensions["sourceRepositoryURI"] = "https://github.com/Acme/App"
		}, Pass, ""},
		{"predicate of another commit than the certificate", func(w *provenanceWorld) {
			w.signer.Certificate.Extensions["sourceRepositoryDigest"] = strings.Repeat("0", 40)
		}, Fail, CodeProvenanceIdentity},
		{"predicate of another runner than the certificate", func(w *provenanceWorld) { w.replace("runner/github-hosted", "runner/self-hosted") }, Fail, CodeProvenanceIdentity},
		{"predicate of another workflow than the certificate", func(w *provenanceWorld) {
			w.generator()
			w.signer.Certificate.Extensions["buildSignerURI"] = "https://github.com/evil/x/.github/workflows/x.yml@refs/tags/v1"
		}, Fail, CodeProvenanceIdentity},
		{"a delegator signs for the builder that called it", func(w *provenanceWorld) {
			w.generator()
			w.requirement.Signers[0].Keyless.Subject = delegators + "generic_slsa3.yml@refs/tags/v2.0.0"
			w.signer.Certificate.Subject = w.requirement.Signers[0].Keyless.Subject
			w.signer.Certificate.Extensions["buildSignerURI"] = w.signer.Certificate.Subject
		}, Pass, ""},
		{"too old by its own time", func(w *provenanceWorld) { w.replace("2026-06-15T10:30", "2026-06-13T10:30") }, Fail, CodeAttestationStale},
		{"too old by its signature", func(w *provenanceWorld) { w.signer.SignedAt = noon.Add(-25 * time.Hour) }, Fail, CodeAttestationStale},
		{"in the future", func(w *provenanceWorld) { w.at = noon.Add(-2 * time.Hour) }, Fail, CodeAttestationFuture},
		{"signed a moment ahead", func(w *provenanceWorld) { w.signer.SignedAt = noon.Add(4 * time.Minute) }, Pass, ""},
		{"malformed", func(w *provenanceWorld) { w.predicate = `{"buildDefinition": 3}` }, Fail, CodePredicateMalformed},
		{"not JSON of an object", func(w *provenanceWorld) { w.predicate = `[]` }, Fail, CodePredicateMalformed},
		{"of a version that is not read", func(w *provenanceWorld) { w.predicateType = "https://slsa.dev/provenance/v0.3" }, Unknown, CodePredicateUnsupported},
		{"of another type", func(w *provenanceWorld) { w.predicateType = predicate.TypeSPDX }, Fail, CodeProvenanceMissing},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newProvenanceWorld()
			row.change(w)
			in := inputOf(attest(image, w.predicateType, w.predicate, w.signer))
			in.At = w.at
			expect(t, evaluate(t, requiring(Requirement{Provenance: &w.requirement}), in), row.want, row.code)
		})
	}
}

// The row "GHSA-r2xv-vpr2-42m9" of what must never happen: a predicate that
// does not say what was built is bound to its signer all the same.
func TestThreat_GHSA_r2xv_vpr2_42m9_WithoutAnEntryPointTheCertificateDecides(t *testing.T) {
	const dependencies = `"resolvedDependencies": [{"uri": "git+https://github.com/acme/app@refs/tags/v1.0.0", "digest": {"gitCommit": "` + commit + `"}}]`
	silent := func(w *provenanceWorld) { w.replace(`"workflow": {`, `"unknown": {`) }
	sandbox := func(w *provenanceWorld) {
		w.signer.Certificate.Extensions["sourceRepositoryURI"] = "https://github.com/acme/sandbox"
	}
	older := func(repository string) func(*provenanceWorld) {
		return func(w *provenanceWorld) {
			w.requirement.Signers[0].Keyless.Extensions = nil
			w.signer.Certificate.Extensions = map[string]string{
				"githubWorkflowRepository": repository, "githubWorkflowRef": "refs/tags/v1.0.0", "githubWorkflowSHA": commit,
			}
		}
	}
	exact := func(w *provenanceWorld) { w.requirement.Sources = []string{"git+https://github.com/acme/app"} }
	v02 := func(w *provenanceWorld) {
		w.generator()
		w.replace(`"configSource"`, `"unknown"`)
	}
	for name, row := range map[string]struct {
		changes []func(*provenanceWorld)
		want    Verdict
		code    Code
	}{
		"its own repository":                    {[]func(*provenanceWorld){silent, exact}, Pass, ""},
		"another repository":                    {[]func(*provenanceWorld){silent, exact, sandbox}, Fail, CodeProvenanceIdentity},
		"another repository of the same owner":  {[]func(*provenanceWorld){silent, sandbox}, Fail, CodeProvenanceIdentity},
		"another repository, asked for a ref":   {[]func(*provenanceWorld){silent, sandbox, func(w *provenanceWorld) { w.requirement.Sources = nil }}, Fail, CodeProvenanceIdentity},
		"v0.2, its own repository":              {[]func(*provenanceWorld){v02, exact}, Pass, ""},
		"v0.2, another repository":              {[]func(*provenanceWorld){v02, exact, sandbox}, Fail, CodeProvenanceIdentity},
		"another commit":                        {[]func(*provenanceWorld){silent, func(w *provenanceWorld) { w.replace(commit, strings.Repeat("0", 40)) }}, Fail, CodeProvenanceIdentity},
		"older certificate":                     {[]func(*provenanceWorld){silent, exact, older("acme/app")}, Pass, ""},
		"older certificate, another repository": {[]func(*provenanceWorld){silent, exact, older("acme/sandbox")}, Fail, CodeProvenanceIdentity},
		"older certificate with an entry point": {[]func(*provenanceWorld){exact, older("acme/sandbox")}, Fail, CodeProvenanceIdentity},
		"older certificate, another forge": {[]func(*provenanceWorld){silent, exact, older("acme/app"), func(w *provenanceWorld) {
			w.requirement.Signers[0].Keyless.Issuer = "https://git.example/_services/token"
			w.signer.Certificate.Issuer = "https://git.example/_services/token"
		}}, Fail, CodeProvenanceIdentity},
		"both repositories listed": {[]func(*provenanceWorld){silent, exact, sandbox, func(w *provenanceWorld) {
			w.replace(dependencies, strings.TrimSuffix(dependencies, "]")+`, {"uri": "git+https://github.com/acme/sandbox@refs/tags/v1"}]`)
		}}, Fail, CodeProvenanceSource},
		"certificate of a ref that the source does not allow": {[]func(*provenanceWorld){
			func(w *provenanceWorld) {
				w.requirement.Sources, w.requirement.Refs = []string{"git+https://github.com/acme/app@refs/tags/*"}, nil
				w.signer.Certificate.Extensions["sourceRepositoryRef"] = "refs/heads/x"
			},
		}, Fail, CodeProvenanceSource},
		"older certificate, builder that did not sign": {[]func(*provenanceWorld){older("acme/app"), func(w *provenanceWorld) {
			w.replace("https://github.com/actions/runner/github-hosted", "https://github.com/acme/builder/.github/workflows/build.yml@refs/tags/v1")
			w.requirement.Builders = []string{"https://github.com/acme/builder/**"}
		}}, Fail, CodeProvenanceIdentity},
		"signed by a key": {[]func(*provenanceWorld){silent, exact, func(w *provenanceWorld) {
			w.requirement.Signers, w.signer = []SignerRule{keyRule("x")}, signedBy("x")
		}}, Pass, ""},
		"no source is asked for": {[]func(*provenanceWorld){silent, sandbox, func(w *provenanceWorld) { w.requirement.Sources, w.requirement.Refs = nil, nil }}, Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newProvenanceWorld()
			for _, change := range row.changes {
				change(w)
			}
			in := inputOf(attest(image, w.predicateType, w.predicate, w.signer))
			expect(t, evaluate(t, requiring(Requirement{Provenance: &w.requirement}), in), row.want, row.code)
		})
	}
}

func TestAnyProvenanceCounts(t *testing.T) {
	w := newProvenanceWorld()
	bad := attest(image, w.predicateType, strings.ReplaceAll(w.predicate, "acme/app", "evil/app"), w.signer)
	good := attest(image, w.predicateType, w.predicate, w.signer)
	expect(t, evaluate(t, requiring(Requirement{Provenance: &w.requirement}), inputOf(bad, good)), Pass, "")
	unread := attest(image, "https://slsa.dev/provenance/v0.3", "{}", w.signer)
	expect(t, evaluate(t, requiring(Requirement{Provenance: &w.requirement}), inputOf(bad, unread)), Unknown, CodePredicateUnsupported)
	expect(t, evaluate(t, requiring(Requirement{Provenance: &w.requirement}), inputOf(bad, unread, good)), Pass, "")
}

func TestSourceURIs(t *testing.T) {
	for _, row := range []struct {
		uri, repository, ref string
	}{
		{"git+https://github.com/acme/app@refs/tags/v1", "https://github.com/acme/app", "refs/tags/v1"},
		{"HTTPS://GitHub.com/acme/App.git", "https://github.com/acme/App", ""},
		{"https://github.com/acme/app.git#refs/heads/main:docker", "https://github.com/acme/app", "refs/heads/main"},
		{"https://github.com/acme/app/", "https://github.com/acme/app", ""},
		{"git+ssh://git@github.com/acme/app@v1", "ssh://git@github.com/acme/app", "v1"},
		{"git@github.com:acme/app", "git@github.com:acme/app", ""},
		{"HTTP://x.example/a", "http://x.example/a", ""},
		{"https://github.com", "https://github.com/", ""},
	} {
		if got := parseSource(row.uri); got != (sourceURI{row.repository, row.ref}) {
			t.Errorf("%s is read as %+v", row.uri, got)
		}
	}
	for _, uri := range []string{
		"https://github.com@evil.example/acme/app", "https://evil.example/https://github.com/acme/app", "https://github.com/acme/../evil/app",
		"https://github.com/acme/%2e%2e/evil", `https://github.com/acme\..\evil`, "https://github.com/acme/app\n", "http://github.com/acme/app", "https://github.com.evil.example/acme/app",
	} {
		if matchSource("https://github.com/acme/**", uri) {
			t.Errorf("%q is taken for one of acme's", uri)
		}
	}
}
