package helm

import (
	"fmt"
	"reflect"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// failure is what the template functions fail and required say.
type failure struct{ message string }

func (f failure) Error() string { return f.message }

// functions returns the functions that Helm's engine gives to templates, but
// for include and tpl, each under the guard.
func functions(g *guard) template.FuncMap {
	all := sprig.TxtFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	for _, more := range []template.FuncMap{printFunctions(), dataFunctions(), durationFunctions(), {
		"required":      required,
		"fail":          func(message string) (string, error) { return "", failure{message} },
		"lookup":        func(string, string, string, string) (map[string]any, error) { return map[string]any{}, nil },
		"getHostByName": func(string) string { return "" },
	}} {
		for name, function := range more {
			all[name] = function
		}
	}
	estimates := estimates()
	for name, function := range all {
		all[name] = g.wrap(function, callKind{cost: costOf(name), deep: isDeep(name), estimate: estimates[name]})
	}
	return all
}

// printFunctions are built into text/template; they are here to come under
// the guard.
func printFunctions() template.FuncMap {
	return template.FuncMap{
		"print":    fmt.Sprint,
		"printf":   fmt.Sprintf,
		"println":  fmt.Sprintln,
		"html":     template.HTMLEscaper,
		"js":       template.JSEscaper,
		"urlquery": template.URLQueryEscaper,
	}
}

func required(message string, value any) (any, error) {
	if value == nil || value == "" {
		return value, failure{message}
	}
	return value, nil
}

// wrap puts a function under the guard. It keeps its parameters and first
// result, and has an error as its second.
func (g *guard) wrap(function any, kind callKind) any {
	inner := reflect.ValueOf(function)
	from := inner.Type()
	in := make([]reflect.Type, from.NumIn())
	for i := range in {
		in[i] = from.In(i)
	}
	failed := reflect.TypeFor[error]()
	to := reflect.FuncOf(in, []reflect.Type{from.Out(0), failed}, from.IsVariadic())
	call, values := inner.Call, valuesOf
	if from.IsVariadic() {
		call, values = inner.CallSlice, spread
	}
	return reflect.MakeFunc(to, func(args []reflect.Value) []reflect.Value {
		if err := g.before(values(args), kind); err != nil {
			return []reflect.Value{reflect.Zero(from.Out(0)), reflect.ValueOf(&err).Elem()}
		}
		results := call(args)
		if len(results) == 2 && !results[1].IsNil() {
			return results
		}
		err := g.after(results[0])
		return []reflect.Value{results[0], reflect.ValueOf(&err).Elem()}
	}).Interface()
}

// callKind says what a call of a function may take.
type callKind struct {
	cost int64
	// deep is set where the function reads all that its arguments hold.
	deep bool
	// estimate is nil where the result is about as large as the arguments.
	estimate func([]any) float64
}

// before pays for the arguments of a call and refuses one whose result the
// budget cannot hold.
func (g *guard) before(values []any, kind callKind) error {
	cost := kind.cost
	for _, value := range values {
		if s, ok := value.(string); ok {
			cost += int64(len(s))
			continue
		}
		if !kind.deep {
			cost += costItem
			continue
		}
		size, err := g.size(reflect.ValueOf(value))
		if err != nil {
			return err
		}
		cost += size
	}
	if err := g.spend(cost); err != nil {
		return err
	}
	if kind.estimate == nil {
		return nil
	}
	return g.afford(kind.estimate(values))
}

func valuesOf(args []reflect.Value) []any {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg.Interface()
	}
	return values
}

// spread returns the arguments of a variadic function, one by one.
func spread(args []reflect.Value) []any {
	last := args[len(args)-1]
	values := valuesOf(args[:len(args)-1])
	for i := range last.Len() {
		values = append(values, last.Index(i).Interface())
	}
	return values
}

// after pays for the result of a call.
func (g *guard) after(result reflect.Value) error {
	if result.Kind() == reflect.Interface {
		result = result.Elem()
	}
	switch result.Kind() {
	case reflect.String:
		return g.spend(int64(result.Len()))
	case reflect.Slice, reflect.Map:
		return g.spend(costItem * int64(result.Len()))
	}
	return nil
}
