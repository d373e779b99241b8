package predicate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/predicate"
)

func TestCheckKeysRejectsDuplicateAndCaseFoldedJSONKeys(t *testing.T) {
	many := func(last string) string {
		var keys []string
		for i := range 100 {
			keys = append(keys, fmt.Sprintf("%q:0", fmt.Sprint("k", i)))
		}
		return "{" + strings.Join(append(keys, last), ",") + "}"
	}
	nested := func(depth int) string {
		return strings.Repeat("[", depth) + strings.Repeat("]", depth)
	}
	names := []string{"subject", "predicateType", "kind"}
	for name, test := range map[string]struct{ doc, want string }{
		"plain":                     {`{"subject":[{"name":"a"},{"name":"a"}],"predicateType":"x"}`, ""},
		"siblings may share keys":   {`{"a":{"b":1},"c":{"b":1,"a":{}}}`, ""},
		"values are no keys":        {`{"a":"b","b":"a","c":["c","c"]}`, ""},
		"scalar":                    {`"subject"`, ""},
		"labels differ in case":     {`{"labels":{"Version":1,"version":2}}`, ""},
		"many distinct":             {many(`"k100":0`), ""},
		"deepest":                   {nested(bounds.JSONDepth), ""},
		"alone in another case":     {`{"Subject":1}`, ""},
		"duplicate":                 {`{"subject":1,"predicateType":2,"subject":3}`, `the document has the key "subject" twice`},
		"duplicate after an object": {`{"a":{"x":[1,{"y":"}"}]},"b":1,"a":2}`, `the document has the key "a" twice`},
		"duplicate below":           {`{"x":[1,{"y":{"a":1,"a":1}}]}`, `x[1].y has the key "a" twice`},
		"duplicate unknown name":    {`{"labels":{"v":1,"v":1}}`, `labels has the key "v" twice`},
		"duplicate of many":         {many(`"k7":0`), `the document has the key "k7" twice`},
		"duplicate at the end":      {many(`"x":0,"x":0`), `the document has the key "x" twice`},
		"escaped":                   {`{"subject":1,"\u0073ubject":2}`, `the document has the key "subject" twice`},
		"escaped quote":             {`{"a\"":1,"a\"":2}`, `has the key "a\"" twice`},
		"lone surrogates":           {`{"\ud800":1,"\ud801":2}`, `twice`},
		"other case":                {`{"subject":1,"Subject":2}`, `the document has the key "subject" twice (the second time as "Subject")`},
		"other case first":          {`{"PREDICATETYPE":1,"predicateType":2}`, `the key "predicateType" twice`},
		"other case below":          {`{"a":[{"predicateType":1,"predicatetype":2}]}`, `a[0] has the key "predicateType" twice`},
		"Kelvin sign":               {`{"kind":1,"` + "\u212a" + `ind":2}`, `the key "kind" twice`},
		"long s":                    {`{"subject":1,"` + "\u017f" + `ubject":2}`, `the key "subject" twice`},
		"too deep":                  {nested(bounds.JSONDepth + 1), `nests deeper than 200 levels`},
		"trailing":                  {`{} {}`, `decode JSON: invalid character '{' after top-level value`},
		"cut off":                   {`{"a":`, `decode JSON: unexpected end of JSON input`},
		"empty":                     {``, `decode JSON: unexpected end of JSON input`},
		"not UTF-8":                 {"{\"a\xff\":1,\"a\xfe\":2}", `decode JSON: not valid UTF-8`},
	} {
		t.Run(name, func(t *testing.T) {
			err := predicate.CheckKeys([]byte(test.doc), names...)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("rejected: %v", err)
			case test.want != "" && err == nil:
				t.Errorf("accepted, want %q", test.want)
			case test.want != "" && !strings.Contains(err.Error(), test.want):
				t.Errorf("error %q, want %q", err, test.want)
			}
		})
	}
}

// FuzzCheckKeys holds CheckKeys to the standard decoder's token stream.
func FuzzCheckKeys(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,"x",null]},"c":{}}`, `{"a":1,"\u0061":2}`, `[[{"k":1,"K":2}]]`, `{"a":1,"a`, `1E700`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := predicate.CheckKeys(data)
		if !json.Valid(data) {
			if err == nil {
				t.Fatal("accepted what is not JSON")
			}
			return
		}
		if err == nil && hasDuplicate(json.NewDecoder(strings.NewReader(string(data)))) {
			t.Fatal("accepted a duplicate key")
		}
	})
}

// hasDuplicate reads one value.
func hasDuplicate(decoder *json.Decoder) bool {
	token, err := decoder.Token()
	if err != nil {
		return false
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return false
	}
	seen := map[string]bool{}
	for decoder.More() {
		if delim == '{' {
			key, _ := decoder.Token()
			name, _ := key.(string)
			if seen[name] {
				return true
			}
			seen[name] = true
		}
		if hasDuplicate(decoder) {
			return true
		}
	}
	_, _ = decoder.Token()
	return false
}
