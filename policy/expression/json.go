package expression

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/syncgate/syncgate/bounds"
)

// document is JSON that is read where an expression looks, and not before: a
// large predicate of which one field is asked takes no more memory than its
// bytes. What is read is paid for from a budget.
//
// cel-go's own cost tracking is not used: it keeps what every turn of a loop
// looked at, and searches through all of it at every step, so that a long
// list takes quadratic time.
type document struct {
	left int
	// longest is the length of the longest text that was read, which is what
	// a function over text may cost.
	longest int
}

// valueCost is what it costs to look at one value, or to go round a loop
// once, in bytes that could be skipped in the same time.
const valueCost = 128

// spend pays for looking at a value of n bytes. Beyond the budget it panics,
// which cel-go turns into the error of the evaluation: an error value could
// be swallowed by "||".
func (d *document) spend(n int) {
	if d.left -= n + valueCost; d.left < 0 {
		panic(fmt.Sprintf("it costs more than is allowed, which is as much as reading %d MiB", bounds.ExpressionCost>>20))
	}
}

// text reads a string.
func (d *document) text(raw []byte) types.String {
	d.spend(len(raw))
	d.longest = max(d.longest, len(raw))
	return types.String(unquote(raw))
}

// value makes a CEL value of valid JSON.
func (d *document) value(raw []byte) ref.Val {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return types.NewErr("malformed JSON")
	}
	switch raw[0] {
	case '{':
		return &object{doc: d, raw: raw}
	case '[':
		return &array{doc: d, raw: raw}
	case '"':
		return d.text(raw)
	case 't':
		return types.True
	case 'f':
		return types.False
	case 'n':
		return types.NullValue
	}
	return number(bytes.TrimRight(raw, " \t\r\n"))
}

func unquote(raw []byte) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		panic("malformed JSON string")
	}
	return s
}

func number(raw []byte) ref.Val {
	if !bytes.ContainsAny(raw, ".eE") {
		if i, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			return types.Int(i)
		}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return types.NewErr("number %.40s is out of range", raw)
	}
	return types.Double(f)
}

// native is what CEL asks of every value and no expression needs of JSON.
func native(v ref.Val, want reflect.Type) (any, error) {
	if reflect.TypeOf(v).AssignableTo(want) {
		return v, nil
	}
	return nil, fmt.Errorf("JSON cannot be converted to %s", want)
}

// object is a JSON object.
type object struct {
	doc    *document
	raw    []byte
	fields map[string][]byte
	keys   []string
}

// read finds the fields. The values stay slices of the document.
func (o *object) read() *object {
	if o.fields != nil {
		return o
	}
	o.doc.spend(len(o.raw))
	o.fields = map[string][]byte{}
	for at := next(o.raw, 1); o.raw[at] != '}'; {
		end := skip(o.raw, at)
		key := unquote(o.raw[at:end])
		at = next(o.raw, end)
		at = next(o.raw, at+1)
		end = skip(o.raw, at)
		if _, twice := o.fields[key]; twice {
			panic(fmt.Sprintf("the key %.40q stands twice in one object", key))
		}
		o.fields[key] = o.raw[at:end:end]
		o.keys = append(o.keys, key)
		if at = next(o.raw, end); o.raw[at] == ',' {
			at = next(o.raw, at+1)
		}
	}
	return o
}

// Find returns a field.
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	raw, found := o.read().fields[string(name)]
	if !found {
		return nil, false
	}
	return o.doc.value(raw), true
}

// Get returns a field, or an error value.
func (o *object) Get(key ref.Val) ref.Val {
	v, found := o.Find(key)
	if !found {
		if v != nil {
			return v
		}
		return types.NewErr("no such key: %v", key)
	}
	return v
}

// Contains tells whether there is a field of that name.
func (o *object) Contains(key ref.Val) ref.Val {
	v, found := o.Find(key)
	if v != nil && types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(found)
}

// Size is the number of fields.
func (o *object) Size() ref.Val { return types.Int(len(o.read().keys)) }

// Iterator runs over the names of the fields, in their order.
func (o *object) Iterator() traits.Iterator {
	return types.NewStringList(types.DefaultTypeAdapter, o.read().keys).Iterator()
}

// Equal compares field by field.
func (o *object) Equal(other ref.Val) ref.Val {
	m, ok := other.(traits.Mapper)
	if !ok || m.Size() != o.Size() {
		return types.False
	}
	for _, key := range o.keys {
		o.doc.spend(0)
		theirs, found := m.Find(types.String(key))
		if !found || types.Equal(o.Get(types.String(key)), theirs) != types.True {
			return types.False
		}
	}
	return types.True
}

// ConvertToNative converts to nothing but itself.
func (o *object) ConvertToNative(want reflect.Type) (any, error) { return native(o, want) }

// ConvertToType converts to nothing but a map.
func (o *object) ConvertToType(t ref.Type) ref.Val { return convert(o, t) }

// Type is that of maps.
func (o *object) Type() ref.Type { return types.MapType }

// Value is the object itself.
func (o *object) Value() any { return o }

func convert(v ref.Val, t ref.Type) ref.Val {
	switch t {
	case v.Type():
		return v
	case types.TypeType:
		return v.Type().(ref.Val)
	}
	return types.NewErr("type conversion error from %s to %s", v.Type().TypeName(), t.TypeName())
}
