package snapshot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/snapshot"
	"github.com/syncgate/syncgate/verify/verifytest"
)

const signed = `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: production}
spec:
  match: {images: ["**"]}
  platforms: each
  signers:
    release: {key: {file: release.pub}, insecureIgnoreTransparencyLog: true}
  require:
    - signature: {signers: [release]}
`

// scene is images of which some are signed, and a gate for them.
type scene struct {
	t        testing.TB
	world    *verifytest.World
	gate     verify.Gate
	ask      snapshot.Ports
	deployed verify.Deployment
}

func must(t testing.TB, err error) {
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}

// newScene has an index and an image that are signed, and what else is named:
// "unsigned", "missing". The base carries requests.
func newScene(t testing.TB, base http.RoundTripper, more ...string) *scene {
	t.Helper()
	world, err := verifytest.NewWorld(verifytest.Options{})
	must(t, err)
	t.Cleanup(func() { world.Close() })
	release, err := world.Key(verifytest.ECDSAP256)
	must(t, err)
	how := verifytest.How{Log: verifytest.LogNone}
	index, err := world.PushIndex("acme/index:v1", "linux/amd64", "linux/arm64")
	must(t, err)
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		child, err := index.Platform(platform)
		must(t, err)
		must(t, world.Sign(child, release, how))
	}
	single, err := world.PushImage("acme/single:v1")
	must(t, err)
	must(t, world.Sign(single, release, verifytest.How{Log: verifytest.LogNone, Form: verifytest.FormBundle}))
	references := []string{index.Reference(), single.Pinned()}
	for _, name := range more {
		references = append(references, world.Host()+"/acme/"+name+":v1")
		if name == "unsigned" {
			_, err := world.PushImage("acme/unsigned:v1")
			must(t, err)
		}
	}
	policies, err := native.Load(fstest.MapFS{
		"policy.yaml": {Data: []byte(signed)}, "release.pub": {Data: release.PEM()},
	}, "policy.yaml")
	must(t, err)
	verifier, err := sigstore.ForPolicies(policies, sigstore.Roots{})
	must(t, err)
	client := registry.New(registry.Options{
		Base: base, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	t.Cleanup(client.Close)
	s := &scene{
		t: t, world: world, gate: verify.Gate{Verifier: verifier, Policies: policies, At: world.Now()},
		ask: snapshot.Ports{Resolver: client, Stores: client.Stores(), Manifests: client},
	}
	for _, reference := range references {
		s.deployed.Images = append(s.deployed.Images, render.Image{Reference: reference, Class: render.ClassPodSpec})
	}
	return s
}

func (s *scene) judge(resolver verify.Resolver, stores []verify.Store) verify.Report {
	s.t.Helper()
	s.gate.Resolver, s.gate.Stores = resolver, stores
	report, err := s.gate.Judge(s.t.Context(), s.deployed)
	must(s.t, err)
	return report
}

// save judges, and saves what that rests on.
func (s *scene) save(name string) verify.Report {
	s.t.Helper()
	recorder, err := snapshot.NewRecorder(s.ask)
	must(s.t, err)
	defer recorder.Close()
	report := s.judge(recorder.Resolver(), recorder.Stores())
	must(s.t, recorder.Complete(s.t.Context(), s.deployed.Images))
	must(s.t, recorder.Save(name, snapshot.Run{At: s.gate.At, Deployment: s.deployed}))
	return report
}

// again judges what was saved.
func (s *scene) again(name string) verify.Report {
	s.t.Helper()
	saved, err := snapshot.Open(name)
	must(s.t, err)
	defer saved.Close()
	s.deployed = saved.Deployment
	return s.judge(saved, saved.Stores())
}

func text(t *testing.T, report verify.Report) string {
	t.Helper()
	out, err := json.MarshalIndent(report, "", " ")
	must(t, err)
	return string(out)
}

// failing answers what concerns some repository with a status.
type failing struct{ statuses map[string]int }

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	for name, status := range f.statuses {
		if strings.Contains(r.URL.Path, name) {
			return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestTheSameReportAgain(t *testing.T) {
	for name, more := range map[string][]string{
		"all pass": nil, "one is unsigned": {"unsigned"}, "one is not there": {"missing"},
		"registries fail": {"unsigned", "limited", "down", "denied"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, failing{map[string]int{"limited": 429, "down": 503, "denied": 403}}, more...)
			file := filepath.Join(t.TempDir(), "evidence.tar")
			then := s.save(file)
			must(t, s.world.Close())
			if again := text(t, s.again(file)); again != text(t, then) {
				t.Errorf("saved %s\nread  %s", text(t, then), again)
			}
			if want := policy.Pass; more == nil && then.Verdict != want {
				t.Errorf("verdict %s, want %s: %s", then.Verdict, want, text(t, then))
			}
		})
	}
}

func TestTheSameRunIsTheSameFile(t *testing.T) {
	s := newScene(t, nil, "unsigned")
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		name := filepath.Join(dir, fmt.Sprint(i))
		s.save(name)
		var err error
		files[i], err = os.ReadFile(name)
		must(t, err)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the evidence of one run was saved twice, and the files differ")
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
}

// What a policy asks for that was not looked at is unknown, not missing.
func TestNotRecorded(t *testing.T) {
	s := newScene(t, nil)
	file := filepath.Join(t.TempDir(), "evidence.tar")
	s.save(file)
	saved, err := snapshot.Open(file)
	must(t, err)
	defer saved.Close()
	digest := policy.Digest{}
	for _, store := range saved.Stores() {
		found, err := store.Bundles(t.Context(), policy.Source{Repository: "elsewhere.example/signatures"}, digest)
		expectNotRecorded(t, err)
		if len(found) > 0 {
			t.Error("evidence out of nowhere")
		}
	}
	_, err = saved.Resolve(t.Context(), "ghcr.io/acme/other:v1", verify.Want{})
	expectNotRecorded(t, err)
}

func expectNotRecorded(t *testing.T, err error) {
	t.Helper()
	findings := verify.Findings(err)
	if len(findings) != 1 || findings[0].Code != verify.CodeNotRecorded || findings[0].Verdict != policy.Unknown || findings[0].Hint == "" {
		t.Errorf("findings %v, want one that it is not recorded", findings)
	}
}

// TestDamage changes one byte of the file at a time: what does not pass never
// passes by that, and nothing breaks down.
func TestDamage(t *testing.T) {
	s := newScene(t, nil, "unsigned")
	file := filepath.Join(t.TempDir(), "evidence.tar")
	if then := s.save(file); then.Verdict != policy.Fail {
		t.Fatalf("verdict %s, want fail", then.Verdict)
	}
	whole, err := os.ReadFile(file)
	must(t, err)
	noticed := 0
	for at := 0; at < len(whole); at += 97 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x11
		must(t, os.WriteFile(file, damaged, 0o600))
		noticed += s.never(file, policy.Pass)
	}
	if noticed == 0 {
		t.Error("no damage was noticed")
	}
	for _, size := range []int{0, 1, 511, 512, 1024, len(whole) / 2} {
		must(t, os.WriteFile(file, whole[:size], 0o600))
		if s.never(file, policy.Pass) == 0 {
			t.Errorf("nothing is said of a file that was cut off at %d of %d bytes", size, len(whole))
		}
	}
}

// never judges a file, and tells whether it was refused.
func (s *scene) never(file string, verdict policy.Verdict) (refused int) {
	s.t.Helper()
	saved, err := snapshot.Open(file)
	if err != nil {
		if !strings.HasPrefix(err.Error(), "read evidence "+file+": ") {
			s.t.Errorf("error %q does not begin with what was read", err)
		}
		return 1
	}
	defer saved.Close()
	s.deployed = saved.Deployment
	if report := s.judge(saved, saved.Stores()); report.Verdict == verdict {
		s.t.Errorf("verdict %s", report.Verdict)
	}
	return 0
}

func FuzzOpen(f *testing.F) {
	file := filepath.Join(f.TempDir(), "evidence.tar")
	newScene(f, nil).save(file)
	whole, err := os.ReadFile(file)
	must(f, err)
	f.Add(whole)
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "evidence.tar")
		must(t, os.WriteFile(file, data, 0o600))
		if saved, err := snapshot.Open(file); err == nil {
			saved.Close()
		}
	})
}
