package policy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

const (
	hex256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	hex512 = hex256 + hex256
)

// statement writes a statement with one thing replaced.
func statement(old, with string) string {
	const good = `{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://example.com/p",` +
		`"subject":[{"name":"a","digest":{"sha256":"` + hex256 + `"}}],"predicate":{"a":1}}`
	return strings.Replace(good, old, with, 1)
}

func TestParseStatement(t *testing.T) {
	for name, test := range map[string]struct {
		payload string
		want    policy.Statement
	}{
		"v1":                              {statement("", ""), policy.Statement{Type: policy.StatementV1}},
		"v0.1":                            {statement("/v1", "/v0.1"), policy.Statement{Type: policy.StatementV01}},
		"type for _type, as OpenVEX does": {statement("_type", "type"), policy.Statement{Type: policy.StatementV1}},
		"predicate that is a string":      {statement(`{"a":1}`, `"{}"`), policy.Statement{Predicate: json.RawMessage(`"{}"`)}},
		"unknown keys":                    {statement(`"predicate":`, `"x":1,"predicate":`), policy.Statement{}},
		"keys of the predicate differ in case": {
			statement(`{"a":1}`, `{"Subject":1,"subject":2}`), policy.Statement{Predicate: json.RawMessage(`{"Subject":1,"subject":2}`)},
		},
		"subject without a name": {statement(`"name":"a",`, ``), policy.Statement{}},
	} {
		t.Run(name, func(t *testing.T) {
			want := test.want
			if want.Type == "" {
				want.Type = policy.StatementV1
			}
			want.PredicateType = "https://example.com/p"
			want.Subjects = digests(t, "sha256:"+hex256)
			if want.Predicate == nil {
				want.Predicate = json.RawMessage(`{"a":1}`)
			}
			got, err := policy.ParseStatement([]byte(test.payload))
			if err != nil {
				t.Fatal(err)
			}
			if subject := string(got.Subject); !strings.Contains(test.payload, subject) || !strings.Contains(subject, hex256) {
				t.Errorf("subject is %s", subject)
			}
			got.Subject = nil
			if got := (policy.Statement{Type: got.Type, PredicateType: got.PredicateType, Subjects: got.Subjects, Predicate: got.Predicate}); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestParseStatementSubjects(t *testing.T) {
	for name, test := range map[string]struct {
		subjects string
		want     []string
	}{
		"both algorithms":      {`{"digest":{"sha512":"` + hex512 + `","sha256":"` + hex256 + `"}}`, []string{"sha256:" + hex256, "sha512:" + hex512}},
		"the same twice":       {`{"digest":{"sha256":"` + hex256 + `"}},{"digest":{"sha256":"` + hex256 + `"}}`, []string{"sha256:" + hex256}},
		"other algorithms":     {`{"digest":{"gitCommit":"` + hex256 + `","sha1":"00"}}`, nil},
		"no digest":            {`{"uri":"pkg:maven/a/b@1"}`, nil},
		"upper-case hex":       {`{"digest":{"sha256":"` + strings.ToUpper(hex256) + `"}}`, nil},
		"cut off":              {`{"digest":{"sha256":"` + hex256[:40] + `"}}`, nil},
		"algorithm in the hex": {`{"digest":{"sha256":"sha256:` + hex256 + `"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := policy.ParseStatement([]byte(statement(`{"name":"a","digest":{"sha256":"`+hex256+`"}}`, test.subjects)))
			if err != nil {
				t.Fatal(err)
			}
			if want := digests(t, test.want...); !reflect.DeepEqual(got.Subjects, want) {
				t.Errorf("got %v, want %v", got.Subjects, want)
			}
			if got.Names(policy.Digest{}) {
				t.Error("it names the zero digest")
			}
		})
	}
}

func TestParseStatementRejects(t *testing.T) {
	many := strings.Repeat(`{"name":"a"},`, bounds.Subjects) + `{"name":"a"}`
	deep := strings.Repeat("[", bounds.JSONDepth) + strings.Repeat("]", bounds.JSONDepth)
	for name, test := range map[string]struct{ payload, want string }{
		"THREATS duplicate JSON keys: subject":            {statement(`"subject"`, `"subject":[],"subject"`), `key "subject" twice`},
		"THREATS duplicate JSON keys: predicateType":      {statement(`"predicateType"`, `"predicateType":"x","predicateType"`), `key "predicateType" twice`},
		"THREATS duplicate JSON keys: escaped":            {statement(`"predicateType"`, `"predicat\u0065Type":"x","predicateType"`), `twice`},
		"THREATS duplicate JSON keys: digest":             {statement(`"sha256"`, `"sha256":"00","sha256"`), `key "sha256" twice`},
		"THREATS duplicate JSON keys: in the predicate":   {statement(`{"a":1}`, `{"a":1,"a":2}`), `key "a" twice`},
		"THREATS case-folded JSON keys: Subject":          {statement(`"subject"`, `"Subject":[],"subject"`), `"Subject", which is subject but for letter case`},
		"THREATS case-folded JSON keys: Subject alone":    {statement(`"subject"`, `"Subject"`), `but for letter case`},
		"THREATS case-folded JSON keys: PredicateType":    {statement(`"predicateType"`, `"PredicateType":"x","predicateType"`), `but for letter case`},
		"THREATS case-folded JSON keys: digest":           {statement(`"digest"`, `"Digest":{},"digest"`), `subject 1: it has the key "Digest"`},
		"THREATS case-folded JSON keys: sha256":           {statement(`"sha256"`, `"SHA256"`), `but for letter case`},
		"THREATS case-folded JSON keys: long s":           {statement(`"subject"`, `"`+"\u017f"+`ubject":[],"subject"`), `but for letter case`},
		"THREATS empty list of subjects verifies nothing": {statement(`{"name":"a","digest":{"sha256":"`+hex256+`"}}`, ``), `list of subjects is empty`},
		"no subject":                {statement(`"subject"`, `"subjects"`), `it has no subject`},
		"null subject":              {statement(`[{"name":"a","digest":{"sha256":"`+hex256+`"}}]`, `null`), `list of subjects is empty`},
		"subject is no list":        {statement(`[{"name":"a","digest":{"sha256":"`+hex256+`"}}]`, `{}`), `subject is not a list`},
		"subject is text":           {statement(`{"name":"a","digest":{"sha256":"`+hex256+`"}}`, `"a"`), `subject 1: it is not a JSON object`},
		"subject is null":           {statement(`{"name":"a","digest":{"sha256":"`+hex256+`"}}`, `null`), `subject 1: it is not a JSON object`},
		"digest is a number":        {statement(`"`+hex256+`"`, `1`), `sha256 is not a string`},
		"too many subjects":         {statement(`{"name":"a","digest":{"sha256":"`+hex256+`"}}`, many), `4097 subjects`},
		"too deep":                  {statement(`{"a":1}`, deep), `nests deeper`},
		"no type":                   {statement(`"_type":"https://in-toto.io/Statement/v1",`, ``), `it has no _type`},
		"both types":                {statement(`"_type"`, `"type":"https://in-toto.io/Statement/v1","_type"`), `both _type and type`},
		"unknown type":              {statement(`Statement/v1`, `Statement/v2`), `want https://in-toto.io/Statement/v1`},
		"a link, not a statement":   {`{"_type":"link","name":"x"}`, `"link"`},
		"no predicateType":          {statement(`"predicateType":"https://example.com/p",`, ``), `it has no predicateType`},
		"empty predicateType":       {statement(`"https://example.com/p"`, `""`), `predicateType is not a string`},
		"predicateType is a number": {statement(`"https://example.com/p"`, `1`), `predicateType is not a string`},
		"cut off":                   {statement("", "")[:60], `decode JSON`},
		"a second document":         {statement("", "") + `{}`, `decode JSON`},
		"a list":                    {`[]`, `it is not a JSON object`},
		"null":                      {`null`, `it is not a JSON object`},
		"nothing":                   {``, `decode JSON`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := policy.ParseStatement([]byte(test.payload))
			if err == nil {
				t.Fatalf("accepted as %+v", got)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "read statement: ") {
				t.Errorf("error %q, want %q", err, test.want)
			}
		})
	}
}

// TestParseStatementCorpus reads real statements, odd ones too.
func TestParseStatementCorpus(t *testing.T) {
	corpus := os.Getenv("SYNCGATE_CORPUS")
	if corpus == "" {
		corpus = filepath.Join("..", "..", "shared", "corpus")
	}
	files, err := filepath.Glob(filepath.Join(corpus, "evidence", "intoto", "statements", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("no corpus: set SYNCGATE_CORPUS")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var envelope struct{ Payload []byte }
		if err := json.Unmarshal(data, &envelope); err == nil && envelope.Payload != nil {
			data = envelope.Payload
		}
		if _, err := policy.ParseStatement(data); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
}

// FuzzParseStatement: no input makes a panic, and what is accepted is about
// something and says so in one way.
func FuzzParseStatement(f *testing.F) {
	f.Add([]byte(statement("", "")))
	f.Add([]byte(statement("_type", "type")))
	f.Add([]byte(statement(`"subject"`, `"Subject":[],"subject"`)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, err := policy.ParseStatement(payload)
		if err != nil {
			return
		}
		var plain struct {
			PredicateType string `json:"predicateType"`
			Subject       []any  `json:"subject"`
		}
		if err := json.Unmarshal(payload, &plain); err != nil {
			t.Fatalf("accepted what encoding/json does not: %v", err)
		}
		if plain.PredicateType != s.PredicateType || len(plain.Subject) == 0 {
			t.Fatalf("read as %+v, which encoding/json reads as %+v", s, plain)
		}
	})
}

func digests(t *testing.T, texts ...string) []policy.Digest {
	t.Helper()
	var out []policy.Digest
	for _, text := range texts {
		d, err := policy.ParseDigest(text)
		if err != nil {
			t.Fatal(fmt.Errorf("test: %w", err))
		}
		out = append(out, d)
	}
	return out
}
