package sigstore_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// tufRepository serves a trusted root by way of TUF.
type tufRepository struct {
	root   []byte
	url    string
	asked  atomic.Int64
	broken atomic.Bool
}

// newRepository signs a repository that holds one target.
func newRepository(t *testing.T, target []byte, expires time.Time) *tufRepository {
	t.Helper()
	return newRepositoryWith(t, target, expires, func(*metadata.RootType, *metadata.TargetsType) {})
}

// newRepositoryWith changes the metadata before it is signed.
func newRepositoryWith(t *testing.T, target []byte, expires time.Time, change func(*metadata.RootType, *metadata.TargetsType)) *tufRepository {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	signer, err := signature.LoadSigner(private, crypto.Hash(0))
	must(t, err)
	key, err := metadata.KeyFromPublicKey(private.Public())
	must(t, err)

	root, targets := metadata.Root(expires), metadata.Targets(expires)
	snapshot, timestamp := metadata.Snapshot(expires), metadata.Timestamp(expires)
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		must(t, root.Signed.AddKey(key, role))
	}
	info, err := metadata.TargetFile().FromBytes("trusted_root.json", target, "sha256")
	must(t, err)
	targets.Signed.Targets["trusted_root.json"] = info

	files := map[string][]byte{"/targets/" + info.Hashes["sha256"].String() + ".trusted_root.json": target}
	put := func(name string, data []byte, err error) { must(t, err); files[name] = data }
	change(&root.Signed, &targets.Signed)
	sign := func(err error) { must(t, err) }
	_, err = root.Sign(signer)
	sign(err)
	_, err = targets.Sign(signer)
	sign(err)
	_, err = snapshot.Sign(signer)
	sign(err)
	_, err = timestamp.Sign(signer)
	sign(err)
	data, err := targets.ToBytes(false)
	put("/1.targets.json", data, err)
	data, err = snapshot.ToBytes(false)
	put("/1.snapshot.json", data, err)
	data, err = timestamp.ToBytes(false)
	put("/timestamp.json", data, err)

	r := &tufRepository{}
	r.root, err = root.ToBytes(false)
	must(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.asked.Add(1)
		data, ok := files[request.URL.Path]
		switch {
		case r.broken.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			// A client that goes away is not this test's concern.
			_, _ = w.Write(data)
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *tufRepository) trustedRoot(dir string, network sigstore.Network) *sigstore.TrustedRoot {
	return sigstore.FromRepository(sigstore.Repository{URL: r.url, Root: r.root}, sigstore.Access{CacheDir: dir, Network: network})
}

func never() time.Time { return time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC) }

// with verifies a keyless signature with a root.
func with(s *scene, root *sigstore.TrustedRoot) error {
	s.t.Helper()
	v, err := sigstore.New(root, []policy.Key{s.keyed.Public()})
	must(s.t, err)
	_, err = s.verify(v, s.made(policy.FormatDSSE, s.keyless, verifytest.How{}))
	return err
}

func TestRootFromRepository(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	repository, dir := newRepository(t, s.TrustedRoot(), never()), t.TempDir()

	lazy := repository.trustedRoot(dir, sigstore.Online)
	v, err := sigstore.New(lazy, []policy.Key{s.keyed.Public()})
	must(t, err)
	s.accept(v, s.made(policy.FormatDSSE, s.keyed, verifytest.How{Log: verifytest.LogNone}))
	if n := repository.asked.Load(); n != 0 {
		t.Errorf("the repository was asked %d times for what needs no trusted root", n)
	}

	must(t, with(s, lazy))
	first := repository.asked.Load()
	must(t, with(s, lazy))
	must(t, with(s, repository.trustedRoot(dir, sigstore.Online)))
	if n := repository.asked.Load(); n != first {
		t.Errorf("the repository was asked %d times more on the same day", n-first)
	}

	repository.broken.Store(true)
	// A day later, and the repository does not answer: what was fetched is
	// still valid.
	stamps, err := filepath.Glob(filepath.Join(dir, "*.json"))
	must(t, err)
	if len(stamps) != 1 {
		t.Fatalf("%d files say when the repository was asked, want one", len(stamps))
	}
	must(t, os.WriteFile(stamps[0], []byte(`{"lastTimestamp":"2020-01-01T00:00:00Z"}`), 0o600))
	must(t, with(s, repository.trustedRoot(dir, sigstore.Online)))
	if n := repository.asked.Load(); n == first {
		t.Error("the repository was not asked on another day")
	}

	first = repository.asked.Load()
	must(t, with(s, repository.trustedRoot(dir, sigstore.Offline)))
	if n := repository.asked.Load(); n != first {
		t.Errorf("offline the repository was asked %d times", n-first)
	}
}

