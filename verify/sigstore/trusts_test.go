package sigstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// signedBy is a set of policies that asks for signatures by each of the rules.
func signedBy(rules ...policy.SignerRule) policy.Set {
	return policy.Set{Policies: []policy.Policy{{Require: []policy.Requirement{{Signature: &policy.SignatureRequirement{Signers: rules}}}}}}
}

// anybody is a keyless rule; whom it names is for policy to judge.
func anybody(root *policy.TrustedRoot) policy.SignerRule {
	return policy.SignerRule{Keyless: &policy.Keyless{}, Root: root}
}

// fromJSON is a trusted root that a policy holds.
func fromJSON(name string, data []byte) *policy.TrustedRoot {
	return &policy.TrustedRoot{Name: name, JSON: data}
}

// forPolicies is the verifier for rules.
func (s *scene) forPolicies(roots sigstore.Roots, rules ...policy.SignerRule) *sigstore.Verifier {
	s.t.Helper()
	v, err := sigstore.ForPolicies(signedBy(rules...), roots)
	must(s.t, err)
	return v
}

// own are a run's own roots.
func own(t testing.TB, scenes ...*scene) sigstore.Roots {
	t.Helper()
	var roots sigstore.Roots
	for _, s := range scenes {
		root, err := sigstore.ParseTrustedRoot(s.TrustedRoot())
		must(t, err)
		roots.Own = append(roots.Own, root)
	}
	return roots
}

// trustsOf are what the signers of evidence hold against.
func trustsOf(e policy.Evidence) []policy.Trust {
	var trusts []policy.Trust
	for _, s := range e.Signers {
		trusts = append(trusts, s.Trust)
	}
	return trusts
}

// TestEachRootIsJudgedApart: what holds against one trusted root is told for
// that root, and for no other.
func TestEachRootIsJudgedApart(t *testing.T) {
	here, there := newScene(t, verifytest.Options{}), newScene(t, verifytest.Options{})
	there.image = here.image
	internal := fromJSON("internal", there.TrustedRoot())
	v := here.forPolicies(own(t, here), anybody(nil), anybody(internal))
	for _, format := range every() {
		if got := trustsOf(here.accept(v, here.made(format, here.keyless, verifytest.How{}))); len(got) != 1 || got[0].Root != "" {
			t.Errorf("%s: what the run's root holds for holds against %+v", format, got)
		}
		if got := trustsOf(here.accept(v, there.made(format, there.keyless, verifytest.How{}))); len(got) != 1 || got[0].Root != internal.ID() {
			t.Errorf("%s: what the other root holds for holds against %+v", format, got)
		}
	}
	third := newScene(t, verifytest.Options{})
	third.image = here.image
	_, err := here.verify(v, third.made(policy.FormatDSSE, third.keyless, verifytest.How{}))
	if err == nil || !strings.Contains(err.Error(), "no transparency log that the trusted root names") {
		t.Errorf("got %v, want that neither root has the log", err)
	}
}

// TestRootsAreNeverMixed: a certificate of one deployment whose signature is
// in the log of another holds against neither, nor against both together.
func TestRootsAreNeverMixed(t *testing.T) {
	here, there := newScene(t, verifytest.Options{}), newScene(t, verifytest.Options{})
	edited := func(part string) []byte {
		return editJSON(t, here.TrustedRoot(), func(root map[string]any) {
			root[part] = jsonOf(t, there.TrustedRoot())[part]
		})
	}
	for _, part := range []string{"tlogs", "certificateAuthorities", "ctlogs"} {
		a, err := sigstore.ParseTrustedRoot(edited(part))
		must(t, err)
		b, err := sigstore.ParseTrustedRoot(there.TrustedRoot())
		must(t, err)
		v := here.forPolicies(sigstore.Roots{Own: []*sigstore.TrustedRoot{a, b}}, anybody(nil))
		for _, format := range every() {
			if got, err := here.verify(v, here.made(format, here.keyless, verifytest.How{})); err == nil {
				t.Errorf("%s, %s of another deployment: accepted as %+v", format, part, got.Signers)
			}
		}
	}
	both := here.forPolicies(own(t, there, here), anybody(nil))
	for _, format := range every() {
		here.accept(both, here.made(format, here.keyless, verifytest.How{}))
	}
}

