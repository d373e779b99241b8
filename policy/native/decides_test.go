package native_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/cases"
	"github.com/syncgate/syncgate/policy/native"
)

// decision is a case in which one field alone turns pass into something else.
type decision struct {
	Field string `yaml:"field"`
	// Spec is laid over that of baseDocuments. Exception, where it is there,
	// is the spec of one.
	Spec      map[string]any `yaml:"spec"`
	Exception map[string]any `yaml:"exception"`
	// Set is the field that is changed, by its path, and its value.
	Set map[string]any `yaml:"set"`
	// Image, Platforms, Exploits and Facts are what the policy is asked about.
	Image     string `yaml:"image"`
	Platforms bool   `yaml:"platforms"`
	Exploits  bool   `yaml:"exploits"`
	Facts     []any  `yaml:"facts"`
	// Verdict and Findings must come out, or Error says why it does not load.
	Verdict  string   `yaml:"verdict"`
	Findings []string `yaml:"findings"`
	Error    string   `yaml:"error"`
	// Test is the file of one that shows it elsewhere, and what it says.
	Test string `yaml:"test"`
	Says string `yaml:"says"`
}

const baseSpec = `
match: {images: ["ghcr.io/acme/**"]}
signers: {psirt: {key: {file: psirt.pub}}, other: {key: {file: scanner.pub}}}
require: [{name: signed, signature: {signers: [psirt]}}]
`

const signersOfFacts = `
psirt: {key: psirt.pub}
scanner: {key: scanner.pub}
source: {key: source.pub}
build-1: {key: build-1.pub}
build-2: {key: build-2.pub}
holder: {certificate: {issuer: "CN=acme", subject: "https://acme.example/teams/shop"}}
runner:
  certificate:
    issuer: https://token.actions.githubusercontent.com
    subject: https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1
    extensions: {runnerEnvironment: self-hosted, sourceRepositoryURI: "https://github.com/acme/shop", sourceRepositoryRef: refs/tags/v1}
`

// exemptFromDeciding are the fields that no verdict depends on: what a document
// is, what is written for people, and what never loads.
var exemptFromDeciding = []string{
	"imagePolicy.apiVersion", "imagePolicy.kind", "imageException.apiVersion", "imageException.kind", "imageException.metadata",
	"metadata.labels", "metadata.annotations", "ignore.reason", "exceptionSpec.reason", "exceptionSpec.approvedBy",
	"objectSelector.matchExpressions",
}

