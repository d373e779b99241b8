package policy

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// difference is what keeps a signature from counting for a rule.
type difference struct {
	// alike is how many things agree, to find the nearest rule.
	alike int
	// what names the things that differ, found and wanted.
	what []string
	// unlogged tells that only the transparency log's word is missing.
	unlogged bool
}

// differs compares who signed evidence, what that holds against and where it
// is kept with what the rule asks for. It returns nil if the signature counts.
// A rule that is of no kind, or of several, never matches.
func (r *SignerRule) differs(ev *Evidence, s *Signer) *difference {
	kinds := 0
	for _, set := range [3]bool{r.Key != nil, r.Keyless != nil, r.X509 != nil} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return &difference{what: []string{"the policy's signer names neither a key nor an identity"}}
	case r.Key != nil && s.Certificate != nil:
		return &difference{what: []string{"it was made with a certificate, and " + r.called() + " is a key"}}
	case r.Key == nil && s.Certificate == nil:
		return &difference{what: []string{"it was made with a key, and " + r.called() + " is " + r.kind()}}
	}
	d := r.differsByName(s)
	switch {
	case len(d.what) > 0:
		return d
	case ev.Source != r.Source:
		d.what = []string{fmt.Sprintf("it is kept in %s, and those by %s are looked for in %s", ev.Source.called(), r.called(), r.Source.called())}
	case s.Trust != r.Trust():
		d.what = []string{fmt.Sprintf("it does not hold against %s", r.Root.called())}
	default:
		d.lacks(r, s)
	}
	if len(d.what) == 0 {
		return nil
	}
	return d
}

// kind names the kind of certificates that the rule is about.
func (r *SignerRule) kind() string {
	if r.X509 != nil {
		return "the holder of a certificate (x509)"
	}
	return "an identity (keyless)"
}

// differsByName compares who signed.
func (r *SignerRule) differsByName(s *Signer) *difference {
	d := &difference{alike: 1}
	switch {
	case r.Key != nil && (r.Key.Fingerprint == "" || s.Key != r.Key.Fingerprint):
		d.what = []string{"the key is " + keyName(s.Key) + " instead of " + keyName(r.Key.Fingerprint)}
	case r.Key != nil:
	case r.X509 != nil && !r.Root.OwnCertificates():
		d.what = []string{"the policy's signer names no certificate authority of its own"}
	case r.X509 != nil:
		d.compare("subject", s.Certificate.Subject, textRule{glob: r.X509.Subject, pattern: r.X509.SubjectPattern})
	default:
		d.compare("issuer", s.Certificate.Issuer, textRule{exact: r.Keyless.Issuer, pattern: r.Keyless.IssuerPattern})
		d.compare("subject", s.Certificate.Subject, textRule{glob: r.Keyless.Subject, pattern: r.Keyless.SubjectPattern})
		for _, name := range sortedKeys(r.Keyless.Extensions) {
			d.compare(name, s.Certificate.Extensions[name], textRule{glob: r.Keyless.Extensions[name]})
		}
	}
	d.alike++
	return d
}

// lacks adds what the rule asks for beyond the name: a log's or a timestamp
// authority's word, and a time at which the key was valid. What the trusted
// root demands of certificates was for the verifier to ask: one without logs,
// such as GitHub's own, has timestamps.
func (d *difference) lacks(r *SignerRule, s *Signer) {
	d.alike++
	switch {
	case r.Key != nil && !s.Logged && !r.IgnoreTransparencyLog:
		d.what, d.unlogged = []string{"no transparency log vouches for it"}, true
	case s.SignedAt.IsZero() && !r.undated(s):
		d.what, d.unlogged = []string{"neither a transparency log nor a timestamp authority vouches for its time"}, true
	case r.RequireTimestamp && !s.Stamped:
		d.what = []string{"no timestamp authority vouches for its time"}
	case r.Key != nil:
		d.what = r.Key.outside(s.SignedAt)
	}
}

