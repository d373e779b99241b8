package policy

import (
	"fmt"
	"testing"
)

// The truth tables of the documentation, cell by cell.
func TestVerdictTruthTables(t *testing.T) {
	const u, f, p = Unknown, Fail, Pass
	for _, row := range []struct{ a, b, all, any, both Verdict }{
		{u, u, u, u, u}, {u, f, f, u, f}, {u, p, u, p, u},
		{f, u, f, u, f}, {f, f, f, f, f}, {f, p, f, p, f},
		{p, u, u, p, u}, {p, f, f, p, f}, {p, p, p, p, p},
	} {
		cell := fmt.Sprintf("%s, %s", row.a, row.b)
		if got := AllOf(row.a, row.b); got != row.all {
			t.Errorf("all of %s is %s, want %s", cell, got, row.all)
		}
		if got := AnyOf(row.a, row.b); got != row.any {
			t.Errorf("any of %s is %s, want %s", cell, got, row.any)
		}
		if got := AtLeast(1, row.a, row.b); got != row.any {
			t.Errorf("at least 1 of %s is %s, want %s", cell, got, row.any)
		}
		if got := AtLeast(2, row.a, row.b); got != row.both {
			t.Errorf("at least 2 of %s is %s, want %s", cell, got, row.both)
		}
	}
}

func TestVerdictOfNothingIsUnknown(t *testing.T) {
	var zero Verdict
	for name, got := range map[string]Verdict{
		"the zero value": zero, "all of nothing": AllOf(), "any of nothing": AnyOf(), "one of nothing": AtLeast(1),
		"none of one": AtLeast(0, Pass), "less than none": AtLeast(-1, Pass, Pass),
	} {
		if got != Unknown {
			t.Errorf("%s is %s, want unknown", name, got)
		}
	}
	if got := AtLeast(3, Pass, Pass); got != Fail {
		t.Errorf("3 of 2 is %s, want fail", got)
	}
}

// A verdict never gets worse when a part of it gets better: unknown may
// become pass or fail, and no more than one step of the fold away.
func TestVerdictsAreMonotone(t *testing.T) {
	all := []Verdict{Unknown, Fail, Pass}
	folds := map[string]func(...Verdict) Verdict{
		"all of": AllOf, "any of": AnyOf,
		"at least 2": func(v ...Verdict) Verdict { return AtLeast(2, v...) },
	}
	for name, fold := range folds {
		for _, a := range all {
			for _, b := range all {
				for _, c := range all {
					if before, after := fold(Fail, b, c), fold(Pass, b, c); before == Pass && after != Pass || after == Fail && before != Fail {
						t.Errorf("%s %s %s %s: fail to pass turns %s into %s", name, a, b, c, before, after)
					}
					decided := fold(Unknown, b, c)
					for _, v := range []Verdict{Fail, Pass} {
						if got := fold(v, b, c); decided != Unknown && got != decided {
							t.Errorf("%s: unknown, %s, %s is %s, and with %s for unknown it is %s", name, b, c, decided, v, got)
						}
					}
				}
			}
		}
	}
}

func TestVerdictText(t *testing.T) {
	for _, v := range []Verdict{Unknown, Fail, Pass} {
		text, err := v.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got := Verdict(99)
		if err := got.UnmarshalText(text); err != nil || got != v {
			t.Errorf("%s is read as %s, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "PASS", "ok", "error"} {
		v := Fail
		if err := v.UnmarshalText([]byte(bad)); err == nil || v != Fail {
			t.Errorf("%q is read as %s, %v", bad, v, err)
		}
	}
	if got := Verdict(99).String(); got != "unknown" {
		t.Errorf("a verdict that does not exist is %s", got)
	}
}