// TestPartsOfRoots: a policy may say where each kind of authority comes from.
func TestPartsOfRoots(t *testing.T) {
	here, there := newScene(t, verifytest.Options{}), newScene(t, verifytest.Options{})
	mine, theirs := fromJSON("mine", here.TrustedRoot()), fromJSON("theirs", there.TrustedRoot())
	stamped := verifytest.How{Log: verifytest.LogNone, Stamped: true}
	for name, row := range map[string]struct {
		parts policy.TrustedParts
		how   verifytest.How
		holds bool
	}{
		"all mine":                 {policy.TrustedParts{Certificates: mine, Logs: mine, Timestamps: mine}, verifytest.How{}, true},
		"all the run's":            {policy.TrustedParts{}, verifytest.How{}, true},
		"their certificates":       {policy.TrustedParts{Certificates: theirs}, verifytest.How{}, false},
		"their logs":               {policy.TrustedParts{Logs: theirs}, verifytest.How{}, false},
		"their stamps, not needed": {policy.TrustedParts{Timestamps: theirs}, verifytest.How{}, true},
		"their logs, relaxed":      {policy.TrustedParts{Logs: theirs}, stamped, true},
		"their stamps, relaxed":    {policy.TrustedParts{Timestamps: theirs}, stamped, false},
	} {
		t.Run(name, func(t *testing.T) {
			here.t = t
			rule := anybody(&policy.TrustedRoot{Parts: &row.parts})
			rule.IgnoreTransparencyLog = row.how.Stamped
			v := here.forPolicies(own(t, here), rule)
			for _, format := range every() {
				if _, err := here.verify(v, here.made(format, here.keyless, row.how)); row.holds != (err == nil) {
					t.Errorf("%s: want %v, got %v", format, row.holds, err)
				}
			}
		})
	}
}

// TestRelaxedTrust: a relaxation lets through what it names and nothing else,
// and what did not need it is told to be whole.
func TestRelaxedTrust(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	elsewhere := newScene(t, verifytest.Options{})
	noCertLog := editJSON(t, s.TrustedRoot(), func(root map[string]any) { root["ctlogs"] = jsonOf(t, elsewhere.TrustedRoot())["ctlogs"] })
	rule := func(noLog, noSCT bool) policy.SignerRule {
		r := anybody(fromJSON("r", noCertLog))
		r.IgnoreTransparencyLog, r.IgnoreCertificateLog = noLog, noSCT
		return r
	}
	unlogged := verifytest.How{Log: verifytest.LogNone, Stamped: true}
	for name, row := range map[string]struct {
		rule   policy.SignerRule
		how    verifytest.How
		holds  bool
		logged bool
	}{
		"nothing relaxed":             {rule(false, false), verifytest.How{}, false, false},
		"certificate log":             {rule(false, true), verifytest.How{}, true, true},
		"certificate log, not logged": {rule(false, true), unlogged, false, false},
		"log, no certificate log":     {rule(true, false), unlogged, false, false},
		"both":                        {rule(true, true), unlogged, true, false},
		"both, but logged":            {rule(true, true), verifytest.How{}, true, true},
		"both, and at no time":        {rule(true, true), verifytest.How{Log: verifytest.LogNone}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			v := s.forPolicies(sigstore.Roots{}, row.rule)
			for _, format := range every() {
				got, err := s.verify(v, s.made(format, s.keyless, row.how))
				if row.holds != (err == nil) {
					t.Errorf("%s: want %v, got %v", format, row.holds, err)
				}
				if err == nil && (got.Signers[0].Logged != row.logged || got.Signers[0].CertificateLogged || got.Signers[0].Trust != row.rule.Trust()) {
					t.Errorf("%s: signer %+v", format, got.Signers[0])
				}
			}
		})
	}
}

// TestAsCosign: a root that names no logs does not do without them, and where
// none is asked for a certificate is told with the time in which it is valid.
func TestAsCosign(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	mine := fromJSON("mine", s.TrustedRoot())
	noCertLogs := fromJSON("r", editJSON(t, s.TrustedRoot(), func(root map[string]any) { delete(root, "ctlogs") }))
	nobody := &policy.TrustedRoot{Nobody: true}
	rule := func(relaxed bool, parts policy.TrustedParts) policy.SignerRule {
		r := anybody(&policy.TrustedRoot{Parts: &parts, AsCosign: true})
		r.IgnoreTransparencyLog = relaxed
		return r
	}
	unlogged := policy.TrustedParts{Certificates: mine, Logs: nobody, Timestamps: nobody}
	for name, row := range map[string]struct {
		rule  policy.SignerRule
		how   verifytest.How
		holds bool
	}{
		"all":                      {rule(false, policy.TrustedParts{Certificates: mine, Logs: mine, Timestamps: mine}), verifytest.How{}, true},
		"no logs":                  {rule(false, unlogged), verifytest.How{}, false},
		"no certificate logs":      {rule(false, policy.TrustedParts{Certificates: noCertLogs, Logs: mine}), verifytest.How{}, false},
		"relaxed":                  {rule(true, unlogged), verifytest.How{Log: verifytest.LogNone}, true},
		"relaxed, somebody else's": {rule(true, policy.TrustedParts{Certificates: fromJSON("x", newScene(t, verifytest.Options{}).TrustedRoot()), Logs: nobody, Timestamps: nobody}), verifytest.How{Log: verifytest.LogNone}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			v := s.forPolicies(sigstore.Roots{}, row.rule)
			for _, format := range []policy.Format{policy.FormatSimpleSigning, policy.FormatDSSE} {
				got, err := s.verify(v, s.made(format, s.keyless, row.how))
				if row.holds != (err == nil) {
					t.Errorf("%s: want %v, got %v", format, row.holds, err)
				}
				if err != nil || !row.rule.IgnoreTransparencyLog {
					continue
				}
				if signer := got.Signers[0]; signer.Logged || !signer.SignedAt.IsZero() || signer.ValidUntil.Sub(signer.ValidFrom) != 10*time.Minute {
					t.Errorf("%s: signer %+v", format, signer)
				}
			}
		})
	}
}

