package cel_test

import (
	"encoding/json"
	"testing"

	"github.com/syncgate/syncgate/policy/dialect/cel"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// BenchmarkEvaluate is one image's turn.
func BenchmarkEvaluate(b *testing.B) {
	source, err := json.Marshal(cel.Program{Conditions: []cel.Condition{{Expression: "images.containers.map(i, verifyImageSignatures(i, [attestors.alice])).all(e, e > 0)"}}})
	if err != nil {
		b.Fatal(err)
	}
	input, err := json.Marshal(given())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if answer, err := cel.Evaluate(sandbox.Task{Program: sandbox.Program{Source: source}, Input: input}); err != nil || !answer.Holds {
			b.Fatal(answer, err)
		}
	}
}
