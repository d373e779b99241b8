package sops

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// metadataKey is where SOPS keeps what it knows of a document.
const metadataKey = "sops"

// metadata is what is read of it.
type metadata struct {
	Age []struct {
		Enc string `yaml:"enc"`
	} `yaml:"age"`
	KeyGroups []any  `yaml:"key_groups"`
	Threshold int    `yaml:"shamir_threshold"`
	MAC       string `yaml:"mac"`
}

// dataKey opens the data key of a document.
func (k Keys) dataKey(of *yaml.Node) ([]byte, error) {
	var m metadata
	if err := of.Decode(&m); err != nil {
		return nil, errors.New("what SOPS says of it cannot be read")
	}
	if len(m.KeyGroups) > 0 || m.Threshold > 1 {
		return nil, errors.New("its key is split among several groups, which is not read")
	}
	var encrypted []string
	for _, recipient := range m.Age {
		encrypted = append(encrypted, recipient.Enc)
	}
	return k.open(encrypted)
}

// IsEncrypted tells whether a document is encrypted with SOPS.
func IsEncrypted(document *yaml.Node) bool {
	m := field(document, metadataKey)
	return m != nil && field(m, "mac") != nil
}

// Object returns a document in clear, without what SOPS added to it. The
// document itself is left as it is. The error is ErrNoKey where no key opens
// it.
func (k Keys) Object(document *yaml.Node) (*yaml.Node, error) {
	if document.Kind == yaml.DocumentNode && len(document.Content) == 1 {
		document = document.Content[0]
	}
	m := field(document, metadataKey)
	if m == nil {
		return nil, errors.New("it is not encrypted with SOPS")
	}
	key, err := k.dataKey(m)
	if err != nil {
		return nil, err
	}
	plain := *document
	plain.Content = nil
	for i := 0; i+1 < len(document.Content); i += 2 {
		name, value := document.Content[i], document.Content[i+1]
		if name.Value == metadataKey {
			continue
		}
		opened, err := openNode(value, key, []string{name.Value})
		if err != nil {
			return nil, err
		}
		plain.Content = append(plain.Content, name, opened)
	}
	return &plain, nil
}

// openNode returns a copy of a node with its values in clear.
func openNode(n *yaml.Node, key []byte, path []string) (*yaml.Node, error) {
	if n.Kind == yaml.AliasNode || len(path) > bounds.YAMLDepth {
		return nil, errors.New("it has aliases, or nests too deeply")
	}
	opened := *n
	if n.Kind == yaml.ScalarNode {
		if !IsSealed(n.Value) {
			return &opened, nil
		}
		plain, kind, err := unseal(n.Value, key, path)
		if err != nil {
			return nil, err
		}
		opened.Value, opened.Style, opened.Tag = plain, 0, "!!str"
		switch kind {
		case "int", "int64":
			opened.Tag = "!!int"
		case "float":
			opened.Tag = "!!float"
		case "bool":
			opened.Tag, opened.Value = "!!bool", strings.ToLower(plain)
		}
		return &opened, nil
	}
	opened.Content = make([]*yaml.Node, len(n.Content))
	for i, below := range n.Content {
		at := path
		if n.Kind == yaml.MappingNode {
			if i%2 == 0 {
				opened.Content[i] = below
				continue
			}
			at = append(path[:len(path):len(path)], n.Content[i-1].Value)
		}
		var err error
		if opened.Content[i], err = openNode(below, key, at); err != nil {
			return nil, err
		}
	}
	return &opened, nil
}

func field(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// File returns a file in clear: YAML, JSON, or what SOPS wrapped in JSON
// because it is neither. Ok is false where the file is not encrypted.
func (k Keys) File(text []byte) (plain []byte, ok bool, err error) {
	if !bytes.Contains(text, []byte("ENC[AES256_GCM,")) || len(text) > bounds.EmbeddedBytes {
		return text, false, nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil || len(document.Content) != 1 || !IsEncrypted(document.Content[0]) {
		return text, false, nil
	}
	opened, err := k.Object(&document)
	if err != nil {
		return nil, true, err
	}
	if !strings.HasPrefix(strings.TrimSpace(string(text)), "{") {
		var out bytes.Buffer
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(4) // as SOPS writes it
		err := encoder.Encode(opened)
		return out.Bytes(), true, err
	}
	if data := field(opened, "data"); data != nil && len(opened.Content) == 2 && data.Kind == yaml.ScalarNode {
		return []byte(data.Value), true, nil
	}
	var value any
	if err := opened.Decode(&value); err != nil {
		return nil, true, err
	}
	plain, err = json.MarshalIndent(value, "", "\t")
	return plain, true, err
}

// Values returns the entries of a dotenv file in clear, without those that
// SOPS added. Ok is false where they are not encrypted.
func (k Keys) Values(entries map[string]string) (plain map[string]string, ok bool, err error) {
	if _, encrypted := entries["sops_mac"]; !encrypted {
		return entries, false, nil
	}
	var recipients []string
	for name, value := range entries {
		if strings.HasPrefix(name, "sops_age__list_") && strings.HasSuffix(name, "__map_enc") {
			recipients = append(recipients, strings.ReplaceAll(value, `\n`, "\n"))
		}
	}
	key, err := k.open(recipients)
	if err != nil {
		return nil, true, err
	}
	plain = map[string]string{}
	for name, value := range entries {
		if strings.HasPrefix(name, "sops_") {
			continue
		}
		if IsSealed(value) {
			if value, _, err = unseal(value, key, []string{name}); err != nil {
				return nil, true, err
			}
		}
		plain[name] = value
	}
	return plain, true, nil
}
