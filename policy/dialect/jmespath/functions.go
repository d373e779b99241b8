package jmespath

import (
	"crypto/md5"  //nolint:gosec // Kyverno's function of this name
	"crypto/sha1" //nolint:gosec // Kyverno's function of this name
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blang/semver/v4"
	gojmespath "github.com/kyverno/go-jmespath"
	"sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/policy/dialect/wildcard"
)

// function is one of Kyverno's own. kinds says what it takes, a letter each:
// s text, n number, t text or number, o object, a list, c object or list, x
// anything.
type function struct {
	name, kinds string
	call        func(args []any) (any, error)
}

// newFunctions are JMESPath's functions and Kyverno's, at a time.
func newFunctions(at time.Time) *gojmespath.FunctionCaller {
	caller := gojmespath.NewFunctionCaller()
	for _, f := range slices.Concat(textFunctions(), regexFunctions(), hashes(), dataFunctions(), timeFunctions(at)) {
		caller.Register(gojmespath.FunctionEntry{Name: f.name, Arguments: arguments(f.kinds), Handler: f.call})
	}
	return caller
}

func arguments(kinds string) []gojmespath.ArgSpec {
	var out []gojmespath.ArgSpec
	for _, kind := range kinds {
		out = append(out, gojmespath.ArgSpec{Types: map[rune][]gojmespath.JpType{
			's': {gojmespath.JpString}, 'n': {gojmespath.JpNumber}, 't': {gojmespath.JpString, gojmespath.JpNumber},
			'o': {gojmespath.JpObject}, 'a': {gojmespath.JpArray}, 'c': {gojmespath.JpObject, gojmespath.JpArray}, 'x': {gojmespath.JpAny},
		}[kind]})
	}
	return out
}

// extraNames are the names of Kyverno's own functions.
func extraNames() []string {
	var names []string
	for _, f := range slices.Concat(textFunctions(), regexFunctions(), hashes(), dataFunctions(), timeFunctions(time.Time{})) {
		names = append(names, f.name)
	}
	return names
}

func text(x any) string {
	switch x := x.(type) {
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 32)
	}
	return fmt.Sprint(x)
}

func textFunctions() []function {
	return []function{
		{"compare", "ss", func(a []any) (any, error) { return float64(strings.Compare(text(a[0]), text(a[1]))), nil }},
		{"equal_fold", "ss", func(a []any) (any, error) { return strings.EqualFold(text(a[0]), text(a[1])), nil }},
		{"replace", "sssn", func(a []any) (any, error) {
			return strings.Replace(text(a[0]), text(a[1]), text(a[2]), int(a[3].(float64))), nil
		}},
		{"replace_all", "sss", func(a []any) (any, error) { return strings.ReplaceAll(text(a[0]), text(a[1]), text(a[2])), nil }},
		{"to_upper", "s", func(a []any) (any, error) { return strings.ToUpper(text(a[0])), nil }},
		{"to_lower", "s", func(a []any) (any, error) { return strings.ToLower(text(a[0])), nil }},
		{"trim", "ss", func(a []any) (any, error) { return strings.Trim(text(a[0]), text(a[1])), nil }},
		{"trim_prefix", "ss", func(a []any) (any, error) { return strings.TrimPrefix(text(a[0]), text(a[1])), nil }},
		{"split", "ss", func(a []any) (any, error) {
			out := []any{}
			for _, part := range strings.Split(text(a[0]), text(a[1])) {
				out = append(out, part)
			}
			return out, nil
		}},
		{"pattern_match", "st", func(a []any) (any, error) { return wildcard.Match(text(a[0]), text(a[1])), nil }},
		{"to_boolean", "s", func(a []any) (any, error) {
			switch strings.ToLower(text(a[0])) {
			case "true":
				return true, nil
			case "false":
				return false, nil
			}
			return nil, errors.New("to_boolean: want true or false")
		}},
		{"base64_decode", "s", func(a []any) (any, error) {
			out, err := base64.StdEncoding.DecodeString(text(a[0]))
			return string(out), err
		}},
		{"base64_encode", "s", func(a []any) (any, error) { return base64.StdEncoding.EncodeToString([]byte(text(a[0]))), nil }},
		{"path_canonicalize", "s", func(a []any) (any, error) { return path.Clean(text(a[0])), nil }},
		{"semver_compare", "ss", func(a []any) (any, error) {
			version, _ := semver.Parse(text(a[0]))
			within, err := semver.ParseRange(text(a[1]))
			if err != nil {
				return nil, err
			}
			return within(version), nil
		}},
	}
}

