package render

import "gopkg.in/yaml.v3"

// flatten replaces objects that hold objects by what they hold. A cluster's
// tools take for a list whatever has items, of any kind; here all of them must
// be objects. An object that says more than its items stays beside them.
func flatten(objects []Object) []Object {
	var flat []Object
	for i, object := range objects {
		items := itemsOf(object.Node)
		if len(items) == 0 {
			if flat != nil {
				flat = append(flat, object)
			}
			continue
		}
		if flat == nil {
			flat = append(make([]Object, 0, len(objects)), objects[:i]...)
		}
		if saysMore(object.Node) {
			flat = append(flat, object)
		}
		var inner []Object
		for j, item := range items {
			inner = append(inner, object.item(item, j))
		}
		flat = append(flat, flatten(inner)...)
	}
	if flat == nil {
		return objects
	}
	return flat
}

// itemsOf returns the objects that an object holds as its items, or nil if it
// is no list.
func itemsOf(n *yaml.Node) []*yaml.Node {
	items := Child(n, "items")
	if items == nil || items.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range items.Content {
		if text(Child(item, "apiVersion")) == "" || text(Child(item, "kind")) == "" {
			return nil
		}
	}
	return items.Content
}

// saysMore tells whether a list has fields that no list has.
func saysMore(n *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "apiVersion", "kind", "metadata", "items":
		default:
			return true
		}
	}
	return false
}

// item is the object that an item of a list is.
func (o Object) item(n *yaml.Node, index int) Object {
	metadata := Child(n, "metadata")
	item := Object{Node: n, Origin: o.Origin, ID: ObjectID{
		APIVersion: text(Child(n, "apiVersion")), Kind: text(Child(n, "kind")),
		Namespace: text(Child(metadata, "namespace")), Name: text(Child(metadata, "name")),
	}}
	if item.ID.Name == "" {
		item.ID.Name = text(Child(metadata, "generateName"))
	}
	if o.Locator == nil {
		item.Origin.Line, item.Origin.Column = n.Line, n.Column
		return item
	}
	item.Locator = itemLocator{o, index}
	return item
}

// text is the value of a scalar that is not null, or "".
func text(n *yaml.Node) string {
	if isNull(n) || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// itemLocator finds the places of an item by those of its list.
type itemLocator struct {
	list  Object
	index int
}

// Locate implements Locator.
func (l itemLocator) Locate(_ ObjectID, field Field, value string) Origin {
	whole := append(Field{{Key: "items"}, {Index: l.index}}, field...)
	return l.list.Locator.Locate(l.list.ID, whole, value)
}
