package policy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy/predicate"
)

// certifiedBuild is what a certificate says of the build that it was issued
// to. It is empty where a key signed, or somebody who is no build.
type certifiedBuild struct {
	// repository is a URI, without a ref.
	repository, ref, commit string
	// runner is "github-hosted" or "self-hosted".
	runner string
	// workflow is what signed, caller what called it.
	workflow, caller string
}

// build reads the certificate's extensions, and GitHub's older ones where the
// certificate has only those.
func (c candidate) build() certifiedBuild {
	if c.signer.Certificate == nil {
		return certifiedBuild{}
	}
	of := c.signer.Certificate.Extensions
	b := certifiedBuild{
		repository: of["sourceRepositoryURI"],
		ref:        cmp.Or(of["sourceRepositoryRef"], of["githubWorkflowRef"]),
		commit:     cmp.Or(of["sourceRepositoryDigest"], of["githubWorkflowSHA"]),
		runner:     of["runnerEnvironment"], workflow: of["buildSignerURI"], caller: of["buildConfigURI"],
	}
	if older := of["githubWorkflowRepository"]; b.repository == "" && older != "" {
		b.repository = forge(c.signer.Certificate.Issuer) + "/" + older
	}
	if subject := c.signer.Certificate.Subject; b.workflow == "" && strings.Contains(subject, workflows) {
		b.workflow = subject
	}
	return b
}

// workflows is the directory of GitHub's workflows in a repository.
const workflows = "/.github/workflows/"

// forge is where the repositories are that an issuer of GitHub's vouches for:
// on the issuer's own host, unless it is that of github.com.
func forge(issuer string) string {
	scheme, rest, _ := strings.Cut(issuer, "://")
	host, _, _ := strings.Cut(rest, "/")
	if host == "token.actions.githubusercontent.com" {
		host = "github.com"
	}
	return scheme + "://" + host
}

// source is the repository with its ref, if the certificate tells one.
func (b certifiedBuild) source() string {
	if b.ref == "" {
		return b.repository
	}
	return b.repository + "@" + b.ref
}

// matchCertified tells whether a glob is about the source that a certificate
// names. Names of repositories are compared as sameRepository does.
func matchCertified(pattern, uri string) bool {
	want, have := parseSource(pattern), parseSource(uri)
	return plain(uri) && matchGlob(strings.ToLower(want.repository), strings.ToLower(have.repository)) &&
		(want.ref == "" || have.ref == "" || matchGlob(want.ref, have.ref))
}

// bindProvenance checks that the predicate does not contradict the identity
// that signed it. Whoever may run a workflow can have it sign any predicate;
// what Fulcio wrote into the certificate they cannot choose.
func bindProvenance(r *ProvenanceRequirement, p *predicate.Provenance, c candidate) *Finding {
	b := c.build()
	if f := b.bindSources(r, p); f != nil {
		return f
	}
	const runners = "https://github.com/actions/runner/"
	if says, ok := strings.CutPrefix(p.Builder, runners); ok && b.runner != "" && says != b.runner {
		return contradiction("builder", p.Builder, runners+b.runner)
	}
	if b.workflow == "" || !strings.Contains(p.Builder, workflows) || strings.HasPrefix(b.workflow, delegators) {
		return nil
	}
	if p.Builder != b.workflow && p.Builder != b.caller {
		return contradiction("builder", p.Builder, b.workflow)
	}
	return nil
}

// bindSources holds every entry point of the build to the certificate. Where
// the predicate names none, and the policy asks for a source, one of the
// sources must be what the certificate was issued for.
func (b certifiedBuild) bindSources(r *ProvenanceRequirement, p *predicate.Provenance) *Finding {
	entries := false
	for _, s := range p.Sources {
		if !s.EntryPoint {
			continue
		}
		entries = true
		if b.repository != "" && !sameRepository(s.URI, b.repository) {
			return contradiction("source", s.URI, b.repository)
		}
		if f := b.otherCommit(s); f != nil {
			return f
		}
	}
	if entries || b.repository == "" || len(p.Sources) == 0 || len(r.Sources)+len(r.Refs) == 0 {
		return nil
	}
	var other *Finding
	for _, s := range p.Sources {
		if !sameRepository(s.URI, b.repository) {
			continue
		}
		if other = b.otherCommit(s); other == nil {
			return nil
		}
	}
	if other != nil {
		return other
	}
	return &Finding{Code: CodeProvenanceIdentity, Hint: takeTheBuilds,
		Message: fmt.Sprintf("its provenance does not say which of its sources was built, and none is %q, for which the certificate that signed it was issued", clip(b.repository))}
}

// otherCommit says that a source has another commit than the certificate.
func (b certifiedBuild) otherCommit(s predicate.SourceRef) *Finding {
	for _, algorithm := range []string{"gitCommit", "sha1"} {
		if d := s.Digests[algorithm]; d != "" && b.commit != "" && !strings.EqualFold(d, b.commit) {
			return contradiction("commit", d, b.commit)
		}
	}
	return nil
}

const takeTheBuilds = "take the provenance that the build itself made; this one was made by somebody else, or of something else"

func contradiction(what, says, certificate string) *Finding {
	return &Finding{Code: CodeProvenanceIdentity, Hint: takeTheBuilds,
		Message: fmt.Sprintf("its provenance says that the %s is %q, and the certificate that signed it says %q", what, clip(says), clip(certificate))}
}

// delegators begins the workflows of slsa-github-generator that sign for
// other builders, and name in the predicate the builder that called them.
// They check that themselves.
const delegators = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/delegator_"

// sameRepository compares two repositories. Forges do not tell upper from
// lower case in their names.
func sameRepository(a, b string) bool {
	return plain(a) && strings.EqualFold(parseSource(a).repository, parseSource(b).repository)
}
