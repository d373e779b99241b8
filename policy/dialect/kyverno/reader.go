package kyverno

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/objects"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
	"github.com/syncgate/syncgate/policy/document"
)

// The API groups of the documents that this package reads.
const (
	Group      = "kyverno.io"
	ImageGroup = "policies.kyverno.io"
)

// Reader reads ClusterPolicies, Policies and ImageValidatingPolicies.
type Reader struct {
	// Policies are what was read: one for each entry of verifyImages, and one
	// for each ImageValidatingPolicy. They are not to be used where there are problems.
	Policies []policy.Policy
	policies document.Names
	budget   *document.Budget
	programs *sandbox.Pool
	objects  *objects.Store
	// exceptions lift policies from objects.
	exceptions *Exceptions
}

// NewReader makes a reader. Names and budget are shared with the readers of
// other languages; programs run in a sandbox. What policies refer to is looked
// for among objects.
func NewReader(policies document.Names, budget *document.Budget, programs *sandbox.Pool, o *objects.Store) *Reader {
	return &Reader{policies: policies, budget: budget, programs: programs, objects: o, exceptions: &Exceptions{}}
}

// With shares the exceptions of other files' policies.
func (r *Reader) With(e *Exceptions) *Reader {
	r.exceptions = e
	return r
}

// Reads tells whether a document is one for this reader.
func Reads(group, kind string) bool {
	return group == Group && (kind == "ClusterPolicy" || kind == "Policy") ||
		group == ImageGroup && (kind == "ImageValidatingPolicy" || kind == "NamespacedImageValidatingPolicy")
}

// Read reads one document, and returns what is wrong with it.
func (r *Reader) Read(file *document.File, doc document.Document) document.Problems {
	d := document.NewDecoder(file, r.budget)
	d.Lenient = true
	version, kind := document.KindOf(doc.Root)
	if strings.HasPrefix(version.Value, ImageGroup+"/") {
		return r.readImages(d, doc)
	}
	if v := strings.TrimPrefix(version.Value, Group+"/"); v != "v1" && v != "v2beta1" {
		d.Report(version, "unknown version %s of %s: want v1 or v2beta1", document.Quote(version.Value), kind.Value)
		return d.Problems
	}
	var p clusterPolicy
	d.Decode(doc.Root, &p)
	c := &converter{Decoder: d, programs: r.programs, objects: r.objects, document: p}
	if filled := c.filled(doc.Root); filled != nil && len(d.Problems) == 0 {
		c.document = clusterPolicy{}
		d.Decode(filled, &c.document)
	}
	for _, made := range c.policies() {
		for _, out := range r.excepted(made) {
			out.Digest = document.Digest(doc.Text)
			out.Dialect = version.Value + " " + kind.Value
			r.Policies = append(r.Policies, out)
		}
	}
	d.Once(r.policies, "policy", p.Metadata.Name)
	return d.Problems
}

// readImages reads an ImageValidatingPolicy.
func (r *Reader) readImages(d *document.Decoder, doc document.Document) document.Problems {
	version, kind := document.KindOf(doc.Root)
	if v := strings.TrimPrefix(version.Value, ImageGroup+"/"); v != "v1alpha1" && v != "v1beta1" && v != "v1" {
		d.Report(version, "unknown version %s of %s: want v1, v1beta1 or v1alpha1", document.Quote(version.Value), kind.Value)
		return d.Problems
	}
	var p imagePolicy
	d.Decode(doc.Root, &p)
	c := &converter{Decoder: d, programs: r.programs, objects: r.objects}
	found, lacking := r.exceptions.of(func(e exception) bool {
		return slices.ContainsFunc(e.policies, func(ref policyRef) bool {
			return ref.Name.Value == p.Metadata.Name.Value && ref.Kind.Value == kind.Value
		})
	})
	made := c.images(p)
	about, _ := made.Match.Selector.(*imageSelector)
	for _, out := range except(made, &excepting{about, found, about.excepts}, lacking) {
		out.Digest = document.Digest(doc.Text)
		out.Dialect = version.Value + " " + kind.Value
		r.Policies = append(r.Policies, out)
	}
	d.Once(r.policies, "policy", p.Metadata.Name)
	return d.Problems
}

// excepted is a policy with the exceptions that lift it.
func (r *Reader) excepted(p policy.Policy) []policy.Policy {
	about, _ := p.Match.Selector.(*selector)
	found, lacking := r.exceptions.of(func(e exception) bool { return e.lifts(about.policy, about.rule) })
	return except(p, &excepting{about, found, about.excepts}, lacking)
}

// converter turns the schema types of one document into the model, and
// reports what each field alone cannot tell. A document with problems is
// thrown away.
type converter struct {
	*document.Decoder
	programs *sandbox.Pool
	document clusterPolicy
	objects  *objects.Store
}

