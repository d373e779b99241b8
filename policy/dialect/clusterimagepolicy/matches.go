package clusterimagepolicy

import "github.com/syncgate/syncgate/policy"

// authorityMatch is what a program is told of an authority that is met.
type authorityMatch struct {
	Signatures   []signatureMatch              `json:"signatures,omitempty"`
	Attestations map[string][]attestationMatch `json:"attestations,omitempty"`
	Static       bool                          `json:"static,omitempty"`
}

// signatureMatch is one signature that counts. ID is the SHA-256 of what was
// signed; policy-controller has one of its own making.
type signatureMatch struct {
	ID      string `json:"id,omitempty"`
	Subject string `json:"subject,omitempty"`
	Issuer  string `json:"issuer,omitempty"`
	Trigger string `json:"githubWorkflowTrigger,omitempty"`
	SHA     string `json:"githubWorkflowSha,omitempty"`
	Name    string `json:"githubWorkflowName,omitempty"`
	Repo    string `json:"githubWorkflowRepo,omitempty"`
	Ref     string `json:"githubWorkflowRef,omitempty"`
}

// attestationMatch is one attestation that counts.
type attestationMatch struct {
	signatureMatch
	PredicateType string `json:"predicateType,omitempty"`
	Digest        string `json:"digest,omitempty"`
}

// matches are the authorities that are met.
func matches(found []policy.Found) map[string]authorityMatch {
	out := map[string]authorityMatch{}
	for _, f := range found {
		if f.Verdict != policy.Pass {
			continue
		}
		m := authorityMatch{Static: len(f.Proofs) == 0 && len(f.Parts) == 0}
		for _, proof := range f.Proofs {
			m.Signatures = append(m.Signatures, signatureOf(proof))
		}
		for _, part := range f.Parts {
			if m.Attestations == nil {
				m.Attestations = map[string][]attestationMatch{}
			}
			for _, proof := range part.Proofs {
				m.Attestations[part.Name] = append(m.Attestations[part.Name], attestationMatch{
					signatureOf(proof), proof.Evidence.Statement.PredicateType, proof.Evidence.ID.String(),
				})
			}
		}
		out[f.Name] = m
	}
	return out
}

func signatureOf(p policy.Proof) signatureMatch {
	out := signatureMatch{ID: p.Evidence.ID.Hex()}
	if c := p.Signer.Certificate; c != nil {
		out.Subject, out.Issuer = c.Subject, c.Issuer
		out.Trigger, out.SHA = c.Extensions["githubWorkflowTrigger"], c.Extensions["githubWorkflowSHA"]
		out.Name, out.Ref = c.Extensions["githubWorkflowName"], c.Extensions["githubWorkflowRef"]
		out.Repo = c.Extensions["githubWorkflowRepository"]
	}
	return out
}
