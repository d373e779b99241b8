package verify

import (
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
)

// Report is the answer to one check: what was looked at, what was found, and
// one verdict. It is the only thing that integrations read. A report of the
// same inputs is the same, byte for byte.
type Report struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Verdict    policy.Verdict  `json:"verdict"`
	Revision   render.Revision `json:"revision"`
	// EvaluatedAt is the time that the caller asked to evaluate at. It is nil
	// where that was the time of the check.
	EvaluatedAt *time.Time `json:"evaluatedAt,omitempty"`
	// ComparedTo is the revision before the change that this is, where the
	// caller named one.
	ComparedTo *Comparison   `json:"comparedTo,omitempty"`
	Policies   []PolicyRef   `json:"policies"`
	Units      []UnitResult  `json:"units"`
	Images     []ImageResult `json:"images"`
	// Findings are about the tree, units and objects; those about an image
	// are in its result.
	Findings []Finding `json:"findings"`
	Summary  Summary   `json:"summary"`
}

// The apiVersion and kind of every report.
const (
	ReportAPIVersion = "syncgate.dev/v1alpha1"
	ReportKind       = "Report"
)

// PolicyRef names a policy that took part.
type PolicyRef struct {
	Name   string        `json:"name"`
	Digest policy.Digest `json:"digest"`
	// Source is where the document is, as "file:line". Of a policy from
	// elsewhere it begins with the repository and the commit or digest.
	Source string `json:"source,omitempty"`
	// Dialect is the apiVersion and kind of the document that the policy was
	// read from, where that is another tool's.
	Dialect string `json:"dialect,omitempty"`
}

// UnitResult says what was taken as what.
type UnitResult struct {
	Name    string            `json:"name"`
	Kind    render.SourceKind `json:"kind"`
	Path    string            `json:"path"`
	Objects int               `json:"objects"`
}

// Finding is a finding about a tree, a unit or an object, and where it is.
type Finding struct {
	policy.Finding
	Unit   string           `json:"unit,omitempty"`
	Object *render.ObjectID `json:"object,omitempty"`
	// Change is Old where it was found before, too.
	Change Change `json:"change,omitempty"`
	render.Origin
}

// ImageResult is the verdict on one image.
type ImageResult struct {
	Reference string         `json:"reference"`
	Class     render.Class   `json:"class"`
	Digest    policy.Digest  `json:"digest"`
	Verdict   policy.Verdict `json:"verdict"`
	// Change is how it stands to the revision that is compared to.
	Change   Change   `json:"change,omitempty"`
	Policies []string `json:"policies"`
	// Requirements are those of Policies, and how the image stands with each.
	Requirements []policy.RequirementResult `json:"requirements"`
	Locations    []render.Location          `json:"locations"`
	// Silenced are the vulnerabilities that VEX explains away.
	Silenced []policy.Silenced  `json:"silenced,omitempty"`
	Findings []policy.Finding   `json:"findings"`
	Evidence []EvidenceSummary  `json:"evidence"`
	Rejected []RejectionSummary `json:"rejected,omitempty"`
	// Explanation is how the verdict came about, where the gate was asked.
	Explanation *policy.Explanation `json:"explanation,omitempty"`
}

// EvidenceSummary is one signature that holds, without its contents.
type EvidenceSummary struct {
	Kind          policy.EvidenceKind `json:"kind"`
	PredicateType string              `json:"predicateType,omitempty"`
	// Digest is the SHA-256 of what was signed.
	Digest policy.Digest `json:"digest"`
	// Subject is what it speaks of: the image, or one of its platforms.
	Subject  policy.Digest `json:"subject"`
	Signer   SignerSummary `json:"signer"`
	SignedAt *time.Time    `json:"signedAt,omitempty"`
	Format   policy.Format `json:"format"`
	Location string        `json:"location"`
}

// SignerSummary says who signed: a key or a certificate.
type SignerSummary struct {
	// Key is "sha256:" and the fingerprint of the key.
	Key string `json:"key,omitempty"`
	*policy.Certificate
	// TransparencyLog tells that inclusion in a log was verified.
	TransparencyLog bool `json:"transparencyLog"`
}

// RejectionSummary is a bundle that was found and counts for nothing.
type RejectionSummary struct {
	Code     policy.Code `json:"code"`
	Location string      `json:"location"`
	Reason   string      `json:"reason"`
}

// Summary counts.
type Summary struct {
	Objects int `json:"objects"`
	Images  int `json:"images"`
	Pass    int `json:"pass"`
	Fail    int `json:"fail"`
	Unknown int `json:"unknown"`
}

func summarise(evidence []policy.Evidence) []EvidenceSummary {
	summaries := []EvidenceSummary{}
	for _, e := range evidence {
		for _, signer := range e.Signers {
			s := EvidenceSummary{
				Kind: e.Kind, Digest: e.ID, Subject: e.Subject, Format: e.Format, Location: e.Location,
				Signer: SignerSummary{Certificate: signer.Certificate, TransparencyLog: signer.Logged},
			}
			if e.Statement != nil {
				s.PredicateType = e.Statement.PredicateType
			}
			if signer.Key != "" {
				s.Signer.Key = "sha256:" + signer.Key
			}
			if !signer.SignedAt.IsZero() {
				at := signer.SignedAt.UTC()
				s.SignedAt = &at
			}
			summaries = append(summaries, s)
		}
	}
	return summaries
}

// FromProblem is the finding that a rendering problem makes.
func FromProblem(p render.Problem) Finding {
	f := Finding{
		Finding: policy.Finding{
			Code: policy.Code(p.Code), Message: p.Message, Hint: p.Hint, Retryable: p.Retryable,
		},
		Unit: p.Unit, Origin: p.Origin,
	}
	switch p.Severity {
	case render.Broken:
		f.Verdict = policy.Fail
	case render.Notice:
		f.Verdict, f.Warning = policy.Pass, true
	default:
		f.Verdict = policy.Unknown
	}
	if p.Object != (render.ObjectID{}) {
		object := p.Object
		f.Object = &object
	}
	return f
}
