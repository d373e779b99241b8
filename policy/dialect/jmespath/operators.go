package jmespath

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/blang/semver/v4"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/syncgate/syncgate/policy/dialect/wildcard"
)

// operators are those that there are, in lower case.
func operators() []string {
	return strings.Fields(`equal equals notequal notequals in anyin allin notin anynotin allnotin
		greaterthan greaterthanorequals lessthan lessthanorequals
		durationgreaterthan durationgreaterthanorequals durationlessthan durationlessthanorequals`)
}

// compare tells what an operator makes of a key and a value. Values of a kind
// that the operator does not know make it false.
func compare(key any, operator string, value any) (bool, error) {
	switch name := strings.ToLower(operator); name {
	case "equal", "equals":
		return equal(key, value), nil
	case "notequal", "notequals":
		return known(key) && !equal(key, value), nil
	case "in", "anyin", "allin", "notin", "anynotin", "allnotin":
		return contained(key, name, value)
	case "greaterthan", "greaterthanorequals", "lessthan", "lessthanorequals":
		sign, ok := order(key, value)
		return ok && ordered(sign, name), nil
	case "durationgreaterthan", "durationgreaterthanorequals", "durationlessthan", "durationlessthanorequals":
		k, okKey := asDuration(key)
		v, okValue := asDuration(value)
		return okKey && okValue && ordered(sign(float64(k), float64(v)), strings.TrimPrefix(name, "duration")), nil
	}
	return false, fmt.Errorf("unknown operator %.40q", operator)
}

// known tells whether a key is of a kind that can be equal to anything.
func known(key any) bool { return key != nil }

func equal(key, value any) bool {
	switch k := key.(type) {
	case bool:
		v, ok := value.(bool)
		return ok && k == v
	case float64:
		switch v := value.(type) {
		case float64:
			return k == v
		case string:
			number, err := strconv.ParseFloat(v, 64)
			return err == nil && number == k
		}
	case string:
		return equalText(k, value)
	case []any, map[string]any:
		return reflect.DeepEqual(key, value)
	}
	return false
}

// equalText compares durations as such, then quantities, then texts, of which
// the value may be a pattern.
func equalText(key string, value any) bool {
	if k, v, ok := durations(key, value); ok {
		return k == v
	}
	text, ok := value.(string)
	if !ok {
		return false
	}
	if k, err := resource.ParseQuantity(key); err == nil {
		v, err := resource.ParseQuantity(text)
		return err == nil && k.Equal(v)
	}
	return wildcard.Match(text, key)
}

// durations are two values of which at least one is a duration's text; a
// number is then one of seconds.
func durations(key, value any) (k, v time.Duration, ok bool) {
	isText := func(x any) bool {
		text, ok := x.(string)
		if !ok || text == "0" {
			return false
		}
		_, err := time.ParseDuration(text)
		return err == nil
	}
	if !isText(key) && !isText(value) {
		return 0, 0, false
	}
	for _, x := range []any{key, value} {
		if text, isString := x.(string); isString && !isText(x) {
			_ = text
			return 0, 0, false
		}
	}
	k, okKey := asDuration(key)
	v, okValue := asDuration(value)
	return k, v, okKey && okValue
}

func asDuration(x any) (time.Duration, bool) {
	switch x := x.(type) {
	case float64:
		return time.Duration(x) * time.Second, true
	case string:
		d, err := time.ParseDuration(x)
		return d, err == nil
	}
	return 0, false
}

func sign(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func ordered(sign int, operator string) bool {
	switch operator {
	case "greaterthan":
		return sign > 0
	case "greaterthanorequals":
		return sign >= 0
	case "lessthan":
		return sign < 0
	}
	return sign <= 0
}

// order compares durations, quantities, numbers and versions, in this order.
func order(key, value any) (int, bool) {
	if k, v, ok := durations(key, value); ok {
		return sign(float64(k), float64(v)), true
	}
	switch k := key.(type) {
	case float64:
		v, ok := asNumber(value)
		return sign(k, v), ok
	case string:
		text, isText := value.(string)
		if isText {
			a, errKey := resource.ParseQuantity(k)
			b, errValue := resource.ParseQuantity(text)
			if errKey == nil && errValue == nil {
				return a.Cmp(b), true
			}
		}
		if number, err := strconv.ParseFloat(k, 64); err == nil {
			v, ok := asNumber(value)
			return sign(number, v), ok
		}
		a, errKey := semver.Parse(k)
		b, errValue := semver.Parse(text)
		return a.Compare(b), isText && errKey == nil && errValue == nil
	}
	return 0, false
}

func asNumber(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case string:
		number, err := strconv.ParseFloat(v, 64)
		return number, err == nil
	}
	return 0, false
}

// span is a range of numbers or quantities, "1-10" or "1!-10".
var span = regexp.MustCompile(`^[-+]?\d+(\.\d+)?([kKmMGTPE]i?)?!?-[-+]?\d+(\.\d+)?([kKmMGTPE]i?)?$`)

// contained compares one key or several with a set. The value is a list, or a
// text: a pattern, or a list in JSON.
func contained(key any, operator string, value any) (bool, error) {
	if text, ok := value.(string); ok && span.MatchString(text) && operator != "in" && operator != "notin" {
		return false, fmt.Errorf("ranges such as %.20q are not read", text)
	}
	if keys, ok := key.([]any); ok {
		return setContained(texts(keys), operator, value), nil
	}
	switch key.(type) {
	case string, float64, bool:
	default:
		return false, nil
	}
	found, ok := one(fmt.Sprint(key), value)
	if strings.Contains(operator, "not") {
		return ok && !found, nil
	}
	return ok && found, nil
}

func texts(list []any) []string {
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = fmt.Sprint(item)
	}
	return out
}

func alike(a, b string) bool { return wildcard.Match(a, b) || wildcard.Match(b, a) }

// one tells whether a text is in a set, and whether there is a set at all.
func one(key string, value any) (found, ok bool) {
	switch v := value.(type) {
	case []any:
		for _, item := range texts(v) {
			if alike(item, key) {
				return true, true
			}
		}
		return false, true
	case string:
		if wildcard.Match(v, key) {
			return true, true
		}
		list, ok := listed(v)
		for _, item := range list {
			found = found || item == key
		}
		return found, ok
	}
	return false, false
}

// listed is a text as a list: what it is in JSON, or itself.
func listed(text string) ([]string, bool) {
	if !json.Valid([]byte(text)) {
		return []string{text}, true
	}
	var out []string
	err := json.Unmarshal([]byte(text), &out)
	return out, err == nil
}

// setContained is contained, for several keys.
func setContained(keys []string, operator string, value any) bool {
	var set []string
	like := alike
	switch v := value.(type) {
	case []any:
		set = texts(v)
	case string:
		if len(keys) == 1 && keys[0] == v {
			return !strings.Contains(operator, "not")
		}
		var ok bool
		if set, ok = listed(v); !ok {
			return false
		}
	case float64, bool:
		if operator != "anyin" && operator != "anynotin" {
			return false
		}
		set = []string{fmt.Sprint(v)}
	default:
		return false
	}
	if operator == "in" || operator == "notin" {
		like = func(a, b string) bool { return a == b }
	}
	within := 0
	for _, key := range keys {
		for _, item := range set {
			if like(key, item) {
				within++
				break
			}
		}
	}
	switch operator {
	case "anyin":
		return within > 0
	case "allin", "in":
		return within == len(keys)
	case "allnotin":
		return within == 0
	}
	// NotIn and AnyNotIn: one of the keys is not in it.
	return within < len(keys)
}
