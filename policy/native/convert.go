package native

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
)

// APIVersion is the apiVersion of the documents that this package reads.
const APIVersion = "syncgate.dev/v1alpha1"

// The kinds of documents that this package reads.
const (
	KindPolicy    = "ImagePolicy"
	KindException = "ImageException"
)

// document reads one document into the set.
func (l *loader) document(src *source, doc document) Problems {
	d := &decoder{source: src, budget: l.budget}
	kind := d.kind(doc.root)
	c := &converter{decoder: d, files: l.files}
	switch kind {
	case KindPolicy:
		var p imagePolicy
		d.root = reflect.TypeOf(p)
		d.decode(doc.root, reflect.ValueOf(&p).Elem(), "", scope{head: doc.root})
		out := c.policy(p)
		out.Digest = digestOf(doc.text)
		c.once(l.policies, "policy", p.Metadata.Name)
		l.set.Policies = append(l.set.Policies, out)
	case KindException:
		var e imageException
		d.root = reflect.TypeOf(e)
		d.decode(doc.root, reflect.ValueOf(&e).Elem(), "", scope{head: doc.root})
		c.once(l.exceptions, "exception", e.Metadata.Name)
		l.set.Exceptions = append(l.set.Exceptions, c.exception(e))
		l.written = append(l.written, writtenException{src, e.Spec})
	}
	return d.problems
}

// kind returns the kind of a document if this package reads it, and reports
// it otherwise.
func (d *decoder) kind(root *yaml.Node) string {
	if root.Kind != yaml.MappingNode {
		d.report(root, "want a document with apiVersion, kind, metadata and spec; got %s", describe(root))
		return ""
	}
	version, kind := child(root, "apiVersion"), child(root, "kind")
	switch {
	case version == nil || version.Value == "":
		d.report(root, "document has no apiVersion: only %s and %s of %s are read", KindPolicy, KindException, APIVersion)
		return ""
	case kind == nil || kind.Value == "":
		d.report(root, "document has no kind: want kind: %s or kind: %s", KindPolicy, KindException)
		return ""
	}
	kinds := []string{KindPolicy, KindException}
	group, _, _ := strings.Cut(version.Value, "/")
	ours := strings.HasPrefix(APIVersion, group+"/")
	switch {
	case version.Value == APIVersion && slices.Contains(kinds, kind.Value):
		return kind.Value
	case version.Value == APIVersion:
		d.report(kind, "unknown kind %s of %s%s", quote(kind.Value), APIVersion, suggest(kind.Value, kinds))
	case ours:
		d.report(version, "unknown version %s: want %s", quote(version.Value), APIVersion)
	case otherTool(group):
		d.report(kind, "kind %s of %s is not supported yet: only %s and %s of %s are read",
			quote(kind.Value), quote(version.Value), KindPolicy, KindException, APIVersion)
	default:
		d.report(kind, "kind %s of %s is no policy: only %s and %s of %s are read",
			quote(kind.Value), quote(version.Value), KindPolicy, KindException, APIVersion)
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

// child returns the scalar value of a field of a mapping, or nil.
func child(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1]
		}
	}
	return nil
}

func digestOf(text []byte) policy.Digest {
	sum := sha256.Sum256(text)
	digest, err := policy.ParseDigest("sha256:" + hex.EncodeToString(sum[:]))
	if err != nil {
		return policy.Digest{}
	}
	return digest
}

// converter turns the schema types of one document into the model, and
// reports what each field alone cannot tell. It never stops at a problem: it
// goes on with zero values, and a set with problems is thrown away.
type converter struct {
	*decoder
	files   fs.FS
	signers map[string]signerRule
	names   names
}

// once reports a name that was used before.
func (c *converter) once(before map[string]string, what string, n name) {
	if !n.written() || n.Value == "" {
		return
	}
	if first, twice := before[n.Value]; twice {
		c.report(n.node, "%s %s is defined twice: first at %s", what, quote(n.Value), first)
		return
	}
	before[n.Value] = c.at(n.place)
}

// at is "file:line" of a place.
func (c *converter) at(p place) string {
	if !p.written() {
		return c.source.name
	}
	return fmt.Sprintf("%s:%d", c.source.name, p.node.Line)
}

// policy converts a document of kind ImagePolicy.
func (c *converter) policy(p imagePolicy) policy.Policy {
	s := p.Spec
	c.signers = c.convertSigners(s.Signers)
	out := policy.Policy{
		Name:           p.Metadata.Name.Value,
		Source:         c.at(p.place),
		Match:          convertMatch(s.Match),
		RequireDigest:  s.References.Digest.Value == "require",
		Platforms:      platformRule(s.Platforms),
		AllowUnmatched: s.Unmatched.Value == "allow",
	}
	if s.Mode.Value == "warn" {
		out.Mode = policy.Warn
	}
	switch {
	case !s.written() || s.node.Kind != yaml.MappingNode:
	case out.AllowUnmatched && len(s.Require) > 0:
		c.report(s.Unmatched.node, "spec has both unmatched: allow and requirements: images that must meet something are not unmatched; write two policies")
	case !out.AllowUnmatched && !hasField(s.node, "require"):
		c.report(s.node, "spec has no field \"require\": every image that matches would pass unchecked; write requirements, or unmatched: allow if that is meant")
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
type worded interface{ word() string }

func (t text) word() string { return t.Value }

func values[T worded](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, v.word())
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
