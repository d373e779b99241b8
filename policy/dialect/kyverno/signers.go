package kyverno

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/objects"
	"github.com/syncgate/syncgate/policy/dialect/trustroot"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
)

// signer is whose signatures count for an attestor, or the fields that keep it
// from being told.
func (c *converter) signer(e *attestor, what asked) (policy.SignerRule, []string) {
	switch {
	case e.Keys != nil:
		return c.keys(e)
	case e.Certificates != nil:
		return c.certificates(e)
	case e.Keyless != nil:
		return c.keyless(e.Keyless, what)
	}
	return policy.SignerRule{}, nil
}

func (c *converter) keys(e *attestor) (rule policy.SignerRule, lacking []string) {
	k := e.Keys
	if k.PublicKeys.Value == "" && k.Secret == nil && !k.KMS.Written() {
		c.Report(k.Node, "keys has none of publicKeys, kms and secret: write one of them")
		return rule, nil
	}
	if uri := managed(k); uri.Written() {
		rule.Key, lacking = c.managedKey(uri, k.Algorithm)
		return rule, append(lacking, c.trust(&rule, trustFields{rekor: k.Rekor, ctlog: k.CTLog})...)
	}
	if k, lacking = c.fromSecret(k); lacking != nil {
		return rule, lacking
	}
	if !strings.Contains(k.PublicKeys.Value, "-----BEGIN") && !isVariable(k.PublicKeys.Value) {
		return rule, []string{c.FieldAt(k.PublicKeys.Node, "keys.publicKeys that are a reference")}
	}
	// Where several are taken for one, the first of them counts.
	text := k.PublicKeys.Value
	const end = "-----END PUBLIC KEY-----"
	if at := strings.Index(text, end); at >= 0 {
		text = text[:at+len(end)] + "\n"
	}
	if isVariable(text) {
		return rule, nil // which is told for the whole
	}
	key, err := native.ParseKey([]byte(strings.TrimLeft(text, " \n")))
	if err != nil {
		c.Report(k.PublicKeys.Node, "read publicKeys: %v", err)
		return rule, nil
	}
	rule.Key = key
	lacking = append(c.hashFits(e, key), c.trust(&rule, trustFields{rekor: k.Rekor, ctlog: k.CTLog})...)
	return rule, lacking
}

// managed is the URI of a key in a key-management service, if it is in one.
func managed(k *keys) text {
	switch {
	case k.PublicKeys.Value == "" && k.Secret == nil:
		return k.KMS
	case !strings.Contains(k.PublicKeys.Value, "-----BEGIN") && strings.Contains(k.PublicKeys.Value, "://") && !strings.HasPrefix(k.PublicKeys.Value, "k8s://"):
		return k.PublicKeys
	}
	return text{}
}

// managedKey is a key in a key-management service.
func (c *converter) managedKey(uri, hash text) (*policy.Key, []string) {
	if isVariable(uri.Value) {
		return nil, nil // which is told for the whole
	}
	key, err := native.ManagedKey(uri.Value)
	if err != nil {
		return nil, []string{c.FieldAt(uri.Node, "kms: "+err.Error())}
	}
	if hash.Value != "" && hash.Value != "sha256" {
		return nil, []string{c.FieldAt(hash.Node, "signatureAlgorithm: "+hash.Value+" with a key in a service")}
	}
	return key, nil
}

// fromSecret has the key of a Secret that stands among the policies, as
// "cosign generate-key-pair k8s://" writes it.
func (c *converter) fromSecret(k *keys) (*keys, []string) {
	namespace, name, at := "", "", k.PublicKeys.Place
	if rest, found := strings.CutPrefix(k.PublicKeys.Value, "k8s://"); found {
		namespace, name, _ = strings.Cut(rest, "/")
	} else if k.PublicKeys.Value == "" && k.Secret != nil {
		namespace, name, at = k.Secret.Namespace.Value, k.Secret.Name.Value, k.Secret.place
	}
	if name == "" || isVariable(namespace+name) {
		return k, nil
	}
	found, ok := c.objects.Find(objects.Secret, namespace, name)
	if !ok {
		return k, []string{c.FieldAt(at.Node, "keys.secret: "+objects.Missing(objects.Secret, namespace, name))}
	}
	out := *k
	out.PublicKeys = text{Place: at, Value: found.Data["cosign.pub"]}
	if out.PublicKeys.Value == "" {
		c.Report(at.Node, "%s has no entry cosign.pub", objects.Reference(objects.Secret, namespace, name))
		out.PublicKeys.Value = "-----BEGIN"
	}
	return &out, nil
}

