package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy"
)

func input(predicate string) policy.ExpressionInput {
	digest, err := policy.ParseDigest("sha256:" + strings.Repeat("ab", 32))
	if err != nil {
		panic(err)
	}
	return policy.ExpressionInput{
		Statement: &policy.Statement{
			Type: policy.StatementV1, PredicateType: "https://example.com/t/v1",
			Subjects: []policy.Digest{digest}, Predicate: json.RawMessage(predicate),
		},
		Subject: policy.Subject{Reference: "nginx:1.25", Repository: "index.docker.io/library/nginx", Tag: "1.25", Digest: digest},
		Use:     policy.Use{Unit: "shop", Kind: "Deployment", Namespace: "prod", Name: "web", Labels: map[string]string{"tier": "front"}},
	}
}

const testResult = `{"result":"PASSED", "count": 3, "ratio": 0.5, "big": 123456789012345678901234567890,
 "nested": {"a": {"b": [1, 2.0, "x", null, true, {"c": "d\n\u00e9"}]}}, "empty": {}, "none": [ ] , "zero": 0}`

func TestEvaluate(t *testing.T) {
	for source, want := range map[string]bool{
		`predicate.result == "PASSED"`:                                             true,
		`predicate.result == "FAILED"`:                                             false,
		`predicate.count > 2 && predicate.count < 3.5`:                             true,
		`predicate.count == 3 && predicate.count + 1 == 4`:                         true,
		`predicate.ratio * 2.0 == 1.0`:                                             true,
		`predicate.big > 1.0e29`:                                                   true,
		`has(predicate.missing)`:                                                   false,
		`has(predicate.nested.a.b) && size(predicate.nested.a.b) == 6`:             true,
		`predicate.nested.a.b[5].c == "d\né"`:                                      true,
		`predicate.nested.a.b[3] == null`:                                          true,
		`predicate["nested"]["a"]["b"][0] == 1`:                                    true,
		`predicate.nested.a.b.exists(x, x == "x")`:                                 true,
		`predicate.nested.a.b.all(x, x == "x")`:                                    false,
		`"x" in predicate.nested.a.b && "result" in predicate`:                     true,
		`predicate.nested.a == predicate["nested"].a`:                              true,
		`predicate.nested.a.b == [1, 2, "x", null, true, {"c": "d\né"}]`:           true,
		`predicate.nested.a.b + [1] == predicate.nested.a.b`:                       false,
		`size(predicate.empty) == 0 && size(predicate.none) == 0`:                  true,
		`predicate.exists(k, k == "result")`:                                       true,
		`predicate.map(k, k)[0] == "result"`:                                       true,
		`type(predicate) == map && type(predicate.none) == list`:                   true,
		`statement.predicateType == "https://example.com/t/v1"`:                    true,
		`statement.predicate.result == "PASSED"`:                                   true,
		`statement.subject[0].digest.sha256 == "` + strings.Repeat("ab", 32) + `"`: true,
		`statement._type.endsWith("/v1")`:                                          true,
		`image.reference == "nginx:1.25" && image.tag == "1.25"`:                   true,
		`image.repository.startsWith("index.docker.io/") && !image.pinned`:         true,
		`image.digest.startsWith("sha256:abab")`:                                   true,
		`object.namespace == "prod" && object.labels["tier"] == "front"`:           true,
		`object.kind + "/" + object.name == "Deployment/web"`:                      true,
		`predicate.result.matches("^PASS")`:                                        true,
	} {
		c, err := Compile(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := c.Evaluate(t.Context(), input(testResult)); err != nil || got != want {
			t.Errorf("%s is %t, %v, want %t", source, got, err, want)
		}
	}
}

func TestEvaluateErrorsAreNoPass(t *testing.T) {
	for source, want := range map[string]string{
		`predicate.missing == "x"`:                                  "has()",
		`predicate.result`:                                          "want true or false",
		`predicate.result > 3`:                                      "no such overload",
		`predicate.nested.a.b[9] == 1`:                              "index out of bounds",
		`predicate.count / 0 == 1`:                                  "division by zero",
		`!(predicate.missing == "x")`:                               "has()",
		`predicate.result.matches(predicate.nested.a.b[5].c + "(")`: "error parsing regexp",
	} {
		c, err := Compile(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := c.Evaluate(t.Context(), input(testResult)); got || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %t, %v, want an error with %q", source, got, err, want)
		}
	}
}

func TestEvaluateWithoutPredicate(t *testing.T) {
	c, err := Compile("predicate == null")
	if err != nil {
		t.Fatal(err)
	}
	in := input("null")
	in.Statement.Predicate = nil
	if got, err := c.Evaluate(t.Context(), in); !got || err != nil {
		t.Errorf("a missing predicate is %t, %v, want null", got, err)
	}
	for _, broken := range []string{"{", "", `{"a":1,"a":2}`, `"a`} {
		in.Statement.Predicate = json.RawMessage(broken)
		c, err := Compile(`predicate.a == 1 || true`)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Evaluate(t.Context(), in); broken != "" && (got || err == nil) {
			t.Errorf("%q: got %t, %v, want an error", broken, got, err)
		}
	}
	if got, err := c.Evaluate(t.Context(), policy.ExpressionInput{}); got || err == nil {
		t.Errorf("without a statement: %t, %v, want an error", got, err)
	}
}

func TestCompileErrorsPointAtThePlace(t *testing.T) {
	for source, want := range map[string]string{
		`predicat.result == "x"`:          "compile expression: 1:1: undeclared reference to 'predicat'; in scope are predicate,",
		`true && image.digset == "x"`:     "1:9: undeclared reference to 'image'; in scope are",
		"true &&\n  nothing":              "2:3: undeclared reference to 'nothing'",
		`predicate.result ==`:             "1:20: Syntax error",
		`image.tag`:                       "it is of type string, want a condition",
		`1 + 1`:                           "it is of type int",
		`image.pinned == "x"`:             "no matching overload",
		`object.labels["a"] == 3`:         "no matching overload",
		`predicate.x.matches("(")`:        "invalid matches argument",
		``:                                "Syntax error",
		strings.Repeat("(", 200) + "true": "recursion",
		strings.Repeat("true && ", 3000) + "true": "longer than",
	} {
		_, err := Compile(source)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", source, err, want)
			continue
		}
		var e *Error
		if !errors.As(err, &e) || strings.Contains(e.Message, "\n") {
			t.Errorf("%.60s: error is %#v", source, err)
		}
	}
	_, err := Compile("true && nothing")
	if want := "\n  true && nothing\n          ^"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("no caret under the place: %v", err)
	}
}

