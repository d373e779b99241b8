package report

import (
	"regexp"
	"strings"
	"unicode"
)

// Clean takes out of one line of text what could drive a terminal or a CI
// system, forge another line, or turn the reading order around: names in a
// repository or a registry are anybody's to choose.
func Clean(s string) string {
	return clean(oneLine.Replace(s))
}

var oneLine = strings.NewReplacer("\n", "\uFFFD", "\t", " ")

// What the runners of CI systems take for commands: at the beginning of a
// line "::name::" (GitHub), anywhere in it "##[name]" and "##vso[name]"
// (GitHub, Azure), "##teamcity[name]". Space makes text of them.
var (
	lineCommand = regexp.MustCompile(`(?m)^([\s\p{Z}\x{85}]*:):`)
	hashCommand = regexp.MustCompile(`##([A-Za-z]*\[)`)
)

// visible shows in its place every character that would not be seen, or would
// move others: control characters, and those that turn the reading order.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\ufeff':
			return '\uFFFD'
		}
		return r
	}, s)
}

// clean is Clean for text that may have several lines.
func clean(s string) string {
	s = visible(s)
	if strings.Contains(s, "::") {
		s = lineCommand.ReplaceAllString(s, "$1 :")
	}
	if strings.Contains(s, "##") {
		s = hashCommand.ReplaceAllString(s, "# #$1")
	}
	return s
}
