package helm

import (
	"math"
	"reflect"
	"strings"
	"unicode/utf8"
)

// isDeep tells whether a function reads all that its arguments hold.
func isDeep(name string) bool {
	switch name {
	case "toYaml", "mustToYaml", "toYamlPretty", "toToml", "mustToToml",
		"toJson", "mustToJson", "toPrettyJson", "mustToPrettyJson", "toRawJson", "mustToRawJson",
		"print", "printf", "println", "html", "js", "urlquery",
		"toString", "toStrings", "quote", "squote", "cat", "join", "sortAlpha",
		"deepCopy", "mustDeepCopy", "merge", "mustMerge", "mergeOverwrite", "mustMergeOverwrite",
		"deepEqual", "uniq", "mustUniq", "without", "mustWithout", "has", "mustHas":
		return true
	}
	return false
}

// costOf returns what a call of a function costs, whatever its arguments.
func costOf(name string) int64 {
	switch name {
	case "bcrypt", "htpasswd", "derivePassword", "genPrivateKey", "genCA", "genCAWithKey",
		"genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey":
		return costKey
	}
	return costCall
}

// estimates returns, for each function whose result can be larger than its
// arguments, at most how many bytes it makes or steps it takes of them.
func estimates() map[string]func(args []any) float64 {
	random := func(a []any) float64 { return 4 * number(a, 0) }
	regexReplace := func(a []any) float64 {
		groups := float64(strings.Count(text(a, 2), "$"))
		return (size(a, 1)+1)*size(a, 2) + groups*size(a, 1)
	}
	regexParts := func(a []any) float64 { return 2 * costItem * (size(a, 1) + 1) }
	pairs := func(a []any) float64 { return length(a, 0) * length(a, 0) }
	without := func(a []any) float64 { return length(a, 0) * float64(len(a)) }
	return map[string]func(args []any) float64{
		"repeat":  func(a []any) float64 { return number(a, 0) * size(a, 1) },
		"indent":  func(a []any) float64 { return number(a, 0) * lines(a, 1) },
		"nindent": func(a []any) float64 { return number(a, 0) * lines(a, 1) },
		"replace": func(a []any) float64 { return occurrences(text(a, 2), text(a, 0)) * size(a, 1) },
		"join":    func(a []any) float64 { return size(a, 0) * length(a, 1) },
		"wrapWith": func(a []any) float64 {
			return size(a, 2) * (size(a, 1) + 1)
		},
		"until":     func(a []any) float64 { return costItem * math.Abs(number(a, 0)) },
		"untilStep": func(a []any) float64 { return costItem * steps(number(a, 0), number(a, 1), number(a, 2)) },
		"seq":       sequence,
		"printf":    widths,
		"randAlpha": random, "randAlphaNum": random, "randNumeric": random, "randAscii": random, "randBytes": random,
		"split":     func(a []any) float64 { return 8 * costItem * (occurrences(text(a, 1), text(a, 0)) + 1) },
		"splitList": func(a []any) float64 { return costItem * (occurrences(text(a, 1), text(a, 0)) + 1) },

		"regexReplaceAll": regexReplace, "mustRegexReplaceAll": regexReplace,
		"regexReplaceAllLiteral": regexReplace, "mustRegexReplaceAllLiteral": regexReplace,
		"regexFindAll": regexParts, "mustRegexFindAll": regexParts,
		"regexSplit": regexParts, "mustRegexSplit": regexParts,
		"uniq": pairs, "mustUniq": pairs, "without": without, "mustWithout": without,
	}
}

func number(a []any, i int) float64 {
	if i < len(a) {
		if n, ok := a[i].(int); ok {
			return float64(n)
		}
	}
	return 0
}

func text(a []any, i int) string {
	if i < len(a) {
		if s, ok := a[i].(string); ok {
			return s
		}
	}
	return ""
}

func size(a []any, i int) float64 { return float64(len(text(a, i))) }

func lines(a []any, i int) float64 { return float64(strings.Count(text(a, i), "\n") + 1) }

// length is the number of items of a list.
func length(a []any, i int) float64 {
	if i < len(a) {
		if v := reflect.ValueOf(a[i]); v.Kind() == reflect.Slice {
			return float64(v.Len())
		}
	}
	return 0
}

func occurrences(s, part string) float64 {
	if part == "" {
		return float64(utf8.RuneCountInString(s) + 1)
	}
	return float64(strings.Count(s, part))
}

// steps is the number of integers between two. Numbers so large that adding
// them could overflow, and then go on for ever, count as no end.
func steps(start, stop, step float64) float64 {
	if math.Abs(start)+math.Abs(stop)+math.Abs(step) > 1e15 {
		return math.Inf(1)
	}
	return math.Abs(stop-start)/math.Max(1, math.Abs(step)) + 1
}

// sequence is for seq: its arguments are [start [step]] stop.
func sequence(a []any) float64 {
	const digits = 21
	switch len(a) {
	case 1:
		return digits * steps(1, number(a, 0), 1)
	case 2:
		return digits * steps(number(a, 0), number(a, 1), 1)
	case 3:
		return digits * steps(number(a, 0), number(a, 2), number(a, 1))
	}
	return 0
}

// widths is for printf: the sum of the widths and precisions in the format.
// fmt takes none above a million.
func widths(a []any) float64 {
	const most = 1e6
	var sum, width float64
	inVerb := false
	for _, c := range []byte(text(a, 0)) {
		switch {
		case c == '%':
			inVerb, width = !inVerb, 0
		case inVerb && c >= '0' && c <= '9':
			width = math.Min(most, 10*width+float64(c-'0'))
		case inVerb && c == '*':
			sum += most
		case inVerb && strings.IndexByte(" +-#.[]", c) >= 0:
			sum, width = sum+width, 0
		case inVerb:
			sum, inVerb, width = sum+width, false, 0
		}
	}
	return sum
}
