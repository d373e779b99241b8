// Package cel evaluates the CEL expressions of Kyverno's
// ImageValidatingPolicies on what was found of one image. It is the only one of
// the dialects that imports cel-go.
//
// Functions that reach out, to a registry, a cluster or a server, are not
// there, and neither are those that answer otherwise the next time.
package cel

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// Language is the name of the language in a sandbox.
const Language = "kyverno-cel"

// Program is what a policy evaluates, as JSON.
type Program struct {
	// Variables are evaluated first, in this order. One that fails is not
	// there.
	Variables []Named `json:"variables,omitempty"`
	// Images say how a kind of object names images, each a list of texts.
	Images []Named `json:"images,omitempty"`
	// Conditions must all hold.
	Conditions []Condition `json:"conditions"`
	// Required asks that the image be verified by one of the conditions.
	Required bool `json:"required,omitempty"`
}

// Named is an expression with a name.
type Named struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

// Condition is an expression that must be true.
type Condition struct {
	Expression string `json:"expression"`
	Message    string `json:"message,omitempty"`
	// MessageExpression makes the message.
	MessageExpression string `json:"messageExpression,omitempty"`
}

// Input is what a program is evaluated on.
type Input struct {
	// Image is the reference as written.
	Image string `json:"image"`
	// Object is the object that names it, as it is or as a Pod is made of it.
	Object any `json:"object,omitempty"`
	// Attestors and Attestations are the names of the policy's.
	Attestors    []string `json:"attestors,omitempty"`
	Attestations []string `json:"attestations,omitempty"`
	// Signed says which attestors signed the image, and Attested which signed
	// an attestation, by its name and theirs. What is neither true nor false
	// is not known yet.
	Signed   map[string]*bool            `json:"signed,omitempty"`
	Attested map[string]map[string]*bool `json:"attested,omitempty"`
	// Payloads are the statements of attestations.
	Payloads map[string]json.RawMessage `json:"payloads,omitempty"`
}

// unknown marks an error that says that something is not known yet.
const unknown = "not known yet: "

// Output is what a program answers beside whether it holds.
type Output struct {
	// Used are the names of what the image was verified by: "signed NAME" and
	// "attested ATTESTATION NAME".
	Used []string `json:"used,omitempty"`
	// Unknown tells that the answer rests on what is not known yet.
	Unknown bool `json:"unknown,omitempty"`
}

// Evaluate runs a program.
func Evaluate(task sandbox.Task) (sandbox.Answer, error) {
	var p Program
	if err := json.Unmarshal(task.Source, &p); err != nil {
		return sandbox.Answer{}, err
	}
	r := &run{}
	if err := json.Unmarshal(task.Input, &r.in); err != nil {
		return sandbox.Answer{}, err
	}
	env, err := newEnvironment(r)
	if err != nil {
		return sandbox.Answer{}, err
	}
	holds, message, err := r.program(env, p)
	if err != nil && strings.Contains(err.Error(), unknown) {
		r.out.Unknown, err = true, nil
	}
	if err != nil {
		return sandbox.Answer{}, err
	}
	output, err := json.Marshal(r.out)
	return sandbox.Answer{Holds: holds, Message: message, Output: output}, err
}

// run is one evaluation.
type run struct {
	in  Input
	out Output
	// verified are attestations that were asked for.
	verified map[string]bool
}

// program evaluates the parts of a program in their order.
func (r *run) program(env *cel.Env, p Program) (holds bool, message string, err error) {
	data := r.scope()
	variables := map[string]any{}
	data["variables"] = variables
	for _, v := range p.Variables {
		value, err := evaluate(env, v.Expression, data)
		switch {
		case err == nil:
			variables[v.Name] = value
		case strings.Contains(err.Error(), unknown):
			return false, "", err
		}
	}
	if err := r.images(env, p.Images, data); err != nil {
		return false, "", err
	}
	for _, c := range p.Conditions {
		value, err := evaluate(env, c.Expression, data)
		if err != nil {
			return false, "", fmt.Errorf("%.80q: %w", c.Expression, err)
		}
		switch value {
		case types.True:
		case types.False:
			return false, said(env, c, data), nil
		default:
			return false, "", fmt.Errorf("%.80q is of type %s, want true or false", c.Expression, value.Type().TypeName())
		}
	}
	if p.Required && len(r.out.Used) == 0 {
		return false, "no attestor of the policy signed the image or an attestation of it", nil
	}
	return true, "", nil
}

// said is what a condition that does not hold says.
func said(env *cel.Env, c Condition, data map[string]any) string {
	if c.MessageExpression != "" {
		if value, err := evaluate(env, c.MessageExpression, data); err == nil {
			if text, ok := value.(types.String); ok {
				return string(text)
			}
		}
	}
	if c.Message != "" {
		return c.Message
	}
	const most = 120
	return fmt.Sprintf("it does not hold that %.*s", most, strings.Join(strings.Fields(c.Expression), " "))
}

