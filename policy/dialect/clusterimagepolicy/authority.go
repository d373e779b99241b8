package clusterimagepolicy

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/objects"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
)

// authority converts one authority. With attestations the signature itself is
// not asked for; each of them must then be there.
func (c *converter) authority(a authority, i int) policy.Requirement {
	out := policy.Requirement{Name: indexed(a.Name, i), Source: c.At(a.place)}
	if a.Static != nil {
		return c.static(out, a)
	}
	rules, unsupported := c.signers(a, out.Name)
	elsewhere, refusal := c.trusting(a, rules)
	unsupported = append(unsupported, elsewhere...)
	var of []policy.Requirement
	for _, at := range a.Attestations {
		r, lacking := c.attestation(at, rules)
		r.Formats = formats(a, policy.FormatDSSE)
		of, unsupported = append(of, r), append(unsupported, lacking...)
	}
	if twice := duplicate(a.Attestations, func(a attestation) text { return a.Name }); twice != nil {
		c.Report(twice.Node, "attestation name %s is used twice in this authority", document.Quote(twice.Value))
	}
	switch {
	case len(unsupported) > 0:
		out.Unsupported = unsupported
	case refusal != "":
		out.Static = &policy.StaticRequirement{Verdict: policy.Fail, Message: refusal}
	case len(of) == 0:
		out.Signature = &policy.SignatureRequirement{Signers: rules}
		out.Formats = formats(a, policy.FormatSimpleSigning)
	default:
		out.Group = &policy.Group{Kind: "allOf", Count: len(of), Of: of}
	}
	return out
}

// formats are the forms of evidence that an authority looks at.
func formats(a authority, legacy policy.Format) []policy.Format {
	if a.Format.Value == "bundle" {
		return []policy.Format{policy.FormatBundle}
	}
	return []policy.Format{legacy}
}

// static converts an authority that looks at nothing.
func (c *converter) static(out policy.Requirement, a authority) policy.Requirement {
	for _, other := range []struct {
		field   string
		written bool
	}{
		{"attestations", len(a.Attestations) > 0}, {"source", len(a.Source) > 0},
		{"ctlog", a.CTLog != nil}, {"rfc3161timestamp", a.Timestamp != nil},
	} {
		if other.written {
			c.Report(a.Static.Node, "authority %s has both static and %s: write only one of them", document.Quote(out.Name), other.field)
		}
	}
	out.Static = &policy.StaticRequirement{Verdict: policy.Fail, Message: a.Static.Message.Value}
	if a.Static.Action.Value == "pass" {
		out.Static.Verdict = policy.Pass
	}
	return out
}

// elsewhere checks the fields that send an authority to other places.
func (c *converter) elsewhere(a authority) {
	if len(a.Source) > 1 {
		c.Report(a.Source[1].Node, "source: only one is taken")
	}
	for _, s := range a.Source {
		if err := checkRepository(s.OCI.Value); err != nil {
			c.Report(s.OCI.Node, "source.oci: %v", err)
		}
	}
	if a.CTLog != nil {
		c.checkURL(a.CTLog.URL, "ctlog.url")
	}
}

// checkRepository tells what is wrong with the name of a registry or
// repository.
func checkRepository(text string) error {
	if text == "" {
		return nil
	}
	var err error
	if registry, _, found := strings.Cut(text, "/"); found && strings.ContainsAny(registry, ".:") {
		_, err = name.NewRepository(text, name.StrictValidation)
	} else {
		_, err = name.NewRegistry(text, name.StrictValidation)
	}
	return err
}

func (c *converter) checkURL(t text, field string) {
	if _, err := url.Parse(t.Value); t.Value != "" && err != nil {
		c.Report(t.Node, "%s: %s is not a URL", field, document.Quote(t.Value))
	}
}

// signers are those whose signatures count for an authority, and the fields
// that keep it from being told.
func (c *converter) signers(a authority, called string) ([]policy.SignerRule, []string) {
	switch {
	case a.Key != nil:
		key, unsupported := c.key(*a.Key, "key")
		return []policy.SignerRule{{Name: called, Key: key}}, unsupported
	case a.Keyless != nil:
		return c.keyless(*a.Keyless, called)
	}
	return nil, nil
}

func (c *converter) keyless(k keyless, called string) ([]policy.SignerRule, []string) {
	var unsupported []string
	c.checkURL(k.URL, "keyless.url")
	if k.CACert != nil {
		if k.URL.Value != "" {
			c.Report(k.CACert.Node, "keyless has both url and ca-cert: write only one of them")
		}
		_, unsupported = c.key(*k.CACert, "keyless.ca-cert")
		unsupported = append(unsupported, c.FieldAt(k.CACert.Node, "keyless.ca-cert"))
	}
	if len(k.Identities) == 0 {
		c.Report(k.Node, "keyless.identities is empty: name who may sign")
	}
	var rules []policy.SignerRule
	for _, id := range k.Identities {
		rules = append(rules, policy.SignerRule{Name: called, Keyless: &policy.Keyless{
			Issuer: id.Issuer.Value, IssuerPattern: id.IssuerRegExp.whole,
			Subject: id.Subject.Value, SubjectPattern: id.SubjectRegExp.whole,
		}})
		if exact := rules[len(rules)-1].Keyless; strings.Contains(exact.Subject, "*") {
			// It is no glob here.
			exact.SubjectPattern = regexp.MustCompile(`\A` + regexp.QuoteMeta(exact.Subject) + `\z`)
			exact.Subject = ""
		}
	}
	return rules, unsupported
}

