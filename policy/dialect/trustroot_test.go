package dialect_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/verify/sigstore"
)

const referring = `apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: p}
spec: {images: [{glob: "**"}], authorities: [{keyless: {trustRootRef: r, identities: [{issuerRegExp: a, subjectRegExp: b}]}}]}
---
`

func rootOf(spec string) string {
	return "apiVersion: policy.sigstore.dev/v1alpha1\nkind: TrustRoot\nmetadata: {name: r}\nspec: {" + spec + "}\n"
}

func loadRoots(t *testing.T, text string) (policy.Set, error) {
	t.Helper()
	return dialect.Load(fstest.MapFS{"p.yaml": {Data: []byte(text)}}, "p.yaml")
}

// TestTrustRootsOfRepositories: where a TrustRoot says that its contents are
// published, there they are looked for.
func TestTrustRootsOfRepositories(t *testing.T) {
	metadata := `{"signatures": [], "signed": {}}`
	encoded := base64.StdEncoding.EncodeToString([]byte(metadata))
	for name, row := range map[string]struct {
		spec string
		want policy.TUFRepository
	}{
		"remote": {
			"remote: {mirror: \"https://tuf.example/\", root: " + encoded + ", trustedRootTarget: t.json}",
			policy.TUFRepository{Mirror: "https://tuf.example", Root: []byte(metadata), Target: "t.json"},
		},
		"repository": {
			"repository: {mirrorFS: YXJjaGl2ZQ==, root: " + encoded + ", targets: targets}",
			policy.TUFRepository{Archive: []byte("archive"), Root: []byte(metadata)},
		},
	} {
		set, err := loadRoots(t, referring+rootOf(row.spec))
		check(t, err)
		rule := set.Policies[0].Require[0].Signature.Signers[0]
		got := rule.Root.Parts.Certificates
		if got.Name != "r" || got.TUF == nil || got.TUF.Mirror != row.want.Mirror || string(got.TUF.Root) != metadata ||
			string(got.TUF.Archive) != string(row.want.Archive) || got.TUF.Target != row.want.Target {
			t.Errorf("%s: root is %+v", name, got.TUF)
		}
	}
}

// TestTrustRootsThatCannotBeUsed: what is wrong with a TrustRoot is told where
// a policy rests on it, and an unknown one is told by its name.
func TestTrustRootsThatCannotBeUsed(t *testing.T) {
	const chain = `sigstoreKeys: {certificateAuthorities: [{subject: {organization: o, commonName: c}, uri: "https://a", certChain: `
	for spec, want := range map[string]string{
		`remote: {mirror: "https://tuf.example", root: "%%"}`:                                       "root is not in base64",
		`remote: {mirror: "https://tuf.example", root: e30=}`:                                       "root is no TUF root metadata",
		`repository: {mirrorFS: "%%", root: eyJzaWduYXR1cmVzIjpbXX0=}`:                              "mirrorFS is not in base64",
		`repository: {mirrorFS: YQ==, root: eyJzaWduYXR1cmVzIjpbXX0=, targets: elsewhere}`:          "only the directory targets",
		chain + `FULCIO_CERT_CHAIN}]}`:                                                              "certChain is not in base64",
		chain + `YQ==}]}`:                                                                           "certChain: it holds no root",
		chain + `YQ==}], tLogs: [{baseURL: "https://a", hashAlgorithm: sha-512, publicKey: YQ==}]}`: "only sha-256 is read",
		chain + `YQ==}], tLogs: [{baseURL: "https://a", hashAlgorithm: sha-256, publicKey: YQ==}]}`: "it holds no PEM block",
	} {
		_, err := loadRoots(t, referring+rootOf(spec))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "p.yaml:9:") {
			t.Errorf("%s: got %v, want %q", spec, err, want)
		}
		if _, err := loadRoots(t, strings.Replace(referring, "trustRootRef: r, ", "", 1)+rootOf(spec)); err != nil {
			t.Errorf("%s: it does not load, and no policy rests on it: %v", spec, err)
		}
	}
	set, err := loadRoots(t, referring)
	check(t, err)
	if _, err := sigstore.ForPolicies(set, sigstore.Roots{}); err == nil || !strings.Contains(err.Error(), "p.yaml:4:71: read trusted root r: neither the policy nor the command line says what it is") {
		t.Errorf("a root that nobody knows: %v", err)
	}
}
