package argocd

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"gopkg.in/yaml.v3"
	sigsyaml "sigs.k8s.io/yaml"
)

// params are the parameters of one Application.
type params map[string]any

// templater puts parameters into texts (applicationset/utils/utils.go).
type templater struct {
	goTemplate bool
	options    []string
}

// templated tells whether a text of the simple templates has a parameter.
var templated = regexp.MustCompile(`.*{{.*}}.*`)

// text puts parameters into a text.
func (t templater) text(text string, p params) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	if t.goTemplate {
		return t.execute(text, p)
	}
	if !templated.MatchString(text) {
		return text, nil
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		tag, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return "", fmt.Errorf("invalid template: cannot find end tag=%q in the template", "}}")
		}
		value, ok := p[strings.TrimSpace(tag)].(string)
		if strings.TrimSpace(tag) == "" || !ok {
			value = "{{" + tag + "}}"
		}
		if out.WriteString(value); out.Len() > templateBytes {
			return "", errTooLong
		}
		text = after
	}
}

// execute runs a Go template.
func (t templater) execute(text string, p params) (string, error) {
	parsed := template.New("").Funcs(templateFunctions())
	for _, option := range t.options {
		parsed = parsed.Option(option)
	}
	parsed, err := parsed.Parse(text)
	if err != nil {
		return "", fmt.Errorf("failed to parse template: %w", err)
	}
	var out limited
	if err := parsed.Execute(&out, map[string]any(p)); err != nil {
		return "", fmt.Errorf("failed to execute go template: %w", err)
	}
	return out.String(), nil
}

// node puts parameters into the strings of a node, keys too. What it does not
// change keeps its place.
func (t templater) node(node *yaml.Node, p params) (*yaml.Node, error) {
	copied := *node
	copied.Content = make([]*yaml.Node, len(node.Content))
	for i, below := range node.Content {
		var err error
		if copied.Content[i], err = t.node(below, p); err != nil {
			return nil, err
		}
	}
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!str" || len(p) == 0 {
		return &copied, nil
	}
	var err error
	if copied.Value, err = t.text(node.Value, p); err != nil {
		return nil, err
	}
	if copied.Value != node.Value {
		// It stays a string, whatever it looks like now.
		copied.Tag = "!!str"
		if copied.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
			copied.Style = yaml.DoubleQuotedStyle
		}
	}
	return &copied, nil
}

const (
	// templateBytes is how much one template, or one function in it, may make.
	templateBytes = 1 << 20
	// templateNumber is the largest number for what makes as much.
	templateNumber = 100_000
)

var errTooLong = errors.New("the template makes more than 1 MiB")

// limited is a buffer that fills up.
type limited struct{ bytes.Buffer }

// Write writes, or fails when there is no room.
func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > templateBytes {
		return 0, errTooLong
	}
	return l.Buffer.Write(p)
}

// unknowableError tells that what a template makes cannot be known.
type unknowableError string

func (e unknowableError) Error() string { return string(e) }

// unknowable tells whether an error is one.
func unknowable(err error) bool {
	var e unknowableError
	return errors.As(err, &e) || errors.Is(err, errTooLong)
}

// changing are the functions whose result is another each time, or on each
// machine.
var changing = regexp.MustCompile(`^(must_?)?(now|ago|date.*|htmlDate.*|toDate|rand.*|uuidv4|shuffle|gen.*|bcrypt|htpasswd|encryptAES|unixEpoch|osBase|derivePassword|buildCustomCert)$`)

// templateFunctions are the functions that Argo CD gives to templates: those
// of sprig without those that look at the environment or the network. A
// function whose result is another each time fails.
func templateFunctions() template.FuncMap {
	functions := template.FuncMap{}
	for name, function := range sprig.GenericFuncMap() {
		switch {
		case slices.Contains([]string{"env", "expandenv", "getHostByName"}, name):
		case changing.MatchString(name):
			functions[name] = func(...any) (string, error) {
				return "", unknowableError("the result of template function " + name + " is another each time")
			}
		default:
			functions[name] = guarded(function)
		}
	}
	functions["normalize"] = sanitizeName
	functions["slugify"] = func(...any) (string, error) {
		return "", unknowableError("template function slugify is not known here")
	}
	functions["toYaml"] = guarded(func(v any) (string, error) {
		data, err := sigsyaml.Marshal(v)
		return strings.TrimSuffix(string(data), "\n"), err
	})
	functions["fromYaml"] = func(text string) (map[string]any, error) {
		m := map[string]any{}
		return m, sigsyaml.Unmarshal([]byte(text), &m)
	}
	functions["fromYamlArray"] = func(text string) ([]any, error) {
		list := []any{}
		return list, sigsyaml.Unmarshal([]byte(text), &list)
	}
	functions["print"] = guarded(fmt.Sprint)
	functions["println"] = guarded(fmt.Sprintln)
	functions["printf"] = guarded(func(format string, arguments ...any) (string, error) {
		for _, digits := range regexp.MustCompile(`\d+|\*`).FindAllString(format, -1) {
			if n, err := strconv.Atoi(digits); err != nil || n > templateNumber {
				return "", errTooLong
			}
		}
		return fmt.Sprintf(format, arguments...), nil
	})
	return functions
}

// guarded returns a function that fails if it is given a large number or makes
// a long text. The template engine turns the panic into an error.
func guarded(function any) any {
	f := reflect.ValueOf(function)
	return reflect.MakeFunc(f.Type(), func(arguments []reflect.Value) []reflect.Value {
		for _, argument := range arguments {
			if argument.Kind() == reflect.Int && argument.Int() > templateNumber {
				panic(errTooLong)
			}
		}
		var results []reflect.Value
		if f.Type().IsVariadic() {
			results = f.CallSlice(arguments)
		} else {
			results = f.Call(arguments)
		}
		for _, result := range results {
			if result.Kind() == reflect.String && result.Len() > templateBytes {
				panic(errTooLong)
			}
		}
		return results
	}).Interface()
}

// sanitizeName makes a DNS name of a text (applicationset/utils).
func sanitizeName(name string) string {
	name = regexp.MustCompile(`[^-a-z0-9.]`).ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(name[:min(len(name), 253)], "-.")
}
