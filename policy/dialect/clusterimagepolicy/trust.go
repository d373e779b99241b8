package clusterimagepolicy

import (
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/policy"
)

// nobody is trusted where an authority asks no one.
func nobody() *policy.TrustedRoot { return &policy.TrustedRoot{Nobody: true} }

// trusting says what signatures of an authority must hold against, and where they
// are, in the signers' rules. It follows checkOptsFromAuthority of
// policy-controller's pkg/webhook/validator.go, whose choices are not all what
// one would think: cosign's own defaults apply only where neither a trust root
// nor a ctlog is written. The refusal says why it takes no signature at all.
func (c *converter) trusting(a authority, rules []policy.SignerRule) (unsupported []string, refusal string) {
	c.elsewhere(a)
	with := policy.SignerRule{}
	if a.Keyless != nil {
		with.IgnoreCertificateLog = a.Keyless.InsecureIgnoreSCT.Value
	}
	if a.Format.Value == "bundle" {
		refusal = c.trustOfBundles(a, &with)
		for _, s := range a.Source {
			for _, field := range []struct {
				text
				name string
			}{{s.OCI, "source.oci"}, {s.TagPrefix, "source.tagPrefix"}} {
				if field.Value != "" {
					unsupported = append(unsupported, c.FieldAt(field.Node, field.name+" with signatureFormat: bundle"))
				}
			}
		}
	} else {
		c.trustOfTags(a, &with)
		with.Source = c.source(a)
	}
	for i := range rules {
		rules[i].Root, rules[i].Source, rules[i].RequireTimestamp = with.Root, with.Source, with.RequireTimestamp
		rules[i].IgnoreTransparencyLog, rules[i].IgnoreCertificateLog = with.IgnoreTransparencyLog, with.IgnoreCertificateLog
	}
	return unsupported, refusal
}

// trustOfTags is trusting, for what cosign keeps at tags.
func (c *converter) trustOfTags(a authority, with *policy.SignerRule) {
	parts := policy.TrustedParts{Logs: nobody(), Timestamps: nobody()}
	own := a.Timestamp == nil
	if a.Keyless != nil {
		parts.Certificates = c.refer(a.Keyless.TrustRootRef)
		own = own && parts.Certificates == nil
	}
	with.IgnoreTransparencyLog = true
	switch {
	case a.CTLog == nil && a.Keyless != nil && parts.Certificates == nil:
		parts.Logs, with.IgnoreTransparencyLog = nil, false
	case a.CTLog != nil && a.CTLog.TrustRootRef.Value != "":
		parts.Logs, with.IgnoreTransparencyLog = c.refer(a.CTLog.TrustRootRef), false
		own = false
	case a.CTLog != nil && a.CTLog.URL.Value != "":
		parts.Logs, with.IgnoreTransparencyLog = nil, false
	default:
		own = own && a.Key != nil
	}
	if a.Timestamp != nil && a.Timestamp.TrustRootRef.Value != "" {
		// Who names a timestamp authority wants it to be asked: a signature
		// without a timestamp counts for policy-controller, one with a wrong
		// timestamp does not.
		parts.Timestamps, with.RequireTimestamp = c.refer(a.Timestamp.TrustRootRef), true
		parts.Logs, with.IgnoreTransparencyLog = nobody(), true
	}
	if !own {
		with.Root = &policy.TrustedRoot{Name: called(a), Parts: &parts, AsCosign: true}
	}
}

// trustOfBundles is trusting, for Sigstore bundles.
func (c *converter) trustOfBundles(a authority, with *policy.SignerRule) (refusal string) {
	if a.Keyless == nil {
		return "with signatureFormat: bundle policy-controller takes only keyless authorities"
	}
	ref := a.Keyless.TrustRootRef.Value
	if root := c.refer(a.Keyless.TrustRootRef); root != nil {
		with.Root = &policy.TrustedRoot{Name: ref, Parts: &policy.TrustedParts{Certificates: root, Logs: root, Timestamps: root}, AsCosign: true}
	}
	if a.CTLog != nil && a.CTLog.TrustRootRef.Value != ref {
		refusal = "with signatureFormat: bundle policy-controller wants ctlog.trustRootRef to be that of keyless"
	}
	if a.Timestamp != nil {
		with.RequireTimestamp, with.IgnoreTransparencyLog = true, true
		if a.Timestamp.TrustRootRef.Value != ref {
			refusal = "with signatureFormat: bundle policy-controller wants rfc3161timestamp.trustRootRef to be that of keyless"
		}
	}
	return refusal
}

// called names the trust of an authority for messages.
func called(a authority) string {
	switch {
	case a.Timestamp != nil && a.Timestamp.TrustRootRef.Value != "":
		return a.Timestamp.TrustRootRef.Value
	case a.CTLog != nil && a.CTLog.TrustRootRef.Value != "":
		return a.CTLog.TrustRootRef.Value
	case a.Keyless != nil && a.Keyless.TrustRootRef.Value != "":
		return a.Keyless.TrustRootRef.Value
	}
	return "of the authority " + a.Name.Value
}

// source is where an authority's signatures are.
func (c *converter) source(a authority) policy.Source {
	var out policy.Source
	for _, s := range a.Source {
		out.TagPrefix = s.TagPrefix.Value
		if s.OCI.Value == "" {
			continue
		}
		repository, err := name.NewRepository(s.OCI.Value)
		if err != nil {
			c.Report(s.OCI.Node, "source.oci: %v", err)
			continue
		}
		out.Repository = repository.Name()
	}
	return out
}
