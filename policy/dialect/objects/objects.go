// Package objects keeps the ConfigMaps and Secrets that stand among policies,
// for those that refer to them: a cluster is never asked.
package objects

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy/document"
)

// The kinds of objects that are read, of the API's core group.
const (
	ConfigMap = "ConfigMap"
	Secret    = "Secret"
)

// Store is the objects of one set of policies.
type Store struct {
	objects map[key]Object
	// names are the places of objects, by what tells them apart.
	names  document.Names
	budget *document.Budget
}

type key struct{ kind, namespace, name string }

// Object is one of them.
type Object struct {
	// Data are its entries. Those of a Secret are decoded.
	Data map[string]string
}

// New makes a store. The budget is shared with the readers of policies.
func New(budget *document.Budget) *Store {
	return &Store{objects: map[key]Object{}, names: document.Names{}, budget: budget}
}

// Reads tells whether a document is one for a store.
func Reads(apiVersion, kind string) bool {
	return apiVersion == "v1" && (kind == ConfigMap || kind == Secret)
}

// Find is the object of a kind and a name in a namespace. One that is written
// without a namespace is found in each. A nil store holds none.
func (s *Store) Find(kind, namespace, name string) (Object, bool) {
	if s == nil {
		return Object{}, false
	}
	found, ok := s.objects[key{kind, namespace, name}]
	if !ok {
		found, ok = s.objects[key{kind, "", name}]
	}
	return found, ok
}

// entries are those of an object: texts by their names.
type entries map[string]document.Text

// object is a ConfigMap or a Secret.
type object struct {
	document.Place
	APIVersion document.Text     `yaml:"apiVersion" need:"yes"`
	Kind       document.Text     `yaml:"kind" need:"yes"`
	Metadata   document.Metadata `yaml:"metadata" need:"yes"`
	Data       entries           `yaml:"data"`
	// StringData is a Secret's alone.
	StringData entries      `yaml:"stringData"`
	BinaryData document.Any `yaml:"binaryData"`
	Immutable  document.Any `yaml:"immutable"`
	Type       document.Any `yaml:"type"`
}

// Read reads one document, and returns what is wrong with it. Nothing of a
// Secret is shown, and one that holds more than public keys does not load: what
// is private has no place among policies, which reports and archives name.
func (s *Store) Read(file *document.File, doc document.Document) document.Problems {
	d := document.NewDecoder(file, s.budget)
	d.Lenient = true
	var o object
	d.Decode(doc.Root, &o)
	_, kind := document.KindOf(doc.Root)
	if kind.Value == Secret {
		for _, p := range d.Problems {
			p.Message = "Secret is not well formed here: want metadata with a name, and data whose values are texts; nothing of it is shown"
		}
	}
	if kind.Value == ConfigMap && o.StringData != nil {
		d.Report(doc.Root, "ConfigMap %s has stringData, which only a Secret has", document.Quote(o.Metadata.Name.Value))
	}
	out := Object{Data: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(o.Data)) {
		value := o.Data[name]
		if kind.Value == ConfigMap {
			out.Data[name] = value.Value
			continue
		}
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.Value), ""))
		if err != nil {
			d.Report(value.Node, "entry %s of Secret %s is not in base64", document.Quote(name), document.Quote(o.Metadata.Name.Value))
		}
		out.Data[name] = string(decoded)
	}
	for name, value := range o.StringData {
		out.Data[name] = value.Value
	}
	if kind.Value == Secret {
		public(d, &o, out)
	}
	identity := key{kind.Value, o.Metadata.Namespace, o.Metadata.Name.Value}
	name := o.Metadata.Name
	name.Value = strings.Trim(o.Metadata.Namespace+"/"+name.Value, "/")
	d.Once(s.names, kind.Value, name)
	s.objects[identity] = out
	if kind.Value == Secret {
		for _, p := range d.Problems {
			p.Excerpt = ""
		}
	}
	return d.Problems
}

// public refuses a Secret that holds more than public keys and certificates.
func public(d *document.Decoder, o *object, s Object) {
	for name, value := range s.Data {
		rest := strings.TrimSpace(value)
		for strings.HasPrefix(rest, "-----BEGIN PUBLIC KEY-----") || strings.HasPrefix(rest, "-----BEGIN CERTIFICATE-----") {
			_, after, found := strings.Cut(rest, "\n-----END ")
			_, after, ended := strings.Cut(after, "-----")
			if !found || !ended {
				break
			}
			rest = strings.TrimSpace(after)
		}
		if rest != "" || value == "" {
			d.Report(o.Metadata.Name.Node, "Secret %s holds more than public keys, in %s: leave out of policies what is private, and write a Secret with the public key alone",
				document.Quote(o.Metadata.Name.Value), document.Quote(name))
		}
	}
}

// Reference names an object for messages.
func Reference(kind, namespace, name string) string {
	return fmt.Sprintf("%s %s", kind, strings.Trim(namespace+"/"+name, "/"))
}

// Missing says that an object is not among the policies.
func Missing(kind, namespace, name string) string {
	return document.Printable(Reference(kind, namespace, name)) + " is not among the policies"
}
