package native

import (
	"reflect"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy/document"
)

// SchemaFields are all fields of the schema as "type.field".
func SchemaFields() []string {
	var out []string
	visited := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || visited[t] {
			return
		}
		visited[t] = true
		for _, f := range document.Fields(t) {
			out = append(out, t.Name()+"."+f.Tag.Get("yaml"))
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[imagePolicy]())
	walk(reflect.TypeFor[imageException]())
	return out
}

// Decode reads the documents of a file into the schema types and goes no
// further: it tells what is wrong with each place by itself.
func Decode(text string) error {
	files := fstest.MapFS{"p.yaml": {Data: []byte(text)}}
	problems := document.Read(files, []string{"p.yaml"}, func(file *document.File, doc document.Document) document.Problems {
		c := &converter{Decoder: document.NewDecoder(file, &document.Budget{})}
		switch c.kind(doc.Root) {
		case KindPolicy:
			c.Decode(doc.Root, &imagePolicy{})
		case KindException:
			c.Decode(doc.Root, &imageException{})
		}
		return c.Problems
	})
	if len(problems) > 0 {
		return problems
	}
	return nil
}
