package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// noon is when tests evaluate, unless they say otherwise.
var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

const (
	github  = "https://token.actions.githubusercontent.com"
	release = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.0.0"
	commit  = "3b1f0c0f6c4f7b7e0c2a9b0d6f2a1c5e8d7b6a59"
)

func digestOf(text string) Digest {
	sum := sha256.Sum256([]byte(text))
	d, err := ParseDigest("sha256:" + hex.EncodeToString(sum[:]))
	if err != nil {
		panic(err)
	}
	return d
}

func keyRule(name string) SignerRule {
	return SignerRule{Name: name, Key: &Key{Fingerprint: fingerprint(name)}}
}

func fingerprint(name string) string { return digestOf("key " + name).Hex() }

func keylessRule() SignerRule {
	return SignerRule{Name: "release", Keyless: &Keyless{
		Issuer: github, Subject: "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*",
		Extensions: map[string]string{"runnerEnvironment": "github-hosted"},
	}}
}

// signedBy is a logged signature by the key of a name, an hour ago.
func signedBy(name string) Signer {
	return Signer{Key: fingerprint(name), Logged: true, SignedAt: noon.Add(-time.Hour)}
}

// signedByWorkflow is a logged keyless signature, an hour ago.
func signedByWorkflow() Signer {
	return Signer{Logged: true, SignedAt: noon.Add(-time.Hour), Certificate: &Certificate{
		Issuer: github, Subject: release,
		Extensions: map[string]string{
			"runnerEnvironment": "github-hosted", "sourceRepositoryURI": "https://github.com/acme/app",
			"sourceRepositoryRef": "refs/tags/v1.0.0", "sourceRepositoryDigest": commit, "buildSignerURI": release,
		},
	}}
}

var image = digestOf("image")

func appSubject() Subject {
	return Subject{
		Reference: "ghcr.io/acme/app:1.0@" + image.String(), Repository: "ghcr.io/acme/app", Tag: "1.0", Pinned: true,
		Digest: image, PlatformsKnown: true,
		Uses: []Use{{Unit: "shop", APIVersion: "apps/v1", Kind: "Deployment", Namespace: "prod", Name: "web", Labels: map[string]string{"tier": "front"}, Class: "podspec"}},
	}
}

func signatureOf(d Digest, signers ...Signer) Evidence {
	return Evidence{Kind: KindSignature, Format: FormatSimpleSigning, ID: digestOf(fmt.Sprint("sig", d, signers)), Location: "ghcr.io/acme/app:sig", Subject: d, Signers: signers}
}

// attest makes an attestation; predicate is JSON, or what marshals to it.
func attest(d Digest, predicateType string, predicate any, signers ...Signer) Evidence {
	raw, ok := predicate.(string)
	if !ok {
		b, err := json.Marshal(predicate)
		if err != nil {
			panic(err)
		}
		raw = string(b)
	}
	return Evidence{
		Kind: KindAttestation, Format: FormatDSSE, ID: digestOf(predicateType + raw + d.String()), Location: "ghcr.io/acme/app:att", Subject: d, Signers: signers,
		Statement: &Statement{Type: StatementV1, PredicateType: predicateType, Subjects: []Digest{d}, Predicate: json.RawMessage(raw)},
	}
}

// requiring is a set of one policy for everything of acme.
func requiring(requirements ...Requirement) Set {
	for i := range requirements {
		if requirements[i].Name == "" {
			requirements[i].Name = fmt.Sprintf("r%d", i)
		}
	}
	return Set{Policies: []Policy{{Name: "production", Match: Match{Images: []string{"ghcr.io/acme/**"}}, Require: requirements}}}
}

func inputOf(evidence ...Evidence) Input {
	return Input{Subject: appSubject(), Evidence: evidence, Complete: true, At: noon}
}

func evaluate(t testing.TB, s Set, in Input) Result {
	t.Helper()
	r := s.Evaluate(context.Background(), in)
	checkResult(t, r)
	return r
}

// checkResult holds what is true of every result: the verdict is what the
// findings that count say, every finding can be read, and none that blocks
// leaves people without a next step.
func checkResult(t testing.TB, r Result) {
	t.Helper()
	want := Pass
	for _, f := range r.Findings {
		if f.Code == "" || f.Message == "" || strings.ContainsAny(f.Message, "\n\r\x00") {
			t.Errorf("finding cannot be read: %+v", f)
		}
		if !f.Warning && f.Verdict != Pass {
			want = AllOf(want, f.Verdict)
		}
	}
	if r.Verdict != want {
		t.Errorf("verdict is %s, and the findings say %s:\n%s", r.Verdict, want, describe(r))
	}
}

func describe(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s settled=%t policies=%v\n", r.Verdict, r.Settled, r.Policies)
	for _, f := range r.Findings {
		mark := ""
		if f.Warning {
			mark = " (warning)"
		}
		fmt.Fprintf(&b, "  %s%s %s [%s/%s]: %s\n      -> %s\n", f.Verdict, mark, f.Code, f.Policy, f.Requirement, f.Message, f.Hint)
	}
	return b.String()
}

// expect checks the verdict and the leading code, which is that of the first
// finding with that verdict.
func expect(t testing.TB, r Result, v Verdict, code Code) {
	t.Helper()
	if r.Verdict != v {
		t.Fatalf("verdict is %s, want %s:\n%s", r.Verdict, v, describe(r))
	}
	if code == "" {
		return
	}
	for _, f := range r.Findings {
		if f.Verdict == v && !f.Warning {
			if f.Code != code {
				t.Errorf("leading finding is %s, want %s:\n%s", f.Code, code, describe(r))
			}
			return
		}
	}
	t.Errorf("no finding %s:\n%s", code, describe(r))
}

func hasFinding(r Result, code Code) bool {
	for _, f := range r.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}
