package dialect_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
)

func TestKyverno(t *testing.T) { run(t, "kyverno") }

// documentsOf are the documents of a file that are policies of Kyverno's on
// images, and the others.
func documentsOf(t *testing.T, file string) (policies, others []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	check(t, err)
	for _, doc := range strings.Split("\n"+string(text), "\n---") {
		var head struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string `yaml:"kind"`
		}
		if yaml.Unmarshal([]byte(doc), &head) != nil || head.Kind == "" {
			continue
		}
		if strings.Contains(head.APIVersion, "kyverno.io/") && strings.HasSuffix(head.Kind, "Policy") {
			policies = append(policies, doc)
		} else {
			others = append(others, doc)
		}
	}
	return policies, others
}

// TestCorpusKyvernoClusterPolicies loads every ClusterPolicy of Kyverno's own
// suite on images, all of which Kyverno takes.
func TestCorpusKyvernoClusterPolicies(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "kyverno", "conformance", "chainsaw", "verify-images", "*", "*", "*", "*.yaml"))
	check(t, err)
	loaded := 0
	for _, file := range files {
		policies, _ := documentsOf(t, file)
		for _, text := range policies {
			dir := t.TempDir()
			if !strings.Contains(text, "verifyImages") {
				text = static + "---" + text // by itself it asks for nothing
			}
			check(t, os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(text), 0o600))
			set, err := dialect.Load(os.DirFS(dir), "p.yaml")
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			loaded++
			for _, p := range set.Policies {
				for _, r := range p.Require {
					if len(r.Unsupported) > 0 {
						t.Logf("%s: %v", filepath.Base(filepath.Dir(file)), r.Unsupported)
					}
				}
			}
		}
	}
	if loaded < 28 {
		t.Errorf("%d policies", loaded)
	}
}

// object is a rendered object.
type object map[string]any

func (o object) JSON() ([]byte, error) { return json.Marshal(o) }

// useOf is where the first container's image of an object runs, and the image.
func useOf(t *testing.T, file string) (policy.Use, policy.Subject) {
	t.Helper()
	text, err := os.ReadFile(file)
	check(t, err)
	// Of a type of its own, what is nested would be of it too.
	var o map[string]any
	check(t, yaml.Unmarshal(text, &o))
	metadata, _ := o["metadata"].(map[string]any)
	word := func(in map[string]any, name string) string { text, _ := in[name].(string); return text }
	use := policy.Use{APIVersion: word(o, "apiVersion"), Kind: word(o, "kind"), Namespace: word(metadata, "namespace"), Name: word(metadata, "name"), Object: object(o)}
	_, rest, _ := strings.Cut(string(text), "image: ")
	image, _, _ := strings.Cut(rest, "\n")
	return use, policy.Subject{Reference: strings.Trim(image, `"' `)}
}

// TestCorpusKyvernoSelects: the policies are about the images and objects that
// Kyverno's cases say.
func TestCorpusKyvernoSelects(t *testing.T) {
	root := filepath.Join(corpus(t), "kyverno", "conformance", "chainsaw", "verify-images", "clusterpolicy", "standard")
	selects(t, root, map[string]policy.Selection{
		"keyed-basic/chainsaw-step-02-apply-1.yaml":                                    policy.Selected,
		"keyed-tsa/chainsaw-step-02-apply-1.yaml":                                      policy.Selected,
		"keyless-attestations-multiple-subjects-3/pod.yaml":                            policy.Selected,
		"keyless-image-invalid-attestor/pod.yaml":                                      policy.Selected,
		"keyless-nomutatedigest-noverifydigest-required/chainsaw-step-02-apply-1.yaml": policy.Selected,
		"nomutateDigest-verifyDigest-norequired/badpod.yaml":                           policy.Selected,
		"sigstore-attestation-verification-test/pod.yaml":                              policy.Selected,
		"update-multi-containers/resource-v1.yaml":                                     policy.Selected,
		"imageExtractors-simple/badtask.yaml":                                          policy.Selected,
		"imageExtractors-complex/badtask.yaml":                                         policy.Selected,
		"imageExtractors-none/task.yaml":                                               policy.NotSelected,
		// The labels of the namespace are the cluster's to know.
		"keyed-basic-namespace-selector/pod-unsigned.yaml": policy.SelectionUnknown,
	})
}