// undated tells whether a signature that nobody dates may count. Of a
// certificate it is then known for how long it is valid.
func (r *SignerRule) undated(s *Signer) bool {
	switch {
	case r.Key != nil:
		return true
	case !r.IgnoreTransparencyLog:
		return false
	}
	return r.X509 != nil || r.Root.asCosign() && !s.ValidUntil.IsZero()
}

// outside tells what keeps a signature from having been made in the period in
// which the key may sign.
func (k *Key) outside(at time.Time) []string {
	switch {
	case k.NotBefore.IsZero() && k.NotAfter.IsZero():
		return nil
	case at.IsZero():
		return []string{"nobody who is trusted says when it was made, so that it is in no period of the key's"}
	case !k.NotBefore.IsZero() && at.Before(k.NotBefore):
		return []string{fmt.Sprintf("it was made at %s, and the key is valid from %s on", stamp(at), stamp(k.NotBefore))}
	case !k.NotAfter.IsZero() && !at.Before(k.NotAfter):
		return []string{fmt.Sprintf("it was made at %s, and the key is valid until %s", stamp(at), stamp(k.NotAfter))}
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// textRule is one way of the three to say what a text must be.
type textRule struct {
	exact, glob string
	pattern     *regexp.Regexp
}

// holds is false of an empty text and of a rule that says nothing.
func (t textRule) holds(text string) bool {
	switch {
	case text == "":
		return false
	case t.pattern != nil:
		// The pattern is anchored where it is loaded; a match that leaves
		// anything over is none, whoever made the pattern.
		at := t.pattern.FindStringIndex(text)
		return at != nil && at[0] == 0 && at[1] == len(text)
	case t.exact != "":
		return t.exact == text
	}
	return t.glob != "" && matchGlob(t.glob, text)
}

func (t textRule) String() string {
	if t.pattern != nil {
		return fmt.Sprintf("matching %q", t.pattern)
	}
	return fmt.Sprintf("%q", t.exact+t.glob)
}

func (d *difference) compare(what, found string, wanted textRule) {
	switch {
	case wanted.holds(found):
		d.alike++
	case found == "":
		d.what = append(d.what, fmt.Sprintf("the certificate names no %s, wanted %s", what, wanted))
	default:
		d.what = append(d.what, fmt.Sprintf("the %s is %q instead of %s", what, clip(found), wanted))
	}
}

func (d *difference) String() string { return strings.Join(d.what, "; ") }

// called is the policy's name for the signer, for messages.
func (r *SignerRule) called() string {
	switch {
	case r.Name != "":
		return r.Name
	case r.Key != nil:
		return keyName(r.Key.Fingerprint)
	case r.Keyless != nil:
		return textRule{glob: r.Keyless.Subject, pattern: r.Keyless.SubjectPattern}.String()
	case r.X509 != nil:
		return textRule{glob: r.X509.Subject, pattern: r.X509.SubjectPattern}.String()
	}
	return "an unnamed signer"
}

// signerNames lists the policy's names for signers.
func signerNames(rules []SignerRule) string {
	names := make([]string, len(rules))
	for i := range rules {
		names[i] = rules[i].called()
	}
	return oneOf(names)
}

// identity tells who signed, the same text for the same signer.
func (s *Signer) identity() string {
	if s.Certificate != nil {
		return "identity " + s.Certificate.Subject + "\x00" + s.Certificate.Issuer
	}
	return "key " + s.Key
}

// describe tells people who signed.
func (s *Signer) describe() string {
	if s.Certificate != nil {
		if s.Certificate.Issuer == "" {
			return clip(s.Certificate.Subject)
		}
		return fmt.Sprintf("%s (issuer %s)", clip(s.Certificate.Subject), clip(s.Certificate.Issuer))
	}
	return "the key " + keyName(s.Key)
}

func keyName(fingerprint string) string {
	if fingerprint == "" {
		return "unknown"
	}
	if len(fingerprint) > 12 {
		fingerprint = fingerprint[:12]
	}
	return "sha256:" + fingerprint
}
