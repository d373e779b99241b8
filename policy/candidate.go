package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// target is one digest that must carry evidence.
type target struct {
	digest Digest
	// platform is empty for the image itself.
	platform string
}

// question is one requirement asked of one digest.
type question struct {
	req    *Requirement
	target target
}

// candidate is evidence of the wanted kind that a signer counts for.
type candidate struct {
	evidence *Evidence
	signer   *Signer
	rule     *SignerRule
}

func (c candidate) support() support {
	kind := string(c.evidence.Kind)
	if c.evidence.Statement != nil {
		kind += " " + c.evidence.Statement.PredicateType
	}
	return support{kind: kind, signer: c.signer.identity()}
}

// signed is when trusted third parties say that it was signed, or zero.
func (c candidate) signed() time.Time { return c.signer.SignedAt }

// wanted is what a requirement looks for.
type wanted struct {
	signers []SignerRule
	// is tells whether evidence is of the wanted kind.
	is func(*Evidence) bool
	// what names the kind: "signature", "SLSA provenance".
	what string
	// missing is the code where there is none.
	missing Code
	// make tells how to make one, for hints.
	make string
}

// prepareEvidence drops what proves nothing, and orders the rest so that the
// same evidence gives the same findings in whatever order it was found.
// Duplicates are counted once.
func prepareEvidence(evidence []Evidence, at time.Time) []Evidence {
	kept := make([]Evidence, 0, len(evidence))
	for _, e := range evidence {
		if slices.ContainsFunc(e.Signers, func(s Signer) bool { return !s.holds(at) }) {
			e.Signers = slices.DeleteFunc(slices.Clone(e.Signers), func(s Signer) bool { return !s.holds(at) })
		}
		if e.proves() {
			kept = append(kept, e)
		}
	}
	slices.SortStableFunc(kept, func(a, b Evidence) int { return compareEvidence(&a, &b) })
	return slices.CompactFunc(kept, func(a, b Evidence) bool {
		return !a.ID.IsZero() && a.ID == b.ID && a.Kind == b.Kind && a.Subject == b.Subject &&
			a.Format == b.Format && a.Source == b.Source && signersOf(a) == signersOf(b)
	})
}

// compareEvidence orders evidence. What takes time to compare comes last, and
// is asked only of what is alike otherwise.
func compareEvidence(a, b *Evidence) int {
	if c := cmp.Or(compareDigests(a.Subject, b.Subject), strings.Compare(string(a.Kind), string(b.Kind)), compareDigests(a.ID, b.ID)); c != 0 {
		return c
	}
	if c := strings.Compare(signersOf(*a), signersOf(*b)); c != 0 {
		return c
	}
	return cmp.Or(
		strings.Compare(string(a.Format), string(b.Format)),
		strings.Compare(a.Source.Repository, b.Source.Repository),
		strings.Compare(a.Source.TagPrefix, b.Source.TagPrefix),
		strings.Compare(a.Location, b.Location),
	)
}

func compareDigests(a, b Digest) int {
	return cmp.Or(strings.Compare(a.algorithm, b.algorithm), strings.Compare(a.hex, b.hex))
}

// proves tells whether evidence is whole: a subject, a signer, and for an
// attestation a statement about that very subject.
func (e *Evidence) proves() bool {
	if e.Subject.IsZero() || len(e.Signers) == 0 {
		return false
	}
	if e.Kind == KindAttestation {
		return e.Statement != nil && slices.Contains(e.Statement.Subjects, e.Subject)
	}
	return e.Kind == KindSignature
}

// holds tells whether a certificate whose signature nobody dates is valid at
// the time of evaluation. Of all others the verifier knows that they were.
func (s *Signer) holds(at time.Time) bool {
	undated := s.SignedAt.IsZero() && !(s.ValidFrom.IsZero() && s.ValidUntil.IsZero())
	return !undated || !at.Before(s.ValidFrom) && !at.After(s.ValidUntil)
}

// lapsed are the signatures that count for nothing because of when it is.
func lapsed(evidence []Evidence, at time.Time) []Rejection {
	var out []Rejection
	for i := range evidence {
		e := &evidence[i]
		for j := range e.Signers {
			if s := &e.Signers[j]; !s.holds(at) {
				out = append(out, Rejection{Code: CodeCertificateLapsed, Format: e.Format, Location: e.Location,
					Reason: fmt.Sprintf("nobody who is trusted says when it was signed, and the certificate of %s is valid from %s to %s", s.describe(), stamp(s.ValidFrom), stamp(s.ValidUntil))})
			}
		}
	}
	return out
}

func signersOf(e Evidence) string {
	var b strings.Builder
	for i := range e.Signers {
		s := &e.Signers[i]
		fmt.Fprintf(&b, "%s\x00%t%t%t\x00%d\x00%+v\x00", s.identity(), s.Logged, s.Stamped, s.CertificateLogged, s.SignedAt.UnixNano(), s.Trust)
	}
	return b.String()
}

