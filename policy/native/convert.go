package native

import (
	"io/fs"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
)

// APIVersion is the apiVersion of the documents that this package reads.
const APIVersion = "syncgate.dev/v1alpha1"

// The kinds of documents that this package reads.
const (
	KindPolicy    = "ImagePolicy"
	KindException = "ImageException"
)

// Reader reads native documents into a set.
type Reader struct {
	// Set is what was read. It is not to be used where there are problems.
	Set   policy.Set
	files fs.FS
	// policies and exceptions are the places of what was read, by name.
	policies, exceptions document.Names
	// written are the exceptions of Set as they were written.
	written []writtenException
	budget  *document.Budget
}

// NewReader makes a reader. Key files are read from files, relative to the
// policy file that names them. Names and budget are shared with the readers
// of other languages.
func NewReader(files fs.FS, policies document.Names, budget *document.Budget) *Reader {
	return &Reader{files: files, policies: policies, exceptions: document.Names{}, budget: budget}
}

// Read reads one document into the set, and returns what is wrong with it.
func (r *Reader) Read(file *document.File, doc document.Document) document.Problems {
	c := &converter{Decoder: document.NewDecoder(file, r.budget), files: r.files}
	switch c.kind(doc.Root) {
	case KindPolicy:
		var p imagePolicy
		c.Decode(doc.Root, &p)
		out := c.policy(p)
		out.Digest = document.Digest(doc.Text)
		c.Once(r.policies, "policy", p.Metadata.Name.text)
		r.Set.Policies = append(r.Set.Policies, out)
	case KindException:
		var e imageException
		c.Decode(doc.Root, &e)
		c.Once(r.exceptions, "exception", e.Metadata.Name.text)
		r.Set.Exceptions = append(r.Set.Exceptions, c.exception(e))
		r.written = append(r.written, writtenException{file, e.Spec})
	}
	return c.Problems
}

// kind returns the kind of a document if this package reads it, and reports
// it otherwise.
func (d *converter) kind(root *yaml.Node) string {
	if root.Kind != yaml.MappingNode {
		d.Report(root, "want a document with apiVersion, kind, metadata and spec; got %s", document.Describe(root))
		return ""
	}
	version, kind := document.KindOf(root)
	switch {
	case version == nil || version.Value == "":
		d.Report(root, "document has no apiVersion: write apiVersion: %s, or that of another tool's policies", APIVersion)
		return ""
	case kind == nil || kind.Value == "":
		d.Report(root, "document has no kind: want kind: %s or kind: %s", KindPolicy, KindException)
		return ""
	}
	kinds := []string{KindPolicy, KindException}
	group, _, _ := strings.Cut(version.Value, "/")
	ours := strings.HasPrefix(APIVersion, group+"/")
	switch {
	case version.Value == APIVersion && slices.Contains(kinds, kind.Value):
		return kind.Value
	case version.Value == APIVersion:
		d.Report(kind, "unknown kind %s of %s%s", document.Quote(kind.Value), APIVersion, document.Suggest(kind.Value, kinds))
	case ours:
		d.Report(version, "unknown version %s: want %s", document.Quote(version.Value), APIVersion)
	case otherTool(group):
		d.Report(kind, "kind %s of %s is not supported yet: only %s and %s of %s are read",
			document.Quote(kind.Value), document.Quote(version.Value), KindPolicy, KindException, APIVersion)
	default:
		d.Report(kind, "kind %s of %s is no policy: only %s and %s of %s are read",
			document.Quote(kind.Value), document.Quote(version.Value), KindPolicy, KindException, APIVersion)
	}
	return ""
}

// otherTool tells whether an API group is that of another tool's policies.
func otherTool(group string) bool {
	return slices.Contains([]string{
		"policy.sigstore.dev", "kyverno.io", "policies.kyverno.io", "appstudio.redhat.com",
		"constraints.gatekeeper.sh", "config.ratify.deislabs.io",
	}, group)
}

// converter turns the schema types of one document into the model, and
// reports what each field alone cannot tell. It never stops at a problem: it
// goes on with zero values, and a set with problems is thrown away.
type converter struct {
	*document.Decoder
	files   fs.FS
	signers map[string]policy.SignerRule
	names   names
}

// policy converts a document of kind ImagePolicy.
func (c *converter) policy(p imagePolicy) policy.Policy {
	s := p.Spec
	c.signers = c.convertSigners(s.Signers)
	out := policy.Policy{
		Name:           p.Metadata.Name.Value,
		Source:         c.At(p.place),
		Match:          convertMatch(s.Match),
		RequireDigest:  s.References.Digest.Value == "require",
		Platforms:      platformRule(s.Platforms),
		AllowUnmatched: s.Unmatched.Value == "allow",
	}
	if s.Mode.Value == "warn" {
		out.Mode = policy.Warn
	}
	switch {
	case !s.Written() || s.Node.Kind != yaml.MappingNode:
	case out.AllowUnmatched && len(s.Require) > 0:
		c.Report(s.Unmatched.Node, "spec has both unmatched: allow and requirements: images that must meet something are not unmatched; write two policies")
	case !out.AllowUnmatched && !document.HasField(s.Node, "require"):
		c.Report(s.Node, "spec has no field \"require\": every image that matches would pass unchecked; write requirements, or unmatched: allow if that is meant")
	}
	c.names = names{taken: map[string]bool{}, last: map[string]int{}}
	c.collect(s.Require)
	for _, r := range s.Require {
		out.Require = append(out.Require, c.requirement(r))
	}
	return out
}

func convertMatch(m match) policy.Match {
	return policy.Match{
		Images:     values(m.Images),
		Exclude:    values(m.Exclude),
		Namespaces: values(m.Namespaces),
		Kinds:      values(m.Kinds),
		Units:      values(m.Units),
		Labels:     valuesByKey(m.ObjectSelector.MatchLabels),
		Classes:    values(m.Classes),
	}
}

func platformRule(t text) policy.PlatformRule {
	return map[string]policy.PlatformRule{
		"index": policy.PlatformIndex,
		"each":  policy.PlatformEach,
		"any":   policy.PlatformAny,
	}[t.Value]
}

// worded is a schema type that holds a text.
type worded interface{ Word() string }

func values[T worded](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, v.Word())
	}
	return out
}

func valuesByKey(m map[string]text) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for key, v := range m {
		out[key] = v.Value
	}
	return out
}
