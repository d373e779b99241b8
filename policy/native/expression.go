package native

import (
	"errors"

	"github.com/syncgate/syncgate/policy"
)

func (c *converter) expression(t text) policy.Expression { return unread(t.Value) }

// unread stands for an expression that is not compiled yet. It never holds.
type unread string

func (unread) Evaluate(policy.ExpressionInput) (bool, error) {
	return false, errors.New("expressions are not read yet")
}

func (u unread) String() string { return string(u) }