func TestRootFromRepositoryFaults(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	good := newRepository(t, s.TrustedRoot(), never())
	broken := newRepository(t, s.TrustedRoot(), never())
	broken.broken.Store(true)
	expired := newRepository(t, s.TrustedRoot(), time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	nothing := newRepository(t, []byte("{}"), never())
	forged := newRepository(t, s.TrustedRoot(), never())
	forged.root = good.root
	for name, test := range map[string]struct {
		root *sigstore.TrustedRoot
		code policy.Code
		says string
	}{
		"offline and never fetched": {good.trustedRoot(t.TempDir(), sigstore.Offline), verify.CodeOffline, "never fetched"},
		"does not answer":           {broken.trustedRoot(t.TempDir(), sigstore.Online), sigstore.CodeTrustUnavailable, "503"},
		"metadata has expired":      {expired.trustedRoot(t.TempDir(), sigstore.Online), sigstore.CodeTrustUnavailable, "expired"},
		"signed by somebody else":   {forged.trustedRoot(t.TempDir(), sigstore.Online), sigstore.CodeTrustUnavailable, "not enough signatures"},
		"no trusted root":           {nothing.trustedRoot(t.TempDir(), sigstore.Online), sigstore.CodeTrustUnavailable, "media type"},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			err := with(s, test.root)
			var fault *verify.Fault
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a fault", err)
			}
			if fault.Code != test.code || fault.Verdict != policy.Unknown || !strings.Contains(fault.Message, test.says) || fault.Hint == "" {
				t.Errorf("fault %+v, want %s that says %q", fault, test.code, test.says)
			}
		})
	}
}

// TestRootFaultIsKept: a repository that does not answer is not asked again
// for each image, but a caller who gave up does not decide for the next.
func TestRootFaultIsKept(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	repository := newRepository(t, s.TrustedRoot(), never())
	root := repository.trustedRoot(t.TempDir(), sigstore.Online)
	v, err := sigstore.New(root, nil)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	waits := make(chan struct{})
	client := &http.Client{Transport: cancelling{cancel, waits}}
	givesUp := sigstore.FromRepository(sigstore.Repository{URL: repository.url, Root: repository.root, Client: client}, sigstore.Access{CacheDir: t.TempDir()})
	impatient, err := sigstore.New(givesUp, nil)
	must(t, err)
	b := s.made(policy.FormatDSSE, s.keyless, verifytest.How{})
	if _, err := impatient.Verify(ctx, s.image.Digest, b); err == nil {
		t.Error("verified after giving up")
	}
	close(waits)
	s.accept(impatient, b)

	repository.broken.Store(true)
	if _, err := s.verify(v, b); err == nil {
		t.Fatal("verified without a root")
	}
	asked := repository.asked.Load()
	if _, err := s.verify(v, b); err == nil || repository.asked.Load() != asked {
		t.Errorf("got %v, asked %d times more", err, repository.asked.Load()-asked)
	}
}

// cancelling has its caller give up when it is asked for something, and waits.
type cancelling struct {
	cancel func()
	until  <-chan struct{}
}

