package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// tlsServer is a registry of one image that speaks HTTP/2, and says by which
// protocol it was asked for it.
func tlsServer(t *testing.T) (host string, certificate *x509.Certificate, protocols *[]string) {
	t.Helper()
	protocols = new([]string)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		*protocols = append(*protocols, r.Proto)
		out.Header().Set("Content-Type", ociManifest)
		_, _ = io.WriteString(out, `{"schemaVersion":2,"config":{}}`)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "https://"), server.Certificate(), protocols
}

func TestHTTP2AndTLSOnLoopback(t *testing.T) {
	host, certificate, protocols := tlsServer(t)
	transport := newTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	transport.TLSClientConfig.RootCAs.AddCert(certificate)
	c := New(Options{Keychain: authn.NewMultiKeychain(), Base: transport})
	t.Cleanup(c.Close)
	if s, err := c.Resolve(t.Context(), host+"/acme/app:1", verify.Want{}); err != nil || s.Digest.IsZero() {
		t.Fatal(s, err)
	}
	if len(*protocols) != 1 || (*protocols)[0] != "HTTP/2.0" {
		t.Errorf("asked by %q", *protocols)
	}
}

func TestACertificateThatDoesNotHoldIsUnknown(t *testing.T) {
	host, _, protocols := tlsServer(t)
	c := New(Options{Keychain: authn.NewMultiKeychain()})
	t.Cleanup(c.Close)
	_, err := c.Resolve(t.Context(), host+"/acme/app:1", verify.Want{})
	var f *verify.Fault
	if !errors.As(err, &f) || f.Code != verify.CodeRegistryProtocol || f.Verdict != policy.Unknown ||
		!strings.Contains(f.Message, "TLS certificate") || !strings.Contains(f.Hint, "SSL_CERT_FILE") {
		t.Errorf("got %+v", f)
	}
	if len(*protocols) != 0 {
		t.Error("it was asked nevertheless")
	}
}

// A token is used until a tenth of its life is left, and then one is fetched.
func TestATokenIsRenewedBeforeItExpires(t *testing.T) {
	tokens := 0
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			tokens++
			_, _ = io.WriteString(out, `{"access_token":"t","expires_in":100}`)
		case r.Header.Get("Authorization") != "Bearer t":
			out.Header().Set("WWW-Authenticate", `Bearer realm="`+server.URL+`/token"`)
			out.WriteHeader(http.StatusUnauthorized)
		default:
			out.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	now := time.Now()
	c := New(Options{Keychain: authn.NewMultiKeychain()})
	t.Cleanup(c.Close)
	c.now = func() time.Time { return now }
	host := strings.TrimPrefix(server.URL, "http://")
	for after, want := range []int{1, 1, 1, 2} {
		now = now.Add(time.Duration(after) * 25 * time.Second) // 0, 25, 75 and 150 s
		digest := digestOf("", []byte{byte(after)})
		if _, err := c.Signatures().Bundles(context.Background(), policy.Source{Repository: host + "/acme/app"}, digest); err != nil {
			t.Fatal(err)
		}
		if tokens != want {
			t.Errorf("step %d: %d tokens, want %d", after, tokens, want)
		}
	}
}
