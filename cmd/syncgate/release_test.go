package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/verify/verifytest"
)

// TestDockerfile wants of the image that there is nothing in it but what the
// build makes, that each file that it takes is there, and that it is no root's.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(moduleRoot, "Dockerfile"))
	must(t, err)
	stages := map[string]string{}
	var last string
	for _, stage := range regexp.MustCompile(`(?m)^FROM `).Split(string(text), -1)[1:] {
		head, body, _ := strings.Cut(stage, "\n")
		fields := strings.Fields(strings.TrimPrefix(head, "--platform=$BUILDPLATFORM "))
		last = fields[0]
		if len(fields) == 3 {
			stages[fields[2]] = head + "\n" + body
		}
	}
	if last != "image" || !strings.HasPrefix(stages["image"], "scratch AS image") || !strings.HasPrefix(stages["shell"], "image AS shell") {
		t.Errorf("the image is built from %s, and is %s", last, stages["image"])
	}
	for _, want := range []string{"\nUSER 999:999\n", "\nENTRYPOINT [\"/usr/local/bin/syncgate\"]\n", "\nCOPY --from=build /out/root/ /\n"} {
		if !strings.Contains(stages["image"], want) {
			t.Errorf("the image lacks %q", want)
		}
	}
	for _, want := range []string{".ci/build /out/root/usr/local/bin/syncgate\n", "-t /out/root/etc/ssl/certs /etc/ssl/certs/ca-certificates.crt ", "-m 1777 /out/root/tmp\n"} {
		if !strings.Contains(stages["build"], want) {
			t.Errorf("the build lacks %q", want)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^COPY --from=(\S+) (\S+) `).FindAllStringSubmatch(string(text), -1) {
		if !strings.HasPrefix(m[2], "/out/") || !strings.Contains(stages[m[1]], m[2]) {
			t.Errorf("stage %s does not make %s", m[1], m[2])
		}
	}
	copied := regexp.MustCompile(`(?m)^COPY ([^-\n].*) \S+$|RUN .*?(\.ci/\S+)`).FindAllStringSubmatch(stages["build"], -1)
	for _, m := range copied {
		for file := range strings.FieldsSeq(m[1] + " " + m[2]) {
			if _, err := os.Stat(filepath.Join(moduleRoot, file)); err != nil {
				t.Errorf("the build takes %s: %v", file, err)
			}
		}
	}
	// The version comes from the repository, in which nothing may be missing.
	ignored, err := os.ReadFile(filepath.Join(moduleRoot, ".dockerignore"))
	must(t, err)
	if string(ignored) != "/dist\n/syncgate\n" || len(copied) != 3 {
		t.Errorf("the build ignores %q, and takes %q", ignored, copied)
	}
}

// goTool stands for the go command, so that a release is made in no time: the
// program that it builds says its version.
const goTool = `case $1 in
env) [ $2 = GOHOSTOS ] && echo linux || echo amd64 ;;
build)
  [ "$CGO_ENABLED" = 0 ] || exit 64
  while [ "$1" != -o ]; do shift; done
  printf '#!/bin/sh\necho syncgate v1.2.3\n# %s %s\n' "$GOOS" "$GOARCH" >"$2"
  chmod +x "$2" ;;
run)
  while [ "$1" != -output ]; do shift; done
  echo '{"bomFormat": "CycloneDX"}' >"$2" ;;
