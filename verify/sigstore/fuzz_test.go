package sigstore_test

import (
	"errors"
	"testing"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// FuzzVerify: no input makes a panic or anything but a rejection, and what is
// accepted was signed by whom the verifier trusts. As the fuzzer has no key,
// that is evidence that was there from the beginning.
func FuzzVerify(f *testing.F) {
	s := newScene(f, verifytest.Options{})
	v := s.trusting()
	known := map[policy.Digest]bool{}
	for i, format := range every() {
		for _, signer := range []*verifytest.Signer{s.keyless, s.keyed} {
			b := s.made(format, signer, verifytest.How{Stamped: true})
			known[s.accept(v, b).ID] = true
			f.Add(uint8(i), b.Payload, b.Annotations[signatureAnnotation], b.Annotations[certificateAnnotation],
				b.Annotations[entryAnnotation], b.Annotations[stampAnnotation])
		}
	}
	f.Fuzz(func(t *testing.T, format uint8, payload []byte, signature, certificate, entry, stamp string) {
		got, err := s.verify(v, verify.Bundle{
			Format: every()[int(format)%len(every())], Location: "fuzz", Payload: payload, Annotations: map[string]string{
				signatureAnnotation: signature, certificateAnnotation: certificate, entryAnnotation: entry, stampAnnotation: stamp,
			},
		})
		var rejected *verify.Rejected
		switch {
		case err != nil && !errors.As(err, &rejected):
			t.Fatalf("not a rejection: %v", err)
		case err != nil && (rejected.Code == "" || rejected.Reason == ""):
			t.Fatalf("a rejection without code or reason: %+v", rejected)
		case err == nil && !known[got.ID]:
			t.Fatalf("accepted what nobody signed: %+v", got)
		}
	})
}
