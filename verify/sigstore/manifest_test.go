package sigstore_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
)

// TestManifestBundles: every bundle that MANIFEST.tsv gives an expectation for
// comes out as it says.
func TestManifestBundles(t *testing.T) {
	dir := evidenceDir(t)
	kinds := regexp.MustCompile(`^(bundles|vulns/signed|slsa/(bcr|gha_\w+|gha_container-based|unit))/`)
	tested := 0
	for _, row := range rows(t, filepath.Join(dir, "MANIFEST.tsv")) {
		path, expected := row["path"], row["expected"]
		accept := regexp.MustCompile(`^(crypto )?ACCEPT`).MatchString(expected)
		if !kinds.MatchString(path) || !accept && !strings.HasPrefix(expected, "REJECT") {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.IsDir() || filepath.Ext(path) == ".bazel" {
			continue
		}
		tested++
		t.Run(path, func(t *testing.T) {
			err := verifyFile(t, dir, path, expected)
			if accept != (err == nil) {
				t.Errorf("want %s, got %v", expected, err)
			}
		})
	}
	if tested < 30 {
		t.Errorf("only %d bundles were found", tested)
	}
}

// verifyFile verifies a bundle against the root that the manifest names, for
// the artifact beside it or whatever it says that it is about.
func verifyFile(t *testing.T, dir, path, expected string) error {
	t.Helper()
	rootName := "public-good"
	for _, name := range []string{"github", "staging"} {
		if strings.Contains(expected, "root "+name) || strings.Contains(expected, name+" root") && !strings.Contains(expected, "not in the current") {
			rootName = name
		}
	}
	root, err := sigstore.ParseTrustedRoot(read(t, filepath.Join(dir, "roots", rootName, "trusted_root.json")))
	must(t, err)
	keys := npmKeys(t, dir)
	verifier, err := sigstore.New(root, keys)
	must(t, err)
	data := bytes.TrimSpace(read(t, filepath.Join(dir, path)))
	format := policy.FormatBundle
	if !bytes.Contains(data, []byte(`"mediaType"`)) {
		format = policy.FormatDSSE
	}
	_, err = verifier.Verify(context.Background(), aboutWhat(t, dir, path, data), verify.Bundle{Format: format, Location: path, Payload: data})
	if err != nil {
		rejection(t, err)
	}
	return err
}

// aboutWhat is the digest that a bundle should be about.
func aboutWhat(t *testing.T, dir, path string, data []byte) policy.Digest {
	t.Helper()
	for _, name := range []string{"artifact.txt", strings.TrimSuffix(filepath.Base(path), ".sigstore")} {
		artifact := filepath.Join(dir, filepath.Dir(path), name)
		if name != filepath.Base(path) && exists(artifact) && !bytes.Contains(data, []byte("dsseEnvelope")) {
			if bytes.Contains(data, []byte("SHA2_384")) {
				sum := sha512.Sum384(read(t, artifact))
				d, err := policy.ParseDigest("sha384:" + hexOf(sum[:]))
				must(t, err)
				return d
			}
			return digestOf(t, read(t, artifact))
		}
	}
	var outer struct {
		Payload  []byte
		Envelope struct{ Payload []byte } `json:"dsseEnvelope"`
	}
	// What cannot be read is about nothing, and must be rejected before.
	_ = json.Unmarshal(data, &outer)
	statement, err := policy.ParseStatement(append(outer.Payload, outer.Envelope.Payload...))
	if err != nil || len(statement.Subjects) == 0 {
		return digestOf(t, nil)
	}
	return statement.Subjects[0]
}

// npmKeys are the keys that npm signs publish attestations with.
func npmKeys(t *testing.T, dir string) []policy.Key {
	t.Helper()
	var list struct {
		Keys []struct {
			PublicKey struct{ RawBytes []byte }
		}
	}
	must(t, json.Unmarshal(read(t, filepath.Join(dir, "roots/public-good/registry.npmjs.org/keys.json")), &list))
	var keys []policy.Key
	for _, k := range list.Keys {
		keys = append(keys, publicKeyDER(t, k.PublicKey.RawBytes))
	}
	if len(keys) == 0 {
		t.Fatal("no keys of npm")
	}
	return keys
}

// TestNpmAttestations: npm's answers hold two bundles each, of which the
// file's name says which one was changed.
func TestNpmAttestations(t *testing.T) {
	dir := evidenceDir(t)
	files, err := filepath.Glob(filepath.Join(dir, "slsa", "npm", "*.json"))
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no answers of npm")
	}
	root, err := sigstore.ParseTrustedRoot(read(t, filepath.Join(dir, "roots", "public-good", "trusted_root.json")))
	must(t, err)
	verifier, err := sigstore.New(root, npmKeys(t, dir))
	must(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var answer struct {
				Attestations []struct {
					PredicateType string
					Bundle        json.RawMessage
				}
			}
			must(t, json.Unmarshal(read(t, file), &answer))
			for _, a := range answer.Attestations {
				changed := "invalidsigprov"
				if strings.Contains(a.PredicateType, "publish") {
					changed = "invalidsigpub"
				}
				_, err := verifier.Verify(context.Background(), aboutWhat(t, dir, "x/y", a.Bundle), verify.Bundle{
					Format: policy.FormatBundle, Location: file, Payload: a.Bundle,
				})
				if want := !strings.Contains(file, changed); want != (err == nil) {
					t.Errorf("%s: want accept %v, got %v", a.PredicateType, want, err)
				}
			}
		})
	}
}

// TestAmpelBundle: the bundle of ampel's policy tests is about the digest that
// these say, by the signer that they say.
func TestAmpelBundle(t *testing.T) {
	dir := evidenceDir(t)
	root, err := sigstore.ParseTrustedRoot(read(t, filepath.Join(dir, "roots", "public-good", "trusted_root.json")))
	must(t, err)
	verifier, err := sigstore.New(root, nil)
	must(t, err)
	subject, err := policy.ParseDigest("sha256:92012e28dd25ade1615a3d3a125b49d23b00307d7024b72cd624f5b3b0c349b2")
	must(t, err)
	b := verify.Bundle{Format: policy.FormatBundle, Location: "ampel", Payload: read(t, filepath.Join(dir, "policies/ampel/testdata/sigstore/bundle/publish-release-amd64-darwin.sigstore.json"))}
	got, err := verifier.Verify(context.Background(), subject, b)
	must(t, err)
	if s := got.Signers[0].Certificate; s == nil || s.Subject != "https://github.com/kubernetes/release/.github/workflows/release.yml@refs/tags/v0.21.1" {
		t.Errorf("%+v", got.Signers)
	}
	if _, err := verifier.Verify(context.Background(), digestOf(t, []byte("another")), b); err == nil {
		t.Error("it is taken for another subject")
	}
}