// key reads a public key, or says why it is not at hand.
func (c *converter) key(k key, field string) (*policy.Key, []string) {
	c.checkHash(k)
	switch {
	case k.KMS.Value != "":
		out, err := native.ManagedKey(k.KMS.Value)
		if err != nil {
			c.Report(k.KMS.Node, "%s.kms: %v", field, err)
		}
		if field != "key" {
			return nil, []string{c.FieldAt(k.KMS.Node, field+".kms")}
		}
		return out, nil
	case k.SecretRef != nil && field == "key":
		text, lacking := c.secret(k.SecretRef)
		if lacking != nil {
			return nil, lacking
		}
		k.Data = document.Text{Place: k.SecretRef.place, Value: text}
	case k.SecretRef != nil:
		return nil, []string{c.FieldAt(k.SecretRef.Node, field+".secretRef")}
	case k.Data.Value == "" || field != "key":
		return nil, nil
	}
	out, err := native.ParseKey([]byte(k.Data.Value))
	if err != nil {
		c.Report(k.Data.Node, "read %s.data: %v", field, err)
		return nil, nil
	}
	if hash := strings.ToLower(strings.TrimSpace(k.HashAlgorithm.Value)); !tried(out, hash) {
		return nil, []string{c.FieldAt(k.HashAlgorithm.Node, field+".hashAlgorithm: "+hash+" with a key of this kind")}
	}
	return out, nil
}

// system is the namespace that policy-controller runs in and reads.
const system = "cosign-system"

// secret is the only entry of a Secret that stands among the policies.
func (c *converter) secret(ref *secretRef) (text string, lacking []string) {
	found, ok := c.objects.Find(objects.Secret, system, ref.Name.Value)
	if !ok {
		return "", []string{c.FieldAt(ref.Node, "key.secretRef: "+objects.Missing(objects.Secret, system, ref.Name.Value))}
	}
	if len(found.Data) != 1 {
		c.Report(ref.Node, "%s has %d entries: policy-controller takes one that has one", objects.Reference(objects.Secret, system, ref.Name.Value), len(found.Data))
	}
	for _, value := range found.Data {
		text = value
	}
	return text, nil
}

func (c *converter) checkHash(k key) {
	switch strings.ToLower(strings.TrimSpace(k.HashAlgorithm.Value)) {
	case "", "sha224", "sha256", "sha384", "sha512":
	default:
		c.Report(k.HashAlgorithm.Node, "unknown hashAlgorithm %s: want sha224, sha256, sha384 or sha512", document.Quote(k.HashAlgorithm.Value))
	}
}

// tried tells whether a signature by the key is tried with a hash. Which one
// of several it is made with makes no difference.
func tried(k *policy.Key, hash string) bool {
	bits := 0
	switch key := k.Public.(type) {
	case *rsa.PublicKey:
		return hash == "" || hash == "sha256" || hash == "sha512"
	case *ecdsa.PublicKey:
		bits = key.Curve.Params().BitSize
	default:
		return true
	}
	return hash == "" || hash == "sha256" || hash == "sha384" && bits == 384 || hash == "sha512" && bits == 521
}

// attestation converts one attestation: any statement of the type, by the
// authority, that the program holds for.
func (c *converter) attestation(a attestation, rules []policy.SignerRule) (policy.Requirement, []string) {
	out := policy.Requirement{Name: a.Name.Value, Source: c.At(a.place)}
	out.Attestation = &policy.AttestationRequirement{Signers: rules, PredicateType: predicateURI(a.PredicateType.Value)}
	if a.Policy == nil {
		return out, nil
	}
	for _, whole := range []struct {
		flag flag
		name string
	}{
		{a.Policy.FetchConfigFile, "fetchConfigFile"}, {a.Policy.IncludeSpec, "includeSpec"},
		{a.Policy.IncludeObjectMeta, "includeObjectMeta"}, {a.Policy.IncludeTypeMeta, "includeTypeMeta"},
	} {
		if whole.flag.Written() {
			c.Report(whole.flag.Node, "%s is for spec.policy alone", whole.name)
		}
	}
	source, unsupported := c.program(a.Policy)
	out.Attestation.Expression = &condition{text: source, programs: c.programs, predicateType: a.PredicateType.Value}
	return out, unsupported
}
