package verify

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// object is a rendered object that is turned into JSON when a policy asks for
// it, and once.
type object struct {
	node *yaml.Node
	once sync.Once
	text []byte
	err  error
}

// JSON returns the object as JSON, as an API server reads its YAML.
func (o *object) JSON() ([]byte, error) {
	o.once.Do(func() { o.text, o.err = ObjectJSON(o.node) })
	return o.text, o.err
}

// ObjectJSON is a rendered object as policies see it: as JSON, as an API server
// reads its YAML. Its error never quotes the object.
func ObjectJSON(node *yaml.Node) ([]byte, error) {
	left := bounds.YAMLNodes
	value, err := jsonValue(node, 0, &left)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err == nil && len(text) > bounds.ProgramInput {
		return nil, fmt.Errorf("the object is larger than the %d bytes that a policy is given", bounds.ProgramInput)
	}
	return text, err
}

// jsonValue is the value of a node. Its error never quotes the node.
func jsonValue(n *yaml.Node, depth int, left *int) (any, error) {
	if *left--; *left < 0 || depth > bounds.YAMLDepth {
		return nil, fmt.Errorf("the object nests deeper than %d levels or has more than %d values", bounds.YAMLDepth, bounds.YAMLNodes)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return jsonValue(n.Alias, depth+1, left)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, child := range n.Content {
			value, err := jsonValue(child, depth+1, left)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.MappingNode:
		object := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			value, err := jsonValue(n.Content[i+1], depth+1, left)
			if err != nil {
				return nil, err
			}
			object[n.Content[i].Value] = value
		}
		return object, nil
	}
	return jsonScalar(n), nil
}

func jsonScalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return i
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && f-f == 0 {
			return f
		}
	}
	return n.Value
}