func (c cancelling) RoundTrip(request *http.Request) (*http.Response, error) {
	c.cancel()
	<-c.until
	return http.DefaultTransport.RoundTrip(request)
}

// TestPublicGoodRepository: the real repository's chain of roots and targets,
// served from the corpus, is followed to its end, which has run out by now.
func TestPublicGoodRepository(t *testing.T) {
	dir := filepath.Join(evidenceDir(t), "tuf", "public-good")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		name := strings.TrimPrefix(request.URL.Path, "/")
		version, rest, _ := strings.Cut(name, ".")
		file := filepath.Join(dir, "metadata", name)
		switch {
		case rest == "root.json":
			file = filepath.Join(dir, "metadata", "root_history", version+".root.json")
		case rest == "snapshot.json" || rest == "targets.json":
			file = filepath.Join(dir, "metadata", rest)
		}
		http.ServeFile(w, request, file)
	}))
	defer server.Close()
	// The first roots hold keys in a form of their time.
	first, err := os.ReadFile(filepath.Join(dir, "metadata", "root_history", "10.root.json"))
	must(t, err)
	s := newScene(t, verifytest.Options{})
	err = with(s, sigstore.FromRepository(sigstore.Repository{URL: server.URL, Root: first}, sigstore.Access{CacheDir: t.TempDir()}))
	var rejected *verify.Rejected
	if errors.As(err, &rejected) {
		t.Skip("the clock is from before the metadata ran out")
	}
	if err == nil || !strings.Contains(err.Error(), "is expired") {
		t.Errorf("got %v, want that the metadata has expired", err)
	}
}

// What one run fetched, or could not, another one is given instead of the
// network.
func TestMemoryOfAnEarlierRun(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	good, broken := newRepository(t, s.TrustedRoot(), never()), newRepository(t, s.TrustedRoot(), never())
	broken.broken.Store(true)
	other := newRepository(t, s.TrustedRoot(), never())
	from := func(r *tufRepository, memory *sigstore.Memory) error {
		return with(s, sigstore.FromRepository(sigstore.Repository{URL: r.url, Root: r.root}, sigstore.Access{Memory: memory}))
	}
	memory := &sigstore.Memory{}
	must(t, from(good, memory))
	failed := from(broken, memory)
	asked := good.asked.Load() + broken.asked.Load()

	again := sigstore.Remembering(memory.Roots())
	must(t, from(good, again))
	if err := from(broken, again); err == nil || err.Error() != failed.Error() {
		t.Errorf("of the root that could not be fetched: %v, want %v", err, failed)
	}
	err := from(other, again)
	if findings := verify.Findings(err); len(findings) != 1 || findings[0].Code != verify.CodeNotRecorded {
		t.Errorf("of the root that nobody asked for: %v, want %s", err, verify.CodeNotRecorded)
	}
	// The same address with other root metadata is another repository.
	imposter := &tufRepository{url: good.url, root: other.root}
	if err := from(imposter, again); err == nil {
		t.Error("what was fetched by other root metadata is trusted")
	}
	if n := good.asked.Load() + broken.asked.Load() + other.asked.Load(); n != asked {
		t.Errorf("repositories were asked %d times", n-asked)
	}
}

// Without a cache nothing is looked for in the working directory: it may be a
// stranger's repository.
func TestNoCacheIsNotTheWorkingDirectory(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	repository, dir := newRepository(t, s.TrustedRoot(), never()), t.TempDir()
	must(t, with(s, repository.trustedRoot(dir, sigstore.Online)))
	must(t, with(s, repository.trustedRoot(dir, sigstore.Offline)))
	t.Chdir(dir)
	err := with(s, repository.trustedRoot("", sigstore.Offline))
	if findings := verify.Findings(err); len(findings) != 1 || findings[0].Code != verify.CodeOffline {
		t.Errorf("got %v, want %s", err, verify.CodeOffline)
	}
}
