package native

import "reflect"

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
		for _, f := range fields(t) {
			out = append(out, t.Name()+"."+f.Tag.Get("yaml"))
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[imagePolicy]())
	walk(reflect.TypeFor[imageException]())
	return out
}
