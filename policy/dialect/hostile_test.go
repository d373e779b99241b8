package dialect_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/dialect/cel"
	"github.com/syncgate/syncgate/policy/dialect/cue"
	"github.com/syncgate/syncgate/policy/dialect/jmespath"
	"github.com/syncgate/syncgate/policy/dialect/rego"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// TestHostilePrograms: a program that asks for more than there is has no
// answer, and takes no more than it may.
func TestHostilePrograms(t *testing.T) {
	pool := sandbox.New()
	for name, program := range map[string]sandbox.Program{
		"cue doubles a text":         {Language: cue.Language, Source: doublings(`"\(%)\(%)"`)},
		"cue makes a long list":      {Language: cue.Language, Source: []byte("import \"list\"\nx: [for a in list.Range(0, 100000000, 1) {a}]")},
		"rego makes a long list":     {Language: rego.Language, Source: []byte("package sigstore\nisCompliant { count(numbers.range(1, 10000000000)) > 0 }")},
		"conditions multiply a list": {Language: jmespath.Language, Source: []byte(`[{"all": [{"key": "{{ ` + multiplied(9) + ` }}", "operator": "Equals", "value": 1}]}]`)},
		"conditions double a text":   {Language: jmespath.Language, Source: []byte(`[{"all": [{"key": "{{ ` + doubled(34) + ` }}", "operator": "Equals", "value": 1}]}]`)},
		"cel loops in loops":         {Language: cel.Language, Source: []byte(`{"conditions": [{"expression": "` + looped(9) + `"}]}`)},
		"cel doubles a text":         {Language: cel.Language, Source: doubledVariables(40)},
		"rego doubles a text":        {Language: rego.Language, Source: []byte("package sigstore\n" + strings.ReplaceAll(string(doublings(`concat("", [%, %])`)), ":", " = ") + "\nisCompliant { count(x40) > 0 }")},
	} {
		answer, err := pool.Run(t.Context(), sandbox.Task{Program: program, Input: []byte("{}")})
		limit := new(sandbox.LimitError)
		if answer.Holds || !errors.As(err, &limit) {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}

// looped is an expression that goes round 10^n times.
func looped(n int) string {
	if n == 0 {
		return "true"
	}
	return "[0,1,2,3,4,5,6,7,8,9].all(x" + strconv.Itoa(n) + ", " + looped(n-1) + ")"
}

// doubledVariables is a program of variables that each hold the one before
// twice.
func doubledVariables(n int) []byte {
	var p cel.Program
	p.Variables = append(p.Variables, cel.Named{Name: "x0", Expression: "'x'"})
	for i := 1; i <= n; i++ {
		before := "variables.x" + strconv.Itoa(i-1)
		p.Variables = append(p.Variables, cel.Named{Name: "x" + strconv.Itoa(i), Expression: before + " + " + before})
	}
	p.Conditions = []cel.Condition{{Expression: "variables.x" + strconv.Itoa(n) + ".size() > 0"}}
	out, _ := json.Marshal(p)
	return out
}

// multiplied is an expression for a list of 10^n lists.
func multiplied(n int) string {
	list := "[" + strings.TrimSuffix(strings.Repeat("@,", 10), ",") + "]"
	return "length(" + strings.Repeat(list+"[] | ", n) + list + "[])"
}

// doubled is an expression for a text of 2^n characters.
func doubled(n int) string {
	return "'x'" + strings.Repeat(" | join('', [@, @])", n)
}

// doublings makes a program of lines that each hold the one before twice.
func doublings(form string) []byte {
	var b strings.Builder
	b.WriteString("x0: \"x\"\n")
	previous := "x0"
	for i := 1; i <= 40; i++ {
		next := "x" + strconv.Itoa(i)
		b.WriteString(next + ": " + strings.ReplaceAll(form, "%", previous) + "\n")
		previous = next
	}
	return []byte(b.String())
}

// TestNothingReachesOut: what could read a file, an environment or a network
// is no part of the language.
func TestNothingReachesOut(t *testing.T) {
	pool := sandbox.New()
	for _, call := range []string{
		`http.send({"method": "get", "url": "http://127.0.0.1/"}).status_code == 200`,
		`net.lookup_ip_addr("localhost")`, `opa.runtime().env.PATH`, `rand.intn("x", 10) > -1`, `uuid.rfc4122("x")`,
		`json.match_schema({}, {"$ref": "file:///etc/passwd"})`, `json.verify_schema({"$ref": "http://127.0.0.1/"})`,
	} {
		program := sandbox.Program{Language: rego.Language, Source: []byte("package sigstore\nisCompliant { " + call + " }")}
		answer, err := pool.Run(t.Context(), sandbox.Task{Program: program, Input: []byte("{}")})
		if mistake := new(sandbox.Mistake); answer.Holds || !errors.As(err, &mistake) || !strings.Contains(err.Error(), "undefined function") {
			t.Errorf("%s: %+v, %v", call, answer, err)
		}
	}
	for _, name := range []string{"example.com/x", "example.com/x@v1:y"} {
		program := sandbox.Program{Language: cue.Language, Source: []byte("import \"" + name + "\"\na: 1")}
		if answer, err := pool.Run(t.Context(), sandbox.Task{Program: program, Input: []byte("{}")}); answer.Holds || err == nil {
			t.Errorf("import %s: %+v, %v", name, answer, err)
		}
		if err := cue.Check(string(program.Source)); err == nil {
			t.Errorf("import %s is not refused", name)
		}
	}
}
