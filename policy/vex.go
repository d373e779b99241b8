package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/predicate"
)

// Silenced is a vulnerability that would be denied, and that VEX explains away.
type Silenced struct {
	Policy      string `json:"policy"`
	Requirement string `json:"requirement"`
	// Vulnerability is its identifier, and Package what it is in.
	Vulnerability string `json:"vulnerability"`
	Package       string `json:"package"`
	// Status, Justification and Impact are what the statement says.
	Status        predicate.VEXStatus `json:"status"`
	Justification string              `json:"justification,omitempty"`
	Impact        string              `json:"impact,omitempty"`
	// Author is who the document says wrote it; Signer is whom the policy calls
	// who signed it.
	Author string `json:"author,omitempty"`
	Signer string `json:"signer"`
	// At is when it was said, and nil where nobody tells. Age is how long that
	// was ago, in seconds.
	At  *time.Time `json:"at,omitempty"`
	Age int64      `json:"ageSeconds,omitempty"`
	// Statement is the SHA-256 of what was signed.
	Statement Digest `json:"statement"`
}

// vexWord is one VEX statement about an image by somebody who may silence,
// or a document of theirs that cannot be read.
type vexWord struct {
	by        candidate
	author    string
	draft     bool
	statement *predicate.VEXStatement
	// err is set instead of a statement: the document may say anything about
	// everything.
	err error
}

// when is the time that the statement tells, else that of the signature.
func (w vexWord) when() time.Time {
	if w.statement != nil && !w.statement.Time.IsZero() {
		return w.statement.Time
	}
	return w.by.signed()
}

// vexStatements are the statements of all VEX documents that a signer of the
// rule attached to the image or to the platform that is asked about.
func (e *evaluation) vexStatements(q question, r *VEXRule) []vexWord {
	var words []vexWord
	for i := range e.evidence {
		ev := &e.evidence[i]
		if ev.Subject != q.target.digest && ev.Subject != e.in.Subject.Digest {
			continue
		}
		if !saysVEX(ev) {
			continue
		}
		candidates := appendCandidates(nil, ev, r.Signers)
		if len(candidates) == 0 {
			continue
		}
		v, err := parseOnce(e, ev.Statement, predicate.ParseVEX)
		switch {
		case errors.Is(err, predicate.ErrNoVulnerabilities):
			continue
		case err != nil:
			words = append(words, vexWord{by: candidates[0], err: err})
			continue
		}
		for s := range v.Statements {
			words = append(words, vexWord{by: candidates[0], author: v.Author, draft: v.Draft, statement: &v.Statements[s]})
		}
	}
	return words
}

// saysVEX tells whether evidence is a VEX document, or a CycloneDX document
// that speaks of vulnerabilities.
func saysVEX(ev *Evidence) bool {
	return isType(predicate.IsVEX)(ev) || speaks(ev)
}

func speaks(ev *Evidence) bool {
	return ev.Kind == KindAttestation && ev.Statement != nil &&
		predicate.SpeaksOfVulnerabilities(ev.Statement.PredicateType, ev.Statement.Predicate)
}

// silenced tells whether VEX explains a vulnerability away, and what it says
// of it either way. Of several statements about the same vulnerability and
// product the newest counts; where it cannot be told which that is, all of
// those that it may be must silence. A statement of which it cannot be told
// whether it is about the package silences nothing, and is heard all the same
// if it says that the vulnerability may matter.
func (j *vulnerabilityJudge) silenced(f *finding) (bool, string) {
	var about []vexWord
	for _, w := range j.vex {
		if w.err != nil {
			about = append(about, w)
			continue
		}
		if !sharesID(f.ids(), append([]string{w.statement.ID}, w.statement.Aliases...)) {
			continue
		}
		switch j.concerns(w.statement, f) {
		case matchYes:
			about = append(about, w)
		case matchUnknown:
			if stands(w.statement) {
				about = append(about, w)
			}
		}
	}
	about = newest(about, func(w vexWord) dated { return dated{signed: w.when()} })
	text := ""
	for _, w := range about {
		if why := j.loud(w); why != "" {
			return false, why
		}
		if text == "" {
			text = j.word(w)
		}
	}
	if len(about) > 0 {
		j.e.silence(j.q, f, about[0])
	}
	return len(about) > 0, text
}

// silence takes a vulnerability that VEX explains away to the list of these.
func (e *evaluation) silence(q question, f *finding, w vexWord) {
	s := w.statement
	one := Silenced{
		Policy: e.policy, Requirement: q.req.Name, Vulnerability: f.ID, Package: f.place(),
		Status: s.Status, Justification: clip(s.Justification), Impact: clip(s.Impact),
		Author: clip(w.author), Signer: w.by.rule.called(), Statement: w.by.evidence.ID,
	}
	if at := w.when(); !at.IsZero() {
		at = at.UTC()
		one.At, one.Age = &at, int64(e.in.At.Sub(at)/time.Second)
	}
	same := func(other Silenced) bool {
		return other.Policy == one.Policy && other.Requirement == one.Requirement && other.Vulnerability == one.Vulnerability &&
			other.Package == one.Package && other.Statement == one.Statement
	}
	if len(e.silenced) < bounds.Silenced && !slices.ContainsFunc(e.silenced, same) {
		e.silenced = append(e.silenced, one)
	}
}

// loud says why a statement does not silence, and is empty if it does.
func (j *vulnerabilityJudge) loud(w vexWord) string {
	if w.err != nil {
		return fmt.Sprintf("a VEX document by %s cannot be read: %s", w.by.rule.called(), clip(w.err.Error()))
	}
	s := w.statement
	if w.draft {
		return fmt.Sprintf("VEX by %s is a draft", w.by.rule.called())
	}
	if !slices.Contains(j.r.VEX.Statuses, s.Status) {
		return fmt.Sprintf("VEX by %s says %s", w.by.rule.called(), s.Status)
	}
	if s.Status == predicate.NotAffected && len(j.r.VEX.Justifications) > 0 && !slices.Contains(j.r.VEX.Justifications, s.Justification) {
		return fmt.Sprintf("VEX by %s says not_affected with the justification %q, and the policy takes only %s",
			w.by.rule.called(), clip(s.Justification), list(j.r.VEX.Justifications))
	}
	if f := j.e.aged("VEX by "+w.by.rule.called(), dated{w.by.signed(), s.Time}, 0, ageCodes{future: CodeReportFuture}); f != nil {
		return f.Message
	}
	return ""
}

// word tells what a statement says, who says it, and since when.
func (j *vulnerabilityJudge) word(w vexWord) string {
	s := w.statement
	text := string(s.Status)
	if why := s.Justification; why != "" {
		text += ", " + why
	} else if s.Impact != "" {
		text += ", " + clip(s.Impact)
	}
	text += ", says " + w.by.rule.called()
	if w.author != "" {
		text += fmt.Sprintf(" (author %s)", clip(w.author))
	}
	return fmt.Sprintf("%s, %s", text, j.e.old(dated{own: w.when()}))
}