// find returns the candidates for a question, or the outcome that says why
// there are none.
func (e *evaluation) find(q question, w wanted) ([]candidate, *outcome) {
	var found []candidate
	var others []*Evidence
	for i := range e.evidence {
		ev := &e.evidence[i]
		if ev.Subject != q.target.digest || !w.is(ev) || !q.req.takes(ev) {
			continue
		}
		e.trace.sees(ev, w.signers)
		before := len(found)
		found = appendCandidates(found, ev, w.signers)
		if len(found) == before {
			others = append(others, ev)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	var o outcome
	if len(others) > 0 {
		o = unmet(e.mismatch(q, w, others))
	} else {
		o = unmet(e.missing(q, w))
	}
	return nil, &o
}

func appendCandidates(found []candidate, ev *Evidence, rules []SignerRule) []candidate {
	for r := range rules {
		for s := range ev.Signers {
			if rules[r].differs(ev, &ev.Signers[s]) == nil {
				found = append(found, candidate{ev, &ev.Signers[s], &rules[r]})
			}
		}
	}
	return found
}

// mismatch says who signed instead, and what the nearest signature lacks.
func (e *evaluation) mismatch(q question, w wanted, others []*Evidence) Finding {
	var best *difference
	var nearest *Signer
	var rule *SignerRule
	for _, ev := range others {
		for s := range ev.Signers {
			for r := range w.signers {
				if d := w.signers[r].differs(ev, &ev.Signers[s]); d != nil && (best == nil || d.alike > best.alike) {
					best, nearest, rule = d, &ev.Signers[s], &w.signers[r]
				}
			}
		}
	}
	if best == nil {
		return e.missing(q, w)
	}
	f := Finding{
		Code: CodeSignerMismatch, Verdict: Fail,
		Message: fmt.Sprintf("%s has %s, but not by %s; found: %s by %s; wanted: %s, but %s",
			e.label(q.target), article(w.what), signerNames(w.signers), w.what, nearest.describe(), rule.called(), best),
		Hint: fmt.Sprintf("if %s is right, correct the signer %s in the policy; if not, have %s sign: %s",
			nearest.describe(), rule.called(), rule.called(), e.command(q, w)),
	}
	if best.unlogged {
		f.Code = CodeLogEntryMissing
		f.Message = fmt.Sprintf("%s has %s by %s, but no transparency log that is trusted vouches for it", e.label(q.target), article(w.what), rule.called())
		f.Hint = "sign again without --tlog-upload=false"
		if rule.Key != nil {
			f.Hint += fmt.Sprintf(", or take signatures without a log entry by setting insecureIgnoreTransparencyLog on the signer %s", rule.called())
		}
	}
	if len(others) > 1 {
		f.Message += fmt.Sprintf(" (the nearest of %d)", len(others))
	}
	return f
}

// missing says that there is none, and what there is instead.
func (e *evaluation) missing(q question, w wanted) Finding {
	f := Finding{
		Code: w.missing, Verdict: Fail,
		Message: fmt.Sprintf("%s has no %s; wanted one by %s", e.label(q.target), w.what, signerNames(w.signers)),
		Hint:    e.command(q, w),
	}
	switch rejected := e.rejected(); {
	case len(rejected) > 0:
		f.Message += fmt.Sprintf("; %s found and counts for nothing: %s", count(len(rejected), "bundle"), list(rejected))
		f.Hint = "see why what was found counts for nothing; if it is not meant for this, " + f.Hint
	case e.elsewhere(q, w) != "":
		f.Message += "; there is one for " + e.elsewhere(q, w) + ", which does not count here"
		f.Hint = fmt.Sprintf("set platforms of the requirement %s to index, each or any, as the evidence is attached; or %s", q.req.Name, f.Hint)
	default:
		if kinds := e.kinds(q.target.digest); len(kinds) > 0 {
			f.Message += "; found only: " + list(kinds)
		}
	}
	return f
}

func (e *evaluation) command(q question, w wanted) string {
	return fmt.Sprintf("%s %s@%s", w.make, e.in.Subject.Repository, q.target.digest)
}

// label names the image, and the platform if the question is about one.
func (e *evaluation) label(t target) string {
	if t.platform == "" {
		return e.called
	}
	return fmt.Sprintf("%s (%s, %s)", e.called, clip(t.platform), short(t.digest))
}

func (e *evaluation) rejected() []string {
	lines := make([]string, 0, len(e.in.Rejected))
	for _, r := range e.in.Rejected {
		lines = append(lines, clip(r.Location)+": "+clip(r.Reason))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// elsewhere names the part of the image that carries what is wanted instead:
// the index where a platform is asked about, a platform where the index is.
func (e *evaluation) elsewhere(q question, w wanted) string {
	places := []target{{digest: e.in.Subject.Digest}}
	if q.target.platform == "" {
		places = nil
		for _, p := range e.in.Subject.Platforms {
			places = append(places, target{p.Digest, p.Name})
		}
	}
	for i := range e.evidence {
		ev := &e.evidence[i]
		for _, place := range places {
			if ev.Subject != place.digest || place.digest == q.target.digest || !w.is(ev) || len(appendCandidates(nil, ev, w.signers)) == 0 {
				continue
			}
			if place.platform == "" {
				return "the index " + short(place.digest)
			}
			return "the platform " + clip(place.platform)
		}
	}
	return ""
}

// kinds lists what evidence a digest does carry.
func (e *evaluation) kinds(d Digest) []string {
	var kinds []string
	for i := range e.evidence {
		ev := &e.evidence[i]
		if ev.Subject != d {
			continue
		}
		kind := article(ev.what())
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// what names a piece of evidence.
func (e *Evidence) what() string {
	if e.Statement == nil {
		return "signature of the image"
	}
	return "attestation of type " + clip(e.Statement.PredicateType)
}

// article puts "a", "an" or nothing before the name of a kind of evidence.
func article(what string) string {
	switch {
	case strings.HasPrefix(what, "SLSA"):
		return what
	case strings.ContainsRune("aeiou", rune(what[0])), strings.HasPrefix(what, "SBOM"):
		return "an " + what
	}
	return "a " + what
}
