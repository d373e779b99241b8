package policy

import (
	"testing"
)

func signatureBy(rules ...SignerRule) Requirement {
	return Requirement{Signature: &SignatureRequirement{Signers: rules}}
}

func TestSignature(t *testing.T) {
	r := evaluate(t, requiring(signatureBy(keyRule("release"))), inputOf(signatureOf(image, signedBy("release"))))
	expect(t, r, Pass, "")
	r = evaluate(t, requiring(signatureBy(keylessRule())), inputOf(signatureOf(image, signedByWorkflow())))
	expect(t, r, Pass, "")
	r = evaluate(t, requiring(signatureBy(keyRule("release"))), inputOf())
	expect(t, r, Fail, CodeSignatureMissing)
	t.Log(describe(r))
	r = evaluate(t, requiring(signatureBy(keylessRule())), inputOf(signatureOf(image, signedBy("mallory"))))
	expect(t, r, Fail, CodeSignerMismatch)
	t.Log(describe(r))
}
