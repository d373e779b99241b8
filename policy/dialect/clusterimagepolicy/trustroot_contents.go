package clusterimagepolicy

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/trustroot"
	"github.com/syncgate/syncgate/policy/document"
)

// trustRoot reads a TrustRoot. What is wrong with its contents is told only
// where a policy refers to it: manifests are kept with placeholders, too.
func (c *converter) trustRoot(t trustRoot) {
	if k := t.Spec.SigstoreKeys; k != nil && len(k.CertificateAuthorities) == 0 && len(k.TimestampAuthorities) == 0 {
		c.Report(k.Node, "sigstoreKeys has neither certificateAuthorities nor timestampAuthorities: write one of them")
	}
	name := t.Metadata.Name.Value
	if name == "" || len(c.Problems) > 0 {
		return
	}
	contents := &converter{Decoder: document.NewDecoder(c.File, c.Budget)}
	out := contents.contents(t.Spec)
	out.Name = name
	entry := c.trust.named(name)
	// Policies that came before it hold this very pointer.
	entry.root.JSON, entry.root.TUF = out.JSON, out.TUF
	entry.problems = contents.Problems
}

func (c *converter) contents(s trustSpec) *policy.TrustedRoot {
	switch {
	case s.Remote != nil:
		c.targets(s.Remote.Targets)
		return &policy.TrustedRoot{TUF: &policy.TUFRepository{
			Mirror: strings.TrimRight(s.Remote.Mirror.Value, "/"), Root: c.rootMetadata(s.Remote.Root), Target: s.Remote.TrustedRootTarget.Value,
		}}
	case s.Repository != nil:
		c.targets(s.Repository.Targets)
		return &policy.TrustedRoot{TUF: &policy.TUFRepository{
			Archive: c.decoded(s.Repository.MirrorFS, "mirrorFS"), Root: c.rootMetadata(s.Repository.Root), Target: s.Repository.TrustedRootTarget.Value,
		}}
	case s.SigstoreKeys != nil:
		return &policy.TrustedRoot{JSON: c.sigstoreKeys(*s.SigstoreKeys)}
	}
	return &policy.TrustedRoot{}
}

// targets takes the one directory that is read.
func (c *converter) targets(t text) {
	if t.Value != "" && t.Value != "targets" {
		c.Report(t.Node, "targets: only the directory targets of a TUF repository is read, not %s", document.Quote(t.Value))
	}
}

func (c *converter) rootMetadata(t text) []byte {
	out := c.decoded(t, "root")
	var metadata struct {
		Signatures json.RawMessage `json:"signatures"`
	}
	if out != nil && (json.Unmarshal(out, &metadata) != nil || metadata.Signatures == nil) {
		c.Report(t.Node, "root is no TUF root metadata: want a root.json with signatures, in base64")
	}
	return out
}

// decoded is what a field holds in base64, never nil.
func (c *converter) decoded(t text, field string) []byte {
	out, err := base64.StdEncoding.DecodeString(t.Value)
	if err != nil {
		c.Report(t.Node, "%s is not in base64", field)
		return []byte{}
	}
	return out
}

// sigstoreKeys writes keys and certificates down as a trusted root.
func (c *converter) sigstoreKeys(k sigstoreKeys) []byte {
	var root trustroot.Root
	for _, a := range k.CertificateAuthorities {
		c.add(a.CertChain, "certChain", func(text []byte) error { return root.AddAuthority(a.URI.Value, text) })
	}
	for _, a := range k.TimestampAuthorities {
		c.add(a.CertChain, "certChain", func(text []byte) error { return root.AddStamper(a.URI.Value, text) })
	}
	for _, l := range k.TLogs {
		c.checkLog(l)
		c.add(l.PublicKey, "publicKey of a log", func(text []byte) error { return root.AddLog(l.BaseURL.Value, text) })
	}
	for _, l := range k.CTLogs {
		c.checkLog(l)
		c.add(l.PublicKey, "publicKey of a log", func(text []byte) error { return root.AddCertificateLog(l.BaseURL.Value, text) })
	}
	out, err := root.JSON()
	if err != nil {
		c.Report(k.Node, "sigstoreKeys cannot be read: %v", err)
	}
	return out
}

// add adds what a field holds in base64.
func (c *converter) add(t text, field string, to func([]byte) error) {
	before := len(c.Problems)
	decoded := c.decoded(t, field)
	if len(c.Problems) > before {
		return
	}
	if err := to(decoded); err != nil {
		c.Report(t.Node, "%s: %v", field, err)
	}
}

func (c *converter) checkLog(l logInstance) {
	if hash := l.HashAlgorithm.Value; hash != "sha-256" && hash != "sha256" {
		c.Report(l.HashAlgorithm.Node, "hashAlgorithm of a log is %s: only sha-256 is read", document.Quote(hash))
	}
}
