package convert

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
)

// Expressions writes a condition of another language in CEL, or says what is
// to be written by hand.
type Expressions func(policy.Expression) (cel, lacking string)

// Requirement writes a requirement of the model.
func (p *Policy) Requirement(r policy.Requirement, expressions Expressions) *yaml.Node {
	switch {
	case len(r.Unsupported) > 0:
		var of []*yaml.Node
		for _, field := range r.Unsupported {
			place, what, _ := strings.Cut(field, ": ")
			of = append(of, p.ByHand(place, what+", which syncgate does not honour"))
		}
		return p.AllOf(r.Name, of...)
	case r.Signature != nil:
		return p.signature(r)
	case r.Attestation != nil:
		return p.attestation(r, expressions)
	case r.Group != nil:
		var of []*yaml.Node
		for _, one := range r.Group.Of {
			of = append(of, p.Requirement(one, expressions))
		}
		return p.Some(r.Name, r.Group.Count, of...)
	case r.Static != nil:
		return p.ByHand(r.Source, "what decides without evidence: "+r.Static.Message)
	}
	return p.ByHand(r.Source, "what is asked for by "+r.Name)
}

// AllOf is a requirement of several, all of which must be met.
func (p *Policy) AllOf(name string, of ...*yaml.Node) *yaml.Node {
	if len(of) == 1 {
		return of[0]
	}
	return Map("name", p.Named(name), "allOf", Seq(of...))
}

// Some is a requirement of several, of which as many must be met as count says.
func (p *Policy) Some(name string, count int, of ...*yaml.Node) *yaml.Node {
	switch {
	case count >= len(of):
		return p.AllOf(name, of...)
	case count == 1:
		return Map("name", p.Named(name), "anyOf", Seq(of...))
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(count)}
	out := Map("name", p.Named(name), "atLeast", Map("count", n, "of", Seq(of...)))
	return Comment(out, "here each of them must be met by another signer")
}

func (p *Policy) signature(r policy.Requirement) *yaml.Node {
	signers, lacking := p.signers(r.Signature.Signers)
	if lacking != "" {
		return p.ByHand(r.Source, lacking)
	}
	p.forms(r.Formats)
	var annotations *yaml.Node
	for _, key := range slices.Sorted(maps.Keys(r.Signature.Annotations)) {
		if annotations == nil {
			annotations = Map()
		}
		add(annotations, key, text(r.Signature.Annotations[key]))
	}
	return Map("name", p.Named(r.Name), "signature", Map("signers", List(signers...), "annotations", annotations))
}

func (p *Policy) attestation(r policy.Requirement, expressions Expressions) *yaml.Node {
	a := r.Attestation
	signers, lacking := p.signers(a.Signers)
	if lacking != "" {
		return p.ByHand(r.Source, lacking)
	}
	p.forms(r.Formats)
	out := Map("signers", List(signers...), "predicateType", a.PredicateType)
	if a.Statements == policy.EveryStatement {
		add(out, "statements", text("every"))
	}
	if a.Expression != nil {
		cel, lacking := expressions(a.Expression)
		if lacking != "" {
			// What nobody wrote yet is false of every statement.
			cel = "false"
			p.Left(r.Source, lacking)
		}
		add(out, "expression", text(cel))
		if lacking != "" {
			Comment(out.Content[len(out.Content)-2], "BY HAND: %s", lacking)
		}
	}
	return Map("name", p.Named(r.Name), "attestation", out)
}

// forms notes that other forms of evidence count here.
func (p *Policy) forms(formats []policy.Format) {
	note := map[policy.Format]string{
		policy.FormatSimpleSigning: "Signatures at cosign's tags alone count there. Every form of evidence counts here, by the same signers.",
		policy.FormatDSSE:          "Attestations at cosign's tags alone count there. Every form of evidence counts here, by the same signers.",
		policy.FormatBundle:        "Sigstore bundles alone count there. Every form of evidence counts here, by the same signers.",
	}
	if len(formats) == 1 && !slices.Contains(p.Notes, note[formats[0]]) {
		p.Notes = append(p.Notes, note[formats[0]])
	}
}