func (c *converter) certificates(e *attestor) (rule policy.SignerRule, lacking []string) {
	h := e.Certificates
	with := trustFields{rekor: h.Rekor, ctlog: h.CTLog}
	switch {
	case isVariable(h.Cert.Value) || isVariable(h.CertChain.Value):
		return rule, nil // which is told for the whole
	case h.Cert.Value == "" && h.CertChain.Value == "":
		c.Report(h.Node, "certificates has neither cert nor certChain: write one of them")
		return rule, nil
	case h.Cert.Value != "" && h.CertChain.Value != "":
		return rule, []string{c.FieldAt(h.CertChain.Node, "certificates.certChain with cert")}
	case h.CertChain.Value != "":
		authorities, err := native.ParseAuthorities([]byte(h.CertChain.Value))
		if err != nil {
			return rule, []string{c.FieldAt(h.CertChain.Node, "certificates.certChain: "+err.Error())}
		}
		rule.X509 = &policy.X509{Subject: "**"}
		return rule, c.trust(&rule, with.of(authorities, c.FieldAt(h.Node, "certificates.certChain without ctlog.ignoreSCT")))
	}
	text := []byte(h.Cert.Value)
	if decoded, err := base64.StdEncoding.DecodeString(h.Cert.Value); err == nil {
		text = decoded
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		c.Report(h.Cert.Node, "read cert: it holds no certificate in PEM")
		return rule, nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		c.Report(h.Cert.Node, "read cert: it holds no certificate that can be read")
		return rule, nil
	}
	key, err := native.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: certificate.RawSubjectPublicKeyInfo}))
	if err != nil {
		c.Report(h.Cert.Node, "read cert: %v", err)
		return rule, nil
	}
	rule.Key = key
	return rule, append(c.hashFits(e, key), c.trust(&rule, with)...)
}

// keyless converts an identity. What is left out is anybody's.
func (c *converter) keyless(k *keyless, what asked) (rule policy.SignerRule, lacking []string) {
	unread := func(t text, field string) { lacking = append(lacking, c.FieldAt(t.Node, field)) }
	if k.Issuer.Value != "" && k.IssuerRegExp.Value != "" {
		unread(k.IssuerRegExp.text, "keyless.issuerRegExp with issuer")
	}
	if what.attestation == nil && k.Rekor == nil && k.Roots.Value == "" && k.Issuer.Place != k.place {
		c.Report(k.Node, "keyless has neither rekor nor roots: write rekor with its url")
	}
	out := &policy.Keyless{}
	switch {
	case k.Issuer.Value != "":
		out.IssuerPattern = whole(wild(k.Issuer.Value))
	case k.IssuerRegExp.Value != "":
		out.IssuerPattern = whole(anywhere(k.IssuerRegExp))
	default:
		out.IssuerPattern = whole(`(?s:.*)`)
	}
	var subjects []string
	if k.Subject.Value != "" {
		subjects = append(subjects, wild(k.Subject.Value))
	}
	if k.SubjectRegExp.Value != "" {
		subjects = append(subjects, anywhere(k.SubjectRegExp))
	}
	if len(subjects) == 0 {
		subjects = []string{`(?s:.*)`}
	}
	out.SubjectPattern = whole(subjects...)
	for name, value := range k.Extensions {
		ours := extensionName(name)
		if ours == "" || strings.Contains(value.Value, "?") {
			lacking = append(lacking, c.FieldAt(k.Node, "keyless.additionalExtensions."+document.Printable(name)))
			continue
		}
		if out.Extensions == nil {
			out.Extensions = map[string]string{}
		}
		out.Extensions[ours] = stars.ReplaceAllString(value.Value, "**")
	}
	rule.Keyless = out
	with := trustFields{rekor: k.Rekor, ctlog: k.CTLog, certified: true}
	if k.Roots.Value != "" && !isVariable(k.Roots.Value) {
		authorities, err := native.ParseAuthorities([]byte(k.Roots.Value))
		if err != nil {
			c.Report(k.Roots.Node, "read roots: %v", err)
			return rule, lacking
		}
		with = with.of(authorities, c.FieldAt(k.Roots.Node, "keyless.roots without ctlog.ignoreSCT"))
	}
	return rule, append(lacking, c.trust(&rule, with)...)
}

var stars = regexp.MustCompile(`\*+`)

