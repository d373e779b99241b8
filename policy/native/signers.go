package native

import (
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
)

func (c *converter) convertSigners(signers map[string]signer) map[string]policy.SignerRule {
	out := make(map[string]policy.SignerRule, len(signers))
	for name, s := range signers {
		rule := policy.SignerRule{
			Name: name, Root: c.trustedRoot(s), RequireTimestamp: s.RequireTimestamp.Value,
			IgnoreTransparencyLog: s.InsecureIgnoreTransparencyLog.Value, IgnoreCertificateLog: s.InsecureIgnoreCertificateLog.Value,
		}
		if s.Source != nil {
			rule.Source = policy.Source{Repository: s.Source.Repository.Value, TagPrefix: s.Source.TagPrefix.Value}
		}
		switch {
		case s.Key != nil && s.Key.X509 != nil:
			c.x509(*s.Key, &rule)
		case s.Key != nil:
			rule.Key = c.key(*s.Key)
		case s.Keyless != nil:
			rule.Keyless = c.keyless(*s.Keyless, name)
		}
		if s.Keyless == nil && s.InsecureIgnoreCertificateLog.Value {
			c.Report(s.InsecureIgnoreCertificateLog.Node, "signer %s is not keyless and has insecureIgnoreCertificateLog: only certificates of Fulcio's are in a log; remove it", document.Quote(name))
		}
		out[name] = rule
	}
	return out
}

// trustedRoot is the one that a signer names, or nil.
func (c *converter) trustedRoot(s signer) *policy.TrustedRoot {
	if s.TrustedRoot.Value == "" {
		return nil
	}
	return &policy.TrustedRoot{Name: s.TrustedRoot.Value, Source: c.Pointed(s.TrustedRoot.Node)}
}

// x509 makes a rule one for holders of certificates. Logs and timestamp
// authorities remain those of the trusted root that the signer names.
func (c *converter) x509(k key, rule *policy.SignerRule) {
	for _, limit := range []place{k.NotBefore.place, k.NotAfter.place} {
		if limit.Written() {
			c.Report(limit.Node, "key has both x509 and a period: each certificate says when it is valid; remove the period")
		}
	}
	authorities := c.authorities(k.X509.Roots)
	if authorities == nil {
		return
	}
	rule.X509 = &policy.X509{Subject: k.X509.Subject.Value}
	rule.Root = &policy.TrustedRoot{
		Name: "of " + c.keyPath(k.X509.Roots),
		Parts: &policy.TrustedParts{
			Certificates: &policy.TrustedRoot{Certificates: authorities}, Logs: rule.Root, Timestamps: rule.Root,
		},
	}
}

// key reads the public key of a signer. It is nil after a problem.
func (c *converter) key(k key) *policy.Key {
	var out *policy.Key
	if k.KMS.Value != "" {
		var err error
		if out, err = ManagedKey(k.KMS.Value); err != nil {
			c.Report(k.KMS.Node, "key.kms: %v", err)
		}
	} else {
		out = c.givenKey(k)
	}
	if out == nil {
		return nil
	}
	out.NotBefore, out.NotAfter = k.NotBefore.Value, k.NotAfter.Value
	if k.NotBefore.Written() && k.NotAfter.Written() && !out.NotBefore.Before(out.NotAfter) {
		c.Report(k.NotAfter.Node, "key ceases to be valid before it becomes so: notAfter must be later than notBefore")
	}
	return out
}

// givenKey reads a key that the policy or a file beside it holds.
func (c *converter) givenKey(k key) *policy.Key {
	var (
		pem []byte
		at  place
	)
	switch {
	case k.PEM.Value != "":
		pem, at = []byte(k.PEM.Value), k.PEM.Place
	case k.File.Value != "":
		at = k.File.Place
		if pem = c.keyFile(k.File); pem == nil {
			return nil
		}
	default:
		return nil
	}
	out, err := ParseKey(pem)
	if err != nil {
		what := "key"
		if k.File.Value != "" {
			what = "key file " + document.Quote(c.keyPath(k.File))
		}
		c.Report(at.Node, "read %s: %v", what, err)
		return nil
	}
	return out
}

// keyFile reads a file relative to the policy file. A policy on the operator's
// own disk may name an absolute one; one in a tree may not, because there is
// nothing that it could mean.
func (c *converter) keyFile(file text) []byte {
	if path.IsAbs(file.Value) && !document.OnDisk(c.files) || strings.Contains(file.Value, "\\") {
		c.Report(file.Node, "key file %s is not a relative path: write it relative to the policy file, with /", document.Quote(file.Value))
		return nil
	}
	name := c.keyPath(file)
	out, err := document.ReadFile(c.files, name, bounds.KeyBytes)
	if err != nil {
		c.Report(file.Node, "read key file %s: %s", document.Quote(name), document.Reason(err))
		return nil
	}
	return out
}

// keyPath is the name of a key file as the file system knows it.
func (c *converter) keyPath(file text) string {
	if path.IsAbs(file.Value) {
		return path.Clean(file.Value)
	}
	return path.Join(path.Dir(c.File.Name), file.Value)
}

func (c *converter) keyless(k keyless, name string) *policy.Keyless {
	out := &policy.Keyless{
		Issuer:         k.Issuer.Value,
		IssuerPattern:  k.IssuerRegexp.Value,
		Subject:        k.Subject.Value,
		SubjectPattern: k.SubjectRegexp.Value,
	}
	if strings.Contains(k.Issuer.Value, "*") {
		c.Report(k.Issuer.Node, "issuer of signer %s holds *: it is compared exactly; use issuerRegexp for a pattern", document.Quote(name))
	}
	if k.IssuerRegexp.matchesAnything() {
		c.Report(k.IssuerRegexp.Node, "issuerRegexp of signer %s matches every issuer: name who may vouch for the subject", document.Quote(name))
	}
	const everybody = "%s of signer %s matches everybody whom the issuer knows: name who may sign, or say more with certificate"
	switch {
	case k.Certificate != nil:
		out.Extensions = convertExtensions(*k.Certificate)
	case k.Subject.matchesAnything():
		c.Report(k.Subject.Node, everybody, "subject", document.Quote(name))
	case k.SubjectRegexp.matchesAnything():
		c.Report(k.SubjectRegexp.Node, everybody, "subjectRegexp", document.Quote(name))
	}
	return out
}

// rules looks up the signers that a requirement names.
func (c *converter) rules(names []text) []policy.SignerRule {
	var out []policy.SignerRule
	seen := map[string]bool{}
	for _, n := range names {
		rule, defined := c.signers[n.Value]
		switch {
		case n.Value == "":
			continue
		case !defined && len(c.signers) == 0:
			c.Report(n.Node, "signer %s is not defined: spec.signers is missing", document.Quote(n.Value))
		case !defined:
			c.Report(n.Node, "signer %s is not defined in spec.signers%s", document.Quote(n.Value), document.Suggest(n.Value, slices.Sorted(maps.Keys(c.signers))))
		case seen[n.Value]:
			c.Report(n.Node, "signer %s is listed twice", document.Quote(n.Value))
		default:
			out = append(out, rule)
		}
		seen[n.Value] = true
	}
	return out
}

// extensions are the globs of certificate extensions by name.
func convertExtensions(e extensions) map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(e)
	for _, f := range document.Fields(v.Type()) {
		if g, ok := v.FieldByIndex(f.Index).Interface().(glob); ok && g.Written() {
			out[f.Tag.Get("yaml")] = g.Value
		}
	}
	return out
}
