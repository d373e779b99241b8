package native

import "github.com/syncgate/syncgate/policy"

func (c *converter) expression(t text) policy.Expression { return nil }
