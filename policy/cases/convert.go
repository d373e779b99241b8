package cases

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
)

// converter turns the schema types of one document into cases, and reports
// what each field alone cannot tell.
type converter struct {
	*document.Decoder
	files   fs.FS
	signers map[string]policy.Signer
}

func (c *converter) cases(s spec) []Case {
	c.signers = map[string]policy.Signer{}
	for name, written := range s.Signers {
		c.signers[name] = c.signer(written)
	}
	root := c.content(s.TrustedRoot, bounds.TrustedRootBytes)
	exploits := c.exploits(s)
	seen := map[string]bool{}
	var out []Case
	for _, t := range s.Cases {
		if seen[t.Name.Value] {
			c.Report(t.Name.Node, "two cases are called %s", document.Quote(t.Name.Value))
		}
		seen[t.Name.Value] = true
		made := c.testCase(t, s.At)
		if len(t.Evidence) > 0 && !s.TrustedRoot.Written() {
			c.Report(t.Evidence[0].Node, "case %s has evidence to verify, and nothing to verify it against: write spec.trustedRoot", document.Quote(t.Name.Value))
		}
		made.TrustedRoot, made.Input.Exploits = root, exploits
		out = append(out, made)
	}
	return out
}

func (c *converter) testCase(t testCase, otherwise moment) Case {
	at := t.At
	if !at.Written() {
		at = otherwise
	}
	out := Case{
		Name: t.Name.Value, Place: fmt.Sprintf("%s:%d:%d", c.File.Name, t.Node.Line, t.Node.Column),
		Input:  policy.Input{Subject: c.subject(t), At: at.Value, Complete: true},
		Expect: expectation(t.Expect),
	}
	if t.Snapshot.Written() {
		out.Snapshot = c.path(t.Snapshot)
		if len(t.Evidence)+len(t.Facts)+len(t.Runs)+len(t.Platforms) > 0 {
			c.Report(t.Snapshot.Node, "case %s has a snapshot, which holds all evidence and where the image runs: leave out evidence, facts, runs and platforms", document.Quote(t.Name.Value))
		}
		return out
	}
	if !at.Written() {
		c.Report(t.Node, "case %s has no time to evaluate at: write spec.at, so that it ends the same on every day", document.Quote(t.Name.Value))
	}
	for _, f := range t.Evidence {
		out.Files = append(out.Files, File{
			Name: c.path(f.File), Of: c.target(out.Input.Subject, f.Of), Content: c.content(f.File, bounds.EvidenceBytes), Annotations: values(f.Annotations),
		})
	}
	for _, f := range t.Facts {
		out.Input.Evidence = append(out.Input.Evidence, c.fact(f, out.Input))
	}
	out.Asserted = len(t.Facts)
	return out
}

func expectation(e expect) Expectation {
	out := Expectation{Verdict: e.Verdict.Value}
	if e.Findings != nil {
		out.Findings = []policy.Code{}
	}
	for _, code := range e.Findings {
		out.Findings = append(out.Findings, policy.Code(code.Value))
	}
	for name, v := range e.Requirements {
		if out.Requirements == nil {
			out.Requirements = map[string]policy.Verdict{}
		}
		out.Requirements[name] = v.Value
	}
	return out
}

// subject is the image of a case.
func (c *converter) subject(t testCase) policy.Subject {
	name, pin, pinned := strings.Cut(t.Image.Value, "@")
	s := policy.Subject{Reference: t.Image.Value, Pinned: pinned, Digest: t.Digest.Value, PlatformsKnown: true}
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, s.Tag = name[:i], name[i+1:]
	} else if !pinned {
		s.Tag = "latest"
	}
	s.Repository = policy.NormalPattern(name)
	switch {
	case pinned:
		parsed, _ := policy.ParseDigest(pin) // which was read before
		if !s.Digest.IsZero() && s.Digest != parsed {
			c.Report(t.Digest.Node, "the image is written with another digest")
		}
		s.Digest = parsed
	case s.Digest.IsZero():
		s.Digest = sum([]byte(t.Image.Value))
	}
	for _, platform := range slices.Sorted(maps.Keys(t.Platforms)) {
		s.Platforms = append(s.Platforms, policy.Platform{Name: platform, Digest: t.Platforms[platform].Value})
	}
	for _, u := range t.Runs {
		s.Uses = append(s.Uses, c.use(u))
	}
	return s
}

func (c *converter) use(u use) policy.Use {
	out := policy.Use{
		Unit: u.Unit.Value, APIVersion: u.APIVersion.Value, Kind: u.Kind.Value, Namespace: u.Namespace.Value,
		Name: u.Name.Value, Labels: values(u.Labels), Class: u.Class.Value,
	}
	if u.Object.Written() {
		out.Object = object(c.json(u.Object))
	}
	return out
}

// object is one that is given as JSON.
type object []byte

func (o object) JSON() ([]byte, error) { return o, nil }

// json is what is written as YAML.
func (c *converter) json(v document.Any) []byte {
	var value any
	err := v.Node.Decode(&value)
	var out []byte
	if err == nil {
		out, err = json.Marshal(value)
	}
	if err != nil {
		c.Report(v.Node, "it cannot be written as JSON: %s", document.Printable(err.Error()))
	}
	return out
}

// target is what evidence is attached to.
func (c *converter) target(s policy.Subject, of text) policy.Digest {
	if !of.Written() {
		return s.Digest
	}
	for _, p := range s.Platforms {
		if p.Name == of.Value {
			return p.Digest
		}
	}
	c.Report(of.Node, "the image has no platform %s", document.Quote(of.Value))
	return policy.Digest{}
}

