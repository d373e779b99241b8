//go:build !nokms

package kms_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify/kms"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// vault is a server that answers as HashiCorp Vault's transit engine does.
func vault(t *testing.T, answer func(name string) (status int, pem []byte)) *atomic.Int64 {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("X-Vault-Token") != "s3cr3t" {
			t.Error("the request has no token")
		}
		status, pem := answer(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
			"type": "ecdsa-p256", "latest_version": 1, "keys": map[string]any{"1": map[string]any{"public_key": string(pem)}},
		}})
	}))
	t.Cleanup(server.Close)
	t.Setenv("VAULT_ADDR", server.URL)
	t.Setenv("VAULT_TOKEN", "s3cr3t")
	return &asked
}

func managed(uris ...string) []*policy.Key {
	var keys []*policy.Key
	for _, uri := range uris {
		keys = append(keys, &policy.Key{KMS: uri})
	}
	return keys
}

func TestAKeyIsAskedForOnce(t *testing.T) {
	key, err := verifytest.NewSigningKey(verifytest.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	asked := vault(t, func(string) (int, []byte) { return http.StatusOK, key.PEM() })
	keys := managed("hashivault://release", "hashivault://release")
	kms.Resolve(t.Context(), keys)
	for _, k := range keys {
		if k.Unknown != nil || k.Fingerprint != key.Public().Fingerprint || k.Public == nil {
			t.Errorf("got %+v, unknown: %+v", k, k.Unknown)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("the service was asked %d times", asked.Load())
	}
}

func TestAKeyThatIsNotGivenOutIsUnknown(t *testing.T) {
	weak, err := verifytest.NewSigningKey(verifytest.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	vault(t, func(name string) (int, []byte) {
		switch name {
		case "denied":
			return http.StatusForbidden, nil
		case "garbage":
			return http.StatusOK, []byte("hello")
		}
		return http.StatusOK, weak.PEM()
	})
	for uri, says := range map[string]string{
		"hashivault://denied":       "403",
		"hashivault://garbage":      "",
		"hashivault://a/b/c":        "",
		"sigstore-kms-evil://a":     "no provider",
		"plugin://$(touch evil)":    "no provider",
		"awskms:///no/such/arn/key": "",
	} {
		keys := managed(uri)
		kms.Resolve(t.Context(), keys)
		k := keys[0]
		if k.Unknown == nil || k.Fingerprint != "" || k.Public != nil {
			t.Fatalf("%s: %+v", uri, k)
		}
		if !strings.Contains(k.Unknown.Message, uri) || !strings.Contains(k.Unknown.Message, says) || k.Unknown.Hint == "" ||
			strings.Contains(k.Unknown.Message, "s3cr3t") || strings.Contains(k.Unknown.Message, "\n") {
			t.Errorf("%s: %+v", uri, k.Unknown)
		}
	}
}

func TestBounds(t *testing.T) {
	key, err := verifytest.NewSigningKey(verifytest.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	asked := vault(t, func(string) (int, []byte) { return http.StatusOK, key.PEM() })
	var uris []string
	for i := range bounds.ManagedKeys + 3 {
		uris = append(uris, "hashivault://key"+strings.Repeat("x", i))
	}
	keys := managed(uris...)
	kms.Resolve(t.Context(), keys)
	if n := asked.Load(); n != bounds.ManagedKeys {
		t.Errorf("the service was asked %d times", n)
	}
	if last := keys[len(keys)-1]; last.Unknown == nil || last.Fingerprint != "" {
		t.Errorf("one too many is %+v", last)
	}
	offline := managed("hashivault://release")
	kms.Offline(offline)
	if offline[0].Unknown == nil || asked.Load() != bounds.ManagedKeys {
		t.Errorf("offline: %+v, asked %d times", offline[0], asked.Load())
	}
}
