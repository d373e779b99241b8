//go:build !nokms

package kms_test

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/verify/kms"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// TestAWS asks a server that answers as AWS's key management service does: it
// shows that the provider is in the program and is asked for the public key
// alone.
func TestAWS(t *testing.T) {
	key, err := verifytest.NewSigningKey(verifytest.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(key.PEM())
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ KeyId string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		if asked.KeyId != "alias/release" {
			w.Header().Set("X-Amzn-ErrorType", "NotFoundException")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"NotFoundException","message":"no such key"}`))
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		algorithms := []string{"ECDSA_SHA_256"}
		switch target := r.Header.Get("X-Amz-Target"); target {
		case "TrentService.GetPublicKey":
			_ = json.NewEncoder(w).Encode(map[string]any{"KeyId": "release", "PublicKey": block.Bytes, "SigningAlgorithms": algorithms, "KeyUsage": "SIGN_VERIFY"})
		case "TrentService.DescribeKey":
			_ = json.NewEncoder(w).Encode(map[string]any{"KeyMetadata": map[string]any{"KeyId": "release", "SigningAlgorithms": algorithms}})
		default:
			t.Errorf("asked to %s", target)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authorities, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", authorities)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

	host := strings.TrimPrefix(server.URL, "https://")
	keys := managed("awskms://"+host+"/alias/release", "awskms://"+host+"/alias/other")
	kms.Resolve(t.Context(), keys)
	if k := keys[0]; k.Unknown != nil || k.Public == nil || k.Fingerprint != key.Public().Fingerprint {
		t.Errorf("got %+v, unknown: %+v", k, k.Unknown)
	}
	if k := keys[1]; k.Unknown == nil || k.Public != nil || !strings.Contains(k.Unknown.Message, "alias/other") || strings.Contains(k.Unknown.Message, "s3cr3t") {
		t.Errorf("a key that is not there: %+v", k.Unknown)
	}
}
