package flux

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

const commit = "90c2d4e6f8091a2b3c4d5e6f708192a3b4c5d6e7"

func sourceOf(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	data, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = json.Unmarshal(data, &u.Object) // numbers as the API server's are
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// ready is a GitRepository with an artifact of its newest generation.
const ready = `{apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, metadata: {name: app, namespace: apps, uid: u, generation: 3},
  spec: {url: "https://git.example.com/app", interval: 1m, ref: {branch: main}},
  status: {observedGeneration: 3, conditions: [{type: Ready, status: "True", message: stored}],
    artifact: {url: "http://source/app.tar.gz", revision: "main@sha1:90c2d4e6f8091a2b3c4d5e6f708192a3b4c5d6e7", digest: "sha256:00"}}}`

// TestCandidateIsWhatIsThereNow: an artifact that is not of the newest
// generation of its source, or that need not be, is waited for.
func TestCandidateIsWhatIsThereNow(t *testing.T) {
	c, err := readCandidate(sourceOf(t, ready))
	if err != nil || c.commit != commit || c.artifact.Digest != "sha256:00" {
		t.Fatalf("%+v, %v", c, err)
	}
	for want, change := range map[string][2]string{
		"has not seen its newest": {"observedGeneration: 3", "observedGeneration: 2"},
		"is not ready: stored":    {`status: "True"`, `status: "False"`},
		"it has no condition":     {"type: Ready", "type: Fetched"},
		"is being deleted":        {"generation: 3}", "generation: 3, deletionTimestamp: \"2026-01-01T00:00:00Z\"}"},
		"it has no artifact":      {"artifact:", "other:"},
	} {
		_, err := readCandidate(sourceOf(t, strings.Replace(ready, change[0], change[1], 1)))
		if !errors.Is(err, errWait) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", change, err, want)
		}
	}
}

func TestRevisionNamesOneCommit(t *testing.T) {
	hex64 := strings.Repeat("a", 64)
	for revision, want := range map[string]string{
		"main@sha1:" + commit: commit, "sha1:" + commit: commit, "refs/heads/a@b@sha1:" + commit: commit, "v1.0.0@sha256:" + hex64: hex64,
		"main": "", "main@sha1:90c2d4e": "", "main/" + commit: "", "sha1:" + commit + "\n": "", "main@sha1:" + strings.ToUpper(commit): "", "": "",
	} {
		if got, err := commitOf(gitRepository, revision); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is commit %q, %v", revision, got, err)
		}
	}
	for revision, want := range map[string]string{
		"latest@sha256:" + hex64: "sha256:" + hex64, "sha256:" + hex64: "sha256:" + hex64, "latest": "", "latest@sha1:" + commit: "", "a@b@sha256:" + hex64: "",
	} {
		if got, err := commitOf(ociRepository, revision); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is digest %q, %v", revision, got, err)
		}
	}
}

// TestTargetHoldsStill: it is the candidate at one commit, and nothing in it
// moves by itself.
func TestTargetHoldsStill(t *testing.T) {
	for given, want := range map[string]string{
		"{url: u, interval: 1m, ref: {branch: main}}":                          "{url: u, interval: 1m, ref: {commit: C}}",
		"{url: u, ref: {semver: '>1', name: refs/heads/x, tag: t, commit: x}}": "{url: u, ref: {commit: C}}",
		"{url: u}": "{url: u, ref: {commit: C}}",
		"{url: u, suspend: true, ignore: '/x', secretRef: {name: s}, sparseCheckout: [a], recurseSubmodules: true}": "{url: u, ignore: '/x', secretRef: {name: s}, sparseCheckout: [a], recurseSubmodules: true, ref: {commit: C}}",
		"{url: u, verify: {mode: HEAD, secretRef: {name: s}}}":                                                      "{url: u, verify: {mode: HEAD, secretRef: {name: s}}, ref: {commit: C}}",
		"{url: u, verify: {mode: TagAndHEAD, secretRef: {name: s}}}":                                                "{url: u, ref: {commit: C}}",
		"{url: u, include: [{repository: {name: other}}]}":                                                          "spec.include is not known to hold still",
		"{url: u, tomorrow: true}":                                                                                  "spec.tomorrow is not known to hold still",
	} {
		c, err := readCandidate(sourceOf(t, ready))
		if err != nil {
			t.Fatal(err)
		}
		c.spec = sourceOf(t, given).Object
		before := sourceOf(t, given).Object
		got, err := c.target()
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", given, err, want)
			}
			continue
		}
		if wanted := sourceOf(t, strings.Replace(want, "C}", commit+"}", 1)).Object; !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s makes %v, want %v", given, got, wanted)
		}
		if !reflect.DeepEqual(c.spec, before) {
			t.Errorf("%s: the candidate was changed to %v", given, c.spec)
		}
	}
}

// TestFingerprintTellsOfAnyChange, of files and of directories such as
// ConfigMaps are mounted as.
func TestFingerprintTellsOfAnyChange(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, name string) {
		t.Helper()
		_ = os.Remove(filepath.Join(dir, name))
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	put("..1/policy.yaml", "a")
	put("..2/policy.yaml", "b")
	link("..1", "..data")
	link("..data/policy.yaml", "policy.yaml")
	files := Files{dir}
	seen := map[string]string{}
	look := func(what string) {
		t.Helper()
		got, err := files.Fingerprint()
		again, _ := files.Fingerprint()
		if err != nil || got != again || seen[got] != "" {
			t.Errorf("%s: %s, then %s, as at %q: %v", what, got, again, seen[got], err)
		}
		seen[got] = what
	}
	look("the first")
	link("..2", "..data")
	look("another mount")
	put("..2/policy.yaml", "c")
	look("another text")
	put("..2/more.yaml", "c")
	look("another file")
	if _, err := (Files{filepath.Join(dir, "missing")}).Fingerprint(); err == nil {
		t.Error("a missing file has a fingerprint")
	}
}
