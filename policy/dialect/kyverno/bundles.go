package kyverno

import (
	"regexp"

	"github.com/syncgate/syncgate/policy"
)

// bundled makes a rule one for Sigstore bundles, as Kyverno verifies them
// (pkg/image/verifiers/cpol/cosign/sigstore.go): identities are exact and whole,
// and the trusted root is the run's, whatever else is written.
func (c *converter) bundled(e *attestor, rule *policy.SignerRule) (lacking []string) {
	var log *rekor
	var certificates *ctlog
	switch {
	case e.Keys != nil:
		log, certificates = e.Keys.Rekor, e.Keys.CTLog
	case e.Keyless != nil:
		log, certificates = e.Keyless.Rekor, e.Keyless.CTLog
		lacking = c.wholeIdentity(e.Keyless, rule)
	case e.Certificates != nil:
		lacking = append(lacking, c.FieldAt(e.Certificates.Node, "certificates with type: SigstoreBundle"))
	}
	if log != nil && log.PubKey.Written() {
		lacking = append(lacking, c.FieldAt(log.PubKey.Node, "rekor.pubkey with type: SigstoreBundle"))
	}
	if certificates != nil && certificates.TSACertChain.Written() {
		lacking = append(lacking, c.FieldAt(certificates.TSACertChain.Node, "ctlog.tsaCertChain with type: SigstoreBundle"))
	}
	if log != nil && log.IgnoreTlog.Value && (certificates == nil || !certificates.IgnoreSCT.Value) {
		// Somebody must then date the signature.
		rule.Root, rule.RequireTimestamp = nil, rule.Key != nil
	}
	return lacking
}

// wholeIdentity is an identity that says issuer and subject, each once.
func (c *converter) wholeIdentity(k *keyless, rule *policy.SignerRule) (lacking []string) {
	unread := func(at place, field string) {
		lacking = append(lacking, c.FieldAt(at.Node, field+" with type: SigstoreBundle"))
	}
	issuer, subject := k.Issuer.Value != "" || k.IssuerRegExp.Value != "", k.Subject.Value != "" || k.SubjectRegExp.Value != ""
	switch {
	case !issuer || !subject:
		unread(k.place, "keyless without issuer or subject")
	case k.Subject.Value != "" && k.SubjectRegExp.Value != "":
		unread(k.SubjectRegExp.Place, "keyless.subjectRegExp beside subject")
	}
	if k.Roots.Written() {
		unread(k.Roots.Place, "keyless.roots")
	}
	if len(k.Extensions) > 0 {
		unread(k.place, "keyless.additionalExtensions")
	}
	if rule.Keyless == nil {
		return lacking
	}
	if k.Issuer.Value != "" {
		rule.Keyless.IssuerPattern = whole(regexp.QuoteMeta(k.Issuer.Value))
	}
	if k.Subject.Value != "" {
		rule.Keyless.SubjectPattern = whole(regexp.QuoteMeta(k.Subject.Value))
	}
	return lacking
}
