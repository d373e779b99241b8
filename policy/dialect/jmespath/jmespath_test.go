package jmespath_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/dialect/jmespath"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// evaluate runs one condition on an object.
func evaluate(t *testing.T, key any, operator string, value any, input string) (bool, error) {
	t.Helper()
	source, err := json.Marshal(jmespath.Conditions{{All: []jmespath.Condition{{Key: key, Operator: operator, Value: value}}}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := jmespath.Evaluate(sandbox.Task{
		Program: sandbox.Program{Language: jmespath.Language, Source: source}, Input: []byte(input), At: time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC),
	})
	return answer.Holds, err
}

// TestOperators holds operators to what Kyverno's pkg/engine/variables/operator
// makes of the same values.
func TestOperators(t *testing.T) {
	list := func(items ...any) []any { return items }
	for _, row := range []struct {
		key      any
		operator string
		value    any
		want     bool
	}{
		{"a", "Equals", "a", true}, {"ab", "equal", "a*", true}, {"a*", "Equals", "ab", false}, {"a", "Equals", 1, false},
		{1, "Equals", 1, true}, {1, "Equals", "1", true}, {1.5, "Equals", "1.5", true}, {1, "Equals", "x", false},
		{true, "Equals", true, true}, {true, "Equals", "true", false}, {nil, "Equals", nil, false}, {nil, "NotEquals", "a", false},
		{"1h", "Equals", "60m", true}, {"1h", "Equals", 3600, true}, {"1Gi", "Equals", "1024Mi", true}, {"1Gi", "Equals", "x", false},
		{list(1, "a"), "Equals", list(1, "a"), true}, {map[string]any{"a": 1}, "Equals", map[string]any{"a": 2}, false},
		{"a", "NotEquals", "b", true}, {"a", "NotEquals", 1, true}, {"1Gi", "NotEquals", "1024Mi", false}, {1, "NotEqual", "x", true},
		{"a", "AnyIn", list("a", "b"), true}, {"c", "AnyIn", list("a", "b"), false}, {"ab", "AnyIn", list("a*"), true}, {1, "AnyIn", list(1, 2), true},
		{list("a", "c"), "AnyIn", list("a", "b"), true}, {list("c"), "AnyIn", list("a"), false}, {list("a"), "AnyIn", "a", true},
		{list("a", "b"), "AllIn", list("a", "b", "c"), true}, {list("a", "d"), "AllIn", list("a", "b"), false}, {[]any{}, "AllIn", list("a"), true},
		{"a", "AnyNotIn", list("a"), false}, {list("a", "c"), "AnyNotIn", list("a"), true}, {list("a"), "AnyNotIn", list("a"), false},
		{list("a", "c"), "AllNotIn", list("a"), false}, {list("c"), "AllNotIn", list("a"), true}, {"c", "AllNotIn", list("a"), true},
		{"a", "In", `["a","b"]`, true}, {"c", "NotIn", `["a","b"]`, true}, {"a", "AnyIn", 1, false}, {"a", "AnyNotIn", 1, false},
		{2, "GreaterThan", 1, true}, {"2", "GreaterThan", 1, true}, {2, "LessThanOrEquals", "2", true}, {1, "LessThan", 1, false},
		{"2h", "GreaterThan", "90m", true}, {"30m", "LessThan", "1h", true}, {"1Gi", "GreaterThan", "1M", true}, {"1.10.0", "GreaterThan", "1.9.0", true},
		{"x", "GreaterThan", 1, false}, {1, "GreaterThan", "x", false}, {true, "GreaterThan", 0, false},
		{"1h", "DurationGreaterThan", "30m", true}, {"1h", "DurationLessThanOrEquals", 3600, true}, {"x", "DurationLessThan", "1h", false},
	} {
		got, err := evaluate(t, row.key, row.operator, row.value, "{}")
		if err != nil || got != row.want {
			t.Errorf("%v %s %v is %v (%v), want %v", row.key, row.operator, row.value, got, err, row.want)
		}
	}
}

func TestVariables(t *testing.T) {
	const input = `{"a": {"b": "x"}, "list": [{"n": 1}, {"n": 2}], "name": "b", "empty": null, "nested": "{{ a.b }}"}`
	for key, want := range map[string]any{
		"{{ a.b }}": "x", "a {{ a.b }} {{ name }}": "a x b", "{{ a.{{ name }} }}": "x", "{{ list[].n }}": []any{1, 2},
		"{{ nested }}": "x", "{{- nested }}!": "{{ a.b }}!", `\{{ a.b }}`: "{{ a.b }}", "{{ length(list) }}": 2, "{{ list[0] }}!": `{"n":1}!`,
		"{{ to_upper(a.b) }}": "X", "{{ split('a,b', ',') }}": []any{"a", "b"}, "{{ semver_compare('1.2.3', '>=1.0.0') }}": true,
		"{{ time_now_utc() }}": "2026-06-15T12:00:00Z", "{{ time_since('', '2026-06-15T11:00:00Z', '') }}": "60m",
		"{{ time_diff('2026-06-15T11:00:00Z', '2026-06-15T12:00:00Z') }}": "1h", "{{ lookup(a, 'b') }}": "x", "{{ a.c || 'none' }}": "none",
		"{{ items(a, 'k', 'v')[0].k }}": "b", "{{ parse_json('{\"x\": 1}').x }}": 1, "{{ base64_decode('YQ==') }}": "a",
		"{{ time_after('2026-06-15T11:00:00Z', '2026-06-15T12:00:00Z') }}": false, "{{ round(`1.26`, `1`) }}": 1.3,
	} {
		if got, err := evaluate(t, key, "Equals", want, input); err != nil || !got {
			t.Errorf("%s does not equal %v: %v", key, want, err)
		}
	}
	for _, key := range []string{"{{ missing }}", "{{ a.missing }}", "{{ random('a') }}", "{{ a. }}", "$(a)"} {
		if got, err := evaluate(t, key, "NotEquals", "y", input); err == nil || got {
			t.Errorf("%s holds: %v, %v", key, got, err)
		}
	}
	if _, err := evaluate(t, "{{ x }}", "Equals", "y", `{"x": "{{ x }}!"}`); err == nil || !strings.Contains(err.Error(), "more than 64 times") {
		t.Errorf("variables without end: %v", err)
	}
}

func TestCheck(t *testing.T) {
	one := func(key any, operator string) jmespath.Conditions {
		return jmespath.Conditions{{Any: []jmespath.Condition{{Key: key, Operator: operator}}}}
	}
	for key, want := range map[string]string{
		"x": "", "{{ a.b }}": "a", "{{ length(a[?b == 'c']) }}": "a", "{{ request.object | x }}": "request", "{{ [a, b.c] }}": "a b", "{{ a || b }}": "a b",
	} {
		roots, err := jmespath.Check(one(key, "Equals"))
		if got := strings.Join(roots, " "); err != nil || got != want {
			t.Errorf("%s asks for %q (%v), want %q", key, got, err, want)
		}
	}
	for _, function := range []string{"random('a')", "is_external_url('a')", "a[].{b: random('a')}"} {
		_, err := jmespath.Check(one("{{ "+function+" }}", "Equals"))
		if missing := new(jmespath.Missing); !errors.As(err, &missing) {
			t.Errorf("%s: %v", function, err)
		}
	}
	for _, bad := range []jmespath.Conditions{one("{{ a. }}", "Equals"), one("a", "Matches"), one("{{ a( }}", "Equals")} {
		if _, err := jmespath.Check(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// FuzzEvaluate: no conditions and no input break the evaluation.
func FuzzEvaluate(f *testing.F) {
	f.Add(`[{"all": [{"key": "{{ a }}", "operator": "Equals", "value": 1}]}]`, `{"a": 1}`)
	f.Add(`[{"any": [{"key": "{{ a[?b > `+"`1`"+`] }}", "operator": "AnyIn", "value": ["*"]}]}]`, `{"a": [{"b": 2}]}`)
	f.Fuzz(func(t *testing.T, source, input string) {
		if len(source) > 400 || len(input) > 400 {
			return
		}
		var conditions jmespath.Conditions
		if json.Unmarshal([]byte(source), &conditions) == nil {
			_, _ = jmespath.Check(conditions)
		}
		_, _ = jmespath.Evaluate(sandbox.Task{Program: sandbox.Program{Source: []byte(source)}, Input: []byte(input)})
	})
}