// scope is what expressions see.
func (r *run) scope() map[string]any {
	attestors, attestations := map[string]any{}, map[string]any{}
	for _, name := range r.in.Attestors {
		attestors[name] = map[string]any{"name": name}
	}
	for _, name := range r.in.Attestations {
		attestations[name] = name
	}
	return map[string]any{
		"object": r.in.Object, "attestors": attestors, "attestations": attestations, "ref": r.in.Image, "images": map[string]any{},
	}
}

// images are the image, under each name by which the object names it. Of all
// others it is as if they were not there.
func (r *run) images(env *cel.Env, extractors []Named, data map[string]any) error {
	found := map[string]any{}
	spec := podSpec(r.in.Object)
	for _, kind := range []string{"containers", "initContainers", "ephemeralContainers"} {
		found[kind] = []string{}
		list, _ := dig(spec, kind).([]any)
		for _, container := range list {
			if dig(container, "image") == r.in.Image {
				found[kind] = []string{r.in.Image}
			}
		}
	}
	for _, e := range extractors {
		value, err := evaluate(env, e.Expression, data)
		if err != nil {
			return fmt.Errorf("images.%s: %w", e.Name, err)
		}
		list, err := json.Marshal(value.Value())
		var names []string
		if err == nil {
			err = json.Unmarshal(list, &names)
		}
		if native, convertErr := value.ConvertToNative(listOfTexts()); convertErr == nil {
			names, err = native.([]string), nil
		}
		if err != nil {
			return fmt.Errorf("images.%s is no list of texts", e.Name)
		}
		found[e.Name] = []string{}
		for _, name := range names {
			if name == r.in.Image {
				found[e.Name] = []string{name}
			}
		}
	}
	data["images"] = found
	return nil
}

// podSpec is the specification of Pods in an object.
func podSpec(object any) any {
	spec := dig(object, "spec")
	if job := dig(dig(spec, "jobTemplate"), "spec"); job != nil {
		spec = job
	}
	if template := dig(dig(spec, "template"), "spec"); template != nil {
		return template
	}
	return spec
}

func dig(value any, field string) any {
	m, _ := value.(map[string]any)
	return m[field]
}

// evaluate compiles and evaluates one expression.
func evaluate(env *cel.Env, source string, data map[string]any) (ref.Val, error) {
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	program, err := env.Program(ast)
	if err != nil {
		return nil, err
	}
	value, _, err := program.Eval(data)
	return value, err
}

// Missing says that an expression asks for something that is not there, or
// that has another type.
type Missing struct{ What string }

// Error says what.
func (m *Missing) Error() string { return m.What }

// Check reads an expression without running it. Its error is a *Missing if
// only something that it asks for is not there.
func Check(source string) error {
	if len(source) > bounds.ExpressionLength {
		return fmt.Errorf("expression is longer than %d bytes", bounds.ExpressionLength)
	}
	env, err := newEnvironment(&run{})
	if err != nil {
		return err
	}
	parsed, issues := env.Parse(source)
	if issues.Err() != nil {
		return errors.New(first(issues))
	}
	if _, issues = env.Check(parsed); issues.Err() != nil {
		return &Missing{first(issues)}
	}
	return nil
}

func first(issues *cel.Issues) string {
	message, _, _ := strings.Cut(issues.Errors()[0].Message, " (in container")
	return strings.Join(strings.Fields(message), " ")
}

// newEnvironment declares what there is.
func newEnvironment(r *run) (*cel.Env, error) {
	texts := cel.ListType(cel.StringType)
	attestors := cel.ListType(cel.DynType)
	return cel.NewEnv(
		cel.DefaultUTCTimeZone(true), cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), cel.EagerlyValidateDeclarations(true),
		cel.ParserExpressionSizeLimit(bounds.ExpressionLength), cel.ParserRecursionLimit(100),
		ext.Strings(ext.StringsVersion(2)), ext.Sets(), ext.Lists(ext.ListsVersion(0)),
		cel.Variable("object", cel.DynType), cel.Variable("variables", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("images", cel.MapType(cel.StringType, texts)), cel.Variable("ref", cel.StringType),
		cel.Variable("attestors", cel.MapType(cel.StringType, cel.DynType)), cel.Variable("attestations", cel.MapType(cel.StringType, cel.StringType)),
		cel.Function("verifyImageSignatures", cel.Overload("verify_image_signatures",
			[]*cel.Type{cel.StringType, attestors}, cel.IntType, cel.BinaryBinding(r.signatures))),
		cel.Function("verifyAttestationSignatures", cel.Overload("verify_attestation_signatures",
			[]*cel.Type{cel.StringType, cel.StringType, attestors}, cel.IntType, cel.FunctionBinding(r.attestations))),
		cel.Function("extractPayload", cel.Overload("extract_payload",
			[]*cel.Type{cel.StringType, cel.StringType}, cel.DynType, cel.BinaryBinding(r.payload))),
	)
}
