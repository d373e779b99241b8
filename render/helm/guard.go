package helm

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// guard bounds what the templates of one render take: time by ctx, memory and
// work by a budget of bytes, the stack by a depth. It sees each call of a
// function, each write, each turn of a loop and each template that calls
// another. The budget counts what is made, not what is held, so that the same
// chart meets the same limit on each machine.
type guard struct {
	ctx   context.Context
	left  int64
	depth int
}

// Costs, in bytes, of what has no size.
const (
	costCall = 256
	costTurn = 256
	costItem = 16
	// costKey is for functions that make keys or stretch passwords.
	costKey = 16 << 20
)

func newGuard(ctx context.Context) *guard {
	return &guard{ctx: ctx, left: bounds.TemplateWork}
}

// spend takes n bytes off the budget.
func (g *guard) spend(n int64) error {
	if err := g.ctx.Err(); err != nil {
		return err
	}
	if g.left -= n; g.left < 0 {
		g.left = 0
		return tooLarge(render.Origin{}, "what the templates make", fmt.Sprintf("%d bytes", bounds.TemplateWork))
	}
	return nil
}

// afford refuses a call that would make more than the budget holds, before
// it is made.
func (g *guard) afford(n float64) error {
	if n > float64(g.left) {
		return g.spend(g.left + 1)
	}
	return nil
}

// enter goes one template deeper.
func (g *guard) enter() error {
	if g.depth++; g.depth > bounds.TemplateDepth {
		return tooLarge(render.Origin{}, "the depth at which templates include each other", fmt.Sprint(bounds.TemplateDepth))
	}
	return g.spend(costCall)
}

func (g *guard) leave() { g.depth-- }

// show passes on a value that is about to be printed. Printing one that
// holds itself would overflow the stack, which ends the process. It takes and
// returns a reflect.Value, because text/template prints what has an address
// differently.
func (g *guard) show(v reflect.Value) (reflect.Value, error) {
	size, err := g.size(v)
	if err != nil {
		return v, err
	}
	return v, g.spend(size)
}

// keep passes on a value that is about to be kept in a variable.
func (g *guard) keep(v reflect.Value) (reflect.Value, error) {
	if v.Kind() == reflect.String {
		return v, g.spend(int64(v.Len()))
	}
	return v, g.spend(costItem)
}

// turn is called on each turn of a loop.
func (g *guard) turn() (string, error) { return "", g.spend(costTurn) }

// enterTemplate and leaveTemplate stand around each {{template}}.
func (g *guard) enterTemplate() (string, error) { return "", g.enter() }
func (g *guard) leaveTemplate() (string, error) { g.leave(); return "", nil }

// size returns about how many bytes a value takes when it is written out. It
// fails where that is more than the budget, or nests too deeply: a dict that
// was set into itself has no end.
func (g *guard) size(v reflect.Value) (int64, error) {
	m := meter{left: g.left}
	if err := m.add(v, 0); err != nil {
		if errors.Is(err, errFull) {
			return 0, g.spend(g.left + 1)
		}
		return 0, err
	}
	return g.left - m.left, nil
}

// errFull says that a value is larger than what is left.
var errFull = errors.New("too large")

// meter measures a value.
type meter struct{ left int64 }

func (m *meter) add(v reflect.Value, depth int) error {
	if depth > bounds.ValueDepth {
		return tooLarge(render.Origin{}, "the nesting of a value", fmt.Sprint(bounds.ValueDepth))
	}
	// A deeper line is indented further.
	if m.left -= costItem + 2*int64(depth); m.left < 0 {
		return errFull
	}
	switch v.Kind() {
	case reflect.String:
		m.left -= int64(v.Len())
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return m.add(v.Elem(), depth+1)
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			if err := m.add(iter.Key(), depth+1); err != nil {
				return err
			}
			if err := m.add(iter.Value(), depth+1); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		return m.addList(v, depth)
	}
	return nil
}

func (m *meter) addList(v reflect.Value, depth int) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		// Bytes are printed as numbers.
		m.left -= 4 * int64(v.Len())
		return nil
	}
	for i := range v.Len() {
		if err := m.add(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}
