package sigstore_test

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// TestCosignAgreesOnCorpus: of every signature and attestation of the corpus
// that is at a cosign tag, cosign's own library says what is said here.
func TestCosignAgreesOnCorpus(t *testing.T) {
	dir := evidenceDir(t)
	for _, row := range rows(t, filepath.Join(dir, "CASES.tsv")) {
		if row["evidence"] != "sig" && row["evidence"] != "att" {
			continue
		}
		t.Run(row["case"], func(t *testing.T) {
			digest, err := policy.ParseDigest(row["subject_digest"])
			must(t, err)
			opts := &cosign.CheckOpts{Offline: true, IgnoreTlog: row["trusted_root"] == "-"}
			var trusted *sigstore.TrustedRoot
			if row["trusted_root"] != "-" {
				file := filepath.Join(dir, row["trusted_root"])
				opts.TrustedMaterial, err = root.NewTrustedRootFromPath(file)
				must(t, err)
				trusted, err = sigstore.ParseTrustedRoot(read(t, file))
				must(t, err)
			}
			var keys []policy.Key
			if row["key"] != "-" {
				keys = []policy.Key{publicKey(t, read(t, filepath.Join(dir, row["key"])))}
				opts.SigVerifier, err = signature.LoadVerifier(keys[0].Public, crypto.SHA256)
				must(t, err)
			}
			verifier, err := sigstore.New(trusted, keys)
			must(t, err)
			bundles, _ := layoutBundles(t, filepath.Join(dir, row["path"]), row["evidence"], digest)
			for _, b := range bundles {
				_, ours := verifier.Verify(context.Background(), digest, b)
				if theirs := askCosign(t, b, digest, opts); (ours == nil) != (theirs == nil) {
					t.Errorf("%s: here %v, cosign %v", b.Location, ours, theirs)
				}
			}
		})
	}
}

// askCosign verifies evidence as cosign's command does, whoever signed.
func askCosign(t *testing.T, b verify.Bundle, digest policy.Digest, opts *cosign.CheckOpts) (err error) {
	t.Helper()
	// Where there is neither certificate nor key, cosign's library panics.
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	hash, err := v1.NewHash(digest.String())
	must(t, err)
	signed, err := ociSignature(b)
	if err != nil {
		return err
	}
	if b.Format == policy.FormatSimpleSigning {
		opts.ClaimVerifier = cosign.SimpleClaimVerifier
		_, err = cosign.VerifyImageSignature(context.Background(), signed, hash, opts)
		return err
	}
	opts.ClaimVerifier = cosign.IntotoSubjectClaimVerifier
	_, err = cosign.VerifyBlobAttestation(context.Background(), signed, hash, opts)
	return err
}

// ociSignature is a layer as cosign reads it.
func ociSignature(b verify.Bundle) (oci.Signature, error) {
	var options []static.Option
	if text := b.Annotations[certificateAnnotation]; text != "" {
		options = append(options, static.WithCertChain([]byte(text), nil))
	}
	if text := b.Annotations[entryAnnotation]; text != "" {
		var entry bundle.RekorBundle
		if err := json.Unmarshal([]byte(text), &entry); err != nil {
			return nil, err
		}
		options = append(options, static.WithBundle(&entry))
	}
	return static.NewSignature(b.Payload, b.Annotations[signatureAnnotation], options...)
}

// TestCosignAgreesOnWorlds: the same of what a world makes, by each algorithm
// and log entry, good and changed.
func TestCosignAgreesOnWorlds(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	material, err := root.NewTrustedRootFromJSON(s.TrustedRoot())
	must(t, err)
	for name, log := range map[string]verifytest.LogEntry{"usual": verifytest.LogUsual, "intoto": verifytest.LogIntoto, "none": verifytest.LogNone} {
		for _, format := range []policy.Format{policy.FormatSimpleSigning, policy.FormatDSSE} {
			t.Run(name+" "+string(format), func(t *testing.T) {
				s.t = t
				one, other := s.made(format, s.keyless, verifytest.How{Log: log}), s.made(format, s.keyless, verifytest.How{Log: log})
				bundles := []verify.Bundle{one}
				for _, annotation := range []string{certificateAnnotation, signatureAnnotation, entryAnnotation} {
					bundles = append(bundles, annotated(one, annotation, ""))
					if other.Annotations[annotation] != "" {
						bundles = append(bundles, annotated(one, annotation, other.Annotations[annotation]))
					}
				}
				for at, b := range bundles {
					_, ours := s.verify(s.verifier(nil), b)
					theirs := askCosign(t, b, s.image.Digest, &cosign.CheckOpts{Offline: true, TrustedMaterial: material})
					if (ours == nil) != (theirs == nil) {
						t.Errorf("variant %d: here %v, cosign %v", at, ours, theirs)
					}
				}
			})
		}
	}
}
