package policy

import "fmt"

// Verdict is the outcome of a check. The zero value is Unknown, so that a
// verdict which nobody set never lets a sync happen.
type Verdict uint8

// The three verdicts. Only Pass lets a sync happen.
const (
	// Unknown means that it could not be looked at: a registry that did not
	// answer, a credential that is missing, a field that is not supported.
	Unknown Verdict = iota
	// Fail means that evidence was read and says no, or is absent where the
	// registry answered properly.
	Fail
	// Pass means that everything that was asked for was found to hold.
	Pass
)

// String returns "unknown", "fail" or "pass".
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	default:
		return "unknown"
	}
}

// MarshalText returns the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict's name. It refuses any other text.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, w := range []Verdict{Unknown, Fail, Pass} {
		if w.String() == string(text) {
			*v = w
			return nil
		}
	}
	return fmt.Errorf("read verdict %q: want pass, fail or unknown", text)
}

// AllOf is the verdict of checks that must all hold: fail beats unknown, and
// unknown beats pass. Of nothing it is Unknown.
func AllOf(verdicts ...Verdict) Verdict {
	return fold(verdicts, [3]Verdict{Fail, Unknown, Pass})
}

// AnyOf is the verdict of checks of which one must hold: pass beats unknown,
// and unknown beats fail. Of nothing it is Unknown.
func AnyOf(verdicts ...Verdict) Verdict {
	return fold(verdicts, [3]Verdict{Pass, Unknown, Fail})
}

// AtLeast is the verdict of checks of which n must hold. It is Pass if n
// passed, Fail if too few are left that could, and else Unknown. Of a count
// below one or of nothing it is Unknown.
func AtLeast(n int, verdicts ...Verdict) Verdict {
	if n < 1 || len(verdicts) == 0 {
		return Unknown
	}
	var passed, possible int
	for _, v := range verdicts {
		if v == Pass {
			passed++
		}
		if v != Fail {
			possible++
		}
	}
	switch {
	case passed >= n:
		return Pass
	case possible < n:
		return Fail
	default:
		return Unknown
	}
}

func fold(verdicts []Verdict, strongestFirst [3]Verdict) Verdict {
	for _, want := range strongestFirst {
		for _, v := range verdicts {
			if v == want {
				return v
			}
		}
	}
	return Unknown
}