// policies are those of a document: one for each entry of each rule. Rules
// that verify no images ask nothing of them.
func (c *converter) policies() []policy.Policy {
	s := c.document.Spec
	general := c.general(s)
	var out []policy.Policy
	rules := 0
	for i := range s.Rules {
		r := &s.Rules[i]
		if len(r.VerifyImages) > 0 {
			rules++
		}
		for j := range r.VerifyImages {
			out = append(out, c.verification(r, j, general))
		}
	}
	if rules > 1 && s.ApplyRules.Value == "One" {
		for i := range out {
			for j := range out[i].Require {
				out[i].Require[j] = unsupported(out[i].Require[j], c.FieldAt(s.ApplyRules.Node, "applyRules: One"))
			}
		}
	}
	return out
}

// general are the fields of the whole that are not honoured.
func (c *converter) general(s spec) []string {
	var out []string
	if s.Overrides.Written() {
		out = append(out, c.FieldAt(s.Overrides.Node, "validationFailureActionOverrides"))
	}
	if s.Webhook != nil && s.Webhook.MatchConditions.Written() {
		out = append(out, c.FieldAt(s.Webhook.MatchConditions.Node, "webhookConfiguration.matchConditions"))
	}
	return out
}

// unsupported is a requirement that is not asked, and why.
func unsupported(r policy.Requirement, fields ...string) policy.Requirement {
	return policy.Requirement{Name: r.Name, Source: r.Source, Unsupported: append(r.Unsupported, fields...)}
}

// verification converts one entry of a rule's verifyImages.
func (c *converter) verification(r *rule, i int, general []string) policy.Policy {
	v := modern(r.VerifyImages[i])
	name := r.Name.Value
	if len(r.VerifyImages) > 1 {
		name = fmt.Sprintf("%s[%d]", name, i)
	}
	lacking := append(append([]string{}, general...), c.lacking(r, &v)...)
	about, unread := c.selector(r, &v)
	lacking = append(lacking, unread...)
	out := policy.Policy{
		Name: c.document.Metadata.Name.Value, Source: c.At(v.place), Match: policy.Match{Selector: about},
		// Kyverno itself writes the digest of what it verified, unless told not to.
		RequireDigest: isTrue(v.VerifyDigest) && !isTrue(v.MutateDigest),
	}
	if c.warns(v) {
		out.Mode = policy.Warn
	}
	top := policy.Requirement{Name: name, Source: c.At(v.place)}
	of := c.parts(v, top, r)
	switch {
	case len(lacking) > 0:
		out.Require = []policy.Requirement{unsupported(top, lacking...)}
	case len(of) == 0:
		top.Static = &policy.StaticRequirement{Verdict: policy.Fail, Message: "it names no attestors, and images must be verified all the same"}
		if !isTrue(v.Required) {
			top.Static = &policy.StaticRequirement{Verdict: policy.Pass, Message: "it names no attestors, and images need not be verified"}
		}
		out.Require = []policy.Requirement{top}
	default:
		out.Require = of
	}
	return out
}

// isTrue is a flag that is on unless it is switched off.
func isTrue(f flag) bool { return !f.Written() || f.Value }

// warns tells whether the policy only reports.
func (c *converter) warns(v verification) bool {
	s := c.document.Spec
	if s.Admission.Written() && !s.Admission.Value {
		return true // nothing is kept out
	}
	action := s.FailureAction.Value
	if v.FailureAction.Value != "" {
		action = v.FailureAction.Value
	}
	return !strings.EqualFold(action, "enforce")
}

// modern is an entry with the older fields written as an attestor.
func modern(v verification) verification {
	if v.Image.Value == "" && v.Key.Value == "" && v.Issuer.Value == "" {
		return v
	}
	if v.Image.Value != "" {
		v.ImageReferences = append(append([]text{}, v.ImageReferences...), v.Image)
	}
	if len(v.Annotations) == 0 && v.Key.Value == "" && v.Issuer.Value == "" {
		return v
	}
	a := attestor{place: v.place, Annotations: v.Annotations}
	if v.Key.Value != "" {
		a.Keys = &keys{place: v.Key.Place, PublicKeys: v.Key}
	} else if v.Issuer.Value != "" {
		a.Keyless = &keyless{place: v.Issuer.Place, Issuer: v.Issuer, Subject: v.Subject, Roots: v.Roots}
	}
	set := attestorSet{place: v.place, Entries: []attestor{a}}
	if len(v.Attestations) == 0 {
		v.Attestors = append(append([]attestorSet{}, v.Attestors...), set)
		return v
	}
	v.Attestations = append([]attestation{}, v.Attestations...)
	for i := range v.Attestations {
		v.Attestations[i].Attestors = append(append([]attestorSet{}, v.Attestations[i].Attestors...), set)
	}
	return v
}
