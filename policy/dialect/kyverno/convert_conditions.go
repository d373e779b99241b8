package kyverno

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/syncgate/syncgate/policy/dialect/jmespath"
	"github.com/syncgate/syncgate/policy/expression"
)

// inCEL writes conditions in CEL, if they are comparisons of fields of the
// predicate with plain values.
func inCEL(source []byte) (string, bool) {
	var blocks []jmespath.Block
	if json.Unmarshal(source, &blocks) != nil {
		return "", false
	}
	var all []string
	for _, b := range blocks {
		var one []string
		for _, c := range b.Any {
			text, field := comparison(c)
			if text == "" {
				return "", false
			}
			if one = append(one, text); len(b.Any) > 1 {
				// What is not there fails, even where it makes no difference.
				all = append(all, field+" != null")
			}
		}
		if len(one) > 0 {
			all = append(all, strings.Join(one, " || "))
		}
		if len(one) > 1 {
			all[len(all)-1] = "(" + all[len(all)-1] + ")"
		}
		for _, c := range b.All {
			text, _ := comparison(c)
			if text == "" {
				return "", false
			}
			all = append(all, text)
		}
	}
	text := strings.Join(all, " && ")
	_, err := expression.Compile(text)
	return text, err == nil
}

var (
	fieldForm = regexp.MustCompile(`\A\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\}\}\z`)
	// wordForm is a text that Kyverno compares as such: no pattern, number,
	// quantity, duration or version.
	wordForm = regexp.MustCompile(`\A[A-Za-z_][A-Za-z_:/.-]{3,}\z`)
)

// comparison is one condition in CEL, and the field that it asks for. It is
// empty where there is more to it.
func comparison(c jmespath.Condition) (text, field string) {
	key, _ := c.Key.(string)
	found := fieldForm.FindStringSubmatch(key)
	if found == nil {
		return "", ""
	}
	root, _, _ := strings.Cut(found[1], ".")
	if slices.Contains(strings.Fields("image images request element elementIndex target"), root) {
		return "", "" // they are not of the predicate
	}
	var value string
	switch v := c.Value.(type) {
	case bool:
		value = strconv.FormatBool(v)
	case string:
		if !wordForm.MatchString(v) {
			return "", ""
		}
		value = strconv.Quote(v)
	default:
		return "", ""
	}
	field = "predicate." + found[1]
	switch strings.ToLower(c.Operator) {
	case "equals", "equal":
		return field + " == " + value, field
	case "notequals", "notequal":
		return field + " != null && " + field + " != " + value, field
	}
	return "", ""
}