// TestRelaxedTrustTakesNoForgery: that no log is asked for makes no entry
// count that was forged.
func TestRelaxedTrustTakesNoForgery(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	rule := anybody(nil)
	rule.IgnoreTransparencyLog, rule.IgnoreCertificateLog = true, true
	v := s.forPolicies(own(t, s), rule)
	how := verifytest.How{Stamped: true}
	for _, format := range every() {
		b, other := s.made(format, s.keyless, how), s.made(format, s.keyless, how)
		s.accept(v, b)
		if format != policy.FormatBundle {
			s.expect(v, annotated(b, entryAnnotation, other.Annotations[entryAnnotation]), sigstore.CodeLogEntryInvalid)
			continue
		}
		s.expect(v, s.edited(b, func(m map[string]any) {
			m["verificationMaterial"].(map[string]any)["tlogEntries"] = at(jsonOf(t, other.Payload), "verificationMaterial", "tlogEntries")
		}), sigstore.CodeLogEntryInvalid)
	}
}

// TestAgainstSome: an image is verified against what its policies trust alone.
func TestAgainstSome(t *testing.T) {
	here, there := newScene(t, verifytest.Options{}), newScene(t, verifytest.Options{})
	broken := newRepository(t, nil, never())
	broken.broken.Store(true)
	unreachable := &policy.TrustedRoot{TUF: &policy.TUFRepository{Mirror: broken.url, Root: broken.root}}
	internal := fromJSON("internal", there.TrustedRoot())
	roots := own(t, here)
	roots.CacheDir = t.TempDir()
	all := here.forPolicies(roots, anybody(nil), anybody(internal), anybody(unreachable))
	b := here.made(policy.FormatDSSE, here.keyless, verifytest.How{})

	some := all.Against([]policy.Trust{{}, {Root: internal.ID()}})
	if got, err := some.Verify(context.Background(), here.image.Digest, b); err != nil || len(got.Signers) != 1 || broken.asked.Load() != 0 {
		t.Errorf("%+v, %v, after %d requests to a repository that nobody needs", got.Signers, err, broken.asked.Load())
	}
	// What could not be looked at is told beside what holds.
	got, err := all.Verify(context.Background(), here.image.Digest, b)
	var fault *verify.Fault
	if !errors.As(err, &fault) || len(got.Signers) != 1 || got.Signers[0].Trust.Root != "" {
		t.Errorf("%+v, %v; want the signer and a fault", got.Signers, err)
	}
	var rejected *verify.Rejected
	if _, err := all.Against(nil).Verify(context.Background(), here.image.Digest, b); !errors.As(err, &rejected) {
		t.Errorf("against no trust: %v", err)
	}
}

// TestRootsOfPolicies: what a policy names and what it is not.
func TestRootsOfPolicies(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	known, err := sigstore.ParseTrustedRoot(s.TrustedRoot())
	must(t, err)
	roots := sigstore.Roots{Named: map[string]*sigstore.TrustedRoot{"internal": known}}
	s.accept(s.forPolicies(roots, anybody(&policy.TrustedRoot{Name: "internal"})), s.made(policy.FormatDSSE, s.keyless, verifytest.How{}))
	for name, root := range map[string]*policy.TrustedRoot{
		"trusted root nobody: neither the policy nor the command line says what it is; known without that are internal": {Name: "nobody"},
		"trusted root x: it trusts nobody":  fromJSON("x", []byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`)),
		"trusted root y: read its archive:": {Name: "y", TUF: &policy.TUFRepository{Archive: []byte("z")}},
	} {
		if _, err := sigstore.ForPolicies(signedBy(anybody(root)), roots); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

// jsonOf is a JSON object.
func jsonOf(t testing.TB, data []byte) map[string]any {
	t.Helper()
	var object map[string]any
	editJSON(t, data, func(m map[string]any) { object = m })
	return object
}
