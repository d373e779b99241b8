package images

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// RulesAPIVersion and RulesKind are what a file of rules says that it is.
const (
	RulesAPIVersion = "syncgate.dev/v1alpha1"
	RulesKind       = "ImageRules"
)

// LoadRules reads a file of rules, one YAML document:
//
//	apiVersion: syncgate.dev/v1alpha1
//	kind: ImageRules
//	fields:
//	- group: example.com          # default: any; "" is that of Pods
//	  kinds: [Widget]             # default: any
//	  path: spec.**.image         # as in Field.Path
//	  parts: repository:tag       # as in Field.How, where path is a mapping
//	arguments:
//	- regexp: '^--helper=(.+)$'   # RE2; the first group is the reference
//	  kinds: [Deployment]         # default: any
//
// Everything else in it is an error. The error holds one line for each fault,
// with file, line and column.
func LoadRules(file string, data []byte) (Rules, error) {
	r := &ruleReader{file: file}
	if len(data) > bounds.RuleBytes {
		return Rules{}, fmt.Errorf("%s: a file of rules may have %d bytes", file, bounds.RuleBytes)
	}
	root, err := oneDocument(data)
	if err != nil {
		return Rules{}, fmt.Errorf("%s: %w", file, err)
	}
	r.document(root)
	if len(r.faults) > 0 {
		return Rules{}, errors.New(strings.Join(r.faults, "\n"))
	}
	return r.rules, nil
}

// oneDocument parses exactly one document.
func oneDocument(data []byte) (root *yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("cannot read YAML: the parser broke down")
		}
	}()
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it is empty")
	case err != nil:
		return nil, fmt.Errorf("cannot read YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("want one YAML document")
	}
	return render.Expand(document.Content[0])
}

// ruleReader gathers rules and faults.
type ruleReader struct {
	file   string
	rules  Rules
	faults []string
}

// fault notes what is wrong with a node.
func (r *ruleReader) fault(n *yaml.Node, format string, args ...any) {
	place := render.Origin{File: r.file, Line: n.Line, Column: n.Column}
	r.faults = append(r.faults, place.String()+": "+fmt.Sprintf(format, args...))
}

// document reads the whole file.
func (r *ruleReader) document(root *yaml.Node) {
	var apiVersion, kind string
	keys := r.mapping(root, map[string]func(*yaml.Node){
		"apiVersion": func(n *yaml.Node) { apiVersion = r.text(n) },
		"kind":       func(n *yaml.Node) { kind = r.text(n) },
		"fields":     func(n *yaml.Node) { r.list(n, r.field) },
		"arguments":  func(n *yaml.Node) { r.list(n, r.argument) },
	})
	if keys != nil && (apiVersion != RulesAPIVersion || kind != RulesKind) {
		r.fault(root, "want apiVersion %s and kind %s, have %q and %q", RulesAPIVersion, RulesKind, apiVersion, kind)
	}
	if len(r.faults) == 0 && len(r.rules.fields)+len(r.rules.arguments) == 0 {
		r.fault(root, "there is no rule: write fields or arguments, or leave the file out")
	}
}

// field reads one rule on a field.
func (r *ruleReader) field(n *yaml.Node) {
	field := Field{Group: "*", Kinds: []string{"*"}, How: "image"}
	var parts *yaml.Node
	keys := r.mapping(n, map[string]func(*yaml.Node){
		"group": func(n *yaml.Node) { field.Group = r.anyText(n) },
		"kinds": func(n *yaml.Node) { field.Kinds = r.texts(n) },
		"path":  func(n *yaml.Node) { field.Path = r.text(n) },
		"parts": func(n *yaml.Node) { parts, field.How = n, r.text(n) },
	})
	switch {
	case keys == nil:
		return
	case keys["path"] == nil:
		r.fault(n, "a field needs a path, such as spec.runner.image")
		return
	}
	path, err := parsePattern(field.Path)
	if err != nil {
		r.fault(keys["path"], "%v", err)
		return
	}
	rule := fieldRule{group: field.Group, kinds: field.Kinds, path: path, how: how{user: true}}
	if parts != nil {
		rule.how.kind = howSplit
		if rule.how.split, err = parseSplit(field.How); err != nil {
			r.fault(parts, "%v", err)
		}
	}
	r.rules.fields = append(r.rules.fields, rule)
}

// argument reads one rule on arguments.
func (r *ruleReader) argument(n *yaml.Node) {
	var rule argumentRule
	var text string
	keys := r.mapping(n, map[string]func(*yaml.Node){
		"regexp": func(n *yaml.Node) { text = r.text(n) },
		"kinds":  func(n *yaml.Node) { rule.kinds = r.texts(n) },
	})
	switch {
	case keys == nil:
		return
	case keys["regexp"] == nil:
		r.fault(n, "an argument needs a regexp, such as '^--helper=(.+)$'")
		return
	}
	pattern, err := regexp.Compile(text)
	switch {
	case err != nil:
		r.fault(keys["regexp"], "%v", err)
	case pattern.NumSubexp() == 0:
		r.fault(keys["regexp"], "the regexp %q has no group: put ( ) around the reference", text)
	}
	rule.pattern = pattern
	r.rules.arguments = append(r.rules.arguments, rule)
}

// mapping reads the keys of a mapping, and returns the value of each, or nil
// if there is a fault.
func (r *ruleReader) mapping(n *yaml.Node, read map[string]func(*yaml.Node)) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		r.fault(n, "want a mapping")
		return nil
	}
	keys := map[string]*yaml.Node{}
	before := len(r.faults)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if read[key.Value] == nil {
			r.fault(key, "unknown key %q; want %s", key.Value, strings.Join(sortedKeys(read), ", "))
			continue
		}
		if keys[key.Value] != nil {
			r.fault(key, "key %q is given twice", key.Value)
			continue
		}
		keys[key.Value] = value
		read[key.Value](value)
	}
	if len(r.faults) > before {
		return nil
	}
	return keys
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// list reads the items of a list.
func (r *ruleReader) list(n *yaml.Node, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "want a list")
		return
	}
	if len(n.Content) > bounds.Rules {
		r.fault(n, "want at most %d rules", bounds.Rules)
		return
	}
	for _, item := range n.Content {
		read(item)
	}
}

// text reads a string that is not empty.
func (r *ruleReader) text(n *yaml.Node) string {
	text := r.anyText(n)
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && text == "" {
		r.fault(n, "want a string that is not empty")
	}
	return text
}

// anyText reads a string.
func (r *ruleReader) anyText(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		r.fault(n, "want a string")
		return ""
	}
	return n.Value
}

// texts reads a list of strings that is not empty.
func (r *ruleReader) texts(n *yaml.Node) []string {
	var list []string
	r.list(n, func(item *yaml.Node) { list = append(list, r.text(item)) })
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		r.fault(n, "want at least one; leave the key out for any")
	}
	return list
}
