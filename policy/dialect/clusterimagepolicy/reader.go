package clusterimagepolicy

import (
	"fmt"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/objects"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
	"github.com/syncgate/syncgate/policy/document"
)

// Group is the API group of the documents that this package reads.
const Group = "policy.sigstore.dev"

// The kinds of documents that this package reads.
const (
	KindPolicy    = "ClusterImagePolicy"
	KindTrustRoot = "TrustRoot"
)

// Reader reads ClusterImagePolicies and TrustRoots.
type Reader struct {
	// Policies are what was read. They are not to be used where there are
	// problems.
	Policies []policy.Policy
	// policies and roots are the places of what was read, by name.
	policies, roots document.Names
	trust           trustRoots
	budget          *document.Budget
	programs        *sandbox.Pool
	objects         *objects.Store
}

// NewReader makes a reader. Names and budget are shared with the readers of
// other languages; programs run in a sandbox. What policies refer to is looked
// for among objects.
func NewReader(policies document.Names, budget *document.Budget, programs *sandbox.Pool, o *objects.Store) *Reader {
	return &Reader{policies: policies, roots: document.Names{}, trust: trustRoots{}, budget: budget, programs: programs, objects: o}
}

// Reads tells whether a document is one for this reader.
func Reads(group, kind string) bool {
	return group == Group && (kind == KindPolicy || kind == KindTrustRoot)
}

// Read reads one document, and returns what is wrong with it.
func (r *Reader) Read(file *document.File, doc document.Document) document.Problems {
	d := document.NewDecoder(file, r.budget)
	d.Lenient = true
	version, kind := document.KindOf(doc.Root)
	c := &converter{Decoder: d, programs: r.programs, objects: r.objects, trust: r.trust}
	switch {
	case kind.Value == KindTrustRoot && version.Value == Group+"/v1alpha1":
		var t trustRoot
		d.Decode(doc.Root, &t)
		c.trustRoot(t)
		d.Once(r.roots, "trust root", t.Metadata.Name)
	case kind.Value == KindPolicy && (version.Value == Group+"/v1alpha1" || version.Value == Group+"/v1beta1"):
		var p clusterImagePolicy
		d.Decode(doc.Root, &p)
		out := c.policy(p)
		out.Digest = document.Digest(doc.Text)
		out.Dialect = version.Value + " " + kind.Value
		d.Once(r.policies, "policy", p.Metadata.Name)
		r.Policies = append(r.Policies, out)
	default:
		d.Report(version, "unknown version %s of %s: want v1alpha1 or v1beta1 of a ClusterImagePolicy, v1alpha1 of a TrustRoot", document.Quote(version.Value), kind.Value)
	}
	return d.Problems
}

// converter turns the schema types of one document into the model, and
// reports what each field alone cannot tell. A document with problems is
// thrown away.
type converter struct {
	*document.Decoder
	programs *sandbox.Pool
	trust    trustRoots
	objects  *objects.Store
}

// policy converts a document of kind ClusterImagePolicy: one of its
// authorities must be met, and then its own program must hold.
func (c *converter) policy(p clusterImagePolicy) policy.Policy {
	s := p.Spec
	about := c.selector(s)
	out := policy.Policy{Name: p.Metadata.Name.Value, Source: c.At(p.place), Match: policy.Match{Selector: about}}
	if s.Mode.Value == "warn" {
		out.Mode = policy.Warn
	}
	if len(s.Images) == 0 && s.Written() {
		c.Report(s.Node, "spec.images is empty: name the images that the policy is about")
	}
	if len(s.Authorities) == 0 && s.Written() {
		c.Report(s.Node, "spec.authorities is empty: the policy would ask for nothing")
		return out
	}
	var of []policy.Requirement
	for i, a := range s.Authorities {
		of = append(of, c.authority(a, i))
	}
	top := policy.Requirement{Name: "authorities", Source: c.At(s.place)}
	switch {
	case s.Policy != nil:
		top = c.ruled(top, s, of, about)
	case len(of) == 1:
		top = of[0]
	default:
		top.Group = &policy.Group{Kind: "anyOf", Count: 1, Of: of}
	}
	out.Require = []policy.Requirement{top}
	return out
}

// ruled is the requirement of a policy with a program of its own.
func (c *converter) ruled(top policy.Requirement, s spec, of []policy.Requirement, about *selector) policy.Requirement {
	p := s.Policy
	source, unsupported := c.program(p)
	if p.FetchConfigFile.Value {
		unsupported = append(unsupported, c.FieldAt(p.FetchConfigFile.Node, "policy.fetchConfigFile"))
	}
	top.Unsupported = unsupported
	top.Program = &policy.ProgramRequirement{Of: of, Count: 1}
	if len(unsupported) == 0 {
		top.Program.Program = &verdict{
			text: source, programs: c.programs, selector: about,
			spec: p.IncludeSpec.Value, metadata: p.IncludeObjectMeta.Value, types: p.IncludeTypeMeta.Value,
		}
	}
	return top
}

func (c *converter) selector(s spec) *selector {
	out := &selector{match: s.Match}
	for _, image := range s.Images {
		if image.Glob.Value == "" {
			continue
		}
		g, err := compileGlob(image.Glob.Value)
		if err != nil {
			c.Report(image.Glob.Node, "%v", err)
			continue
		}
		out.globs = append(out.globs, g)
	}
	for _, m := range s.Match {
		if m.Selector != nil && m.Resource.Value == "" && m.Version.Value == "" && m.Group.Value == "" {
			c.Report(m.Selector.Node, "selector without a resource: say whose labels it is about")
		}
	}
	return out
}

// duplicate names what is written twice where names tell parts apart.
func duplicate[T any](list []T, name func(T) text) *text {
	seen := map[string]bool{}
	for _, item := range list {
		n := name(item)
		if n.Value != "" && seen[n.Value] {
			return &n
		}
		seen[n.Value] = true
	}
	return nil
}

func indexed(name text, i int) string {
	if name.Value != "" {
		return name.Value
	}
	return fmt.Sprintf("authority-%d", i)
}
