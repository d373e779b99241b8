package verifytest_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"crypto"

	"github.com/syncgate/syncgate/verify/verifytest"
)

const (
	issuer  = "https://token.example"
	subject = "https://git.example/acme/app/release.yml@refs/heads/main"
)

func newWorld(t testing.TB) *verifytest.World {
	t.Helper()
	world, err := verifytest.NewWorld(verifytest.Options{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	})
	return world
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func options(t testing.TB, world *verifytest.World) *cosign.CheckOpts {
	t.Helper()
	trusted, err := root.NewTrustedRootFromJSON(world.TrustedRoot())
	must(t, err)
	return &cosign.CheckOpts{
		TrustedMaterial: trusted, Offline: true, ClaimVerifier: cosign.SimpleClaimVerifier,
		Identities: []cosign.Identity{{Issuer: issuer, Subject: subject}},
	}
}

// TestCosignAgrees: what a world makes, cosign's own library takes.
func TestCosignAgrees(t *testing.T) {
	world := newWorld(t)
	keyless := world.Keyless(issuer, subject, map[string]string{"sourceRepositoryURI": "https://git.example/acme/app"})
	claim := verifytest.Claim{PredicateType: "https://example.com/p", Predicate: map[string]any{"a": 1}}
	for at, how := range []verifytest.How{
		{}, {Log: verifytest.LogIntoto}, {At: world.Now().Add(-48 * time.Hour)}, {Stamped: true},
	} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			image, err := world.PushImage(fmt.Sprintf("acme/app:%d", at))
			must(t, err)
			must(t, world.Sign(image, keyless, how))
			must(t, world.Attest(image, keyless, claim, how))
			must(t, world.Attest(image, keyless, claim, how))

			ref, err := name.ParseReference(image.Reference())
			must(t, err)
			opts := options(t, world)
			opts.UseSignedTimestamps = how.Stamped
			signatures, logged, err := cosign.VerifyImageSignatures(context.Background(), ref, opts)
			must(t, err)
			if len(signatures) != 1 || !logged {
				t.Errorf("cosign sees %d signatures, logged: %v", len(signatures), logged)
			}
			opts.ClaimVerifier = cosign.IntotoSubjectClaimVerifier
			attestations, logged, err := cosign.VerifyImageAttestations(context.Background(), ref, opts)
			must(t, err)
			if len(attestations) != 2 || !logged {
				t.Errorf("cosign sees %d attestations, logged: %v", len(attestations), logged)
			}
		})
	}
}

// TestCosignAgreesOnKeys: the same with keys of every kind.
func TestCosignAgreesOnKeys(t *testing.T) {
	world := newWorld(t)
	for _, algorithm := range []verifytest.Algorithm{
		verifytest.ECDSAP256, verifytest.ECDSAP384, verifytest.ECDSAP521, verifytest.RSA2048, verifytest.Ed25519,
	} {
		t.Run(string(algorithm), func(t *testing.T) {
			signer, err := world.Key(algorithm)
			must(t, err)
			image, err := world.PushImage("acme/app:" + string(algorithm))
			must(t, err)
			how := verifytest.How{}
			if algorithm == verifytest.Ed25519 {
				how.Log = verifytest.LogNone
			}
			must(t, world.Sign(image, signer, how))

			opts := options(t, world)
			opts.IgnoreTlog = how.Log == verifytest.LogNone
			opts.SigVerifier, err = signature.LoadVerifier(signer.Public().Public, crypto.SHA256)
			must(t, err)
			ref, err := name.ParseReference(image.Reference())
			must(t, err)
			_, _, err = cosign.VerifyImageSignatures(context.Background(), ref, opts)
			must(t, err)
		})
	}
}

// TestSigstoreAgreesOnBundles: cosign finds a world's bundles and sigstore-go
// takes them, proof of inclusion and all.
func TestSigstoreAgreesOnBundles(t *testing.T) {
	world := newWorld(t)
	keyless := world.Keyless(issuer, subject, nil)
	image, err := world.PushIndex("acme/app:1", "linux/amd64", "linux/arm64/v8")
	must(t, err)
	const bundles = 7
	for range bundles {
		must(t, world.Sign(image, keyless, verifytest.How{Form: verifytest.FormBundle, Stamped: true}))
	}
	ref, err := name.ParseReference(image.Reference())
	must(t, err)
	found, hash, err := cosign.GetBundles(context.Background(), ref, options(t, world))
	must(t, err)
	if len(found) != bundles || hash.String() != image.Digest.String() {
		t.Fatalf("cosign finds %d bundles of %s", len(found), hash)
	}
	trusted, err := root.NewTrustedRootFromJSON(world.TrustedRoot())
	must(t, err)
	verifier, err := sgverify.NewVerifier(trusted, sgverify.WithTransparencyLog(1),
		sgverify.WithSignedTimestamps(1), sgverify.WithSignedCertificateTimestamps(1))
	must(t, err)
	digest, err := hex.DecodeString(image.Digest.Hex())
	must(t, err)
	for _, b := range found {
		must(t, checkBundle(verifier, b, digest))
	}
}

func checkBundle(verifier *sgverify.Verifier, b *bundle.Bundle, digest []byte) error {
	identity, err := sgverify.NewShortCertificateIdentity(issuer, "", subject, "")
	if err != nil {
		return err
	}
	_, err = verifier.Verify(b, sgverify.NewPolicy(
		sgverify.WithArtifactDigest("sha256", digest), sgverify.WithCertificateIdentity(identity)))
	return err
}

func TestImagesAreTheSameInEveryWorld(t *testing.T) {
	one, err := newWorld(t).PushIndex("acme/app:1", "linux/amd64", "linux/arm64")
	must(t, err)
	other, err := newWorld(t).PushIndex("acme/app:1", "linux/amd64", "linux/arm64")
	must(t, err)
	if one.Digest != other.Digest {
		t.Errorf("%s and %s", one.Digest, other.Digest)
	}
	child, err := one.Platform("linux/arm64")
	must(t, err)
	if child.Digest != one.Platforms[1].Digest {
		t.Errorf("%s is not %s", child.Digest, one.Platforms[1].Digest)
	}
}

// BenchmarkWorld makes fifty images with a signature and three attestations.
func BenchmarkWorld(b *testing.B) {
	for b.Loop() {
		world, err := verifytest.NewWorld(verifytest.Options{})
		must(b, err)
		keyless := world.Keyless(issuer, subject, nil)
		for i := range 50 {
			image, err := world.PushImage(fmt.Sprintf("acme/app%d:1", i))
			must(b, err)
			must(b, world.Sign(image, keyless, verifytest.How{}))
			for j := range 3 {
				claim := verifytest.Claim{PredicateType: fmt.Sprintf("https://example.com/%d", j), Predicate: j}
				must(b, world.Attest(image, keyless, claim, verifytest.How{}))
			}
		}
		must(b, world.Close())
	}
}
