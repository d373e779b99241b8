package dialect_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy/dialect"
)

// TestSecretsThatDoNotLoad: what is private has no place among policies, and
// nothing of it is shown.
func TestSecretsThatDoNotLoad(t *testing.T) {
	const hidden = "hunter2"
	secret := func(data string) string {
		return static + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: cosign-system}\n" + data + "\n"
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(hidden))
	for text, want := range map[string]string{
		secret("data: {cosign.password: " + encoded + "}"):                                                         `Secret "key" holds more than public keys, in "cosign.password"`,
		secret("stringData: {a: " + hidden + "}"):                                                                  "holds more than public keys",
		secret("stringData: {a: \"-----BEGIN PUBLIC KEY-----\\nAA\\n-----END PUBLIC KEY-----\\n" + hidden + "\"}"): "holds more than public keys",
		secret("data: {a: \"%" + hidden + "\"}"):                                                                   "is not in base64",
		secret("data: {a: [" + hidden + "]}"):                                                                      "Secret is not well formed here",
		secret("datas: {a: " + hidden + "}"):                                                                       "Secret is not well formed here",
		secret("data: {a: " + hidden + "\n  b: }"):                                                                 "p.yaml:",
		secret("") + "---\n" + strings.TrimPrefix(secret(""), static+"---\n"):                                      `Secret "cosign-system/key" is defined twice`,
		strings.Replace(secret("stringData: {a: b}"), "kind: Secret", "kind: ConfigMap", 1):                        "has stringData",
		strings.Replace(secret("data: {a: b}"), "kind: Secret", "kind: Pod", 1):                                    "is no policy that is read",
		strings.TrimPrefix(secret(""), static+"---\n"):                                                             "no policy",
	} {
		_, err := dialect.Load(fstest.MapFS{"p.yaml": {Data: []byte(text)}}, "p.yaml")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q\n%s", err, want, text)
		}
		if err != nil && (strings.Contains(err.Error(), hidden) || strings.Contains(err.Error(), encoded)) {
			t.Errorf("the message shows it: %v", err)
		}
	}
}

// TestWhatPoliciesReferToMayComeLater: it is found in whatever file it stands,
// and what is wrong with it is told where the policy refers to it.
func TestWhatPoliciesReferToMayComeLater(t *testing.T) {
	const policy = `apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: p}
spec:
  images: [{glob: "**"}]
  authorities: [{name: a, key: {secretRef: {name: key}}, attestations: [{name: t, predicateType: custom, policy: {type: cue, configMapRef: {name: rules, key: a}}}]}]
`
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: \"-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\\n-----END PUBLIC KEY-----\"%s}\n"
	files := func(more, program string) fstest.MapFS {
		return fstest.MapFS{
			"a.yaml": {Data: []byte(policy)},
			"b.yaml": {Data: []byte(strings.Replace(secret, "%s", more, 1))},
			"c.yaml": {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rules}\ndata: {" + program + "}\n")},
		}
	}
	set, err := dialect.Load(files("", "a: \"predicate: passed: true\""), "a.yaml", "b.yaml", "c.yaml")
	check(t, err)
	if r := set.Policies[0].Require[0]; len(r.Unsupported) > 0 {
		t.Errorf("not honoured: %v", r.Unsupported)
	}
	for want, at := range map[string]fstest.MapFS{
		"Secret cosign-system/key has 2 entries":         files(", b: \"-----BEGIN PUBLIC KEY-----\\nAA\\n-----END PUBLIC KEY-----\"", "a: \"a: 1\""),
		`ConfigMap cosign-system/rules has no entry "a"`: files("", "b: \"a: 1\""),
		"a.yaml:6:140: read cue policy":                  files("", "a: \"a: [\""),
	} {
		if _, err := dialect.Load(at, "a.yaml", "b.yaml", "c.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestRulesThatAreAnAlias: filling in what a ConfigMap says loses no rule.
func TestRulesThatAreAnAlias(t *testing.T) {
	const text = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p, annotations: {a: b}}
status: &rules
  - name: r
    match: {any: [{resources: {kinds: [Pod]}}]}
    context: [{name: c, configMap: {name: c, namespace: n}}]
    verifyImages: [{imageReferences: ["*"], attestors: [{entries: [{keys: {kms: "awskms:///alias/x"}}]}]}]
spec: {rules: *rules}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: n}
data: {a: b}
`
	set, err := dialect.Load(fstest.MapFS{"p.yaml": {Data: []byte(text)}}, "p.yaml")
	check(t, err)
	if len(set.Policies) != 1 || len(set.Policies[0].Require) != 1 {
		t.Errorf("policies are %+v", set.Policies)
	}
}
