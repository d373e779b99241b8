// Package verifytest makes signed images to test a verifier with: an OCI
// registry on loopback, and a certificate authority, certificate-transparency
// log, transparency log and timestamp authority of its own, in this process.
//
//	world, err := verifytest.NewWorld(verifytest.Options{})
//	...
//	defer world.Close()
//
//	image, err := world.PushImage("acme/app:1.0")
//	release := world.Keyless("https://token.example", "https://git.example/acme/release", nil)
//	scanner, err := world.Key(verifytest.ECDSAP256)
//
//	err = world.Sign(image, release, verifytest.How{})
//	err = world.Attest(image, scanner, verifytest.Claim{
//		PredicateType: "https://cosign.sigstore.dev/attestation/vuln/v1",
//		Predicate:     report,
//	}, verifytest.How{At: yesterday})
//
// An image is then at image.Reference(), what to trust is world.TrustedRoot(),
// a Sigstore trusted root, and scanner.PEM(), a public key.
//
// Sign and Attest make evidence and push it. Tests that tamper make it with
// SimpleSigning, Envelope or Bundle, change the verify.Bundle that these
// return, and push that with Push or PushReferrer, or hand it to a verifier
// as it is.
//
// Everything is made as cosign and Fulcio, Rekor and a Sigstore timestamp
// authority make it, byte for byte where they sign bytes, so that it verifies
// with cosign. It uses no Sigstore library, so that a fault there is not
// mirrored here. None of it is fit for anything but tests and demonstrations.
package verifytest