// extensionName is what we call an extension of a certificate, by the name or
// the number that Kyverno has for it.
func extensionName(name string) string {
	return map[string]string{
		"1.3.6.1.4.1.57264.1.2": "githubWorkflowTrigger", "githubWorkflowTrigger": "githubWorkflowTrigger",
		"1.3.6.1.4.1.57264.1.3": "githubWorkflowSHA", "githubWorkflowSha": "githubWorkflowSHA",
		"1.3.6.1.4.1.57264.1.4": "githubWorkflowName", "githubWorkflowName": "githubWorkflowName",
		"1.3.6.1.4.1.57264.1.5": "githubWorkflowRepository", "githubWorkflowRepository": "githubWorkflowRepository",
		"1.3.6.1.4.1.57264.1.6": "githubWorkflowRef", "githubWorkflowRef": "githubWorkflowRef",
	}[name]
}

// trustFields are what says whom an attestor trusts.
type trustFields struct {
	rekor *rekor
	ctlog *ctlog
	// certified tells that Fulcio's certificates are asked for.
	certified bool
	// authorities are the policy's own, and logless what is not honoured where
	// their certificates must be in a log.
	authorities []*x509.Certificate
	logless     string
}

func (t trustFields) of(authorities []*x509.Certificate, logless string) trustFields {
	t.authorities, t.logless = authorities, logless
	return t
}

// trust sets what signatures must hold against, as buildCosignOptions of
// Kyverno's pkg/image/verifiers/cpol/cosign/cosign.go does.
func (c *converter) trust(rule *policy.SignerRule, t trustFields) (lacking []string) {
	parts := policy.TrustedParts{Timestamps: &policy.TrustedRoot{Nobody: true}}
	own := false
	read := func(from text, field string, add func(*trustroot.Root, []byte) error) *policy.TrustedRoot {
		var root trustroot.Root
		if isVariable(from.Value) {
			return nil // which is told for the whole
		}
		if err := add(&root, []byte(from.Value)); err != nil {
			c.Report(from.Node, "%s: %v", field, err)
			return nil
		}
		own = true
		out, err := root.JSON()
		if err != nil {
			c.Report(from.Node, "%s: %v", field, err)
		}
		return &policy.TrustedRoot{JSON: out}
	}
	if l := t.ctlog; l != nil {
		rule.IgnoreCertificateLog = l.IgnoreSCT.Value && t.certified && t.authorities == nil
		if l.PubKey.Value != "" && !l.IgnoreSCT.Value && (t.certified || t.authorities != nil) {
			lacking = append(lacking, c.FieldAt(l.PubKey.Node, "ctlog.pubkey"))
		}
		if l.TSACertChain.Value != "" {
			// A signature without a timestamp counts for cosign, one with a
			// wrong one does not: who names an authority wants it asked.
			parts.Timestamps = read(l.TSACertChain, "ctlog.tsaCertChain", func(r *trustroot.Root, text []byte) error { return r.AddStamper("", text) })
			rule.RequireTimestamp = true
		}
	}
	if l := t.rekor; l != nil {
		switch {
		case l.IgnoreTlog.Value:
			rule.IgnoreTransparencyLog = true
		case l.PubKey.Value != "":
			parts.Logs = read(l.PubKey, "rekor.pubkey", func(r *trustroot.Root, text []byte) error { return r.AddLog(l.URL.Value, text) })
		}
	}
	if t.authorities != nil {
		parts.Certificates, own = &policy.TrustedRoot{Certificates: t.authorities}, true
		if t.ctlog == nil || !t.ctlog.IgnoreSCT.Value {
			lacking = append(lacking, t.logless)
		}
	}
	if rule.IgnoreTransparencyLog && rule.Key == nil {
		parts.Logs, own = &policy.TrustedRoot{Nobody: true}, true
	}
	if own {
		rule.Root = &policy.TrustedRoot{Parts: &parts, AsCosign: true}
	}
	return lacking
}

// tried tells whether a signature by the key is tried with a hash.
func tried(k *policy.Key, hash string) bool {
	bits := 0
	switch key := k.Public.(type) {
	case *rsa.PublicKey:
		return hash == "" || hash == "sha256" || hash == "sha512"
	case *ecdsa.PublicKey:
		bits = key.Curve.Params().BitSize
	default:
		return true
	}
	return hash == "" || hash == "sha256" || hash == "sha384" && bits == 384 || hash == "sha512" && bits == 521
}

// repositoryName is the name of a repository in full, or what is wrong with it.
func repositoryName(written string) (full, problem string) {
	if written == "" {
		return "", ""
	}
	repository, err := name.NewRepository(written)
	if err != nil {
		return "", err.Error()
	}
	return repository.Name(), ""
}
