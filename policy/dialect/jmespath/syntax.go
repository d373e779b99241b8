package jmespath

import (
	"fmt"
	"slices"
	"strings"

	gojmespath "github.com/kyverno/go-jmespath"
)

// Missing says that an expression asks for something that Kyverno has and that
// is not there.
type Missing struct{ What string }

// Error names it.
func (m *Missing) Error() string { return m.What + " is not there" }

// builtin are the functions of JMESPath itself.
func builtin() []string {
	return strings.Fields(`abs avg ceil contains ends_with floor join keys length map max max_by merge min min_by
		not_null reverse sort sort_by starts_with sum to_array to_number to_string type values`)
}

// rootsOf are the fields of the input that an expression asks for first.
func rootsOf(node gojmespath.ASTNode) (roots []string, err error) {
	if node.NodeType == gojmespath.ASTFunctionExpression {
		name, _ := node.Value.(string)
		if !slices.Contains(builtin(), name) && !slices.Contains(extraNames(), name) {
			return nil, &Missing{fmt.Sprintf("the function %.40s", name)}
		}
	}
	children := node.Children
	switch node.NodeType {
	case gojmespath.ASTField:
		name, _ := node.Value.(string)
		return []string{name}, nil
	case gojmespath.ASTSubexpression, gojmespath.ASTIndexExpression, gojmespath.ASTPipe, gojmespath.ASTProjection,
		gojmespath.ASTFilterProjection, gojmespath.ASTValueProjection, gojmespath.ASTFlatten, gojmespath.ASTExpRef:
		// Only the first is asked of the input; of the others, and of what is
		// handed to a function, the names of functions are checked.
		for i, child := range children {
			found, err := rootsOf(child)
			if err != nil {
				return nil, err
			}
			if i == 0 && node.NodeType != gojmespath.ASTExpRef {
				roots = found
			}
		}
		return roots, nil
	}
	for _, child := range children {
		found, err := rootsOf(child)
		if err != nil {
			return nil, err
		}
		roots = append(roots, found...)
	}
	return roots, nil
}
