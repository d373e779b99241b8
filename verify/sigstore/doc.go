// Package sigstore turns bundles into evidence. It is the only maker of
// policy.Evidence, and the only package that knows Sigstore's libraries.
//
// It reads what cosign keeps at .sig and .att tags and in referrers (simple
// signing, and DSSE envelopes with the certificate, log entry and timestamp in
// annotations), and Sigstore bundles v0.1 to v0.3, with entries of Rekor
// version 1 and 2.
//
// A Verifier holds what is trusted: a Sigstore trusted root, and the public
// keys that policies name. It decides whether the cryptography of a bundle
// holds and who signed. Whether that somebody is good enough is for policy to
// say, so no identity is judged here.
//
// # What must hold
//
// The rules are those of Sigstore's client specification. For a signature by
// a certificate
//   - the certificate chains to an authority of the trusted root, and every
//     certificate of the chain was valid at each trusted time;
//   - there is a trusted time: that of a log's promise or of a timestamp
//     authority of the trusted root;
//   - the signature is in a log of the trusted root, if the root has logs;
//   - the certificate is in a certificate log of the trusted root, if the
//     root has those.
//
// A signature by a key needs neither log nor time. Where a log entry is there
// it must be an entry for this signature, and if the log is one of the trusted
// root it must hold; Signer.Logged tells of it and policy decides.
//
// The statement or claim must name the digest that is asked about, and is read
// from the verified bytes alone.
//
// # What libraries do what
//
// Bundles go through sigstore-go's verifier as a whole. For cosign's older
// formats sigstore-go has no reader, and the checks of cosign's library have
// gaps that matter here: it judges the chain at the certificate's first moment
// and not when it was used, takes one key and one signature a call, accepts an
// attestation's log entry without comparing signatures, and panics where a
// timestamp does not verify. So these formats are read here, and each check is
// that of sigstore-go (promise, chain, certificate log, timestamp); the tests
// hold the outcome to what cosign's library says of the same bytes.
package sigstore
