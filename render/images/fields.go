package images

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// fieldsText is the table of known fields.
//
//go:embed fields.tsv
var fieldsText string

// Field is a row of the table of known fields, or of a user's rules.
type Field struct {
	// Group is the API group; * is any.
	Group string
	// Kinds are the kinds; * is all of the group.
	Kinds []string
	// Path is the path of the field, with [] for any item of a list, * for any
	// key and **. at the start for any way down to it.
	Path string
	// How says what the field holds: "image" a reference, "A/B:C@D" a mapping
	// of these keys of which one is made, "text" values of which those that
	// look like images count, and "not" no image that is run.
	How string
}

// Fields returns the table of known fields, in the order in which they are
// tried.
func Fields() []Field {
	var list []Field
	for line := range strings.Lines(fieldsText) {
		columns := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if line[0] == '#' || len(columns) != 4 {
			continue
		}
		list = append(list, Field{Group: columns[0], Kinds: strings.Split(columns[1], ","), Path: columns[2], How: columns[3]})
	}
	return list
}

// howKind is what a field holds.
type howKind uint8

const (
	howImage howKind = iota
	howSplit
	howText
	howNot
)

// how is what a field holds, and of which keys, for howSplit.
type how struct {
	kind  howKind
	split split
	// user tells that a user says so, which counts anywhere.
	user bool
}

// fieldRule is a Field that is ready for use.
type fieldRule struct {
	group string
	kinds []string
	path  pattern
	how   how
}

// compile makes a Field ready for use.
func (f Field) compile() (fieldRule, error) {
	rule := fieldRule{group: f.Group, kinds: f.Kinds}
	var err error
	if rule.path, err = parsePattern(f.Path); err != nil {
		return rule, err
	}
	switch f.How {
	case "image":
	case "text":
		rule.how.kind = howText
	case "not":
		rule.how.kind = howNot
	default:
		rule.how.kind = howSplit
		rule.how.split, err = parseSplit(f.How)
	}
	return rule, err
}

// covers tells whether the rule is about a kind.
func (r fieldRule) covers(group, kind string) bool {
	return (r.group == group || r.group == "*") && (slices.Contains(r.kinds, kind) || slices.Contains(r.kinds, "*"))
}

// builtinFields are the known fields, ready for use. A test holds that each
// row is well-formed.
var builtinFields = sync.OnceValue(func() []fieldRule {
	var rules []fieldRule
	for _, field := range Fields() {
		rule, err := field.compile()
		if err != nil {
			panic(fmt.Sprintf("fields.tsv: %+v: %v", field, err))
		}
		rules = append(rules, rule)
	}
	return rules
})

// fieldsOf returns the rules about a kind: the user's, then the known ones.
func (r Rules) fieldsOf(group, kind string) []fieldRule {
	var rules []fieldRule
	for _, list := range [][]fieldRule{r.fields, builtinFields()} {
		for _, rule := range list {
			if rule.covers(group, kind) {
				rules = append(rules, rule)
			}
		}
	}
	return rules
}
