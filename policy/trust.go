package policy

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"hash"
	"sync"
)

// TrustedRoot is what a Sigstore deployment is known by: its certificate
// authorities, transparency logs, certificate logs and timestamp authorities.
// At most one of JSON, TUF, Certificates, Parts and Nobody is set. Where none is, Name
// is that of one which the run knows: "public-good", "github", or one that the
// caller names. A nil *TrustedRoot is the run's own.
type TrustedRoot struct {
	// Name is what the policy calls it.
	Name string
	// Source is where a policy names it first.
	Source string
	// JSON is a Sigstore trusted root, as trusted_root.json has it.
	JSON []byte
	// TUF is where the trusted root is published.
	TUF *TUFRepository
	// Certificates are certificate authorities alone, roots and intermediates,
	// as X.509 has them: no log of certificates is asked about theirs.
	Certificates []*x509.Certificate
	// Parts take each kind of authority from another trusted root.
	Parts *TrustedParts
	// Nobody is trusted: a part of which there is none.
	Nobody bool
	// AsCosign asks for the word of a certificate log and of a transparency log
	// even where the root names none. Where a signer does without the latter, a
	// certificate that nobody dates counts while it is valid.
	AsCosign bool

	once sync.Once
	id   string
}

// TUFRepository is a repository of The Update Framework in which a trusted
// root is published.
type TUFRepository struct {
	// Mirror is its URL. It is empty where Archive is set.
	Mirror string
	// Archive is the repository itself, as a compressed tar archive.
	Archive []byte
	// Root is the root metadata that is trusted to begin with.
	Root []byte
	// Target is the name of the trusted root there; empty is trusted_root.json.
	Target string
}

// TrustedParts names where each kind of authority comes from. Nil is the run's
// own trusted root.
type TrustedParts struct {
	// Certificates vouches for identities: certificate authorities, and the
	// logs of their certificates.
	Certificates *TrustedRoot
	// Logs are the transparency logs of signatures.
	Logs *TrustedRoot
	// Timestamps are the timestamp authorities.
	Timestamps *TrustedRoot
}

// ID tells trusted roots apart: those of the same contents have the same. That
// of the run's own is empty.
func (r *TrustedRoot) ID() string {
	if r == nil {
		return ""
	}
	r.once.Do(func() {
		h := sha256.New()
		r.write(h)
		r.id = hex.EncodeToString(h.Sum(nil))
	})
	return r.id
}

// write writes down what tells a trusted root from all others. Each part is
// quoted, so that no two roots read alike.
func (r *TrustedRoot) write(h hash.Hash) {
	parts := json.NewEncoder(h)
	put := func(values ...any) { _ = parts.Encode(values) }
	if r != nil && r.AsCosign {
		put("as cosign")
	}
	switch {
	case r == nil:
		put("own")
	case r.Nobody:
		put("nobody")
	case r.Parts != nil:
		put("parts")
		for _, part := range []*TrustedRoot{r.Parts.Certificates, r.Parts.Logs, r.Parts.Timestamps} {
			part.write(h)
		}
		put("end")
	case r.TUF != nil:
		put("tuf", r.TUF.Mirror, r.TUF.Archive, r.TUF.Root, r.TUF.Target)
	case r.JSON != nil:
		put("json", r.JSON)
	case r.Certificates != nil:
		put("certificates", len(r.Certificates))
		for _, c := range r.Certificates {
			put(c.Raw)
		}
	default:
		put("name", r.Name)
	}
}

// OwnCertificates tells whether certificates are judged by authorities that
// the policy names itself, and not by those of a Sigstore deployment.
func (r *TrustedRoot) OwnCertificates() bool {
	return r != nil && (r.Certificates != nil || r.Parts != nil && r.Parts.Certificates.OwnCertificates())
}

// asCosign tells whether the root judges as cosign does.
func (r *TrustedRoot) asCosign() bool { return r != nil && r.AsCosign }

// called names a trusted root for messages.
func (r *TrustedRoot) called() string {
	switch {
	case r == nil:
		return "the run's trusted root"
	case r.Name != "":
		return "the trusted root " + clip(r.Name)
	}
	return "the signer's own trusted root"
}

// Trust is what a signature holds against, or must. Values can be compared: a
// signature counts for a signer only if it holds against the very trust that
// the signer asks for.
type Trust struct {
	// Root is the ID of the trusted root.
	Root string
	// IgnoreTransparencyLog takes a certificate's signature that is in no
	// transparency log, if a timestamp authority vouches for its time.
	IgnoreTransparencyLog bool
	// IgnoreCertificateLog takes a certificate that is in no certificate log.
	IgnoreCertificateLog bool
}

// Trust is what the rule asks signatures to hold against. What a key signed
// holds or not whatever logs say; the rule judges that by itself.
func (r *SignerRule) Trust() Trust {
	t := Trust{Root: r.Root.ID()}
	if r.Key == nil {
		t.IgnoreTransparencyLog, t.IgnoreCertificateLog = r.IgnoreTransparencyLog, r.IgnoreCertificateLog
	}
	return t
}

// Relaxation is something insecure that a policy asks for and that a
// signature needed in order to count, by the name of the field that asks.
type Relaxation string

// The relaxations.
const (
	RelaxedTransparencyLog Relaxation = "insecureIgnoreTransparencyLog"
	RelaxedCertificateLog  Relaxation = "insecureIgnoreCertificateLog"
)

// relaxations are those of the rule that the signature needs.
func (r *SignerRule) relaxations(s *Signer) []Relaxation {
	var used []Relaxation
	if r.IgnoreTransparencyLog && !s.Logged {
		used = append(used, RelaxedTransparencyLog)
	}
	if r.IgnoreCertificateLog && s.Certificate != nil && !s.CertificateLogged {
		used = append(used, RelaxedCertificateLog)
	}
	return used
}

// explain says what a relaxation lets through.
func (r Relaxation) explain() string {
	switch r {
	case RelaxedTransparencyLog:
		return "no transparency log vouches for it, so that nobody would notice if the signer's key were misused"
	default:
		return "no certificate log vouches for its certificate, so that nobody would notice if one were issued wrongly"
	}
}

// Source is where the evidence of an image is kept. The zero value is the
// image's own repository. Values can be compared.
type Source struct {
	// Repository is the normalised name of another repository:
	// "ghcr.io/acme/signatures".
	Repository string
	// TagPrefix is what stands before "sha256-…" in cosign's tags.
	TagPrefix string
}

// called names a place for messages.
func (s Source) called() string {
	text := s.Repository
	if text == "" {
		text = "the image's own repository"
	}
	if s.TagPrefix != "" {
		text += " at tags that begin with " + s.TagPrefix
	}
	return clip(text)
}
