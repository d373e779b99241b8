package policy

import (
	"errors"
	"fmt"
	"sync"

	"github.com/syncgate/syncgate/policy/predicate"
)

// facts is what a statement's predicate was parsed to: once, however many
// requirements ask, and however often it is evaluated. It is a fact about
// immutable bytes, and no verdict.
type facts struct {
	mu    sync.Mutex
	known map[any]any
}

// parse is the signature of package predicate's parsers.
type parse[T any] func(predicateType string, raw []byte) (*T, error)

type parsed[T any] struct {
	facts *T
	err   error
}

// parseOnce parses a statement's predicate, or remembers what came of it.
func parseOnce[T any](e *evaluation, s *Statement, p parse[T]) (*T, error) {
	kept := s.facts
	if kept == nil {
		kept = e.memo.of(s)
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	key := (*T)(nil)
	if known, ok := kept.known[key].(parsed[T]); ok {
		return known.facts, known.err
	}
	var v parsed[T]
	v.facts, v.err = p(s.PredicateType, s.Predicate)
	if v.facts == nil && v.err == nil {
		v.err = errors.New("the predicate holds nothing")
	}
	if kept.known == nil {
		kept.known = map[any]any{}
	}
	kept.known[key] = v
	return v.facts, v.err
}

// memo keeps facts for one evaluation, of statements that keep none.
type memo map[*Statement]*facts

func (m memo) of(s *Statement) *facts {
	if m[s] == nil {
		m[s] = &facts{}
	}
	return m[s]
}

// unread is the finding about a predicate that does not parse: unknown where
// syncgate does not read it, fail where it is not what it says.
func (e *evaluation) unread(q question, s *Statement, err error) *Finding {
	if errors.Is(err, predicate.ErrUnsupported) {
		return &Finding{Code: CodePredicateUnsupported,
			Message: fmt.Sprintf("%s: the attestation of type %s is not read: %s", e.label(q.target), clip(s.PredicateType), clip(err.Error())),
			Hint:    "attach it in a version that syncgate reads"}
	}
	return &Finding{Code: CodePredicateMalformed, Verdict: Fail,
		Message: fmt.Sprintf("%s: the attestation of type %s is malformed: %s", e.label(q.target), clip(s.PredicateType), clip(err.Error())),
		Hint:    "make it again with a tool that follows the predicate's specification"}
}

// isType tells whether evidence is an attestation whose type a test of
// package predicate takes.
func isType(test func(predicateType string) bool) func(*Evidence) bool {
	return func(ev *Evidence) bool {
		return ev.Kind == KindAttestation && ev.Statement != nil && test(ev.Statement.PredicateType)
	}
}

// anyOf asks each candidate until one has nothing against it. Otherwise it
// reports the one that came nearest: unknown before fail, and of those the
// one that was signed last.
func anyOf(candidates []candidate, check func(candidate) *Finding) outcome {
	var nearest *Finding
	var by candidate
	var passed []candidate
	for _, c := range candidates {
		f := check(c)
		if f == nil {
			passed = append(passed, c)
			continue
		}
		better := nearest == nil || f.Verdict == Unknown && nearest.Verdict == Fail ||
			f.Verdict == nearest.Verdict && c.signed().After(by.signed())
		if better {
			nearest, by = f, c
		}
	}
	if len(passed) > 0 {
		return proved(passed)
	}
	if nearest == nil {
		return met(nil)
	}
	if others := len(distinctEvidence(candidates)) - 1; others > 0 {
		nearest.Message += fmt.Sprintf(" (and %s of the kind %s no better)", count(others, "other"), doOrDoes(others))
	}
	o := unmet(*nearest)
	o.decided = []candidate{by}
	return o
}

func doOrDoes(n int) string {
	if n == 1 {
		return "does"
	}
	return "do"
}

func distinctEvidence(candidates []candidate) map[*Evidence]bool {
	distinct := map[*Evidence]bool{}
	for _, c := range candidates {
		distinct[c.evidence] = true
	}
	return distinct
}
