package kyverno

import (
	"encoding/base64"
	"regexp"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
)

// cosignSigners are those whose signatures count for an attestor, and what of
// it is not honoured.
func (c *converter) cosignSigners(a *cosign, called string) (rules []policy.SignerRule, lacking []string) {
	unread := func(p place, field string) {
		if p.Written() {
			lacking = append(lacking, c.FieldAt(p.Node, field))
		}
	}
	with := trustFields{}
	if l := a.CTLog; l != nil {
		with.rekor = &rekor{place: l.place, URL: l.URL, PubKey: l.RekorKey, IgnoreTlog: l.IgnoreTlog}
		with.ctlog = &ctlog{place: l.place, IgnoreSCT: l.IgnoreSCT, PubKey: l.CTLogKey, TSACertChain: l.TSA}
	}
	switch {
	case a.Keyless != nil:
		with.certified = true
		unread(a.Keyless.Extensions.Place, "keyless.additionalExtensions")
		for i := range a.Keyless.Identities {
			id := &a.Keyless.Identities[i]
			unread(id.Expression.Place, "keyless.identities.subjectExpression")
			rules = append(rules, policy.SignerRule{Keyless: identity(id)})
		}
		if len(a.Keyless.Identities) == 0 {
			rules = append(rules, policy.SignerRule{Keyless: identity(&imageIdentity{})})
		}
		with = c.withRoots(a.Keyless.Roots, with)
	case a.Key != nil:
		var unknown []string
		rules, unknown = c.imageKey(a.Key)
		lacking = append(lacking, unknown...)
	case a.Certificate != nil:
		unread(a.Certificate.place, "certificate")
	default:
		c.Report(a.Node, "cosign has none of key, keyless and certificate: write one of them")
	}
	for i := range rules {
		rules[i].Name = called
		lacking = append(lacking, c.trust(&rules[i], with)...)
		c.imageTrust(a, &rules[i], unread)
		if a.Source != nil {
			rules[i].Source.TagPrefix = a.Source.TagPrefix.Value
			var problem string
			if rules[i].Source.Repository, problem = repositoryName(a.Source.Repository.Value); problem != "" {
				c.Report(a.Source.Repository.Node, "repository: %s", problem)
			}
		}
	}
	return rules, distinct(lacking)
}

// imageKey is the signer with a key, and what of it is not honoured.
func (c *converter) imageKey(k *imageKey) (rules []policy.SignerRule, lacking []string) {
	if k.Expression.Written() {
		lacking = append(lacking, c.FieldAt(k.Expression.Node, "key.expression"))
	}
	switch {
	case k.Data.Value == "" && k.KMS.Value != "":
		key, unknown := c.managedKey(k.KMS, k.Hash)
		return []policy.SignerRule{{Key: key}}, append(lacking, unknown...)
	case k.KMS.Written():
		lacking = append(lacking, c.FieldAt(k.KMS.Node, "key.kms with data"))
	}
	if k.Data.Value == "" {
		return nil, lacking
	}
	key, err := native.ParseKey([]byte(k.Data.Value))
	if err != nil {
		c.Report(k.Data.Node, "read key.data: %v", err)
		return nil, nil
	}
	if !tried(key, k.Hash.Value) {
		lacking = append(lacking, c.FieldAt(k.Hash.Node, "key.hashAlgorithm with a key of this kind"))
	}
	return []policy.SignerRule{{Key: key}}, lacking
}

// withRoots adds certificate authorities of the policy's own, if there are any.
func (c *converter) withRoots(roots text, with trustFields) trustFields {
	if roots.Value == "" {
		return with
	}
	authorities, err := native.ParseAuthorities([]byte(roots.Value))
	if err != nil {
		c.Report(roots.Node, "read roots: %v", err)
	}
	return with.of(authorities, c.FieldAt(roots.Node, "keyless.roots without ctlog.insecureIgnoreSCT"))
}

// imageTrust sets the trusted root that an attestor brings along. Parts that it
// says something else of remain.
func (c *converter) imageTrust(a *cosign, rule *policy.SignerRule, unread func(place, string)) {
	var own *policy.TrustedRoot
	switch {
	case a.TrustedRoot != nil && a.TrustedRoot.Expression.Written():
		unread(a.TrustedRoot.Expression.Place, "trustedRoot.expression")
	case a.TrustedRoot != nil:
		own = &policy.TrustedRoot{JSON: []byte(a.TrustedRoot.Value.Value)}
	case a.TUF != nil && a.TUF.Root.Path.Written():
		unread(a.TUF.Root.Path.Place, "tuf.root.path")
	case a.TUF != nil && a.TUF.Mirror.Value != "" && a.TUF.Root.Data.Value != "":
		root, err := base64.StdEncoding.DecodeString(a.TUF.Root.Data.Value)
		if err != nil {
			c.Report(a.TUF.Root.Data.Node, "tuf.root.data is not in base64")
			return
		}
		own = &policy.TrustedRoot{TUF: &policy.TUFRepository{Mirror: a.TUF.Mirror.Value, Root: root}}
	case a.TUF != nil:
		unread(a.TUF.place, "tuf without a mirror and root.data")
	}
	if own == nil {
		return
	}
	if rule.Root == nil {
		rule.Root = &policy.TrustedRoot{Parts: &policy.TrustedParts{Timestamps: own}, AsCosign: true}
	}
	parts := rule.Root.Parts
	if parts.Certificates == nil {
		parts.Certificates = own
	}
	if parts.Logs == nil {
		parts.Logs = own
	}
}

// identity is whom an identity names: exactly, or by a regular expression that
// is not anchored. What is left out is anybody's.
func identity(id *imageIdentity) *policy.Keyless {
	one := func(exact text, p pattern) *regexp.Regexp {
		switch {
		case exact.Value != "":
			return whole(regexp.QuoteMeta(exact.Value))
		case p.Value != "":
			return whole(anywhere(p))
		}
		return whole(`(?s:.*)`)
	}
	return &policy.Keyless{IssuerPattern: one(id.Issuer, id.IssuerRegExp), SubjectPattern: one(id.Subject, id.SubjectRegExp)}
}

func distinct(fields []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range fields {
		if !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	return out
}
