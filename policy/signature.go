package policy

import (
	"fmt"
	"strings"
)

// signature asks for a signature of the image itself. An attestation that
// verifies is none.
func (e *evaluation) signature(q question, r *SignatureRequirement) outcome {
	candidates, missing := e.find(q, wanted{
		signers: r.Signers, what: "signature", missing: CodeSignatureMissing,
		is:   func(ev *Evidence) bool { return ev.Kind == KindSignature },
		make: signCommand(r.Signers),
	})
	if missing != nil {
		return *missing
	}
	return anyOf(candidates, func(c candidate) *Finding { return e.checkAnnotations(q, r, c) })
}

// checkAnnotations says which signed annotations a signature lacks.
func (e *evaluation) checkAnnotations(q question, r *SignatureRequirement, c candidate) *Finding {
	var lacking []string
	for _, key := range sortedKeys(r.Annotations) {
		if value, found := c.evidence.Annotations[key]; !found || value != r.Annotations[key] {
			lacking = append(lacking, key+"="+r.Annotations[key])
		}
	}
	if lacking == nil {
		return nil
	}
	return &Finding{Code: CodeSignatureAnnotations, Verdict: Fail,
		Message: fmt.Sprintf("%s is signed by %s, without the signed annotations %s", e.label(q.target), c.rule.called(), list(lacking)),
		Hint:    fmt.Sprintf("%s -a %s %s@%s", signCommand(r.Signers), strings.Join(lacking, " -a "), e.in.Subject.Repository, q.target.digest)}
}

// signCommand is how to sign, for hints.
func signCommand(rules []SignerRule) string {
	if len(rules) > 0 && rules[0].Key != nil {
		return "cosign sign --key " + rules[0].called() + ".key"
	}
	return "cosign sign"
}

// attestCommand is how to attest, for hints.
func attestCommand(rules []SignerRule, kind string) string {
	command := "cosign attest"
	if len(rules) > 0 && rules[0].Key != nil {
		command += " --key " + rules[0].called() + ".key"
	}
	return command + " --type " + kind + " --predicate FILE"
}
