package expression

import (
	"encoding/json"
	"errors"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// scope resolves the variables of one evaluation.
type scope struct {
	in        policy.ExpressionInput
	doc       *document
	predicate ref.Val
}

// documentName resolves to the document, for those that pay. No expression
// can name it.
const documentName = "#document"

// newScope checks that the predicate is JSON. What is not there is null.
func newScope(in policy.ExpressionInput) (*scope, error) {
	raw := []byte(in.Statement.Predicate)
	if raw == nil {
		raw = []byte("null")
	}
	if !json.Valid(raw) {
		return nil, errors.New("the predicate is not JSON")
	}
	doc := &document{left: bounds.ExpressionCost}
	return &scope{in: in, doc: doc, predicate: doc.value(raw)}, nil
}

// ResolveName returns the value of a variable.
func (s *scope) ResolveName(name string) (any, bool) {
	subject, use := &s.in.Subject, &s.in.Use
	switch name {
	case documentName:
		return s.doc, true
	case "predicate":
		return s.predicate, true
	case "statement":
		return s.statement(), true
	case "image.reference":
		return subject.Reference, true
	case "image.repository":
		return subject.Repository, true
	case "image.tag":
		return subject.Tag, true
	case "image.digest":
		return subject.Digest.String(), true
	case "image.pinned":
		return subject.Pinned, true
	case "object.unit":
		return use.Unit, true
	case "object.apiVersion":
		return use.APIVersion, true
	case "object.kind":
		return use.Kind, true
	case "object.namespace":
		return use.Namespace, true
	case "object.name":
		return use.Name, true
	case "object.class":
		return use.Class, true
	case "object.labels":
		return use.Labels, true
	}
	return nil, false
}

// Parent is nil: there is no outer scope.
func (s *scope) Parent() cel.Activation { return nil }

// statement is the statement as a map, with its predicate read as lazily as
// predicate itself.
func (s *scope) statement() ref.Val {
	st := s.in.Statement
	subjects := make([]map[string]any, len(st.Subjects))
	for i, d := range st.Subjects {
		subjects[i] = map[string]any{"digest": map[string]string{d.Algorithm(): d.Hex()}}
	}
	return types.DefaultTypeAdapter.NativeToValue(map[string]any{
		"_type": st.Type, "predicateType": st.PredicateType, "subject": subjects, "predicate": s.predicate,
	})
}
