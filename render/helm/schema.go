package helm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/syncgate/syncgate/render"
)

// schemaURL is what a chart's schema is called while it is compiled. A $ref
// that is relative leads to a file beside it.
const schemaURL = "file:///values.schema.json"

// validate checks values against the schemas of a chart and its subcharts.
//
// Helm's own check opens any file of the host and any URL that a schema
// refers to. Here files are refused, and what a URL would say holds: a
// schema can only stop a render, never change it.
func (t *chartTree) validate(c *chart.Chart, values map[string]any) error {
	if err := validateOne(c, values); err != nil {
		return broken(t.schemaOrigin(c), fmt.Sprintf(
			"values don't meet the specifications of the schema(s) in the following chart(s): %s: %s", c.Name(), oneLine(err.Error())))
	}
	for _, sub := range c.Dependencies() {
		switch below := values[sub.Name()].(type) {
		case nil:
		case map[string]any:
			if err := t.validate(sub, below); err != nil {
				return err
			}
		default:
			return broken(t.schemaOrigin(c), fmt.Sprintf(
				"%s: invalid type for values: expected object (map), got %T", sub.Name(), below))
		}
	}
	return nil
}

func validateOne(c *chart.Chart, values map[string]any) (err error) {
	if c.Schema == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("unable to validate schema: %v", r)
		}
	}()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Schema))
	if err != nil {
		return err
	}
	wholeURLs(schema, nil)
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(schemaLoader{})
	if err := compiler.AddResource(schemaURL, schema); err != nil {
		return err
	}
	validator, err := compiler.Compile(schemaURL)
	if err != nil {
		return err
	}
	if values == nil {
		values = map[string]any{}
	}
	if err := validator.Validate(values); err != nil {
		head := fmt.Sprintf("jsonschema validation failed with '%s#'\n", schemaURL)
		return errors.New(strings.TrimPrefix(err.Error(), head))
	}
	return nil
}

// wholeURLs makes references to a part of another document refer to all of it,
// in place: of what a URL would say, which is not fetched, there is no part.
// Documents that the schema itself holds are left alone.
func wholeURLs(schema any, held []string) {
	switch schema := schema.(type) {
	case []any:
		for _, below := range schema {
			wholeURLs(below, held)
		}
	case map[string]any:
		if id, ok := schema["$id"].(string); ok {
			held = append(held[:len(held):len(held)], id)
		}
		for key, below := range schema {
			url, _ := below.(string)
			document, _, parted := strings.Cut(url, "#")
			if key == "$ref" && parted && document != "" && !slices.ContainsFunc(held, func(id string) bool { return strings.HasSuffix(id, document) }) {
				schema[key] = document
			}
			wholeURLs(below, held)
		}
	}
}

// schemaLoader resolves what a schema refers to outside of itself.
type schemaLoader struct{}

// Load returns a schema that all values meet for a URL, and an error for a
// file.
func (schemaLoader) Load(url string) (any, error) {
	if file, ok := strings.CutPrefix(url, "file://"); ok {
		return nil, fmt.Errorf("the schema refers to the file %s: no file but the schema itself is read", file)
	}
	return true, nil
}

// schemaOrigin returns where the schema of a chart stands.
func (t *chartTree) schemaOrigin(c *chart.Chart) render.Origin {
	for _, file := range c.Raw {
		if file.Name == "values.schema.json" {
			return t.places[file].origin(file.Name)
		}
	}
	for _, file := range c.Raw {
		return t.places[file].origin("Chart.yaml")
	}
	return render.Origin{}
}
