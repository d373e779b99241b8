package sigstore_test

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
)

// TestConformance runs the bundle cases of Sigstore's client conformance
// suite: a directory whose name ends in _fail must be rejected.
func TestConformance(t *testing.T) {
	evidence := evidenceDir(t)
	cases, err := filepath.Glob(filepath.Join(evidence, "conformance", "*", "bundle.sigstore.json"))
	must(t, err)
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, file := range cases {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			err := conform(t, evidence, dir)
			if fail := strings.HasSuffix(dir, "_fail"); fail != (err != nil) {
				t.Errorf("want failure: %v, got %v", fail, err)
			}
			t.Log(err)
		})
	}
}

func conform(t *testing.T, evidence, dir string) error {
	t.Helper()
	rootFile := filepath.Join(evidence, "roots", "public-good", "trusted_root.json")
	if own := filepath.Join(dir, "trusted_root.json"); exists(own) {
		rootFile = own
	}
	root, err := sigstore.ParseTrustedRoot(read(t, rootFile))
	if err != nil {
		return err
	}
	var keys []policy.Key
	if own := filepath.Join(dir, "key.pub"); exists(own) {
		keys = append(keys, publicKey(t, read(t, own)))
	}
	artifact := filepath.Join(evidence, "conformance", "a.txt")
	if own := filepath.Join(dir, "artifact"); exists(own) {
		artifact = own
	}
	verifier, err := sigstore.New(root, keys)
	must(t, err)
	got, err := verifier.Verify(context.Background(), digestOf(t, read(t, artifact)), verify.Bundle{
		Format: policy.FormatBundle, Location: filepath.Base(dir), Payload: read(t, filepath.Join(dir, "bundle.sigstore.json")),
	})
	if err != nil {
		rejection(t, err)
		return err
	}
	return identityOf(dir, got.Signers[0], len(keys) > 0)
}

// identityOf judges the signer as the suite asks.
func identityOf(dir string, signer policy.Signer, managed bool) error {
	if managed {
		if signer.Key == "" {
			return os.ErrInvalid
		}
		return nil
	}
	want := policy.Certificate{
		Issuer:  "https://token.actions.githubusercontent.com",
		Subject: "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main",
	}
	if own, err := os.ReadFile(filepath.Join(dir, "issuer")); err == nil {
		want.Issuer = strings.TrimSpace(string(own))
	}
	if own, err := os.ReadFile(filepath.Join(dir, "identity")); err == nil {
		want.Subject = strings.TrimSpace(string(own))
	}
	if signer.Certificate == nil || signer.Certificate.Issuer != want.Issuer || signer.Certificate.Subject != want.Subject {
		return os.ErrPermission
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func digestOf(t testing.TB, data []byte) policy.Digest {
	t.Helper()
	sum := sha256.Sum256(data)
	d, err := policy.ParseDigest("sha256:" + hexOf(sum[:]))
	must(t, err)
	return d
}