esac
`

// TestReleaseFiles makes a release twice: for every platform an archive with
// the program and the licence, and its contents; the same bytes each time.
func TestReleaseFiles(t *testing.T) {
	if _, err := os.Stat(filepath.Join(moduleRoot, ".git")); err != nil {
		t.Skip("a release is made from a Git repository")
	}
	env := environment(t)
	env[0] = "PATH=" + filepath.Dir(program(t, "go", goTool)) + ":" + os.Getenv("PATH")
	env = append(env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	var sums []string
	for range 2 {
		into := t.TempDir()
		if code, log := execute(t, into, env, "bash", script(t, "release"), into, "v1.2.3"); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, log)
		}
		text, err := os.ReadFile(filepath.Join(into, "checksums.txt"))
		must(t, err)
		sums = append(sums, string(text))
		seen := 0
		for line := range strings.Lines(string(text)) {
			sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
			data, err := os.ReadFile(filepath.Join(into, name))
			must(t, err)
			if hash := sha256.Sum256(data); hex.EncodeToString(hash[:]) != sum {
				t.Errorf("%s has another checksum", name)
			}
			if platform, ok := strings.CutSuffix(strings.TrimPrefix(name, "syncgate_"), ".tar.gz"); ok {
				seen++
				holds(t, data, platform)
			}
		}
		if seen != 6 || strings.Count(string(text), ".cdx.json") != 6 {
			t.Errorf("%d platforms:\n%s", seen, text)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("the same commit made\n%s\nand\n%s", sums[0], sums[1])
	}
	into := t.TempDir()
	if code, log := execute(t, into, env, "bash", script(t, "release"), into, "v1.2.4"); code != 1 || !strings.Contains(log, `says "syncgate v1.2.3"`) {
		t.Errorf("another version than the tag's: exit code %d:\n%s", code, log)
	}
}

func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(moduleRoot, ".ci", name))
	must(t, err)
	return path
}

// holds looks into an archive.
func holds(t *testing.T, archive []byte, platform string) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	must(t, err)
	files := map[string]string{}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		files[header.Name] = string(text)
	}
	dir, name := "syncgate_"+platform+"/", "syncgate"
	if strings.HasPrefix(platform, "windows") {
		name += ".exe"
	}
	if !strings.Contains(files[dir+name], strings.Replace(platform, "_", " ", 1)) || !strings.Contains(files[dir+"LICENSE"], "Apache License") {
		t.Errorf("%s holds %q", platform, files)
	}
}

// TestPin writes the digests of a release into the files that name its images.
func TestPin(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		".ci/pin":                   "",
		"action.yml":                "",
		"templates/syncgate.yml":    "",
		"examples/tekton/task.yaml": "",
		"integrations/argocd/install/repo-server.yaml": "",
		"integrations/argocd/other.yaml":               "image: ghcr.io/syncgate/syncgate:latest\n",
	} {
		if text == "" {
			read, err := os.ReadFile(filepath.Join(moduleRoot, name))
			must(t, err)
			text = string(read)
		}
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
	env := environment(t)
	for _, command := range [][]string{{"git", "init", "-q"}, {"git", "add", "."}} {
		if code, log := execute(t, dir, env, command...); code != 0 {
			t.Fatal(log)
		}
	}
	image, shell := "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	for _, wrong := range [][]string{{}, {image}, {image, "latest"}, {image, shell + "#e touch pwned"}, {"sha256:" + strings.Repeat("&", 64), shell}} {
		if code, _ := execute(t, dir, env, append([]string{filepath.Join(dir, ".ci/pin")}, wrong...)...); code != 3 {
			t.Errorf("%q: exit code %d, want 3", wrong, code)
		}
	}
	if code, log := execute(t, dir, env, filepath.Join(dir, ".ci/pin"), image, shell); code != 0 {
		t.Fatal(log)
	}
	for name, want := range map[string]string{
		"action.yml":                                   "default: ghcr.io/syncgate/syncgate@" + image + "\n",
		"templates/syncgate.yml":                       "default: ghcr.io/syncgate/syncgate-shell@" + shell + "\n",
		"examples/tekton/task.yaml":                    "image: ghcr.io/syncgate/syncgate@" + image + "\n",
		"integrations/argocd/install/repo-server.yaml": "image: ghcr.io/syncgate/syncgate@" + image + "\n",
		"integrations/argocd/other.yaml":               "image: ghcr.io/syncgate/syncgate:latest\n",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		if !strings.Contains(string(text), want) || strings.Contains(string(text), "@sha256:"+unreleased) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

// TestOwnPolicy verifies images that are signed and attested as the release
// workflow does it, and others, by the policy for syncgate's own images.
func TestOwnPolicy(t *testing.T) {
	command := "syncgate verify examples/syncgate/images --policy examples/syncgate/policy"
	if code, log := execute(t, moduleRoot, environment(t), "syncgate", "policy", "lint", "--strict", "examples/syncgate/policy"); code != 0 {
		t.Errorf("policy lint: exit code %d:\n%s", code, log)
	}
	const workflow = "https://github.com/syncgate/syncgate/.github/workflows/release.yml@"
	for name, c := range map[string]struct {
		subject, repository, runner string
		without                     string
		code                        int
		says                        string
	}{
		"released":         {subject: workflow + "refs/tags/v1.2.3", code: 0, says: "SYNC ALLOWED"},
		"from a branch":    {subject: workflow + "refs/heads/main", code: 1, says: "refs/heads/main"},
		"another workflow": {subject: strings.Replace(workflow, "release", "ci", 1) + "refs/tags/v1.2.3", code: 1, says: "ci.yml"},
		"a fork":           {subject: strings.Replace(workflow, "syncgate", "mallory", 1) + "refs/tags/v1.2.3", repository: "https://github.com/mallory/syncgate", code: 1, says: "mallory"},
		"somebody's own":   {subject: workflow + "refs/tags/v1.2.3", runner: "self-hosted", code: 1, says: "self-hosted"},
		"no signature":     {subject: workflow + "refs/tags/v1.2.3", without: "signature", code: 1, says: "signature-missing"},
		"no provenance":    {subject: workflow + "refs/tags/v1.2.3", without: "provenance", code: 1, says: "built-from-source"},
		"no contents":      {subject: workflow + "refs/tags/v1.2.3", without: "sbom", code: 1, says: "known-contents"},
	} {
		dir, world := ownImages(t)
		repository, runner := c.repository, c.runner
		if repository == "" {
			repository = "https://github.com/syncgate/syncgate"
		}
		if runner == "" {
			runner = "github-hosted"
		}
		_, ref, _ := strings.Cut(c.subject, "@")
		signer := world.Keyless("https://token.actions.githubusercontent.com", c.subject, map[string]string{
			"sourceRepositoryURI": repository, "runnerEnvironment": runner, "sourceRepositoryRef": ref,
		})
		for _, image := range world.images {
			world.release(t, image, signer, claims{subject: c.subject, repository: repository, ref: ref, without: c.without})
		}
		arguments := append(strings.Fields(command), "--trusted-root", "trusted_root.json", "--offline")
		if code, log := execute(t, dir, environment(t), arguments...); code != c.code || !strings.Contains(log, c.says) {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s", name, code, c.code, c.says, log)
		}
	}
}

// ownWorld is a registry with syncgate's images.
type ownWorld struct {
	*verifytest.World
	images []verifytest.Image
}

// ownImages makes the images and a copy of the files that verify them, in
// which the registry is that of the test.
func ownImages(t *testing.T) (string, ownWorld) {
	t.Helper()
	made, err := verifytest.NewWorld(verifytest.Options{})
	must(t, err)
	t.Cleanup(func() { made.Close() })
	world := ownWorld{World: made}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "trusted_root.json"), made.TrustedRoot(), 0o644))
	replace := []string{"ghcr.io/", made.Host() + "/"}
	for _, name := range []string{"syncgate", "syncgate-shell"} {
		image, err := made.PushIndex("syncgate/"+name+":v1.2.3", "linux/amd64", "linux/arm64")
		must(t, err)
		world.images = append(world.images, image)
		replace = append([]string{"ghcr.io/syncgate/" + name + "@sha256:" + unreleased, image.Name() + "@" + image.Digest.String()}, replace...)
	}
	for _, name := range []string{"images/images.yaml", "policy/syncgate.yaml"} {
		text, err := os.ReadFile(filepath.Join(moduleRoot, "examples/syncgate", name))
		must(t, err)
		to := filepath.Join(dir, "examples/syncgate", name)
		must(t, os.MkdirAll(filepath.Dir(to), 0o755))
		must(t, os.WriteFile(to, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o644))
	}
	return dir, world
}

// claims are what the release workflow says of what it built.
type claims struct{ subject, repository, ref, without string }

// release signs and attests an image as the release workflow does: the
// provenance is what actions/attest-build-provenance writes.
func (w ownWorld) release(t *testing.T, image verifytest.Image, signer *verifytest.Signer, c claims) {
	t.Helper()
	provenance := map[string]any{
		"buildDefinition": map[string]any{
			"buildType":            "https://actions.github.io/buildtypes/workflow/v1",
			"externalParameters":   map[string]any{"workflow": map[string]any{"ref": c.ref, "repository": c.repository, "path": ".github/workflows/release.yml"}},
			"internalParameters":   map[string]any{"github": map[string]any{"event_name": "push", "runner_environment": "github-hosted"}},
			"resolvedDependencies": []any{map[string]any{"uri": "git+" + c.repository + "@" + c.ref, "digest": map[string]any{"gitCommit": strings.Repeat("c", 40)}}},
		},
		"runDetails": map[string]any{"builder": map[string]any{"id": c.subject}},
	}
	sbom := json.RawMessage(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [{"type": "library", "name": "golang.org/x/net", "version": "v0.47.0", "purl": "pkg:golang/golang.org/x/net@v0.47.0"}]}`)
	if c.without != "signature" {
		must(t, w.Sign(image, signer, verifytest.How{}))
	}
	bundle := verifytest.How{Form: verifytest.FormBundle}
	if c.without != "provenance" {
		must(t, w.Attest(image, signer, verifytest.Claim{PredicateType: "https://slsa.dev/provenance/v1", Predicate: provenance}, bundle))
	}
	if c.without != "sbom" {
		must(t, w.Attest(image, signer, verifytest.Claim{PredicateType: "https://cyclonedx.org/bom", Predicate: sbom}, bundle))
	}
}