// TestCorpusImageValidatingPoliciesSelect is likewise.
func TestCorpusImageValidatingPoliciesSelect(t *testing.T) {
	selects(t, filepath.Join(corpus(t), "kyverno"), map[string]policy.Selection{
		"cli/test-image-validating-policy/sample-policy/good-pod.yaml":                                                 policy.Selected,
		"cli/test-image-validating-policy/sample-policy/bad-pod.yaml":                                                  policy.Selected,
		"conformance/chainsaw/image-validating-policies/mutate-digest/pod.yaml":                                        policy.Selected,
		"conformance/chainsaw/image-validating-policies/validation-actions/deny/deployment.yaml":                       policy.Selected,
		"conformance/chainsaw/image-validating-policies/autogen/autogen-deployments-statefulsets/bad-statefulset.yaml": policy.Selected,
		"conformance/chainsaw/image-validating-policies/report/admission/deployment.yaml":                              policy.Selected,
		"conformance/chainsaw/image-validating-policies/standard/cosign-attestation-extract-cache-hit/pod.yaml":        policy.Selected,
		"conformance/chainsaw/image-validating-policies/context/globalreference/main-deployment.yaml":                  policy.Selected,
	})
}

// selects holds the policies beside objects to what they must be about.
func selects(t *testing.T, root string, cases map[string]policy.Selection) {
	t.Helper()
	for file, want := range cases {
		dir := filepath.Join(root, filepath.Dir(file))
		policies, _ := documentsOf(t, filepath.Join(dir, "policy.yaml"))
		at := t.TempDir()
		check(t, os.WriteFile(filepath.Join(at, "p.yaml"), []byte(policies[0]), 0o600))
		set, err := dialect.Load(os.DirFS(at), "p.yaml")
		check(t, err)
		use, subject := useOf(t, filepath.Join(root, file))
		if got, why := set.Policies[0].Match.Selector.Select(t.Context(), subject, use); got != want {
			t.Errorf("%s: %s in %s %s is selected: %v (%s), want %v", file, subject.Reference, use.Kind, use.Name, got, why, want)
		}
	}
}

// TestCorpusImageValidatingPolicies loads what Kyverno's own suites apply, and
// refuses what they say is refused.
func TestCorpusImageValidatingPolicies(t *testing.T) {
	root := filepath.Join(corpus(t), "kyverno")
	loaded := 0
	check(t, filepath.WalkDir(root, func(file string, _ os.DirEntry, err error) error {
		base := filepath.Base(file)
		if err != nil || !strings.HasPrefix(base, "policy") && !strings.HasPrefix(base, "ivpol") || !strings.HasSuffix(base, ".yaml") || strings.Contains(base, "assert") {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "kind: ImageValidatingPolicy") {
			return err
		}
		_, err = dialect.Load(os.DirFS(filepath.Dir(file)), base)
		if refused := strings.Contains(file, "invalid-action"); (err != nil) != refused {
			t.Errorf("%s: %v", file, err)
		}
		loaded++
		return nil
	}))
	if loaded < 15 {
		t.Errorf("%d policies", loaded)
	}
}

// TestKyvernoPoliciesThatDoNotLoad: what Kyverno refuses, and what would ask
// for nothing.
func TestKyvernoPoliciesThatDoNotLoad(t *testing.T) {
	const head = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n    - name: r\n      match: {any: [{resources: {kinds: [Pod]}}]}\n"
	entry := func(s string) string { return head + "      verifyImages: [{imageReferences: [\"*\"], " + s + "}]\n" }
	attested := func(s string) string {
		return entry("attestations: [{type: \"https://a\", conditions: " + s + "}]")
	}
	const images = "apiVersion: policies.kyverno.io/v1\nkind: ImageValidatingPolicy\nmetadata: {name: p}\nspec:\n"
	const pods = "  matchConstraints: {resourceRules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}\n"
	for text, want := range map[string]string{
		strings.Replace(entry("attestors: [{entries: [{keys: {kms: a}}]}]"), "v1", "v3", 1):       "unknown version",
		strings.Replace(entry("required: true"), "imageReferences: [\"*\"]", "useCache: true", 1): "imageReferences is empty",
		entry("attestors: [{entries: []}]"):                                                       "entries is empty",
		entry("attestors: [{count: 3, entries: [{keys: {kms: a}}]}]"):                             "count is 3",
		entry("attestors: [{entries: [{keys: {kms: a}, keyless: {issuer: b}}]}]"):                 "has both keys and keyless",
		entry("attestors: [{entries: [{keyless: {issuer: b}}]}]"):                                 "neither rekor nor roots",
		entry("attestors: [{entries: [{keys: {}}]}]"):                                             "none of publicKeys, kms and secret",
		entry("attestors: [{entries: [{keys: {publicKeys: \"-----BEGIN PUBLIC KEY-----\"}}]}]"):   "read publicKeys",
		entry("attestors: [{entries: [{keyless: {subjectRegExp: \"(\", rekor: {url: a}}}]}]"):     "does not compile",
		entry("signers: [a]"): "unknown field",
		entry("attestations: [{attestors: [{entries: [{keys: {kms: a}}]}]}]"): "attestation has no type",
		attested("[{}]"): "want a list of any and all",
		attested("[{al: [{key: a, operator: Equals, value: b}]}]"):                                            "want a list of any and all",
		attested("[{all: [{key: a, operator: Equals, vale: b}]}]"):                                            "want a list of any and all",
		attested("[{all: [{key: a, operator: Matches, value: b}]}]"):                                          "unknown operator",
		attested("[{all: [{key: \"{{ a. }}\", operator: Equals, value: b}]}]"):                                "is no JMESPath",
		images + "  validations: [{expression: \"true\"}]\n":                                                  "names no resourceRules",
		images + pods + "  attestors: []\n":                                                                   "spec.validations is empty",
		images + pods + "  validations: [{expression: \"a b\"}]\n":                                            "Syntax error",
		images + pods + "  validations: [{expression: \"true\"}]\n  attestors: [{name: a, cosign: {}}]\n":     "none of key, keyless and certificate",
		images + pods + "  validations: [{expression: \"true\"}]\n  matchImageReferences: [{glob: \"[a\"}]\n": "glob is not well formed",
		images + pods + "  validations: [{expression: \"true\"}]\n  validationActions: [Allow]\n":             "unknown value",
		strings.Replace(images, "/v1\n", "/v2\n", 1) + pods + "  validations: [{expression: \"true\"}]\n":     "unknown version",
	} {
		_, err := dialect.Load(fstest.MapFS{"p.yaml": {Data: []byte(text)}}, "p.yaml")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q\n%s", err, want, text)
		}
	}
}

