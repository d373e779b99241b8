package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/verify"
)

// YAML writes what JSON writes, field by field in the same order, as YAML.
func YAML(w io.Writer, r verify.Report, o Options) error {
	var b bytes.Buffer
	if err := JSON(&b, r, o); err != nil {
		return err
	}
	return yamlOf(w, &b)
}

// yamlOf writes a JSON value as YAML.
func yamlOf(w io.Writer, text io.Reader) error {
	d := json.NewDecoder(text)
	d.UseNumber()
	node, err := yamlNode(d)
	if err != nil {
		return fmt.Errorf("write report as YAML: %w", err)
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(node); err != nil {
		return err
	}
	return e.Close()
}

// yamlNode reads one JSON value. It is made of nodes and not of text, so that
// whatever a string holds comes out as a string.
func yamlNode(d *json.Decoder) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{}
	switch value := token.(type) {
	case json.Delim:
		node.Kind = yaml.SequenceNode
		if value == '{' {
			node.Kind = yaml.MappingNode
		}
		for d.More() {
			child, err := yamlNode(d)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		if len(node.Content) == 0 {
			node.Style = yaml.FlowStyle
		}
		_, err := d.Token()
		return node, err
	case string:
		node.Kind, node.Tag, node.Value = yaml.ScalarNode, "!!str", value
		if strings.TrimSpace(value) != value || strings.ContainsFunc(value, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			node.Style = yaml.DoubleQuotedStyle // the encoder loses a leading line break
		}
	case json.Number:
		node.Kind, node.Tag, node.Value = yaml.ScalarNode, "!!int", value.String()
	case bool:
		node.Kind, node.Tag, node.Value = yaml.ScalarNode, "!!bool", strconv.FormatBool(value)
	default:
		node.Kind, node.Tag, node.Value = yaml.ScalarNode, "!!null", "null"
	}
	return node, nil
}
