package clusterimagepolicy

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
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

// trustedRootJSON is the form in which Sigstore itself writes trusted roots.
type trustedRootJSON struct {
	MediaType              string          `json:"mediaType"`
	TLogs                  []logJSON       `json:"tlogs"`
	CertificateAuthorities []authorityJSON `json:"certificateAuthorities"`
	CTLogs                 []logJSON       `json:"ctlogs"`
	TimestampAuthorities   []authorityJSON `json:"timestampAuthorities"`
}

type logJSON struct {
	BaseURL       string `json:"baseUrl"`
	HashAlgorithm string `json:"hashAlgorithm"`
	PublicKey     struct {
		RawBytes   []byte     `json:"rawBytes"`
		KeyDetails string     `json:"keyDetails"`
		ValidFor   periodJSON `json:"validFor"`
	} `json:"publicKey"`
	LogID struct {
		KeyID []byte `json:"keyId"`
	} `json:"logId"`
}

type authorityJSON struct {
	URI       string `json:"uri"`
	CertChain struct {
		Certificates []certificateJSON `json:"certificates"`
	} `json:"certChain"`
	ValidFor periodJSON `json:"validFor"`
}

type certificateJSON struct {
	RawBytes []byte `json:"rawBytes"`
}

type periodJSON struct {
	Start string `json:"start"`
}

// always is from the beginning of time on, as policy-controller has it: a
// TrustRoot says nothing of periods.
var always = periodJSON{Start: "1970-01-01T00:00:00Z"}

// sigstoreKeys writes keys and certificates down as a trusted root.
func (c *converter) sigstoreKeys(k sigstoreKeys) []byte {
	out := trustedRootJSON{MediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}
	for _, a := range k.CertificateAuthorities {
		out.CertificateAuthorities = append(out.CertificateAuthorities, c.authorities(a, authoritiesOnly)...)
	}
	for _, a := range k.TimestampAuthorities {
		out.TimestampAuthorities = append(out.TimestampAuthorities, c.authorities(a, withStamper)...)
	}
	for _, l := range k.TLogs {
		out.TLogs = append(out.TLogs, c.log(l, ecdsaOnly))
	}
	for _, l := range k.CTLogs {
		out.CTLogs = append(out.CTLogs, c.log(l, anyKey))
	}
	text, err := json.Marshal(out)
	if err != nil {
		c.Report(k.Node, "sigstoreKeys cannot be read: %v", err)
	}
	return text
}

// chainKind says whether a chain may begin with who stamps.
type chainKind uint8

const (
	authoritiesOnly chainKind = iota
	withStamper
)

// authorities are the authorities of a chain: one for each of its roots, the
// others below it, in whatever order they are written.
func (c *converter) authorities(a certificateAuthority, kind chainKind) []authorityJSON {
	var leaves, intermediates, roots []certificateJSON
	rest := c.decoded(a.CertChain, "certChain")
	for len(bytes.TrimSpace(rest)) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			c.Report(a.CertChain.Node, "certChain holds a certificate that cannot be read")
			return nil
		}
		held := certificateJSON{block.Bytes}
		switch {
		case kind == withStamper && !certificate.IsCA:
			leaves = append(leaves, held)
		case bytes.Equal(certificate.RawSubject, certificate.RawIssuer):
			roots = append(roots, held)
		default:
			intermediates = append(intermediates, held)
		}
	}
	switch {
	case len(roots) == 0:
		c.Report(a.CertChain.Node, "certChain holds no root: want certificates in PEM, in base64, one of which certified itself")
	case len(leaves) > 1:
		c.Report(a.CertChain.Node, "certChain holds more than one certificate of a timestamp authority")
	}
	var out []authorityJSON
	for _, root := range roots {
		one := authorityJSON{URI: a.URI.Value, ValidFor: always}
		one.CertChain.Certificates = append(append(append([]certificateJSON{}, leaves...), intermediates...), root)
		out = append(out, one)
	}
	return out
}

// logKeys says which keys a log may have.
type logKeys uint8

const (
	anyKey logKeys = iota
	ecdsaOnly
)

// log reads a log and its public key.
func (c *converter) log(l logInstance, keys logKeys) logJSON {
	out := logJSON{BaseURL: l.BaseURL.Value, HashAlgorithm: "SHA2_256"}
	if hash := l.HashAlgorithm.Value; hash != "sha-256" && hash != "sha256" {
		c.Report(l.HashAlgorithm.Node, "hashAlgorithm of a log is %s: only sha-256 is read", document.Quote(hash))
	}
	block, _ := pem.Decode(c.decoded(l.PublicKey, "publicKey"))
	if block == nil {
		c.Report(l.PublicKey.Node, "publicKey of a log holds no PEM block: want a public key in PEM, in base64")
		return out
	}
	details, err := keyDetails(block.Bytes, keys)
	if err != nil {
		c.Report(l.PublicKey.Node, "publicKey of a log: %v", err)
	}
	id := sha256.Sum256(block.Bytes)
	out.LogID.KeyID = id[:]
	out.PublicKey.RawBytes, out.PublicKey.KeyDetails, out.PublicKey.ValidFor = block.Bytes, details, always
	return out
}

// keyDetails is Sigstore's word for a kind of key. The logs of signatures must
// have ECDSA keys in policy-controller.
func keyDetails(der []byte, keys logKeys) (string, error) {
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return "", errors.New("it holds no public key that can be read")
	}
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if name := map[int]string{256: "PKIX_ECDSA_P256_SHA_256", 384: "PKIX_ECDSA_P384_SHA_384", 521: "PKIX_ECDSA_P521_SHA_512"}[key.Curve.Params().BitSize]; name != "" {
			return name, nil
		}
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); keys == anyKey && (bits == 2048 || bits == 3072 || bits == 4096) {
			return fmt.Sprintf("PKIX_RSA_PKCS1V15_%d_SHA256", bits), nil
		}
	case ed25519.PublicKey:
		if keys == anyKey {
			return "PKIX_ED25519", nil
		}
	}
	return "", errors.New("its kind is not fit: want ECDSA on P-256, P-384 or P-521")
}