// TestKyvernoPoliciesThatGrow: aliases that hold themselves or each other many
// times are refused, wherever they stand.
func TestKyvernoPoliciesThatGrow(t *testing.T) {
	grown := func(field string) string {
		s := "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n    - name: r\n      match: {any: [{resources: {kinds: [Pod]}}]}\n      verifyImages:\n        - imageReferences: [\"*\"]\n" + field
		for i := 1; i < 10; i++ {
			item := fmt.Sprintf("*a%d", i-1)
			s += fmt.Sprintf("            - {key: a, operator: Equals, value: &a%d [%s]}\n", i, strings.TrimSuffix(strings.Repeat(item+",", 10), ","))
		}
		return s
	}
	const ten = "[x,x,x,x,x,x,x,x,x,x]"
	for name, text := range map[string]string{
		"left alone":   grown("          imageRegistryCredentials:\n            - {key: a, operator: Equals, value: &a0 " + ten + "}\n"),
		"itself":       grown("          imageRegistryCredentials: &a0 {x: *a0}\n          useCache:\n"),
		"in condition": strings.Replace(grown("          useCache:\n            - &a0 "+ten+"\n"), "useCache:", "attestations:\n          - type: a\n            conditions:", 1),
	} {
		if _, err := dialect.Load(fstest.MapFS{"p.yaml": {Data: []byte(text)}}, "p.yaml"); err == nil {
			t.Errorf("%s: it loads\n%s", name, text)
		}
	}
}

// TestCorpusExceptions: what Kyverno's own suites except is excepted.
func TestCorpusExceptions(t *testing.T) {
	dir := filepath.Join(corpus(t), "kyverno", "cli", "test-image-validating-policy", "with-cel-exceptions")
	set, err := dialect.Load(os.DirFS(dir), "policy.yaml", "exception.yaml")
	check(t, err)
	_, pods := documentsOf(t, filepath.Join(dir, "resources.yaml"))
	want := map[string]policy.Selection{"test-pod-good": policy.Selected, "test-pod-bad": policy.Selected, "skipped-pod": policy.NotSelected}
	for _, text := range pods {
		file := filepath.Join(t.TempDir(), "pod.yaml")
		check(t, os.WriteFile(file, []byte(text), 0o600))
		use, subject := useOf(t, file)
		subject.Uses = []policy.Use{use}
		selected, why := set.Policies[0].Match.Selector.Select(t.Context(), subject, use)
		allowed, _ := set.Policies[1].Match.Selector.Select(t.Context(), subject, use)
		if selected != want[use.Name] || (allowed == policy.Selected) == (selected == policy.Selected) {
			t.Errorf("%s is selected: %v (%s), excepted: %v", use.Name, selected, why, allowed)
		}
	}
	// An exception for the name of what makes Pods is none for the Pods.
	dir = filepath.Join(corpus(t), "kyverno", "conformance", "chainsaw", "image-validating-policies", "exceptions", "autogen")
	set, err = dialect.Load(os.DirFS(dir), "policy.yaml", "exception.yaml")
	check(t, err)
	use, subject := useOf(t, filepath.Join(dir, "skipped-resources.yaml"))
	if selected, why := set.Policies[0].Match.Selector.Select(t.Context(), subject, use); selected != policy.Selected {
		t.Errorf("%s is selected: %v (%s)", use.Name, selected, why)
	}
}
