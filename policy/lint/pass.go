package lint

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/predicate"
)

// The codes of findings about what requirements can find.
const (
	// PassNever: the requirement can never be met.
	PassNever Code = "pass-never"
	// FailNever: part of the requirement denies nothing.
	FailNever Code = "fail-never"
	// AnyAge: a report of any age counts.
	AnyAge Code = "any-age"
)

// passes looks for requirements that nothing meets, and for those that deny
// nothing.
func (l *linter) passes(w *writtenPolicy) {
	for _, r := range w.all() {
		never := func(hint, format string, args ...any) {
			l.report(w.source, r.node, note{Problem, PassNever, hint}, format, args...)
		}
		for _, field := range r.Unsupported {
			at, what, _ := strings.Cut(field, ": ")
			l.report(w.source, lineNode(at), note{Problem, PassNever, "take it out, or ask for it in another way"},
				"requirement %s can never be met: syncgate does not honour %s", r.Name, what)
		}
		switch {
		case r.Group != nil && r.Group.Kind == "atLeast":
			if most := distinct(r.Group); most < r.Group.Count {
				never("give each of the requirements signers of its own",
					"requirement %s can never be met: it wants %d, and the same signer saying the same kind of thing counts once: at most %d count", r.Name, r.Group.Count, most)
			}
		case r.Static != nil && r.Static.Verdict != policy.Pass:
			l.report(w.source, r.node, note{Hint, PassNever, "take it out, if other requirements are meant to decide"},
				"requirement %s lets no image run", r.Name)
		case r.Provenance != nil:
			l.contradictions(w, r)
		case r.Layout != nil && len(r.Layout.Layout.Inspections) > 0:
			never("have the layout made without inspections: they are commands, and syncgate runs none",
				"requirement %s can never be met: its layout wants the inspection %q run", r.Name, r.Layout.Layout.Inspections[0])
		case r.Attestation != nil && r.Attestation.Expression != nil:
			l.constant(w, r)
		case r.Vulnerabilities != nil:
			l.denials(w, r)
		}
	}
}

// contradictions looks for provenance that the signers' certificates rule out:
// the repository and ref that a certificate was issued for must themselves be
// those that are asked for.
func (l *linter) contradictions(w *writtenPolicy, r writtenRequirement) {
	p := r.Provenance
	if contradicted(p.Sources, p.Signers, "sourceRepositoryURI", plainSource) {
		l.report(w.source, key(r.node, "provenance", "sources"), note{Problem, PassNever, "let sources and the signers' certificate.sourceRepositoryURI name the same repositories"},
			"requirement %s can never be met: none of its signers' certificates is for one of its sources", r.Name)
	}
	if contradicted(p.Refs, p.Signers, "sourceRepositoryRef", func(s string) string { return s }) {
		l.report(w.source, key(r.node, "provenance", "refs"), note{Problem, PassNever, "let refs and the signers' certificate.sourceRepositoryRef name the same refs"},
			"requirement %s can never be met: none of its signers' certificates is for one of its refs", r.Name)
	}
}

func contradicted(wanted []string, signers []policy.SignerRule, extension string, plain func(string) string) bool {
	if len(wanted) == 0 || len(signers) == 0 {
		return false
	}
	for _, s := range signers {
		if s.Keyless == nil || s.Keyless.Extensions[extension] == "" {
			return false
		}
		for _, glob := range wanted {
			if overlap(plain(glob), plain(s.Keyless.Extensions[extension])) {
				return false
			}
		}
	}
	return true
}

// plainSource is a source without what makes no difference.
func plainSource(uri string) string {
	uri = strings.TrimPrefix(uri, "git+")
	if scheme, path, found := strings.Cut(uri, "://"); found {
		path, _, _ = strings.Cut(path, "@")
		uri = scheme + "://" + strings.TrimSuffix(strings.TrimSuffix(path, "/"), ".git")
	}
	return uri
}

// inScope is what an expression that depends on anything names.
var inScope = regexp.MustCompile(`\b(?:predicate|statement|image|object)\b`)

// constant looks for expressions that look at nothing.
func (l *linter) constant(w *writtenPolicy, r writtenRequirement) {
	source := r.Attestation.Expression.String()
	if !w.source.native() || inScope.MatchString(source) {
		return
	}
	where := at(r.node, "attestation", "expression")
	holds, err := r.Attestation.Expression.Evaluate(context.Background(), policy.ExpressionInput{Statement: &policy.Statement{Predicate: []byte("{}")}, At: l.o.At})
	if holds && err == nil {
		l.report(w.source, where, note{Hint, FailNever, "look at predicate, or take the expression out"},
			"expression of requirement %s is always true: it looks at nothing", r.Name)
		return
	}
	l.report(w.source, where, note{Problem, PassNever, "look at predicate, or take the expression out"},
		"requirement %s can never be met: its expression is never true", r.Name)
}

// denials looks for vulnerability requirements that let everything through.
func (l *linter) denials(w *writtenPolicy, r writtenRequirement) {
	v := r.Vulnerabilities
	if v.MaxAge == 0 {
		l.report(w.source, key(r.node, "vulnerabilities"), note{Hint, AnyAge, "write maxAge: 24h, or as often as the scanner runs"},
			"requirement %s takes a report of any age: one that was clean a year ago says little", r.Name)
	}
	rates := slices.ContainsFunc(v.Formats, func(f string) bool { return f != "openvex" })
	if !rates && !v.UnknownSeverity && !v.Exploited && v.EPSS == 0 && v.Severity > predicate.SeverityUnknown {
		l.report(w.source, key(r.node, "vulnerabilities", "deny", "unknownSeverity"), note{Problem, FailNever,
			"leave unknownSeverity at true, or take a format that carries ratings, too"},
			"requirement %s denies nothing: OpenVEX carries no ratings, and what is not rated is let through", r.Name)
	}
}

// distinct is how many of the requirements of a group can count at once, where
// each needs somebody's word of its own: the size of a largest matching of
// requirements with single signers. A signer that may be several people counts
// for any number.
func distinct(g *policy.Group) int {
	owner := map[string]int{}
	var assign func(i int, seen map[string]bool) bool
	assign = func(i int, seen map[string]bool) bool {
		words, many := said(&g.Of[i])
		if many {
			return true
		}
		for _, word := range words {
			if seen[word] {
				continue
			}
			seen[word] = true
			if other, taken := owner[word]; !taken || assign(other, seen) {
				owner[word] = i
				return true
			}
		}
		return false
	}
	n := 0
	for i := range g.Of {
		if assign(i, map[string]bool{}) {
			n++
		}
	}
	return n
}

// said is who can say what for a requirement. Many tells that it cannot be
// listed.
func said(r *policy.Requirement) (words []string, many bool) {
	var kind string
	switch {
	case r.Signature != nil:
		kind = "signature"
	case r.Attestation != nil:
		kind = "attestation " + r.Attestation.PredicateType
	default:
		return nil, true
	}
	for _, s := range r.Signers() {
		if k := s.Keyless; s.X509 != nil || k != nil && (k.IssuerPattern != nil || k.SubjectPattern != nil || strings.Contains(k.Subject, "*")) {
			return nil, true
		}
		words = append(words, fmt.Sprintf("%s by %s", kind, identityOf(&policy.SignerRule{Key: s.Key, Keyless: person(s.Keyless)})))
	}
	return words, len(words) == 0
}

// person is an identity without what it must also have.
func person(k *policy.Keyless) *policy.Keyless {
	if k == nil {
		return nil
	}
	return &policy.Keyless{Issuer: k.Issuer, Subject: k.Subject}
}
