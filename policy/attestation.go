package policy

import (
	"context"
	"errors"
	"fmt"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/predicate"
)

// attestation asks for statements of a type, by signers, that an expression
// holds for.
func (e *evaluation) attestation(ctx context.Context, q question, r *AttestationRequirement) outcome {
	candidates, missing := e.find(q, wanted{
		signers: r.Signers, what: "attestation of type " + r.PredicateType, missing: CodeAttestationMissing,
		is:   isType(func(t string) bool { return t == r.PredicateType }),
		make: attestCommand(r.Signers, r.PredicateType),
	})
	if missing != nil {
		return *missing
	}
	check := func(c candidate) *Finding { return e.checkStatement(ctx, q, r, c) }
	switch r.Statements {
	case AnyStatement:
		return anyOf(candidates, check)
	case NewestStatement:
		return everyOf(newest(candidates, e.dated), check)
	default:
		return everyOf(candidates, check)
	}
}

// everyOf needs every candidate to have nothing against it.
func everyOf(candidates []candidate, check func(candidate) *Finding) outcome {
	outcomes := make([]outcome, len(candidates))
	for i, c := range candidates {
		if f := check(c); f != nil {
			outcomes[i] = unmet(*f)
			outcomes[i].decided = []candidate{c}
		} else {
			outcomes[i] = proved([]candidate{c})
		}
	}
	o := foldEach(outcomes)
	if o.verdict == Pass {
		o.supports = mergeSupports(outcomes...)
	}
	for _, each := range outcomes {
		if each.verdict == o.verdict {
			o.decided = append(o.decided, each.decided...)
		}
	}
	return o
}

// dated is when a candidate was signed, and when it was made by its own word
// where its type is one that tells.
func (e *evaluation) dated(c candidate) dated {
	d, s := dated{signed: c.signed()}, c.evidence.Statement
	switch {
	case predicate.IsProvenance(s.PredicateType):
		if p, err := parseOnce(e, s, predicate.ParseProvenance); err == nil {
			d.own = built(p)
		}
	case predicate.IsSBOM(s.PredicateType):
		if b, err := parseOnce(e, s, predicate.ParseSBOM); err == nil {
			d.own = b.Created
		}
	case predicate.IsReport(s.PredicateType):
		if r, err := parseOnce(e, s, predicate.ParseReport); err == nil {
			d.own = r.Time
		}
	case predicate.IsVEX(s.PredicateType):
		if v, err := parseOnce(e, s, predicate.ParseVEX); err == nil {
			d.own = v.Time
		}
	case predicate.IsSummary(s.PredicateType):
		if v, err := parseOnce(e, s, predicate.ParseSummary); err == nil {
			d.own = v.Time
		}
	}
	return d
}

// checkStatement says what is against one statement.
func (e *evaluation) checkStatement(ctx context.Context, q question, r *AttestationRequirement, c candidate) *Finding {
	what := fmt.Sprintf("the attestation of type %s on %s", r.PredicateType, e.label(q.target))
	if f := e.aged(what, dated{signed: c.signed()}, r.MaxAge, ageCodes{CodeAttestationStale, CodeAttestationFuture, CodeAttestationUndated}); f != nil {
		return f
	}
	if err := predicate.Check(c.evidence.Statement.PredicateType, c.evidence.Statement.Predicate); err != nil {
		return e.unread(q, c.evidence.Statement, err)
	}
	if r.Expression == nil {
		return nil
	}
	key := answered{c.evidence.Statement, r}
	if known, ok := e.answers[key]; ok {
		return known
	}
	f := e.checkExpression(ctx, what, r, c.evidence.Statement)
	e.answers[key] = f
	return f
}

// answered is a statement that an expression was asked about, in this
// evaluation.
type answered struct {
	statement   *Statement
	requirement *AttestationRequirement
}

// checkExpression evaluates the expression, for every place where the image
// runs if it asks for the place.
func (e *evaluation) checkExpression(ctx context.Context, what string, r *AttestationRequirement, s *Statement) *Finding {
	uses := e.uses
	if x, ok := r.Expression.(interface{ ReadsUse() bool }); ok && !x.ReadsUse() || len(uses) == 0 {
		uses = []Use{{}}
	}
	if len(uses) > bounds.ExpressionUses {
		return &Finding{Code: CodeExpressionError,
			Message: fmt.Sprintf("%s: the expression asks for the object, and the image runs in more than %d places", what, bounds.ExpressionUses)}
	}
	for _, use := range uses {
		if ctx.Err() != nil {
			return &Finding{Code: CodeEvaluationStopped, Retryable: true, Message: fmt.Sprintf("%s: stopped: %v", what, context.Cause(ctx))}
		}
		holds, err := r.Expression.Evaluate(ctx, ExpressionInput{Statement: s, Subject: e.in.Subject, Use: use, At: e.in.At})
		no := new(No)
		switch {
		case errors.As(err, &no):
			return &Finding{Code: CodeExpressionFalse, Verdict: Fail,
				Message: withReason(fmt.Sprintf("%s: %s does not hold", what, r.Expression), no.Reason),
				Hint:    "see the predicate, and mend what it reports"}
		case err != nil:
			f := broken(err)
			f.Message = fmt.Sprintf("%s: the expression %q cannot be evaluated: %s", what, clip(r.Expression.String()), clip(err.Error()))
			return f
		case !holds:
			return &Finding{Code: CodeExpressionFalse, Verdict: Fail,
				Message: fmt.Sprintf("%s: the expression %q is false", what, clip(r.Expression.String())),
				Hint:    "see the predicate, and mend what it reports"}
		}
	}
	return nil
}

// broken is the finding about an expression or program that has no answer. It
// fails, unless the error says that it is nobody's mistake.
func broken(err error) *Finding {
	f := &Finding{Code: CodeExpressionError, Verdict: Fail, Hint: "correct the expression; test for a field that may be missing with has()"}
	if undecided := Undecided(nil); errors.As(err, &undecided) {
		f.Verdict, f.Retryable = Unknown, undecided.Undecided()
		f.Hint = "make the expression cheaper, or the evidence smaller"
	}
	return f
}
