package sigstore_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
)

// evidenceDir is the corpus of real evidence, or skips the test.
func evidenceDir(t testing.TB) string {
	t.Helper()
	corpus := os.Getenv("SYNCGATE_CORPUS")
	if corpus == "" {
		corpus = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	dir := filepath.Join(corpus, "evidence")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no corpus: set SYNCGATE_CORPUS")
	}
	return dir
}

// rows reads a table whose first line names the columns.
func rows(t testing.TB, path string) []map[string]string {
	t.Helper()
	data := read(t, path)
	table := csv.NewReader(strings.NewReader(string(data)))
	table.Comma, table.LazyQuotes = '\t', true
	all, err := table.ReadAll()
	must(t, err)
	var out []map[string]string
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = line[i]
		}
		out = append(out, row)
	}
	return out
}

// TestCorpusCases: every row of CASES.tsv comes out as it says.
func TestCorpusCases(t *testing.T) {
	dir := evidenceDir(t)
	for _, row := range rows(t, filepath.Join(dir, "CASES.tsv")) {
		t.Run(row["case"], func(t *testing.T) {
			count, reasons := runCase(t, dir, row)
			want, err := strconv.Atoi(row["count"])
			must(t, err)
			if count != want {
				t.Errorf("%d count, want %d (%s): rejected: %s", count, want, row["note"], strings.Join(reasons, "; "))
			}
			if accept := strings.HasPrefix(row["expect"], "accept"); accept != (count > 0) {
				t.Errorf("want %s, %d count", row["expect"], count)
			}
			t.Log(strings.Join(reasons, "; "))
		})
	}
}

// runCase verifies all evidence of a case. It returns how many pieces count,
// and why the others do not.
func runCase(t *testing.T, dir string, row map[string]string) (int, []string) {
	t.Helper()
	digest, err := policy.ParseDigest(row["subject_digest"])
	must(t, err)
	var root *sigstore.TrustedRoot
	if row["trusted_root"] != "-" {
		root, err = sigstore.ParseTrustedRoot(read(t, filepath.Join(dir, row["trusted_root"])))
		must(t, err)
	}
	var keys []policy.Key
	if row["key"] != "-" {
		keys = append(keys, publicKey(t, read(t, filepath.Join(dir, row["key"]))))
	}
	verifier, err := sigstore.New(root, keys)
	must(t, err)

	bundles, reasons := layoutBundles(t, filepath.Join(dir, row["path"]), row["evidence"], digest)
	counted := map[string]bool{}
	for _, b := range bundles {
		evidence, err := verifier.Verify(context.Background(), digest, b)
		if err != nil {
			reasons = append(reasons, rejection(t, err))
			continue
		}
		for _, signer := range evidence.Signers {
			if wanted(evidence, signer, row) {
				who, err := json.Marshal(signer)
				must(t, err)
				counted[evidence.ID.String()+string(who)] = true
			}
		}
	}
	return len(counted), reasons
}

// rejection is the code and the reason of a rejection. Anything else fails
// the test.
func rejection(t testing.TB, err error) string {
	t.Helper()
	var rejected *verify.Rejected
	if !errors.As(err, &rejected) {
		t.Fatalf("not a rejection: %v", err)
	}
	if rejected.Code == "" || rejected.Reason == "" || rejected.Location == "" {
		t.Errorf("rejection without code, reason or location: %+v", rejected)
	}
	return string(rejected.Code) + ": " + rejected.Reason
}

// wanted judges as a policy would.
func wanted(evidence policy.Evidence, signer policy.Signer, row map[string]string) bool {
	if row["evidence"] == "sig" != (evidence.Kind == policy.KindSignature) {
		return false
	}
	if want := row["predicate_type"]; want != "-" && (evidence.Statement == nil || evidence.Statement.PredicateType != want) {
		return false
	}
	if row["key"] != "-" {
		noLog := strings.Contains(row["note"], "no transparency log")
		return signer.Key != "" && signer.Logged != noLog
	}
	if signer.Certificate == nil || signer.Certificate.Issuer != row["issuer"] || signer.SignedAt.IsZero() {
		return false
	}
	san := row["san_or_regex"]
	if strings.HasPrefix(san, "^") {
		return regexp.MustCompile(san).MatchString(signer.Certificate.Subject)
	}
	return signer.Certificate.Subject == san
}

// ociManifest is what the tests read of manifests and indexes.
type ociManifest struct {
	ArtifactType string
	Subject      *struct{ Digest string }
	Manifests    []ociDescriptor
	Layers       []ociDescriptor
	Annotations  map[string]string
}

type ociDescriptor struct {
	MediaType, Digest string
	ArtifactType      string
	Annotations       map[string]string
}

// layoutBundles finds the evidence in an OCI layout.
func layoutBundles(t *testing.T, dir, kind string, digest policy.Digest) ([]verify.Bundle, []string) {
	t.Helper()
	index := parseManifest(t, read(t, filepath.Join(dir, "index.json")))
	var bundles []verify.Bundle
	var broken []string
	for _, d := range index.Manifests {
		format, ok := formatOf(d, kind)
		if !ok {
			continue
		}
		data, err := blob(dir, d.Digest)
		must(t, err)
		manifest := parseManifest(t, data)
		if format == policy.FormatBundle && (manifest.Subject == nil || manifest.Subject.Digest != digest.String()) {
			continue
		}
		for i, layer := range manifest.Layers {
			payload, err := blob(dir, layer.Digest)
			if err != nil {
				broken = append(broken, err.Error())
				continue
			}
			bundles = append(bundles, verify.Bundle{
				Format: format, Location: fmt.Sprintf("%s layer %d", filepath.Base(dir), i+1), Payload: payload, Annotations: layer.Annotations,
			})
		}
	}
	return bundles, broken
}

func formatOf(d ociDescriptor, kind string) (policy.Format, bool) {
	switch {
	case kind == "sig" && d.Annotations["kind"] == "dev.cosignproject.cosign/sigs":
		return policy.FormatSimpleSigning, true
	case kind == "att" && d.Annotations["kind"] == "dev.cosignproject.cosign/atts":
		return policy.FormatDSSE, true
	case kind == "referrer-bundle" && strings.HasPrefix(d.ArtifactType, "application/vnd.dev.sigstore.bundle"):
		return policy.FormatBundle, true
	}
	return "", false
}

func parseManifest(t *testing.T, data []byte) ociManifest {
	t.Helper()
	var m ociManifest
	must(t, json.Unmarshal(data, &m))
	return m
}

// blob reads a blob and checks its digest, as a registry client does.
func blob(dir, digest string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, "blobs", strings.Replace(digest, ":", "/", 1)))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); "sha256:"+hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("blob %s has another digest", digest)
	}
	return data, nil
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// publicKey reads a key as policies do.
func publicKey(t testing.TB, text []byte) policy.Key {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("no PEM in key")
	}
	return publicKeyDER(t, block.Bytes)
}

func publicKeyDER(t testing.TB, der []byte) policy.Key {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(der)
	must(t, err)
	sum := sha256.Sum256(der)
	return policy.Key{Fingerprint: hexOf(sum[:]), Public: public}
}

func hexOf(data []byte) string { return hex.EncodeToString(data) }
