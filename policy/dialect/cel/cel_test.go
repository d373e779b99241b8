package cel_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/dialect/cel"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

func evaluate(t *testing.T, in cel.Input, p cel.Program) (sandbox.Answer, cel.Output, error) {
	t.Helper()
	source, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := cel.Evaluate(sandbox.Task{Program: sandbox.Program{Source: source}, Input: input})
	var out cel.Output
	if err == nil {
		if err := json.Unmarshal(answer.Output, &out); err != nil {
			t.Fatal(err)
		}
	}
	return answer, out, err
}

// given is an image of which alice signed, bob did not, and carol is not
// known.
func given() cel.Input {
	yes, no := true, false
	return cel.Input{
		Image: "ghcr.io/a/b:v1", Object: map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"image": "ghcr.io/a/b:v1"}, map[string]any{"image": "other"}}}},
		Attestors: []string{"alice", "bob", "carol"}, Attestations: []string{"sbom"},
		Signed:   map[string]*bool{"alice": &yes, "bob": &no, "carol": nil},
		Attested: map[string]map[string]*bool{"sbom": {"alice": &yes, "bob": &no, "carol": nil}},
		Payloads: map[string]json.RawMessage{"sbom": json.RawMessage(`{"predicate": {"ok": true, "n": 7}}`)},
	}
}

func TestEvaluate(t *testing.T) {
	const image = "images.containers.all(i, %)"
	for expression, want := range map[string]string{
		strings.Replace(image, "%", "verifyImageSignatures(i, [attestors.alice]) > 0", 1):                     "pass",
		"images.containers.map(i, verifyImageSignatures(i, [attestors.alice])).all(e, e > 0)":                 "pass",
		"images.containers.map(i, verifyImageSignatures(i, [attestors.alice, attestors.bob])).all(e, e == 1)": "pass",
		"images.containers.size() == 1":                                                   "pass",
		"images.initContainers.size() == 0":                                               "pass",
		strings.Replace(image, "%", "verifyImageSignatures(i, [attestors.bob]) > 0", 1):   "fail",
		strings.Replace(image, "%", "verifyImageSignatures(i, [attestors.carol]) > 0", 1): "unknown",
		strings.Replace(image, "%", "verifyImageSignatures(i, [attestors.carol]) > 0 || verifyImageSignatures(i, [attestors.alice]) > 0", 1):                                       "pass",
		strings.Replace(image, "%", "verifyImageSignatures(i, [attestors.carol]) > 0 && verifyImageSignatures(i, [attestors.bob]) > 0", 1):                                         "fail",
		strings.Replace(image, "%", "!(verifyImageSignatures(i, [attestors.carol]) > 0)", 1):                                                                                       "unknown",
		strings.Replace(image, "%", "verifyImageSignatures(i, [attestors.nobody]) > 0", 1):                                                                                         "error",
		"verifyImageSignatures('ghcr.io/x/y', [attestors.alice]) > 0":                                                                                                              "unknown",
		"verifyAttestationSignatures(images.containers[0], attestations.sbom, [attestors.alice]) == 1 && extractPayload(images.containers[0], attestations.sbom).predicate.n == 7": "pass",
		"extractPayload(images.containers[0], attestations.sbom).predicate.ok":                                                                                                     "error",
		"verifyAttestationSignatures(images.containers[0], 'other', [attestors.alice]) == 1":                                                                                       "error",
		"object.spec.?initContainers.orValue([]).size() == 0":                                                                                                                      "pass",
		"object.missing == 1": "error", "1": "error",
	} {
		answer, out, err := evaluate(t, given(), cel.Program{Conditions: []cel.Condition{{Expression: expression}}})
		got := map[bool]string{true: "pass", false: "fail"}[answer.Holds]
		switch {
		case err != nil:
			got = "error"
		case out.Unknown:
			got = "unknown"
		}
		if got != want {
			t.Errorf("%s: %s (%v), want %s", expression, got, err, want)
		}
	}
}

func TestRequired(t *testing.T) {
	p := cel.Program{Required: true, Conditions: []cel.Condition{{Expression: "true"}}}
	if answer, _, err := evaluate(t, given(), p); err != nil || answer.Holds {
		t.Errorf("what nothing verified passes: %+v, %v", answer, err)
	}
	p.Conditions[0].Expression = "verifyImageSignatures(images.containers[0], [attestors.bob]) == 0"
	if answer, _, err := evaluate(t, given(), p); err != nil || answer.Holds {
		t.Errorf("what nobody signed passes: %+v, %v", answer, err)
	}
	p.Conditions[0].Expression = "verifyImageSignatures(images.containers[0], [attestors.alice]) == 1"
	if answer, out, err := evaluate(t, given(), p); err != nil || !answer.Holds || len(out.Used) != 1 || out.Used[0] != "signed alice" {
		t.Errorf("what alice signed: %+v, %+v, %v", answer, out, err)
	}
}

func TestVariablesAndImages(t *testing.T) {
	p := cel.Program{
		Variables:  []cel.Named{{Name: "n", Expression: "object.spec.containers.size()"}, {Name: "m", Expression: "variables.n + 1"}, {Name: "bad", Expression: "object.missing"}},
		Images:     []cel.Named{{Name: "mine", Expression: "object.spec.containers.map(c, c.image)"}},
		Conditions: []cel.Condition{{Expression: "variables.m == 3 && images.mine.size() == 1"}},
	}
	if answer, _, err := evaluate(t, given(), p); err != nil || !answer.Holds {
		t.Errorf("%+v, %v", answer, err)
	}
	p.Conditions = []cel.Condition{{Expression: "variables.bad == 1"}}
	if answer, _, err := evaluate(t, given(), p); err == nil || answer.Holds {
		t.Errorf("a variable that fails is there: %+v", answer)
	}
}

func TestCheck(t *testing.T) {
	if err := cel.Check("images.containers.all(i, verifyImageSignatures(i, [attestors.a]) > 0)"); err != nil {
		t.Error(err)
	}
	for _, there := range []string{"getImageData(ref).digest == ''", "http.Get('x').y", "request.operation == ''", "oldObject == null", "verifyImageSignatures(1, [])"} {
		if missing := new(cel.Missing); !errors.As(cel.Check(there), &missing) {
			t.Errorf("%s: %v", there, cel.Check(there))
		}
	}
	for _, bad := range []string{"a b", "(", strings.Repeat("(", 1000) + strings.Repeat(")", 1000), strings.Repeat("a", 1<<20)} {
		missing := new(cel.Missing)
		if err := cel.Check(bad); err == nil || errors.As(err, &missing) {
			t.Errorf("%.20s: %v", bad, err)
		}
	}
}

// FuzzEvaluate: no expression and no object break the evaluation.
func FuzzEvaluate(f *testing.F) {
	f.Add(`{"conditions": [{"expression": "images.containers.all(i, verifyImageSignatures(i, [attestors.a]) > 0)"}]}`, `{"image": "a", "attestors": ["a"], "signed": {"a": true}}`)
	f.Fuzz(func(t *testing.T, source, input string) {
		if len(source) > 400 || len(input) > 400 {
			return
		}
		answer, err := cel.Evaluate(sandbox.Task{Program: sandbox.Program{Source: []byte(source)}, Input: []byte(input)})
		if err != nil && answer.Holds {
			t.Errorf("it holds, and %v", err)
		}
	})
}
