package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// dated is when something was said: the time that third parties vouch for,
// and the time that the statement itself tells. Either may be zero.
type dated struct{ signed, own time.Time }

// when is the time to order and to report by.
func (d dated) when() time.Time {
	if !d.signed.IsZero() {
		return d.signed
	}
	return d.own
}

// older is the earlier of the two times, as far as they are told.
func (d dated) older() time.Time {
	if d.own.IsZero() || !d.signed.IsZero() && d.signed.Before(d.own) {
		return d.signed
	}
	return d.own
}

// newest are those that no other is known to be newer than: the last to be
// signed, those that nobody gives a time, and the last by their own word. Who
// logs an old statement of a key's anew makes it the last to be signed, and
// not the last by its own word.
func newest[T any](of []T, when func(T) dated) []T {
	var signed, own time.Time
	for _, c := range of {
		if d := when(c); d.when().After(signed) {
			signed = d.when()
		}
		if d := when(c); d.own.After(own) {
			own = d.own
		}
	}
	return slices.DeleteFunc(slices.Clone(of), func(c T) bool {
		d := when(c)
		if d.when().IsZero() {
			return false
		}
		return d.when().Before(signed) && (d.own.IsZero() || d.own.Before(own))
	})
}

// ageCodes are the codes of findings about age, for a kind of statement.
type ageCodes struct{ stale, future, undated Code }

// aged checks that no time lies in the future, and with a maxAge that both
// times, where both exist, are young enough. It returns nil if so.
func (e *evaluation) aged(what string, d dated, maxAge time.Duration, codes ageCodes) *Finding {
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"was signed", d.signed}, {"is dated", d.own}} {
		if t.at.IsZero() {
			continue
		}
		age := e.in.At.Sub(t.at)
		if age < -bounds.ClockSkew {
			return &Finding{Code: codes.future, Verdict: Fail,
				Message: fmt.Sprintf("%s %s %s, %s in the future", what, t.name, t.at.UTC().Format(time.RFC3339), howLong(age)),
				Hint:    "set the clock of the machine that made it, and make it again"}
		}
		if maxAge > 0 && age > maxAge {
			return &Finding{Code: codes.stale, Verdict: Fail,
				Message: fmt.Sprintf("%s is %s old (%s %s), and at most %s is allowed", what, howLong(age), t.name, t.at.UTC().Format(time.RFC3339), howLong(maxAge)),
				Hint:    "make and attach a new one; if it is renewed by a schedule, see why that did not run"}
		}
	}
	if maxAge > 0 && d.when().IsZero() {
		return &Finding{Code: codes.undated, Verdict: Fail,
			Message: fmt.Sprintf("%s tells no time, so that it cannot be shown to be at most %s old", what, howLong(maxAge)),
			Hint:    "sign it with a transparency log or a timestamp authority"}
	}
	return nil
}

func (e *evaluation) old(d dated) string {
	if d.older().IsZero() {
		return "of unknown age"
	}
	return howLong(e.in.At.Sub(d.older())) + " old"
}
