package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render/git/gittest"
	"github.com/syncgate/syncgate/verify"
)

// corpus is the directory of real evidence. The test is skipped without it.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SYNCGATE_CORPUS")
	if dir == "" {
		dir = filepath.Join(moduleRoot, "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "evidence")); err != nil {
		t.Skip("no corpus: set SYNCGATE_CORPUS to run it on real images")
	}
	dir, err := filepath.Abs(filepath.Join(dir, "evidence"))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// layout serves an OCI image layout as a registry does. Cosign's manifests
// are at their tags for a subject, and what the layout names is at its name.
func layout(t *testing.T, dir, subject string) *httptest.Server {
	t.Helper()
	var index struct {
		Manifests []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, m := range index.Manifests {
		base := strings.Replace(subject, ":", "-", 1)
		switch m.Annotations["kind"] {
		case "dev.cosignproject.cosign/sigs":
			tags[base+".sig"] = m.Digest
		case "dev.cosignproject.cosign/atts":
			tags[base+".att"] = m.Digest
		}
		if name := m.Annotations["org.opencontainers.image.ref.name"]; name != "" {
			tags[name] = m.Digest
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, name, _ := strings.Cut(r.URL.Path, "/real/image/")
		kind, id, _ := strings.Cut(name, "/")
		if digest := tags[id]; kind == "manifests" && digest != "" {
			id = digest
		}
		blob, err := os.ReadFile(filepath.Join(dir, "blobs", filepath.FromSlash(strings.Replace(id, ":", "/", 1))))
		switch {
		case r.URL.Path == "/v2/":
		case err != nil || !strings.Contains(id, ":") || kind == "referrers":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`)
		default:
			var head struct{ MediaType string }
			if kind == "manifests" && json.Unmarshal(blob, &head) == nil {
				w.Header().Set("Content-Type", head.MediaType)
			}
			w.Write(blob)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// checkImage runs the command line on a Git revision whose one manifest names
// one image.
func checkImage(t *testing.T, image, policyText, root string) verify.Report {
	t.Helper()
	dir := t.TempDir()
	policyFile, repo := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "deploy")
	if err := os.WriteFile(policyFile, []byte(policyText), 0o644); err != nil {
		t.Fatal(err)
	}
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: real}\nspec: {containers: [{name: real, image: " + image + "}]}\n"
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := gittest.Commit(repo, "deploy", at, map[string][]byte{"pod.yaml": []byte(pod)}); err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", repo, "--revision", "main", "--policy", policyFile, "--offline", "-o", "json"}
	if root != "" {
		args = append(args, "--trusted-root", root)
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), args, terminal{out: &out, err: &errs})
	var report verify.Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	want := map[policy.Verdict]int{policy.Pass: exitPass, policy.Fail: exitFail, policy.Unknown: exitUnknown}[report.Verdict]
	if code != want || len(report.Images) != 1 {
		t.Fatalf("exit code %d and %d images with verdict %s", code, len(report.Images), report.Verdict)
	}
	return report
}

// realCase is one row of CASES.tsv.
type realCase map[string]string

func (c realCase) policy(corpus string) string {
	signer := fmt.Sprintf("key: {file: %q}\n      insecureIgnoreTransparencyLog: true", filepath.Join(corpus, c["key"]))
	if c["key"] == "-" {
		subject := fmt.Sprintf("subject: %q", c["san_or_regex"])
		if strings.HasPrefix(c["san_or_regex"], "^") {
			subject = fmt.Sprintf("subjectRegexp: %q", c["san_or_regex"]+".*")
		}
		signer = fmt.Sprintf("keyless: {issuer: %q, %s}", c["issuer"], subject)
	}
	requirement := "signature: {signers: [them]}"
	if c["predicate_type"] != "-" {
		requirement = fmt.Sprintf("attestation: {signers: [them], predicateType: %q}", c["predicate_type"])
	}
	return fmt.Sprintf(`apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: real}
spec:
  match: {images: ["**"]}
  signers:
    them:
      %s
  require:
    - %s
`, signer, requirement)
}

// TestRealCases runs every row of CASES.tsv from a manifest to an exit code.
func TestRealCases(t *testing.T) {
	dir := corpus(t)
	file, err := os.Open(filepath.Join(dir, "CASES.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma, reader.LazyQuotes = '\t', true
	rows, err := reader.ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("read CASES.tsv: %v (%d rows)", err, len(rows))
	}
	for _, row := range rows[1:] {
		c := realCase{}
		for i, name := range rows[0] {
			c[name] = row[i]
		}
		t.Run(c["case"], func(t *testing.T) {
			server := layout(t, filepath.Join(dir, c["path"]), c["subject_digest"])
			root := filepath.Join(dir, c["trusted_root"])
			if c["trusted_root"] == "-" {
				root = ""
			}
			image := strings.TrimPrefix(server.URL, "http://") + "/real/image@" + c["subject_digest"]
			report := checkImage(t, image, c.policy(dir), root)
			accept := c["expect"] != "reject"
			if (report.Verdict == policy.Pass) != accept {
				t.Errorf("verdict %s, want %s: %+v %+v", report.Verdict, c["expect"], report.Images[0].Findings, report.Images[0].Rejected)
			}
		})
	}
}

// TestRealProvenance holds real SLSA provenance to the five things that a
// policy can ask of it, each of which alone blocks.
func TestRealProvenance(t *testing.T) {
	dir := corpus(t)
	const (
		layoutName = "slsa-generic-container-v2.0.0"
		subject    = "sha256:55aee984fd6b1d0e0a19a55265d10d40063a2212bdbabd75b202b1728236548d"
	)
	server := layout(t, filepath.Join(dir, "layouts", layoutName), subject)
	image := strings.TrimPrefix(server.URL, "http://") + "/real/image@" + subject
	right := map[string]string{
		"ISSUER":  "https://token.actions.githubusercontent.com",
		"SUBJECT": "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v2.0.0",
		"BUILDER": "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/*",
		"SOURCE":  "git+https://github.com/slsa-framework/example-package*",
		"TYPE":    "https://github.com/slsa-framework/slsa-github-generator/container@v1",
	}
	text := `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: real}
spec:
  match: {images: ["**"]}
  references: {digest: require}
  signers:
    builder: {keyless: {issuer: "ISSUER", subject: "SUBJECT"}}
  require:
    - provenance: {signers: [builder], builders: ["BUILDER"], sources: ["SOURCE"], buildTypes: ["TYPE"]}
`
	root := filepath.Join(dir, "roots/public-good/trusted_root.json")
	for _, wrong := range []string{"", "ISSUER", "SUBJECT", "BUILDER", "SOURCE", "TYPE"} {
		t.Run("wrong-"+strings.ToLower(wrong), func(t *testing.T) {
			var pairs []string
			for name, value := range right {
				if name == wrong {
					value = "https://example.com/wrong"
				}
				pairs = append(pairs, name, value)
			}
			report := checkImage(t, image, strings.NewReplacer(pairs...).Replace(text), root)
			want := policy.Fail
			if wrong == "" {
				want = policy.Pass
			}
			if report.Verdict != want {
				t.Errorf("verdict %s, want %s: %+v", report.Verdict, want, report.Images[0])
			}
		})
	}
}
