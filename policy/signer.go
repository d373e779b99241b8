package policy

import (
	"fmt"
	"regexp"
	"strings"
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

// differs compares who signed with who should have. It returns nil if the
// signature counts. A rule that is neither a key nor keyless never matches.
func (r *SignerRule) differs(s *Signer) *difference {
	switch {
	case (r.Key == nil) == (r.Keyless == nil):
		return &difference{what: []string{"the policy's signer names neither a key nor an identity"}}
	case r.Key != nil && s.Certificate != nil:
		return &difference{what: []string{"it was made with a certificate, and " + r.called() + " is a key"}}
	case r.Key != nil:
		return r.differsByKey(s)
	case s.Certificate == nil:
		return &difference{what: []string{"it was made with a key, and " + r.called() + " is an identity (keyless)"}}
	}
	return r.differsByIdentity(s)
}

func (r *SignerRule) differsByKey(s *Signer) *difference {
	if r.Key.Fingerprint == "" || s.Key != r.Key.Fingerprint {
		return &difference{alike: 1, what: []string{fmt.Sprintf("the key is %s instead of %s", keyName(s.Key), keyName(r.Key.Fingerprint))}}
	}
	if !s.Logged && !r.IgnoreTransparencyLog {
		return &difference{alike: 2, what: []string{"no transparency log vouches for it"}, unlogged: true}
	}
	return nil
}

func (r *SignerRule) differsByIdentity(s *Signer) *difference {
	d := &difference{alike: 1}
	c := s.Certificate
	d.compare("issuer", c.Issuer, textRule{exact: r.Keyless.Issuer, pattern: r.Keyless.IssuerPattern})
	d.compare("subject", c.Subject, textRule{glob: r.Keyless.Subject, pattern: r.Keyless.SubjectPattern})
	for _, name := range sortedKeys(r.Keyless.Extensions) {
		d.compare(name, c.Extensions[name], textRule{glob: r.Keyless.Extensions[name]})
	}
	switch {
	case len(d.what) > 0:
		return d
	case !s.Logged && s.SignedAt.IsZero():
		// The verifier asks for a log entry wherever the trusted root has
		// logs. One that has none, such as GitHub's own, has timestamps.
		return &difference{alike: d.alike + 1, what: []string{"neither a transparency log nor a timestamp authority vouches for its time"}, unlogged: true}
	}
	return nil
}

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
		return fmt.Sprintf("%s (issuer %s)", clip(s.Certificate.Subject), clip(s.Certificate.Issuer))
	}
	return "the key " + keyName(s.Key)
}

func keyName(fingerprint string) string {
	if len(fingerprint) > 12 {
		fingerprint = fingerprint[:12]
	}
	return "sha256:" + fingerprint
}
