package sigstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// trusted is one trust that signatures are held against, and where what it
// rests on is to be had.
type trusted struct {
	policy.Trust
	// roots are several only for the run's own: to hold against one is enough.
	// They are never mixed: the certificates of one with the logs of another
	// would be trusted by nobody.
	roots []*TrustedRoot
	// name is what policies call the root.
	name string
}

// plain tells whether nothing is relaxed.
func (t trusted) plain() bool { return !t.IgnoreTransparencyLog && !t.IgnoreCertificateLog }

// question is whom a signature is by, as far as a trusted root can tell. The
// root is nil where there is none, and where none is needed.
type question func(t trusted, m *material) ([]policy.Signer, error)

// ask puts a question to each trust. Who holds against one is a signer; the
// error says why nobody is, or that a root cannot be had.
func (v *Verifier) ask(ctx context.Context, needed rootNeed, q question) ([]policy.Signer, error) {
	var signers []policy.Signer
	var refusals []refusal
	var faults []error
	for _, t := range v.trusts {
		for _, r := range t.roots {
			var m *material
			if needed == rootNeeded {
				var err error
				if m, err = r.material(ctx); err != nil {
					faults = append(faults, err)
					continue
				}
			}
			found, err := q(t, m)
			if err != nil {
				refusals = append(refusals, refusal{t.name, err})
			}
			for _, s := range found {
				s.Trust = t.Trust
				signers = appendSigner(signers, s)
			}
		}
	}
	switch {
	case len(faults) > 0:
		return signers, errors.Join(faults...)
	case len(signers) == 0:
		return nil, refused(refusals)
	}
	return signers, nil
}

// rootNeed tells whether a signature needs a trusted root to be judged.
type rootNeed uint8

const (
	rootNeeded rootNeed = iota
	noRootNeeded
)

// refusal is why nobody's signature holds against one trusted root.
type refusal struct {
	name string
	err  error
}

// refused is one rejection for all refusals. Where they differ, each is told
// with the root that it is about.
func refused(refusals []refusal) error {
	var first *verify.Rejected
	var reasons []string
	differ := false
	for _, r := range refusals {
		var rejected *verify.Rejected
		if !errors.As(r.err, &rejected) {
			return r.err
		}
		if first == nil {
			first = rejected
		}
		differ = differ || rejected.Reason != first.Reason
		reasons = append(reasons, fmt.Sprintf("against the trusted root %s: %s", r.name, rejected.Reason))
	}
	if first == nil {
		return reject(CodeSignatureInvalid, "no policy says what to trust for it")
	}
	if differ {
		combined := *first
		combined.Reason = strings.Join(distinct(reasons), "; ")
		return &combined
	}
	return first
}

// distinct leaves out what was said before.
func distinct(texts []string) []string {
	var kept []string
	seen := map[string]bool{}
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			kept = append(kept, text)
		}
	}
	return kept
}