func (c *converter) signer(s signer) policy.Signer {
	if s.Certificate != nil {
		return policy.Signer{Certificate: &policy.Certificate{
			Issuer: s.Certificate.Issuer.Value, Subject: s.Certificate.Subject.Value, Extensions: values(s.Certificate.Extensions),
		}}
	}
	pem := c.content(s.Key, bounds.KeyBytes)
	if pem == nil {
		return policy.Signer{}
	}
	key, err := native.ParseKey(pem)
	if err != nil {
		c.Report(s.Key.Node, "read key %s: %v", document.Quote(s.Key.Value), err)
		return policy.Signer{}
	}
	return policy.Signer{Key: key.Fingerprint}
}

// fact is evidence that nobody verified.
func (c *converter) fact(f fact, in policy.Input) policy.Evidence {
	if f.Signature != nil {
		s := f.Signature
		e := policy.Evidence{Kind: policy.KindSignature, Format: policy.FormatSimpleSigning, Annotations: values(s.Annotations), Subject: c.target(in.Subject, s.Of)}
		e.ID = sum(fmt.Appendf(nil, "%s %v", e.Subject, e.Annotations))
		return c.asserted(e, s.By, signing{s.Age, s.Log, in.At, f})
	}
	a := f.Attestation
	predicate := c.content(a.File, bounds.EvidenceBytes)
	if a.Predicate.Written() {
		predicate = c.json(a.Predicate)
	}
	e := policy.Evidence{Kind: policy.KindAttestation, Format: policy.FormatDSSE, Subject: c.target(in.Subject, a.Of)}
	payload, err := json.Marshal(map[string]any{
		"_type": policy.StatementV1, "predicateType": a.PredicateType.Value, "predicate": json.RawMessage(predicate),
		"subject": []any{map[string]any{"name": in.Subject.Repository, "digest": map[string]string{e.Subject.Algorithm(): e.Subject.Hex()}}},
	})
	if err == nil {
		e.Statement, err = policy.ParseStatement(payload)
	}
	if err != nil {
		c.Report(f.Node, "make the statement: %s", document.Printable(err.Error()))
	}
	e.ID = sum(payload)
	return c.asserted(e, a.By, signing{a.Age, a.Log, in.At, f})
}

// signing is how something was signed.
type signing struct {
	age span
	log text
	at  time.Time
	fact
}

// asserted adds who signed it, and when.
func (c *converter) asserted(e policy.Evidence, by text, how signing) policy.Evidence {
	signer, ok := c.signers[by.Value]
	if !ok {
		c.Report(by.Node, "signer %s is not defined in spec.signers%s", document.Quote(by.Value), document.Suggest(by.Value, slices.Sorted(maps.Keys(c.signers))))
	}
	signer.Logged, signer.Stamped = how.log.Value != "none", how.Stamped.Value
	signer.CertificateLogged = signer.Certificate != nil && how.CertificateLog.Value != "none"
	if signer.Logged || signer.Stamped {
		age := time.Minute
		if how.age.Written() {
			age = how.age.Value
		}
		signer.SignedAt = how.at.Add(-age)
	} else if how.age.Written() {
		c.Report(how.age.Node, "age with log: none, and not stamped: nobody then vouches for when it was signed")
	}
	// Which root it is that it holds against is told apart once the policies
	// are known.
	signer.Trust.Root = how.Root.Value
	e.Signers = []policy.Signer{signer}
	if how.Kept != nil {
		e.Source = policy.Source{Repository: how.Kept.Repository.Value, TagPrefix: how.Kept.TagPrefix.Value}
	}
	e.Location = fmt.Sprintf("fact at %s:%d", c.File.Name, how.Node.Line)
	return e
}

// asserted makes facts hold against whatever the policies trust, or against the
// root that they name: which authorities vouch for a signer is part of what is
// asserted.
func asserted(set policy.Set, facts []policy.Evidence) {
	names := map[string]string{"": "own"}
	for id, root := range set.Roots() {
		names[id] = root.Name
	}
	for i := range facts {
		signer := facts[i].Signers[0]
		root := signer.Trust.Root
		signer.Trust = policy.Trust{}
		facts[i].Signers = nil
		for _, t := range append(set.Trusts(), policy.Trust{}) {
			if root != "" && names[t.Root] != root || !holds(signer, t) {
				continue
			}
			signer.Trust = t
			if !slices.Contains(facts[i].Signers, signer) {
				facts[i].Signers = append(facts[i].Signers, signer)
			}
		}
		if facts[i].Signers == nil {
			signer.Trust = policy.Trust{Root: "none that the policies name"}
			facts[i].Signers = []policy.Signer{signer}
		}
	}
}

// holds tells whether a certificate's signature has the logs' words that a
// trust asks for.
func holds(s policy.Signer, t policy.Trust) bool {
	return s.Certificate == nil || (s.Logged || t.IgnoreTransparencyLog) && (s.CertificateLogged || t.IgnoreCertificateLog)
}

func sum(data []byte) policy.Digest {
	s := sha256.Sum256(data)
	d, _ := policy.ParseDigest("sha256:" + hex.EncodeToString(s[:]))
	return d
}

func values(m map[string]text) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := map[string]string{}
	for name, v := range m {
		out[name] = v.Value
	}
	return out
}
