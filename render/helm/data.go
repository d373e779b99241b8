package helm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"github.com/BurntSushi/toml"
	"sigs.k8s.io/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// dataFunctions are those that Helm adds to sprig for YAML, TOML and JSON.
// The ones without must in their name put an error where the result would
// be, as Helm's do: charts rely on it.
func dataFunctions() template.FuncMap {
	return template.FuncMap{
		"toYaml":        func(v any) string { return orEmpty(yamlText(v)) },
		"mustToYaml":    yamlText,
		"toYamlPretty":  func(v any) string { return orEmpty(prettyYAMLText(v)) },
		"fromYaml":      fromYAML,
		"fromYamlArray": fromYAMLArray,
		"toToml":        func(v any) string { return orMessage(tomlText(v)) },
		"mustToToml":    tomlText,
		"fromToml":      fromTOML,
		"toJson":        func(v any) string { return orEmpty(jsonText(v)) },
		"mustToJson":    jsonText,
		"fromJson":      fromJSON,
		"fromJsonArray": fromJSONArray,
	}
}

func orEmpty(s string, err error) string {
	if err != nil {
		return ""
	}
	return s
}

func orMessage(s string, err error) string {
	if err != nil {
		return err.Error()
	}
	return s
}

func yamlText(v any) (string, error) {
	data, err := yaml.Marshal(v)
	return strings.TrimSuffix(string(data), "\n"), err
}

func prettyYAMLText(v any) (string, error) {
	var out bytes.Buffer
	encoder := goyaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(v)
	return strings.TrimSuffix(out.String(), "\n"), err
}

func fromYAML(text string) map[string]any {
	values := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		values["Error"] = err.Error()
	}
	return values
}

func fromYAMLArray(text string) []any {
	values := []any{}
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		values = []any{err.Error()}
	}
	return values
}

func tomlText(v any) (string, error) {
	var out bytes.Buffer
	err := toml.NewEncoder(&out).Encode(v)
	return out.String(), err
}

// fromTOML refuses what would overflow the stack: the parser has no limit.
func fromTOML(text string) (map[string]any, error) {
	depth, deepest := 0, 0
	for _, c := range []byte(text) {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		deepest = max(deepest, depth)
	}
	if deepest > bounds.ValueDepth {
		return nil, tooLarge(render.Origin{}, "the nesting of TOML", fmt.Sprint(bounds.ValueDepth))
	}
	values := map[string]any{}
	if err := toml.Unmarshal([]byte(text), &values); err != nil {
		values["Error"] = err.Error()
	}
	return values, nil
}

func jsonText(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

func fromJSON(text string) map[string]any {
	values := map[string]any{}
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		values["Error"] = err.Error()
	}
	return values
}

func fromJSONArray(text string) []any {
	values := []any{}
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		values = []any{err.Error()}
	}
	return values
}
