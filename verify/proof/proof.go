// Package proof verifies the evidence that cases for policies name: files, and
// snapshots of a run.
package proof

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/cases"
	"github.com/syncgate/syncgate/policy/predicate"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/snapshot"
)

// Prover implements cases.Prover.
type Prover struct {
	// Access is how trusted roots that policies name are had.
	Access sigstore.Access
	// Saved are the trusted roots of a snapshot, for cases that name none.
	Saved func(*snapshot.Snapshot) (sigstore.Roots, error)
}

var _ cases.Prover = Prover{}

// roots are the trusted roots of a case that names one.
func (p Prover) roots(trustedRoot []byte) (sigstore.Roots, error) {
	own, err := sigstore.ParseTrustedRoot(trustedRoot)
	if err != nil {
		return sigstore.Roots{}, err
	}
	return sigstore.Roots{Own: []*sigstore.TrustedRoot{own}, Named: sigstore.Known(p.Access), Access: p.Access}, nil
}

// Prove verifies the files of a case.
func (p Prover) Prove(ctx context.Context, set policy.Set, c cases.Case) (policy.Input, error) {
	in := c.Input
	roots, err := p.roots(c.TrustedRoot)
	if err != nil {
		return in, err
	}
	verifier, err := sigstore.ForPolicies(set, roots)
	if err != nil {
		return in, err
	}
	in.Evidence = slices.Clone(in.Evidence)
	for _, f := range c.Files {
		format, err := formatOf(f.Content)
		if err != nil {
			return in, fmt.Errorf("read evidence %s: %w", f.Name, err)
		}
		evidence, err := verifier.Verify(ctx, f.Of, verify.Bundle{Format: format, Location: f.Name, Payload: f.Content, Annotations: f.Annotations})
		var rejected *verify.Rejected
		switch {
		case errors.As(err, &rejected):
			in.Rejected = append(in.Rejected, rejected.Rejection)
		case err != nil:
			return in, fmt.Errorf("verify evidence %s: %w", f.Name, err)
		default:
			in.Evidence = append(in.Evidence, evidence)
		}
	}
	return in, nil
}

// formatOf tells in which form evidence is, by the fields that only that form
// has. How it is read, and whether it holds, is for the verifier to say.
func formatOf(content []byte) (policy.Format, error) {
	var fields struct {
		MediaType   string          `json:"mediaType"`
		PayloadType string          `json:"payloadType"`
		Critical    json.RawMessage `json:"critical"`
	}
	err := json.Unmarshal(content, &fields)
	switch {
	case err != nil:
	case strings.HasPrefix(fields.MediaType, "application/vnd.dev.sigstore.bundle"):
		return policy.FormatBundle, nil
	case fields.PayloadType != "":
		return policy.FormatDSSE, nil
	case fields.Critical != nil:
		return policy.FormatSimpleSigning, nil
	}
	return "", errors.New("want a Sigstore bundle, a DSSE envelope or a simple-signing payload, as JSON")
}

// Replay judges the image of a case as the run of its snapshot would have: by
// the same gate, with what was recorded.
func (p Prover) Replay(ctx context.Context, set policy.Set, c cases.Case) (policy.Result, error) {
	saved, err := snapshot.Open(c.Snapshot)
	if err != nil {
		return policy.Result{}, err
	}
	defer saved.Close()
	reference := c.Input.Subject.Reference
	i := slices.IndexFunc(saved.Deployment.Images, func(i render.Image) bool { return i.Reference == reference })
	if i < 0 {
		return policy.Result{}, fmt.Errorf("no image %s in %s: write it as the manifest does", reference, c.Snapshot)
	}
	gate, err := p.gate(saved, set, c)
	if err != nil {
		return policy.Result{}, err
	}
	report, err := gate.Judge(ctx, verify.Deployment{Images: saved.Deployment.Images[i : i+1]})
	if err != nil {
		return policy.Result{}, err
	}
	r := report.Images[0]
	return policy.Result{Verdict: r.Verdict, Findings: r.Findings, Policies: r.Policies, Requirements: r.Requirements, Silenced: r.Silenced, Settled: true}, nil
}

func (p Prover) gate(saved *snapshot.Snapshot, set policy.Set, c cases.Case) (*verify.Gate, error) {
	roots, err := p.Saved(saved)
	if c.TrustedRoot != nil {
		roots, err = p.roots(c.TrustedRoot)
	}
	if err != nil {
		return nil, err
	}
	verifier, err := sigstore.ForPolicies(set, roots)
	if err != nil {
		return nil, err
	}
	exploits, err := savedExploits(saved, c.Input.Exploits)
	if err != nil {
		return nil, err
	}
	return &verify.Gate{
		Resolver: saved, Stores: saved.Stores(), Verifier: verifier, Policies: set, Exploits: exploits, At: timeOf(c.Input.At, saved.At),
	}, nil
}

// savedExploits are the lists that a case names, and else those of the run.
func savedExploits(saved *snapshot.Snapshot, named policy.Exploits) (policy.Exploits, error) {
	var err error
	if file := saved.Settings.KEV; named.Known == nil && file != "" {
		if named.Known, err = predicate.ParseKEV(saved.Files[file]); err != nil {
			return named, err
		}
	}
	if file := saved.Settings.EPSS; named.Likely == nil && file != "" {
		named.Likely, err = predicate.ParseEPSS(saved.Files[file])
	}
	return named, err
}

func timeOf(said, saved time.Time) time.Time {
	if said.IsZero() {
		return saved
	}
	return said
}