// signers defines signers, each once, and names them. What cannot be said of
// one of them is told.
func (p *Policy) signers(rules []policy.SignerRule) (names []string, lacking string) {
	for _, rule := range rules {
		fields, lacking := p.signer(rule)
		if lacking != "" {
			return nil, lacking
		}
		text, err := yaml.Marshal(fields)
		if err != nil {
			return nil, err.Error()
		}
		name := p.defined[string(text)]
		if name == "" {
			if p.defined == nil {
				p.defined, p.signing = map[string]string{}, map[string]bool{}
			}
			name = unique(p.signing, rule.Name)
			p.Signer(name, fields)
			p.defined[string(text)] = name
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, ""
}

// signer is the fields of one signer, or what of it cannot be said.
func (p *Policy) signer(rule policy.SignerRule) (fields *yaml.Node, lacking string) {
	var key, keyless *yaml.Node
	switch {
	case rule.X509 != nil:
		return nil, "holders of certificates of an authority of the policy's own (write its certificates to a file: key: {x509: {roots: FILE, subject: …}})"
	case rule.Key != nil && rule.Key.KMS != "":
		key = Map("kms", rule.Key.KMS)
	case rule.Key != nil:
		der, err := x509.MarshalPKIXPublicKey(rule.Key.Public)
		if err != nil {
			return nil, "a key that cannot be written down: " + err.Error()
		}
		key = Map("pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	case rule.Keyless != nil:
		if keyless, lacking = identity(rule.Keyless); lacking != "" {
			return nil, lacking
		}
	default:
		return nil, "a signer that is not told"
	}
	if lacking := p.root(rule); lacking != "" {
		return nil, lacking
	}
	var source *yaml.Node
	if rule.Source != (policy.Source{}) {
		source = Map()
		if rule.Source.Repository != "" {
			add(source, "repository", text(rule.Source.Repository))
		}
		if rule.Source.TagPrefix != "" {
			add(source, "tagPrefix", text(rule.Source.TagPrefix))
		}
	}
	fields = Map("key", key, "keyless", keyless, "source", source)
	for _, relaxed := range []struct {
		name string
		on   bool
	}{
		{"requireTimestamp", rule.RequireTimestamp},
		{"insecureIgnoreTransparencyLog", rule.IgnoreTransparencyLog},
		{"insecureIgnoreCertificateLog", rule.IgnoreCertificateLog},
	} {
		if relaxed.on {
			add(fields, relaxed.name, Map("", true).Content[1])
		}
	}
	return fields, ""
}

// root tells what cannot be said of what a signer trusts. That nobody is asked
// for logs or timestamps is said by other fields.
func (p *Policy) root(rule policy.SignerRule) (lacking string) {
	if rule.Root == nil {
		return ""
	}
	own := rule.Root.Parts == nil
	if parts := rule.Root.Parts; parts != nil {
		for _, part := range []*policy.TrustedRoot{parts.Certificates, parts.Logs, parts.Timestamps} {
			own = own || part != nil && !part.Nobody
		}
	}
	if own {
		return "signers who rest on logs, authorities or a trusted root of the policy's own (write a trusted_root.json, name it in the signer's trustedRoot, and on the command line with --trusted-root NAME=FILE)"
	}
	if note := "A certificate in no transparency log counts there while it is valid. Here it counts if a timestamp authority of the run's trusted root dates the signature."; rule.Keyless != nil && !slices.Contains(p.Notes, note) {
		p.Notes = append(p.Notes, note)
	}
	return ""
}

// identity is a certificate identity. Where a pattern is one of literal text
// and any text, it becomes a glob.
func identity(k *policy.Keyless) (*yaml.Node, string) {
	out := Map()
	if everybody(k.IssuerPattern) || everybody(k.SubjectPattern) && len(k.Extensions) == 0 {
		return nil, "identities that everybody has, which do not load here: name who may sign"
	}
	if k.IssuerPattern == nil {
		add(out, "issuer", text(k.Issuer))
	} else if literal, exact := literal(k.IssuerPattern); exact && !strings.Contains(literal, "*") {
		add(out, "issuer", text(literal))
	} else {
		add(out, "issuerRegexp", regexpNode(k.IssuerPattern))
	}
	if k.SubjectPattern == nil {
		add(out, "subject", text(k.Subject))
	} else if glob, plain := literal(k.SubjectPattern); plain {
		add(out, "subject", text(glob))
	} else {
		add(out, "subjectRegexp", regexpNode(k.SubjectPattern))
	}
	if len(k.Extensions) > 0 {
		certificate := Map()
		for _, name := range slices.Sorted(maps.Keys(k.Extensions)) {
			add(certificate, name, text(k.Extensions[name]))
		}
		add(out, "certificate", certificate)
	}
	return out, ""
}

// everybody tells whether an expression matches texts that have nothing in
// common.
func everybody(p *regexp.Regexp) bool {
	return p != nil && !slices.ContainsFunc([]string{"https://q.invalid/7/z", "7q@z.invalid", "spiffe://z.invalid/q"}, func(text string) bool { return !p.MatchString(text) })
}

// inner is what an anchored expression anchors.
func inner(p *regexp.Regexp) string {
	return strings.TrimSuffix(strings.TrimPrefix(p.String(), `\A(?:`), `)\z`)
}

// regexpNode is an expression for whole texts. What matches anywhere in a text
// is written without what its own anchors make idle.
func regexpNode(p *regexp.Regexp) *yaml.Node {
	const before, after = anyText + `(?:`, `)` + anyText
	written := inner(p)
	body, prefixed := strings.CutPrefix(written, before)
	body, found := strings.CutSuffix(body, after)
	if !prefixed || !found || strings.ContainsAny(body, "|") || strings.Contains(body, "(?") {
		return text(written)
	}
	start, end := anyText, anyText
	if rest, anchored := strings.CutPrefix(body, "^"); anchored {
		body, start = rest, ""
	}
	if rest, anchored := strings.CutSuffix(body, "$"); anchored && !strings.HasSuffix(rest, `\`) {
		body, end = rest, ""
	}
	n := text(start + body + end)
	if start+end != "" {
		Comment(n, "not anchored there; here a regular expression matches the whole text")
	}
	return n
}

const anyText = `(?s:.*)`

// literal is the glob of an expression of nothing but literal and any text.
func literal(p *regexp.Regexp) (glob string, ok bool) {
	parts := strings.Split(inner(p), anyText)
	for i, part := range parts {
		plain := unquote.ReplaceAllString(part, "$1")
		if regexp.QuoteMeta(plain) != part || strings.Contains(plain, "*") {
			return "", false
		}
		parts[i] = plain
	}
	for len(parts) > 2 && slices.Contains(parts[1:len(parts)-1], "") {
		// Any text twice in a row is any text.
		at := slices.Index(parts[1:len(parts)-1], "") + 1
		parts = slices.Delete(slices.Clone(parts), at, at+1)
	}
	glob = strings.Join(parts, "**")
	return glob, glob != "" && strings.TrimSpace(glob) == glob
}

var unquote = regexp.MustCompile(`\\([^A-Za-z0-9])`)

// Named makes a name of one that may hold anything, and that nothing else in
// the policy has.
func (p *Policy) Named(name string) string {
	if p.taken == nil {
		p.taken = map[string]bool{}
	}
	return unique(p.taken, name)
}

func unique(taken map[string]bool, name string) string {
	name = strings.NewReplacer("[", "-", "]", "").Replace(name)
	name = strings.Trim(unnamable.ReplaceAllString(name, "-"), "-._")
	if len(name) > 200 {
		name = strings.TrimRight(name[:200], "-._")
	}
	name = cmp.Or(name, "unnamed")
	made := name
	for i := 2; taken[made]; i++ {
		made = fmt.Sprintf("%s-%d", name, i)
	}
	taken[made] = true
	return made
}

var unnamable = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
