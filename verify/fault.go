package verify

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/syncgate/syncgate/policy"
)

// faultFinding is the finding that an error of a port makes. An error that
// names no verdict is unknown: it never becomes a pass, nor a fail.
func faultFinding(err error) policy.Finding {
	var fault *Fault
	if errors.As(err, &fault) {
		return policy.Finding{
			Code: fault.Code, Verdict: notPass(fault.Verdict), Message: fault.Message, Hint: fault.Hint, Retryable: fault.Retryable,
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return policy.Finding{
			Code: CodeRegistryTimeout, Verdict: policy.Unknown, Retryable: true,
			Message: "verify image: no time was left: " + err.Error(),
			Hint:    "run it again, or look at how the registry answers",
		}
	}
	return policy.Finding{Code: CodeInternal, Verdict: policy.Unknown, Message: err.Error()}
}

// Findings are those that an error of a port makes, of which several may be
// joined. None is a pass.
func Findings(err error) []policy.Finding {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var findings []policy.Finding
		for _, e := range joined.Unwrap() {
			findings = append(findings, Findings(e)...)
		}
		return findings
	}
	return []policy.Finding{faultFinding(err)}
}

// appendFaults adds what errors say that was not said before: a trusted root
// that cannot be had is in the way of every bundle.
func appendFaults(findings []policy.Finding, err error) []policy.Finding {
	for _, f := range Findings(err) {
		if !slices.Contains(findings, f) {
			findings = append(findings, f)
		}
	}
	return findings
}

func notPass(v policy.Verdict) policy.Verdict {
	if v == policy.Fail {
		return policy.Fail
	}
	return policy.Unknown
}

// decided are the findings that hold whatever the registry would have said,
// without the fault that is told already.
func decided(findings []policy.Finding, fault policy.Finding) []policy.Finding {
	kept := []policy.Finding{}
	for _, f := range findings {
		if f.Verdict != policy.Unknown && f.Code != fault.Code {
			kept = append(kept, f)
		}
	}
	return kept
}

// progress counts images that are done.
type progress struct {
	mu          sync.Mutex
	tell        func(done, total int)
	done, total int
}

func newProgress(tell func(done, total int), total int) *progress {
	return &progress{tell: tell, total: total}
}

func (p *progress) step() {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.tell(p.done, p.total)
}
