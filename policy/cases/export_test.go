package cases

import (
	"reflect"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy/document"
)

// SchemaFields are the names of all fields of the schema.
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
			out = append(out, f.Tag.Get("yaml"))
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[policyTest]())
	return out
}

// Decode reads the documents of a file into the schema types and goes no
// further: it tells what is wrong with each place by itself.
func Decode(text string) error {
	files := fstest.MapFS{"p.test.yaml": {Data: []byte(text)}}
	problems := document.Read(files, []string{"p.test.yaml"}, func(file *document.File, doc document.Document) document.Problems {
		d := document.NewDecoder(file, &document.Budget{})
		if version, kind := document.KindOf(doc.Root); version == nil || kind == nil || version.Value != APIVersion || kind.Value != Kind {
			d.Report(doc.Root, "another kind")
		}
		d.Decode(doc.Root, &policyTest{})
		return d.Problems
	})
	if len(problems) > 0 {
		return problems
	}
	return nil
}