// TestEveryFieldDecides (CVE-2025-29778): each field of the language has a case
// in testdata/policy in which that field alone turns pass into fail.
func TestEveryFieldDecides(t *testing.T) {
	covered := map[string]bool{}
	for _, name := range []string{"match", "signers", "requirements", "contents", "exceptions"} {
		var list []decision
		decode(t, "testdata/policy/"+name+".yaml", &list)
		for _, d := range list {
			for _, one := range d.each() {
				covered[one.Field] = true
				t.Run(one.Field, func(t *testing.T) { one.check(t) })
			}
		}
	}
	for _, field := range native.SchemaFields() {
		if !covered[field] && !slices.Contains(exemptFromDeciding, field) {
			t.Errorf("no case in testdata/policy shows that %s decides", field)
		}
		if covered[field] && slices.Contains(exemptFromDeciding, field) {
			t.Errorf("%s is exempt, and has a case", field)
		}
		delete(covered, field)
	}
	for field := range covered {
		t.Errorf("there is no field %s", field)
	}
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// each is a case for every certificate extension where one is for all.
func (d decision) each() []decision {
	if d.Field != "extensions.*" {
		return []decision{d}
	}
	var out []decision
	for _, field := range native.SchemaFields() {
		extension, ok := strings.CutPrefix(field, "extensions.")
		if !ok {
			continue
		}
		one := d
		one.Field, one.Set = field, map[string]any{}
		for path, value := range d.Set {
			one.Set[strings.Replace(path, "*", extension, 1)] = value
		}
		out = append(out, one)
	}
	return out
}

func (d decision) check(t *testing.T) {
	if d.Test != "" {
		text, err := os.ReadFile("../../" + d.Test)
		if err != nil || !strings.Contains(string(text), d.Says) {
			t.Errorf("%s does not say %q (%v)", d.Test, d.Says, err)
		}
		return
	}
	before, err := d.judge(t, nil)
	if err != nil || before.Verdict != policy.Pass {
		t.Fatalf("without the field it is %s, want pass (%v): %+v", before.Verdict, err, before.Findings)
	}
	after, err := d.judge(t, d.Set)
	if d.Error != "" || err != nil {
		if err == nil || d.Error == "" || !strings.Contains(err.Error(), d.Error) {
			t.Errorf("error is %v, want %q", err, d.Error)
		}
		return
	}
	want := policy.Fail
	if d.Verdict != "" {
		_ = want.UnmarshalText([]byte(d.Verdict))
	}
	var codes []string
	for _, f := range after.Findings {
		if f.Verdict != policy.Pass {
			codes = append(codes, string(f.Code))
		}
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	slices.Sort(d.Findings)
	if after.Verdict != want || !slices.Equal(codes, d.Findings) {
		t.Errorf("with the field it is %s with %v, want %s with %v: %+v", after.Verdict, codes, want, d.Findings, after.Findings)
	}
}

// judge judges the case, with fields of the policy set.
func (d decision) judge(t *testing.T, set map[string]any) (policy.Result, error) {
	t.Helper()
	files := fstest.MapFS{}
	for _, pattern := range []string{"testdata/good/*.pub", "testdata/good/*.pem", "testdata/good/*.layout", "testdata/policy/*.pub"} {
		found, _ := filepath.Glob(pattern)
		for _, file := range found {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(file)] = &fstest.MapFile{Data: text}
		}
	}
	files["p.yaml"] = &fstest.MapFile{Data: d.documents(t, files, set)}
	files["p.test.yaml"] = &fstest.MapFile{Data: d.asked(t)}
	if d.Exploits {
		files["kev.csv"] = &fstest.MapFile{Data: []byte("cveID,vendorProject\nCVE-2026-1,acme\n")}
		files["epss.csv"] = &fstest.MapFile{Data: []byte("cve,epss,percentile\nCVE-2026-1,0.9,0.9\n")}
	}
	suite, err := cases.Load(files, "p.test.yaml")
	if err != nil {
		return policy.Result{}, err
	}
	outcome, err := cases.Runner{}.Run(t.Context(), suite)
	if err != nil {
		return policy.Result{}, err
	}
	return outcome.Cases[0].Result, nil
}

// documents are the policy and the exception.
func (d decision) documents(t *testing.T, files fstest.MapFS, set map[string]any) []byte {
	t.Helper()
	spec := map[string]any{}
	if err := yaml.Unmarshal([]byte(baseSpec), &spec); err != nil {
		t.Fatal(err)
	}
	for name, value := range clone(t, d.Spec) {
		if others, ok := spec[name].(map[string]any); ok && name == "signers" && value != nil {
			maps.Copy(others, value.(map[string]any))
			continue
		}
		spec[name] = value
		if value == nil {
			delete(spec, name)
		}
	}
	root := map[string]any{"metadata": map[string]any{"name": "p"}, "spec": spec, "exception": any(clone(t, d.Exception))}
	for path, value := range set {
		first, _, _ := strings.Cut(path, ".")
		if first != "metadata" && first != "exception" {
			path = "spec." + path
		}
		put(t, root, strings.Split(path, "."), value)
	}
	docs := []map[string]any{{"apiVersion": native.APIVersion, "kind": native.KindPolicy, "metadata": root["metadata"], "spec": root["spec"]}}
	if d.Exception != nil {
		docs = append(docs, map[string]any{"apiVersion": native.APIVersion, "kind": native.KindException, "metadata": map[string]any{"name": "e"}, "spec": root["exception"]})
	}
	var out strings.Builder
	for _, doc := range docs {
		text, err := yaml.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("---\n" + string(text))
	}
	text := out.String()
	for name, file := range files {
		text = strings.ReplaceAll(text, "$"+name, strconv.Quote(string(file.Data)))
	}
	return []byte(text)
}

func clone(t *testing.T, m map[string]any) map[string]any {
	t.Helper()
	text, err := yaml.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := yaml.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// put sets what a path leads to. Nil takes it out.
func put(t *testing.T, in any, path []string, value any) {
	t.Helper()
	switch in := in.(type) {
	case map[string]any:
		switch {
		case len(path) == 1 && value == nil:
			delete(in, path[0])
		case len(path) == 1:
			in[path[0]] = value
		default:
			if in[path[0]] == nil {
				in[path[0]] = map[string]any{}
			}
			put(t, in[path[0]], path[1:], value)
		}
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(in) {
			t.Fatalf("no entry %s", path[0])
		}
		if len(path) == 1 {
			in[i] = value
			return
		}
		put(t, in[i], path[1:], value)
	default:
		t.Fatalf("nothing has a field %s", path[0])
	}
}

// asked is the image and its evidence.
func (d decision) asked(t *testing.T) []byte {
	t.Helper()
	known, signers := map[string]any{}, map[string]any{}
	decode(t, "testdata/policy/facts.yaml", &known)
	if err := yaml.Unmarshal([]byte(signersOfFacts), &signers); err != nil {
		t.Fatal(err)
	}
	extensions := map[string]any{}
	for _, field := range native.SchemaFields() {
		if extension, ok := strings.CutPrefix(field, "extensions."); ok {
			extensions[extension] = "as it is"
		}
	}
	signers["builder"] = map[string]any{"certificate": map[string]any{
		"issuer": "https://issuer.example", "subject": "https://git.example/acme/shop", "extensions": extensions,
	}}
	facts := []any{}
	for _, f := range d.Facts {
		if name, ok := f.(string); ok {
			if f = known[name]; f == nil {
				t.Fatalf("no fact %s", name)
			}
		}
		facts = append(facts, f)
	}
	one := map[string]any{
		"name": "a", "image": d.Image, "facts": facts, "expect": map[string]any{"verdict": "pass"},
		"runs": []any{map[string]any{"unit": "shop", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "prod", "name": "web", "class": "podspec", "labels": map[string]any{"tier": "front"}}},
	}
	if d.Image == "" {
		one["image"] = "ghcr.io/acme/shop:v1@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
	}
	if d.Platforms {
		one["platforms"] = map[string]any{"linux/amd64": "sha256:" + fmt.Sprintf("%064d", 1)}
	}
	spec := map[string]any{"at": "2026-06-01T12:00:00Z", "signers": signers, "cases": []any{one}}
	if d.Exploits {
		spec["kev"], spec["epss"] = "kev.csv", "epss.csv"
	}
	text, err := yaml.Marshal(map[string]any{"apiVersion": cases.APIVersion, "kind": cases.Kind, "spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
