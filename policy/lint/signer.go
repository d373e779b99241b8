package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
)

// The codes of findings about signers.
const (
	// SignerUnused: no requirement names the signer.
	SignerUnused Code = "signer-unused"
	// SignerDuplicate: two signers are one and the same.
	SignerDuplicate Code = "signer-duplicate"
	// SignerBroad: people whom nobody means can sign as this signer.
	SignerBroad Code = "signer-broad"
	// Insecure: the policy asks for less than it could.
	Insecure Code = "insecure-relaxation"
)

// signers looks at the signers that a native document defines.
func (l *linter) signers(s *source) {
	defined := at(s.root, "spec", "signers")
	if !s.native() || defined == nil || defined.Kind != yaml.MappingNode {
		return
	}
	used := map[string]bool{}
	each(at(s.root, "spec", "require"), func(name string, value *yaml.Node) {
		if name == "signers" && value.Kind == yaml.SequenceNode {
			for _, signer := range value.Content {
				used[resolved(signer).Value] = true
			}
		}
	})
	rules := l.rules(s)
	seen := map[string]string{}
	for i := 0; i+1 < len(defined.Content); i += 2 {
		name, body := defined.Content[i], defined.Content[i+1]
		if !used[name.Value] {
			l.report(s, name, note{Hint, SignerUnused, "name it in a requirement, or take it out"},
				"signer %s is named by no requirement", name.Value)
		}
		if n, value := field(resolved(body), "insecureIgnoreTransparencyLog"); n != nil && strings.EqualFold(value.Value, "true") {
			l.report(s, n, note{Hint, Insecure, "sign with a log entry (the default of cosign sign), and take the field out"},
				"signer %s counts without a transparency log: nobody would notice if the key were misused", name.Value)
		}
		rule, ok := rules[name.Value]
		if !ok {
			continue
		}
		identity := identityOf(rule)
		if other, twice := seen[identity]; twice {
			l.report(s, name, note{Hint, SignerDuplicate, "keep one of the two"}, "signer %s is the same as signer %s", name.Value, other)
		} else {
			seen[identity] = name.Value
		}
		l.broad(s, name, rule)
	}
}

// each visits all fields below a node. What an alias stands for is visited
// where it is written, once, so that no document is larger than it looks.
func each(n *yaml.Node, visit func(name string, value *yaml.Node)) {
	if n == nil {
		return
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			visit(child.Value, resolved(n.Content[i+1]))
			continue
		}
		each(child, visit)
	}
}

// rules are the signers of a document that requirements name, by name.
func (l *linter) rules(s *source) map[string]*policy.SignerRule {
	rules := map[string]*policy.SignerRule{}
	for i := range l.written {
		if l.written[i].source != s {
			continue
		}
		for _, r := range l.written[i].all() {
			for _, rule := range r.Signers() {
				rules[rule.Name] = &rule
			}
		}
	}
	return rules
}

// identityOf tells signers apart by all but their names.
func identityOf(r *policy.SignerRule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %v %v %v %v", r.Root.ID(), r.Source, r.RequireTimestamp, r.IgnoreTransparencyLog, r.IgnoreCertificateLog)
	switch {
	case r.Key != nil:
		fmt.Fprintf(&b, " key %q %q %v %v", r.Key.Fingerprint, r.Key.KMS, r.Key.NotBefore, r.Key.NotAfter)
	case r.Keyless != nil:
		k := r.Keyless
		fmt.Fprintf(&b, " keyless %q %q %q %q", k.Issuer, k.IssuerPattern, k.Subject, k.SubjectPattern)
		for _, name := range slices.Sorted(maps.Keys(k.Extensions)) {
			fmt.Fprintf(&b, " %s=%q", name, k.Extensions[name])
		}
	case r.X509 != nil:
		fmt.Fprintf(&b, " x509 %q %q", r.X509.Subject, r.X509.SubjectPattern)
	}
	return b.String()
}

// forge is a service where anybody may have a repository, whose builds sign
// as that repository.
type forge struct {
	issuer, host string
	// strangers are identities that builds of others have there.
	strangers []string
}

func forges() []forge {
	return []forge{
		{"https://token.actions.githubusercontent.com", "https://github.com/", []string{
			"https://github.com/somebody-else/app/.github/workflows/release.yml@refs/tags/v1.2.3",
			"https://github.com/somebody-else/app/.github/workflows/release.yaml@refs/heads/main",
			"https://github.com/somebody-else/app/.github/workflows/build.yml@refs/heads/main",
		}},
		{"https://gitlab.com", "https://gitlab.com/", []string{
			"https://gitlab.com/somebody-else/app//.gitlab-ci.yml@refs/heads/main",
			"https://gitlab.com/somebody-else/app//.gitlab-ci.yml@refs/tags/v1.2.3",
		}},
	}
}

// owners are the certificate extensions that say whose build it was.
func owners() []string {
	return []string{"sourceRepositoryURI", "sourceRepositoryIdentifier", "sourceRepositoryOwnerURI", "sourceRepositoryOwnerIdentifier", "githubWorkflowRepository"}
}

// broad looks for identities that strangers have.
func (l *linter) broad(s *source, name *yaml.Node, rule *policy.SignerRule) {
	k := rule.Keyless
	if k == nil {
		return
	}
	for _, f := range forges() {
		if k.Issuer != f.issuer && (k.IssuerPattern == nil || !k.IssuerPattern.MatchString(f.issuer)) {
			continue
		}
		where := key(at(s.root, "spec", "signers", name.Value, "keyless"), "subject")
		if k.SubjectPattern != nil {
			where = key(at(s.root, "spec", "signers", name.Value, "keyless"), "subjectRegexp")
		}
		owned := slices.ContainsFunc(owners(), func(e string) bool {
			return k.Extensions[e] != "" && !strings.HasPrefix(k.Extensions[e], "*") && !ownerless(f, k.Extensions[e])
		})
		switch {
		case !owned && f.strangersMatch(k):
			l.report(s, where, note{Problem, SignerBroad, "name the owner: " + f.host + "acme/…; or say with certificate whose repository it must be"},
				"signer %s is anybody with an account at %s: its subject does not say whose repository signs", name.Value, strings.TrimSuffix(f.host, "/"))
		case f.host == "https://github.com/" && k.Subject != "" && anyRef(k.Subject):
			l.report(s, where, note{Hint, SignerBroad, "end it with the refs that release: @refs/tags/* or @refs/heads/main"},
				"signer %s may sign from any branch and pull request: its subject does not say which refs", name.Value)
		}
	}
}

// anyRef tells whether a glob of a workflow's identity takes pull requests.
func anyRef(subject string) bool {
	_, ref, found := strings.Cut(subject, "@")
	return overlap(ref, "refs/pull/*/merge") || !found && strings.HasSuffix(subject, "**")
}

// ownerless tells that a glob of a repository does not say whose it is.
func ownerless(f forge, glob string) bool { return overlap(glob, f.host+"somebody-else/app") }

// strangersMatch tells whether builds of somebody else's repository have the
// identity.
func (f forge) strangersMatch(k *policy.Keyless) bool {
	if k.SubjectPattern != nil {
		return slices.ContainsFunc(f.strangers, k.SubjectPattern.MatchString)
	}
	return overlap(k.Subject, f.host+"somebody-else/**")
}
