// Package convert writes policies of other tools in the native language, with
// a comment where the meaning differs. What cannot be said there is never left
// out: a requirement that nothing meets stands in its place, until somebody
// writes it by hand.
package convert

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
)

// Language converts the documents of one other tool.
type Language interface {
	// Reads tells whether a document is one for this language.
	Reads(group, kind string) bool
	// Convert writes one document as native policies. Of what no policy comes,
	// it says so in notes.
	Convert(file *document.File, doc document.Document) ([]Policy, document.Problems)
}

// Result is what became of policy files.
type Result struct {
	// Text is native documents.
	Text []byte
	// ByHand are the places of what is left to write by hand, and what.
	ByHand []string
	// Policies is how many there are.
	Policies int
}

// Files converts the documents of policy files and directories. Those that are
// native already are copied. Its error is of type document.Problems.
func Files(fsys fs.FS, names []string, languages ...Language) (Result, error) {
	var out Result
	var text bytes.Buffer
	put := func(doc []byte) {
		if text.Len() > 0 {
			text.WriteString("---\n")
		}
		text.Write(bytes.TrimLeft(doc, "\n"))
	}
	problems := document.Read(fsys, names, func(file *document.File, doc document.Document) document.Problems {
		version, kind := document.KindOf(doc.Root)
		if version == nil || kind == nil {
			return document.Problems{file.Problem(doc.Root.Line, doc.Root.Column, "want a document with apiVersion and kind")}
		}
		group, _, _ := strings.Cut(version.Value, "/")
		if strings.HasPrefix(native.APIVersion, group+"/") {
			put(doc.Text)
			out.Policies++
			return nil
		}
		if beside(version.Value, group, kind.Value) {
			out.ByHand = append(out.ByHand, fmt.Sprintf("%s:%d: %s, which policies refer to or that lifts them: write what it says where it is meant", file.Name, doc.Root.Line, kind.Value))
			return nil
		}
		for _, l := range languages {
			if !l.Reads(group, kind.Value) {
				continue
			}
			policies, problems := l.Convert(file, doc)
			for _, p := range policies {
				encoded, err := p.encode()
				if err != nil {
					return append(problems, file.Problem(doc.Root.Line, 1, err.Error()))
				}
				put(encoded)
				out.ByHand = append(out.ByHand, p.byHand...)
				out.Policies++
			}
			return problems
		}
		return document.Problems{file.Problem(kind.Line, kind.Column, fmt.Sprintf("kind %s of %s cannot be converted", document.Quote(kind.Value), document.Quote(version.Value)))}
	})
	if len(problems) > 0 {
		return Result{}, problems
	}
	out.Text = text.Bytes()
	return out, nil
}

// beside tells whether a document is one that stands beside policies of other
// tools. Without it they ask for no less.
func beside(version, group, kind string) bool {
	return version == "v1" && (kind == "ConfigMap" || kind == "Secret") || strings.HasSuffix("."+group, ".kyverno.io") && kind == "PolicyException"
}

// Policy is a native policy in the making.
type Policy struct {
	// Name is the policy's, and From where it was read from.
	Name, From string
	// Warn is mode: warn.
	Warn bool
	// Match is the field match.
	Match *yaml.Node
	// Signers and Require are the fields of these names. Without Require it
	// lets the images run unmatched.
	Signers, Require []*yaml.Node
	// Digest is references: {digest: require}.
	Digest bool
	// Notes stand above it.
	Notes  []string
	byHand []string
	// defined are the names of signers by their fields.
	defined map[string]string
	// signing and taken are the names of signers, and those of requirements.
	signing, taken map[string]bool
}

// Note says something about the policy as a whole.
func (p *Policy) Note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// Signer defines a signer.
func (p *Policy) Signer(name string, fields *yaml.Node) {
	p.Signers = append(p.Signers, text(name), fields)
}

// ByHand is a requirement that nothing meets, in the place of what is left to
// write by hand.
func (p *Policy) ByHand(place, what string) *yaml.Node {
	const nobody = "nobody"
	p.byHand = append(p.byHand, place+": "+what)
	if !p.defines(nobody) {
		p.Signer(nobody, Map("keyless", Map("issuer", "https://nobody.invalid", "subject", nobody)))
	}
	r := Map("name", fmt.Sprintf("by-hand-%d", len(p.byHand)), "signature", Map("signers", List(nobody)))
	return Comment(r, "BY HAND: %s", what)
}

func (p *Policy) defines(signer string) bool {
	for i := 0; i < len(p.Signers); i += 2 {
		if p.Signers[i].Value == signer {
			return true
		}
	}
	return false
}

func (p *Policy) encode() ([]byte, error) {
	spec := Map("match", p.Match)
	if p.Warn {
		spec = Map("mode", "warn", "match", p.Match)
	}
	if p.Digest {
		add(spec, "references", Map("digest", "require"))
	}
	if len(p.Require) == 0 {
		add(spec, "unmatched", text("allow"))
	} else {
		add(spec, "signers", &yaml.Node{Kind: yaml.MappingNode, Content: p.Signers})
		add(spec, "require", &yaml.Node{Kind: yaml.SequenceNode, Content: p.Require})
	}
	root := Map("apiVersion", native.APIVersion, "kind", native.KindPolicy, "metadata", Map("name", p.Name), "spec", spec)
	head := "Converted from " + p.From + "."
	for _, n := range p.Notes {
		head += "\n- " + n
	}
	root.Content[0].HeadComment = comment(head)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil, fmt.Errorf("write policy %s: %w", p.Name, err)
	}
	return out.Bytes(), e.Close()
}

// Map is a mapping of pairs of a name and a value: a text or a node. A nil node
// is left out.
func Map(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		switch value := pairs[i+1].(type) {
		case string:
			add(n, pairs[i].(string), text(value))
		case bool:
			add(n, pairs[i].(string), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(value)})
		case *yaml.Node:
			if value != nil {
				add(n, pairs[i].(string), value)
			}
		}
	}
	return n
}

func add(n *yaml.Node, name string, value *yaml.Node) {
	n.Content = append(n.Content, text(name), value)
}

// List is a list of texts.
func List(items ...string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, item := range items {
		n.Content = append(n.Content, text(item))
	}
	return n
}

// Seq is a list of nodes.
func Seq(items ...*yaml.Node) *yaml.Node { return &yaml.Node{Kind: yaml.SequenceNode, Content: items} }

func text(value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if strings.Contains(value, "\n") {
		n.Style = yaml.LiteralStyle
	}
	return n
}

// Comment puts a comment above a node.
func Comment(n *yaml.Node, format string, args ...any) *yaml.Node {
	more := fmt.Sprintf(format, args...)
	if len(args) == 0 {
		more = format
	}
	n.HeadComment = strings.TrimPrefix(n.HeadComment+"\n"+comment(more), "\n")
	return n
}

// comment makes every line one of a comment, whatever it holds.
func comment(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight("# "+document.Printable(lines[i]), " ")
	}
	return strings.Join(lines, "\n")
}

// Left notes what is left to write by hand, where the policy has a place for
// it already.
func (p *Policy) Left(place, what string) { p.byHand = append(p.byHand, place+": "+what) }
