package expression

import (
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// array is a JSON array.
type array struct {
	doc   *document
	raw   []byte
	spans []span
	known bool
}

// span is where an element is.
type span struct{ start, end int }

// read finds the elements.
func (a *array) read() *array {
	if a.known {
		return a
	}
	a.doc.spend(len(a.raw))
	for at := next(a.raw, 1); a.raw[at] != ']'; {
		end := skip(a.raw, at)
		a.spans = append(a.spans, span{at, end})
		if at = next(a.raw, end); a.raw[at] == ',' {
			at = next(a.raw, at+1)
		}
	}
	a.known = true
	return a
}

func (a *array) at(i int) ref.Val {
	s := a.spans[i]
	return a.doc.value(a.raw[s.start:s.end:s.end])
}

// Get returns an element, or an error value.
func (a *array) Get(index ref.Val) ref.Val {
	i, err := types.IndexOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= len(a.read().spans) {
		return types.NewErr("index out of bounds: %d", i)
	}
	return a.at(i)
}

// Size is the number of elements.
func (a *array) Size() ref.Val { return types.Int(len(a.read().spans)) }

// Iterator runs over the elements.
func (a *array) Iterator() traits.Iterator { return &elements{of: a.read()} }

// Contains tells whether an element is equal to a value.
func (a *array) Contains(value ref.Val) ref.Val {
	if types.IsUnknownOrError(value) {
		return value
	}
	for i := range a.read().spans {
		a.doc.spend(0)
		if types.Equal(a.at(i), value) == types.True {
			return types.True
		}
	}
	return types.False
}

// Add appends another list.
func (a *array) Add(other ref.Val) ref.Val {
	list, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	var all []ref.Val
	for _, l := range []traits.Lister{a, list} {
		for it := l.Iterator(); it.HasNext() == types.True; {
			a.doc.spend(0)
			all = append(all, it.Next())
		}
	}
	return types.NewRefValList(types.DefaultTypeAdapter, all)
}

// Equal compares element by element.
func (a *array) Equal(other ref.Val) ref.Val {
	list, ok := other.(traits.Lister)
	if !ok || list.Size() != a.Size() {
		return types.False
	}
	for i := range a.spans {
		a.doc.spend(0)
		if types.Equal(a.at(i), list.Get(types.Int(i))) != types.True {
			return types.False
		}
	}
	return types.True
}

// ConvertToNative converts to nothing but itself.
func (a *array) ConvertToNative(want reflect.Type) (any, error) { return native(a, want) }

// ConvertToType converts to nothing but a list.
func (a *array) ConvertToType(t ref.Type) ref.Val { return convert(a, t) }

// Type is that of lists.
func (a *array) Type() ref.Type { return types.ListType }

// Value is the array itself.
func (a *array) Value() any { return a }

// elements iterates over an array. Iterators are values by their type only:
// the embedded value is nil, and CEL never asks it anything.
type elements struct {
	ref.Val
	of *array
	i  int
}

// HasNext tells whether an element is left.
func (e *elements) HasNext() ref.Val { return types.Bool(e.i < len(e.of.spans)) }

// Next returns the next element.
func (e *elements) Next() ref.Val {
	if e.i >= len(e.of.spans) {
		return nil
	}
	e.i++
	return e.of.at(e.i - 1)
}