// regexFunctions and hashes are texts' too.
func regexFunctions() []function {
	return []function{
		{"regex_match", "st", func(a []any) (any, error) { return regexp.MatchString(text(a[0]), text(a[1])) }},
		{"regex_replace_all", "stt", func(a []any) (any, error) {
			expression, err := regexp.Compile(text(a[0]))
			if err != nil {
				return nil, err
			}
			return expression.ReplaceAllString(text(a[1]), text(a[2])), nil
		}},
		{"regex_replace_all_literal", "stt", func(a []any) (any, error) {
			expression, err := regexp.Compile(text(a[0]))
			if err != nil {
				return nil, err
			}
			return expression.ReplaceAllLiteralString(text(a[1]), text(a[2])), nil
		}},
	}
}

func hashes() []function {
	return []function{
		{"sha256", "s", func(a []any) (any, error) {
			sum := sha256.Sum256([]byte(text(a[0])))
			return hex.EncodeToString(sum[:]), nil
		}},
		{"sha1", "s", func(a []any) (any, error) {
			sum := sha1.Sum([]byte(text(a[0])))
			return hex.EncodeToString(sum[:]), nil
		}},
		{"md5", "s", func(a []any) (any, error) { sum := md5.Sum([]byte(text(a[0]))); return hex.EncodeToString(sum[:]), nil }},
	}
}

func dataFunctions() []function {
	return []function{
		{"label_match", "oo", func(a []any) (any, error) {
			labels, _ := a[0].(map[string]any)
			against, _ := a[1].(map[string]any)
			for key, value := range labels {
				if found, ok := against[key]; !ok || !reflect.DeepEqual(found, value) {
					return false, nil
				}
			}
			return true, nil
		}},
		{"round", "nn", func(a []any) (any, error) {
			digits := a[1].(float64)
			if digits < 0 || digits != math.Trunc(digits) {
				return nil, errors.New("round: want a whole number of digits")
			}
			shift := math.Pow(10, digits)
			return math.Round(a[0].(float64)*shift) / shift, nil
		}},
		{"parse_json", "s", func(a []any) (any, error) {
			var out any
			err := json.Unmarshal([]byte(text(a[0])), &out)
			return out, err
		}},
		{"parse_yaml", "s", func(a []any) (any, error) {
			var out any
			err := yaml.Unmarshal([]byte(text(a[0])), &out)
			return out, err
		}},
		{"lookup", "ct", lookup},
		{"items", "css", items},
		{"object_from_lists", "aa", func(a []any) (any, error) {
			keys, _ := a[0].([]any)
			values, _ := a[1].([]any)
			out := map[string]any{}
			for i, key := range keys {
				out[text(key)] = nil
				if i < len(values) {
					out[text(key)] = values[i]
				}
			}
			return out, nil
		}},
	}
}

func lookup(a []any) (any, error) {
	switch in := a[0].(type) {
	case map[string]any:
		key, ok := a[1].(string)
		if !ok {
			return nil, errors.New("lookup: want a name for an object")
		}
		return in[key], nil
	case []any:
		at, ok := a[1].(float64)
		if !ok || at != math.Trunc(at) {
			return nil, errors.New("lookup: want a whole number for a list")
		}
		if at < 0 || at >= float64(len(in)) {
			return nil, nil
		}
		return in[int(at)], nil
	}
	return nil, errors.New("lookup: want an object or a list")
}

func items(a []any) (any, error) {
	key, value := text(a[1]), text(a[2])
	out := []any{}
	switch in := a[0].(type) {
	case map[string]any:
		names := make([]string, 0, len(in))
		for name := range in {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			out = append(out, map[string]any{key: name, value: in[name]})
		}
	case []any:
		for i, item := range in {
			out = append(out, map[string]any{key: float64(i), value: item})
		}
	}
	return out, nil
}