func TestReadsUse(t *testing.T) {
	for source, want := range map[string]bool{"object.kind == 'Job'": true, "predicate.object == 1": false, "size(object.labels) > 0": true, "image.pinned": false} {
		c, err := Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.(interface{ ReadsUse() bool }).ReadsUse(); got != want {
			t.Errorf("%s reads the use: %t, want %t", source, got, want)
		}
	}
}

// The row "expression cost" of what must never happen.
func TestExpressionCostIsBoundedInTimeAndMemory(t *testing.T) {
	var list strings.Builder
	list.WriteString(`{"l":[0`)
	for i := 1; i < 3000; i++ {
		fmt.Fprintf(&list, ",%d", i)
	}
	list.WriteString(`],"text":"` + strings.Repeat("x", 1<<20) + `"}`)
	for source, want := range map[string]string{
		`predicate.l.all(x, predicate.l.all(y, predicate.l.all(z, x + y + z >= 0)))`: "costs more",
		`[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(e, [0,1,2,3,4,5,6,7,8,9].all(f, [0,1,2,3,4,5,6,7,8,9].all(g, true)))))))`: "costs more",
		`[predicate.text].all(big, predicate.l.all(x, big.contains("xyz") || true))`:  "costs more",
		`[predicate.text].all(big, predicate.l.filter(x, big.matches("a.*b")) == [])`: "costs more",
		`true || predicate.l.all(x, predicate == predicate)`:                          "",
		`predicate.l.all(x, predicate == predicate) || true`:                          "costs more",
	} {
		c, err := Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Evaluate(t.Context(), input(list.String()))
		if want == "" {
			if !got || err != nil {
				t.Errorf("%s: %t, %v", source, got, err)
			}
			continue
		}
		if got || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %t, %v, want an error with %q", source, got, err, want)
		}
	}
}

// The row "a 50 MB SBOM" of what must never happen.
func TestLargePredicateIsReadInPlace(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"components":[`)
	for i := 0; b.Len() < 50<<20; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"component-%d","version":"1.0.%d","description":"%s"}`, i, i, strings.Repeat("x", 1000))
	}
	b.WriteString(`],"result":"PASSED"}`)
	in := input(b.String())
	b.Reset()
	c, err := Compile(`predicate.result == "PASSED" && predicate.components.all(c, c.version.startsWith("1.0"))`)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if got, err := c.Evaluate(t.Context(), in); !got || err != nil {
		t.Fatalf("%t, %v", got, err)
	}
	runtime.ReadMemStats(&after)
	allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("allocated %d MiB over the evaluation of %d MiB", allocated, len(in.Statement.Predicate)>>20)
	if allocated > 150 {
		t.Errorf("allocated %d MiB in all, want at most 150", allocated)
	}
}

// FuzzJSON compares reading in place with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{testResult, "[]", " { \"a\" : [ 1 , {} ] } ", `"\u00e9\""`, "-1.5e3", `[[[]],{"":{"":[]}}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || len(raw) > 1<<16 {
			return
		}
		var want any
		if err := json.Unmarshal(raw, &want); err != nil {
			return
		}
		doc := &document{left: 1 << 30}
		defer func() {
			if r := recover(); r != nil && !strings.Contains(fmt.Sprint(r), "stands twice") {
				t.Fatalf("%q: %v", raw, r)
			}
		}()
		if got := materialise(doc.value(raw)); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is read as %#v, want %#v", raw, got, want)
		}
	})
}

func materialise(v any) any {
	switch v := v.(type) {
	case *object:
		m := map[string]any{}
		for name, raw := range v.read().fields {
			m[name] = materialise(v.doc.value(raw))
		}
		return m
	case *array:
		l := []any{}
		for i := range v.read().spans {
			l = append(l, materialise(v.at(i)))
		}
		return l
	case interface{ Value() any }:
		switch n := v.Value().(type) {
		case int64:
			return float64(n)
		case string, bool, float64:
			return n
		}
		return nil
	}
	return v
}
