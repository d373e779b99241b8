package cases

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
)

// Prover verifies evidence that is given as bytes.
type Prover interface {
	// Prove adds what the files of a case prove to its input: evidence, what
	// counts for nothing, and what could not be looked at.
	Prove(ctx context.Context, set policy.Set, c Case) (policy.Input, error)
	// Replay judges the image of a case by the evidence of its snapshot.
	Replay(ctx context.Context, set policy.Set, c Case) (policy.Result, error)
}

// Runner runs suites.
type Runner struct {
	// Prover verifies files. Without one, cases that name files fail.
	Prover Prover
	// Only are the names of the cases to run. Nil is all.
	Only *regexp.Regexp
}

// Outcome is how one case ended.
type Outcome struct {
	Name     string `json:"name"`
	Place    string `json:"place"`
	Asserted int    `json:"assertedFacts"`
	// Wrong says what is not as expected, one thing a line. It is empty where
	// the case holds.
	Wrong []string `json:"wrong,omitempty"`
	// Result is what the policies said.
	Result policy.Result `json:"-"`
}

// OK tells whether the case holds.
func (o Outcome) OK() bool { return len(o.Wrong) == 0 }

// SuiteOutcome is how the cases of one file ended.
type SuiteOutcome struct {
	Name  string    `json:"file"`
	Cases []Outcome `json:"cases"`
	// Untested are requirements that no case shows met, or none unmet.
	Untested []string `json:"untested,omitempty"`
}

// Failed is the number of cases that do not hold.
func (s SuiteOutcome) Failed() int {
	n := 0
	for _, c := range s.Cases {
		if !c.OK() {
			n++
		}
	}
	return n
}

// Run runs the cases of a suite, in their order.
func (r Runner) Run(ctx context.Context, s Suite) (SuiteOutcome, error) {
	out := SuiteOutcome{Name: s.Name}
	for _, c := range s.Cases {
		if r.Only != nil && !r.Only.MatchString(c.Name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		result, err := r.judge(ctx, s.Policies, c)
		o := Outcome{Name: c.Name, Place: c.Place, Asserted: c.Asserted, Result: result}
		if err != nil {
			o.Wrong = []string{err.Error()}
		} else {
			o.Wrong = c.Expect.compare(result)
		}
		out.Cases = append(out.Cases, o)
	}
	if r.Only == nil {
		out.Untested = untested(s.Policies, out.Cases)
	}
	return out, nil
}

func (r Runner) judge(ctx context.Context, set policy.Set, c Case) (policy.Result, error) {
	in := c.Input
	switch {
	case len(c.Files) == 0 && c.Snapshot == "":
	case r.Prover == nil:
		return policy.Result{}, errNoProver
	case c.Snapshot != "":
		return r.Prover.Replay(ctx, set, c)
	default:
		var err error
		if in, err = r.Prover.Prove(ctx, set, c); err != nil {
			return policy.Result{}, err
		}
	}
	return set.Evaluate(ctx, in), nil
}

// compare says what is not as expected.
func (e Expectation) compare(r policy.Result) []string {
	var wrong []string
	if r.Verdict != e.Verdict {
		wrong = append(wrong, fmt.Sprintf("verdict is %s, want %s", r.Verdict, e.Verdict))
	}
	if e.Findings != nil || r.Verdict != e.Verdict {
		wrong = append(wrong, e.codes(r)...)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Requirements)) {
		i := slices.IndexFunc(r.Requirements, func(s policy.RequirementResult) bool { return s.Requirement == name })
		switch {
		case i < 0:
			wrong = append(wrong, fmt.Sprintf("requirement %s was not asked for: the policies that match are %s", name, orNone(r.Policies)))
		case r.Requirements[i].Verdict != e.Requirements[name]:
			wrong = append(wrong, fmt.Sprintf("requirement %s is %s, want %s", name, r.Requirements[i].Verdict, e.Requirements[name]))
		}
	}
	return wrong
}

// codes compares findings: those that are expected must be there, and no
// others that count.
func (e Expectation) codes(r policy.Result) []string {
	var wrong []string
	for _, code := range e.Findings {
		if !slices.ContainsFunc(r.Findings, func(f policy.Finding) bool { return f.Code == code }) {
			wrong = append(wrong, fmt.Sprintf("finding %s is missing", code))
		}
	}
	for _, f := range r.Findings {
		if f.Verdict != policy.Pass && !f.Warning && !slices.Contains(e.Findings, f.Code) {
			wrong = append(wrong, told(f))
		}
	}
	return wrong
}

func told(f policy.Finding) string {
	text := fmt.Sprintf("finding %s: %s", f.Code, f.Message)
	if f.Requirement != "" {
		text = fmt.Sprintf("finding %s of requirement %s: %s", f.Code, f.Requirement, f.Message)
	}
	if f.Hint != "" {
		text += "\n  fix: " + f.Hint
	}
	return text
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// untested are the requirements that no case shows met, or none unmet: of
// those nobody knows that they do what is meant.
func untested(set policy.Set, outcomes []Outcome) []string {
	type key struct{ policy, requirement string }
	met, unmet := map[key]bool{}, map[key]bool{}
	for _, o := range outcomes {
		for _, r := range o.Result.Requirements {
			if r.Verdict == policy.Pass && !r.Lifted {
				met[key{r.Policy, r.Requirement}] = true
			} else {
				unmet[key{r.Policy, r.Requirement}] = true
			}
		}
	}
	var out []string
	for _, p := range set.Policies {
		for _, r := range p.Require {
			k := key{p.Name, r.Name}
			switch {
			case !met[k] && !unmet[k]:
				out = append(out, fmt.Sprintf("%s: requirement %s of policy %s is asked for by no case", r.Source, r.Name, p.Name))
			case !unmet[k]:
				out = append(out, fmt.Sprintf("%s: requirement %s of policy %s fails in no case", r.Source, r.Name, p.Name))
			case !met[k]:
				out = append(out, fmt.Sprintf("%s: requirement %s of policy %s is met in no case", r.Source, r.Name, p.Name))
			}
		}
	}
	return out
}
