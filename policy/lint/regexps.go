package lint

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The codes of findings about regular expressions.
const (
	// RegexpUnanchored: the expression may match in the middle of a text.
	RegexpUnanchored Code = "regexp-unanchored"
	// RegexpDot: a dot that stands for any character is likely meant as one.
	RegexpDot Code = "regexp-dot"
)

// patterns looks at the regular expressions of a document, by the names that
// their fields have in every language.
func (l *linter) patterns(s *source) {
	each(s.root, func(name string, value *yaml.Node) {
		if !slices.Contains([]string{"issuerRegexp", "subjectRegexp", "issuerRegExp", "subjectRegExp"}, name) || value.Kind != yaml.ScalarNode || value.Value == "" {
			return
		}
		start, end := anchored(value.Value)
		switch {
		case !s.native() && (!start || !end):
			l.report(s, value, note{Hint, RegexpUnanchored, "write ^ before it and $ after it, and brackets around alternatives: ^(?:a|b)$"},
				"%s is not anchored%s: it also matches longer texts that merely contain it", name, side(start, end))
		case s.native() && open(value.Value):
			l.report(s, value, note{Hint, RegexpUnanchored, "begin it with what the text begins with"},
				"%s begins with %.2s, so that anything may stand before the rest", name, strings.TrimLeft(value.Value, "^("))
		}
		if dot := bareDot.FindString(value.Value); dot != "" {
			l.report(s, value, note{Hint, RegexpDot, `write \. for a dot`},
				"in %s the dot of %q stands for any character", name, dot)
		}
	})
}

// bareDot is a dot between letters that is neither escaped nor repeated: that
// of a name.
var bareDot = regexp.MustCompile(`[A-Za-z0-9-]+[A-Za-z0-9]\.[A-Za-z0-9][A-Za-z0-9-]+`)

func side(start, end bool) string {
	switch {
	case start:
		return " at its end"
	case end:
		return " at its beginning"
	}
	return ""
}

// open tells whether an expression begins with a run of anything. Before an @
// that is the name of an address.
func open(expression string) bool {
	body := strings.TrimLeft(expression, "^(")
	return (strings.HasPrefix(body, ".*") || strings.HasPrefix(body, ".+")) && !strings.HasPrefix(body[2:], "@")
}

// anchored tells whether an expression can match only at the beginning of a
// text, and only up to its end.
func anchored(expression string) (start, end bool) {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return true, true
	}
	return bound(parsed, syntax.OpBeginText), bound(parsed, syntax.OpEndText)
}

// bound tells whether every way through an expression begins, or ends, with
// an anchor.
func bound(re *syntax.Regexp, anchor syntax.Op) bool {
	switch re.Op {
	case anchor:
		return true
	case syntax.OpCapture, syntax.OpPlus:
		return bound(re.Sub[0], anchor)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !bound(sub, anchor) })
	case syntax.OpConcat:
		if anchor == syntax.OpBeginText {
			return bound(re.Sub[0], anchor)
		}
		return bound(re.Sub[len(re.Sub)-1], anchor)
	}
	return false
}
