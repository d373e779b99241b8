package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Explained is why one image passes or not, for programs.
type Explained struct {
	Reference string         `json:"reference"`
	Digest    policy.Digest  `json:"digest"`
	Verdict   policy.Verdict `json:"verdict"`
	*policy.Explanation
	Findings []policy.Finding          `json:"findings"`
	Rejected []verify.RejectionSummary `json:"rejected,omitempty"`
	// ToPass is the cheapest way to pass that is known.
	ToPass []policy.Remedy `json:"toPass"`
}

// Explain takes the explanation out of the result of an image.
func Explain(r verify.ImageResult) Explained {
	x := Explained{Reference: r.Reference, Digest: r.Digest, Verdict: r.Verdict, Explanation: r.Explanation, Findings: r.Findings, Rejected: r.Rejected}
	if x.Explanation == nil {
		x.Explanation = &policy.Explanation{}
	}
	x.ToPass = []policy.Remedy{}
	if r.Verdict != policy.Pass {
		x.ToPass = append(x.ToPass, x.Remedies(r.Findings)...)
	}
	return x
}

// JSON writes it as one object.
func (x Explained) JSON(w io.Writer, _ Options) error { return writeJSON(w, x) }

// Text writes it for people: each policy and why it matches or not, each
// requirement as a tree with what was found, and what to do.
func (x Explained) Text(w io.Writer, o Options) error {
	p := &printer{w: w, Options: o}
	p.printf("%s %s\n", p.mark(x.Verdict), p.paint(bold, Clean(x.Reference)))
	if !x.Digest.IsZero() {
		p.printf("%s%s\n", indent, p.paint(dim, x.Digest.String()))
	}
	for i := range x.Policies {
		p.policyStep(&x.Policies[i])
	}
	p.aside(x)
	if len(x.ToPass) > 0 {
		p.printf("\n%s\n", p.paint(bold, "to pass:"))
	}
	for i, r := range x.ToPass {
		about := ""
		if r.Requirement != "" {
			about = p.paint(dim, Clean(r.Requirement)+": ")
		}
		p.printf("  %d. %s%s\n", i+1, about, p.paint(cyan, Clean(r.Do)))
	}
	return p.err
}

func (p *printer) policyStep(s *policy.PolicyStep) {
	head := fmt.Sprintf("policy %s (%s)", s.Policy, s.Source)
	switch {
	case s.Matches == "no":
		p.printf("\n%s\n", p.paint(dim, Clean(head+" does not match: "+s.Why)))
		return
	case s.Matches == "unknown":
		head += " may match: " + s.Why
	case s.Allows:
		head += " lets the image run, if no other policy is about it"
	default:
		head += " matches"
	}
	if s.Warning {
		head += ", and only warns"
	}
	p.printf("\n%s\n", p.paint(bold, Clean(head)))
	for i := range s.Steps {
		p.step(&s.Steps[i], "", i == len(s.Steps)-1)
	}
}

// step prints one branch of the tree.
func (p *printer) step(s *policy.RequirementStep, prefix string, last bool) {
	branch, below := "├─ ", "│  "
	if last {
		branch, below = "└─ ", "   "
	}
	p.printf("%s%s %s\n", p.paint(dim, prefix+branch), p.sign(s), Clean(called(s)))
	inner := prefix + below
	below = inner
	if len(s.Steps) > 0 {
		below += "│  "
	}
	line := func(text string) { p.printf("%s%s\n", p.paint(dim, below), text) }
	for _, f := range leading(s) {
		line(Clean(f.Message) + " " + p.paint(dim, "["+Clean(string(f.Code))+"]"))
	}
	for _, seen := range s.Seen {
		line(p.seen(seen))
	}
	if len(s.Seen) == 0 && len(s.Steps) == 0 && asks(s.Kind) {
		line(p.paint(dim, "found none"))
	}
	for i := range s.Steps {
		p.step(&s.Steps[i], inner, i == len(s.Steps)-1)
	}
}

// asks tells whether a kind of requirement looks for evidence itself.
func asks(kind string) bool {
	return kind != "digest" && kind != "static" && !strings.HasPrefix(kind, "unsupported")
}

// sign is the verdict on a requirement, in short.
func (p *printer) sign(s *policy.RequirementStep) string {
	switch {
	case s.Lifted:
		return p.paint(yellow, "✓ lifted ")
	default:
		return p.mark(s.Verdict)
	}
}

// called names a requirement, or the platform or part of it.
func called(s *policy.RequirementStep) string {
	name := s.Requirement
	switch {
	case s.Platform != "":
		return s.Platform
	case s.Kind == "atLeast" || s.Kind == "count":
		name += fmt.Sprintf(" (at least %d of %d)", s.Count, len(s.Steps))
	case s.Kind != s.Requirement:
		name += " (" + s.Kind + ")"
	}
	switch s.Platforms {
	case "each":
		name += ", for each platform"
	case "any":
		name += ", for any platform"
	}
	return name
}

// leading are the findings to show of a step: what blocks it, where no step
// below says so, and what was noted.
func leading(s *policy.RequirementStep) []policy.Finding {
	var out []policy.Finding
	for _, f := range s.Findings {
		blocks := f.Verdict != policy.Pass && !f.Warning
		if (len(s.Steps) == 0 || s.Kind == "program") && (f.Requirement == "" || f.Requirement == s.Requirement || blocks) {
			out = append(out, f)
		}
	}
	if len(out) > shownFindings {
		out = out[:shownFindings]
	}
	return out
}

func (p *printer) seen(s policy.SeenEvidence) string {
	text := "found " + s.What + " by " + s.SignedBy
	if s.SignedAt != nil {
		text += ", signed " + s.SignedAt.Format("2006-01-02 15:04 UTC")
	}
	switch {
	case s.Against != "":
		return p.paint(dim, Clean(text+": does not count "+s.Against))
	case s.Decided:
		return Clean(text+", as "+s.Signer) + p.paint(bold, " <- decided")
	}
	return Clean(text + ", as " + s.Signer)
}

// aside prints what stands outside the tree: bundles that count for nothing,
// and what is about no requirement.
func (p *printer) aside(x Explained) {
	for _, r := range x.Rejected {
		p.printf("\n%s\n", Clean(fmt.Sprintf("%s counts for nothing: %s [%s]", r.Location, r.Reason, r.Code)))
	}
	for _, f := range x.Findings {
		if f.Requirement == "" {
			p.printf("\n%s\n", Clean(fmt.Sprintf("%s [%s]", f.Message, f.Code)))
		}
	}
}
