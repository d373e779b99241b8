package registry

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

func TestChallenges(t *testing.T) {
	for header, want := range map[string]string{
		`Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"`: "https://auth.docker.io/token registry.docker.io repository:a/b:pull,push",
		`bearer Realm=https , service = "a\"b"`:        `https a"b `,
		`Negotiate, Basic realm="x", Bearer realm="y"`: "y  ",
		`Bearer realm="first",realm="second"`:          "first  ",
		`Basic realm="x"`:                              "",
		`Bearer service="x"`:                           "",
		`Bearer realm="unclosed`:                       "",
		``:                                             "",
		`Negotiate YIIabc==, Bearer realm="lost after a token68"`: "",
	} {
		got := ""
		if c := bearerChallenge(http.Header{"Www-Authenticate": {header}}); c != nil {
			got = c.Parameters["realm"] + " " + c.Parameters["service"] + " " + c.Parameters["scope"]
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
}

func FuzzChallenges(f *testing.F) {
	f.Add(`Bearer realm="https://x",service=y`)
	f.Add(`Negotiate a==, Basic realm="\`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range parseChallenges(s) {
			if c.Scheme == "" || strings.ContainsAny(c.Scheme, " ,=\"\r\n") {
				t.Errorf("scheme %q", c.Scheme)
			}
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"config":{},"layers":[{"mediaType":"m","digest":"sha256:aa","size":1,"data":"e30="}],"subject":{"digest":"d"}}`), ociManifest)
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"mediaType":"`+ociManifest+`","digest":"sha256:`+strings.Repeat("a", 64)+`","platform":{"os":"linux"}}]}`), ociIndex)
	f.Fuzz(func(t *testing.T, body []byte, mediaType string) {
		m, err := parseManifest(body, mediaType, digestOf("", body))
		if err != nil {
			return
		}
		if m.index != (mediaType == ociIndex || mediaType == dockerList) || m.index && len(m.layers) > 0 || !m.index && len(m.manifests) > 0 {
			t.Errorf("read as both: %+v", m)
		}
		platforms, err := m.platforms()
		if m.index && err == nil && len(platforms) == 0 {
			t.Error("an index of nothing")
		}
		for _, p := range platforms {
			if p.Digest.IsZero() || p.Name == "" {
				t.Errorf("platform %+v", p)
			}
		}
	})
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"nginx", "ghcr.io/acme/app:1@sha256:" + strings.Repeat("a", 64), "localhost:5000/a", "a/../b", "[::1]:5000/a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := parse(s)
		if err != nil {
			return
		}
		path := ref.repository.RepositoryStr()
		if strings.Contains(path, "..") || strings.Contains(path, "//") || strings.ContainsAny(path+ref.tag, "?#%@ \\") {
			t.Errorf("%q: path %q, tag %q", s, path, ref.tag)
		}
		if ref.tag == "" && ref.digest.IsZero() {
			t.Errorf("%q names nothing", s)
		}
		again, err := parse(ref.key())
		if err != nil || again.key() != ref.key() {
			t.Errorf("%q: key %q is read as %q, %v", s, ref.key(), again.key(), err)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add(`</v2/a/referrers/x?n=1>; rel="next"`, "120")
	f.Add(`<a>, <b>; rel=next`, "Fri, 31 Dec 1999 23:59:59 GMT")
	f.Fuzz(func(t *testing.T, link, after string) {
		if target := nextLink(http.Header{"Link": {link}}); target != "" && !strings.Contains(link, "<"+target+">") {
			t.Errorf("link %q leads to %q", link, target)
		}
		if d, ok := retryAfter(after, time.Unix(1e9, 0)); ok && d < 0 {
			t.Errorf("wait %v for %q", d, after)
		}
	})
}

func TestPredictedPayloadIsWhatTheDigestSays(t *testing.T) {
	ref, err := parse("ghcr.io/acme/app")
	if err != nil {
		t.Fatal(err)
	}
	digest := digestOf("", []byte("image"))
	payload := simpleSigning("ghcr.io/acme/app", digest)
	good := descriptor{Digest: digestOf("", payload).String(), Size: int64(len(payload))}
	if string(predicted(ref.repository, digest, good)) != string(payload) {
		t.Error("not predicted")
	}
	for _, bad := range []descriptor{
		{Digest: good.Digest, Size: good.Size + 1},
		{Digest: digestOf("", nil).String(), Size: good.Size},
		{},
	} {
		if predicted(ref.repository, digest, bad) != nil {
			t.Errorf("predicted for %+v", bad)
		}
	}
	if predicted(ref.repository, policy.Digest{}, good) != nil {
		t.Error("predicted for another image")
	}
}

func TestMemoIsBounded(t *testing.T) {
	m := bounded(func(b []byte) int { return len(b) })
	for i := range 100 {
		key := strings.Repeat("k", i+1)
		if _, err := m.do(t.Context(), key, func() ([]byte, error) { return make([]byte, bounds.MemoBytes/16), nil }); err != nil {
			t.Fatal(err)
		}
	}
	if m.used > bounds.MemoBytes || len(m.kept) != len(m.order) || len(m.kept) == 0 {
		t.Errorf("keeps %d bytes in %d entries of %d", m.used, len(m.kept), len(m.order))
	}
	if _, err := m.do(t.Context(), "large", func() ([]byte, error) { return make([]byte, bounds.MemoBytes/16+1), nil }); err != nil || m.kept["large"] != nil {
		t.Errorf("keeps what is large, %v", err)
	}
}

func TestWhoWaitsForAPanicGetsAnError(t *testing.T) {
	var m memo[int]
	func() {
		defer func() { _ = recover() }()
		_, _ = m.do(t.Context(), "k", func() (int, error) { panic("x") })
	}()
	if v, err := m.do(t.Context(), "k", func() (int, error) { return 1, nil }); v != 1 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
}
