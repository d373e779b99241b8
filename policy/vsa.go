package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/syncgate/syncgate/policy/predicate"
)

// vsa asks for a verification summary that says of this very image that it
// passed. A summary by the right verifier of something else, or at a lower
// level, is none (GHSA-r2xv-vpr2-42m9).
func (e *evaluation) vsa(q question, r *VSARequirement) outcome {
	candidates, missing := e.find(q, wanted{
		signers: r.Signers, what: "SLSA verification summary", missing: CodeVSAMissing,
		is: isType(predicate.IsSummary), make: attestCommand(r.Signers, "https://slsa.dev/verification_summary/v1"),
	})
	if missing != nil {
		return *missing
	}
	return anyOf(candidates, func(c candidate) *Finding {
		s, err := parseOnce(e, c.evidence.Statement, predicate.ParseSummary)
		if err != nil {
			return e.unread(q, c.evidence.Statement, err)
		}
		if f := e.checkSummary(q, r, s); f != nil {
			f.Verdict = Fail
			f.Message = e.label(q.target) + ": " + f.Message
			return f
		}
		return e.aged("the verification summary of "+e.label(q.target), dated{c.signed(), s.Time}, r.MaxAge,
			ageCodes{CodeAttestationStale, CodeAttestationFuture, CodeAttestationUndated})
	})
}

// checkSummary follows "How to verify" of SLSA's verification summary: the
// verifier, the resource, the result and the level.
func (e *evaluation) checkSummary(q question, r *VSARequirement, s *predicate.Summary) *Finding {
	switch {
	case s.Verifier != r.Verifier:
		return &Finding{Code: CodeVSAVerifier,
			Message: fmt.Sprintf("its verification summary is by the verifier %q, wanted %q", clip(s.Verifier), r.Verifier),
			Hint:    "have the verifier that the policy names verify it, or correct verifier in the policy"}
	case !e.names(q.target).resource(s.Resource):
		return &Finding{Code: CodeVSAResource,
			Message: fmt.Sprintf("its verification summary is of the resource %q, which is another", clip(s.Resource)),
			Hint:    "have the verifier write the image's own name as resourceUri: pkg:oci/…?repository_url=…, or registry/repository@digest"}
	case !s.Passed:
		return &Finding{Code: CodeVSAFailed,
			Message: fmt.Sprintf("its verification summary by %q says FAILED", clip(s.Verifier)),
			Hint:    "see what the verifier found, mend it, and verify again"}
	case !slices.ContainsFunc(s.Levels, func(level string) bool { return reaches(level, r.Level) }):
		return &Finding{Code: CodeVSALevel,
			Message: fmt.Sprintf("its verification summary ascribes %s, wanted %s", list(orNone(s.Levels)), r.Level),
			Hint:    "build it in a way that reaches the level, or ask for a lower one"}
	}
	return nil
}

func orNone(levels []string) []string {
	if len(levels) == 0 {
		return []string{"no level"}
	}
	return levels
}

// reaches tells whether a level is the one that is wanted, or a higher one of
// the same track: SLSA_BUILD_LEVEL_3 reaches SLSA_BUILD_LEVEL_2. Labels that
// end in no number only reach themselves.
func reaches(level, want string) bool {
	if level == want {
		return true
	}
	track, have, ok := cutLevel(level)
	wantTrack, atLeast, wantOK := cutLevel(want)
	return ok && wantOK && track == wantTrack && have >= atLeast
}

func cutLevel(level string) (track string, n int, ok bool) {
	i := strings.LastIndex(level, "LEVEL_")
	if i < 0 || !strings.HasPrefix(level, "SLSA_") {
		return "", 0, false
	}
	track = level[:i]
	n, err := strconv.Atoi(level[i+len("LEVEL_"):])
	return track, n, err == nil && n >= 0 && n < 10
}
