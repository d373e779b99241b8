package policy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/predicate"
)

// only is an expression that holds in one namespace.
type only string

func (o only) Evaluate(_ context.Context, in ExpressionInput) (bool, error) {
	if in.Use.Namespace == "broken" {
		return false, errors.New("there is no field x; test for it first with has()")
	}
	return in.Use.Namespace == string(o), nil
}
func (o only) String() string { return "object.namespace == " + string(o) }

// blind is an expression that does not ask where the image runs.
type blind struct{ calls *int }

func (b blind) Evaluate(context.Context, ExpressionInput) (bool, error) { *b.calls++; return true, nil }
func (b blind) String() string                                          { return "predicate.ok" }
func (b blind) ReadsUse() bool                                          { return false }

func TestAttestation(t *testing.T) {
	const kind = "https://example.com/t"
	at := func(age time.Duration, predicate string) Evidence {
		s := signedBy("release")
		s.SignedAt = noon.Add(-age)
		return attest(image, kind, predicate, s)
	}
	undated := signedBy("release")
	undated.SignedAt = time.Time{}
	yes, no := `{"ok":true}`, `{"ok":false}`
	for _, row := range []struct {
		name     string
		change   func(*AttestationRequirement)
		evidence []Evidence
		want     Verdict
		code     Code
	}{
		{"as it should be", nil, []Evidence{at(time.Hour, yes)}, Pass, ""},
		{"none", nil, nil, Fail, CodeAttestationMissing},
		{"type", func(r *AttestationRequirement) { r.PredicateType += "/v2" }, []Evidence{at(time.Hour, yes)}, Fail, CodeAttestationMissing},
		{"type is no glob", func(r *AttestationRequirement) { r.PredicateType = "**" }, []Evidence{at(time.Hour, yes)}, Fail, CodeAttestationMissing},
		{"signer", func(r *AttestationRequirement) { r.Signers = []SignerRule{keyRule("x")} }, []Evidence{at(time.Hour, yes)}, Fail, CodeSignerMismatch},
		{"expression", nil, []Evidence{at(time.Hour, no)}, Fail, CodeExpressionFalse},
		{"no expression", func(r *AttestationRequirement) { r.Expression = nil }, []Evidence{at(time.Hour, no)}, Pass, ""},
		{"age", nil, []Evidence{at(25*time.Hour, yes)}, Fail, CodeAttestationStale},
		{"future", nil, []Evidence{at(-time.Hour, yes)}, Fail, CodeAttestationFuture},
		{"no time", nil, []Evidence{attest(image, kind, yes, undated)}, Fail, CodeAttestationUndated},
		{"no time, any age", func(r *AttestationRequirement) { r.MaxAge = 0 }, []Evidence{attest(image, kind, yes, undated)}, Pass, ""},
		{"any of two", nil, []Evidence{at(time.Hour, no), at(2*time.Hour, yes)}, Pass, ""},
		{"every of two", func(r *AttestationRequirement) { r.Statements = EveryStatement }, []Evidence{at(time.Hour, no), at(2*time.Hour, yes)}, Fail, CodeExpressionFalse},
		{"every of one", func(r *AttestationRequirement) { r.Statements = EveryStatement }, []Evidence{at(2*time.Hour, yes)}, Pass, ""},
		{"every, by others too", func(r *AttestationRequirement) { r.Statements = EveryStatement }, []Evidence{at(2*time.Hour, yes), attest(image, kind, no, signedBy("mallory"))}, Pass, ""},
		{"newest says no", func(r *AttestationRequirement) { r.Statements = NewestStatement }, []Evidence{at(time.Hour, no), at(2*time.Hour, yes)}, Fail, CodeExpressionFalse},
		{"newest says yes", func(r *AttestationRequirement) { r.Statements = NewestStatement }, []Evidence{at(2*time.Hour, no), at(time.Hour, yes)}, Pass, ""},
		{"newest of one time", func(r *AttestationRequirement) { r.Statements = NewestStatement }, []Evidence{at(time.Hour, no), at(time.Hour, yes)}, Fail, CodeExpressionFalse},
		{"newest, one without time", func(r *AttestationRequirement) { r.Statements, r.MaxAge = NewestStatement, 0 }, []Evidence{attest(image, kind, no, undated), at(time.Hour, yes)}, Fail, CodeExpressionFalse},
		{"a quantifier that does not exist", func(r *AttestationRequirement) { r.Statements = 99 }, []Evidence{at(time.Hour, no), at(2*time.Hour, yes)}, Fail, CodeExpressionFalse},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := AttestationRequirement{Signers: []SignerRule{keyRule("release")}, PredicateType: kind, MaxAge: 24 * time.Hour, Expression: saysOK{}}
			if row.change != nil {
				row.change(&r)
			}
			expect(t, evaluate(t, requiring(Requirement{Attestation: &r}), inputOf(row.evidence...)), row.want, row.code)
		})
	}
}

// Whoever may push can have the signature of a key logged anew. A statement
// that tells its own time is no newer for that.
func TestAReplayedStatementIsNotTheNewest(t *testing.T) {
	at := func(kind, predicate string, signed time.Time) Evidence {
		s := signedBy("release")
		s.SignedAt = signed
		return attest(image, kind, predicate, s)
	}
	yes, no := noon.Add(-3*time.Hour), noon.Add(-2*time.Hour)
	for kind, make := range map[string]func(own time.Time, ok string) string{
		predicate.TypeSLSA1: func(own time.Time, ok string) string {
			return `{"ok": ` + ok + `, "buildDefinition": {}, "runDetails": {"builder": {"id": ""}, "metadata": {"finishedOn": "` + own.Format(time.RFC3339) + `"}}}`
		},
		predicate.TypeSPDX: func(own time.Time, ok string) string {
			return `{"ok": ` + ok + `, "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "app", "documentNamespace": "https://acme.example/app",
				"creationInfo": {"created": "` + own.Format(time.RFC3339) + `", "creators": ["Organization: acme"]}, "packages": []}`
		},
		predicate.TypeCosignVuln: func(own time.Time, ok string) string {
			return strings.Replace(trivyReport(own), "{", `{"ok": `+ok+`, `, 1)
		},
		vexType: func(own time.Time, ok string) string {
			return strings.Replace(openVEX(own, says("CVE-2026-1", "fixed")), "{", `{"ok": `+ok+`, `, 1)
		},
	} {
		r := AttestationRequirement{Signers: []SignerRule{keyRule("release")}, PredicateType: kind, Expression: saysOK{}, Statements: NewestStatement}
		evidence := []Evidence{at(kind, make(yes, "true"), yes), at(kind, make(no, "false"), no)}
		expect(t, evaluate(t, requiring(Requirement{Attestation: &r}), inputOf(evidence...)), Fail, CodeExpressionFalse)
		evidence[0] = at(kind, make(yes, "true"), noon)
		expect(t, evaluate(t, requiring(Requirement{Attestation: &r}), inputOf(evidence...)), Fail, CodeExpressionFalse)
		evidence[0] = at(kind, make(noon, "true"), noon)
		expect(t, evaluate(t, requiring(Requirement{Attestation: &r}), inputOf(evidence...)), Pass, "")
	}
}

// An expression that asks where the image runs must hold of every place.
func TestExpressionHoldsOfEveryUse(t *testing.T) {
	r := AttestationRequirement{Signers: []SignerRule{keyRule("release")}, PredicateType: "https://example.com/t", Expression: only("prod")}
	in := inputOf(attest(image, "https://example.com/t", "{}", signedBy("release")))
	expect(t, evaluate(t, requiring(Requirement{Attestation: &r}), in), Pass, "")
	in.Subject.Uses = append(in.Subject.Uses, Use{Namespace: "test"})
	expect(t, evaluate(t, requiring(Requirement{Attestation: &r}), in), Fail, CodeExpressionFalse)
	in.Subject.Uses[1].Namespace = "broken"
	got := evaluate(t, requiring(Requirement{Attestation: &r}), in)
	expect(t, got, Fail, CodeExpressionError)
	if !strings.Contains(got.Findings[0].Message, "has()") {
		t.Error(describe(got))
	}
	in.Subject.Uses = make([]Use, bounds.ExpressionUses+1)
	expect(t, evaluate(t, requiring(Requirement{Attestation: &r}), in), Unknown, CodeExpressionError)
	calls := 0
	r.Expression = blind{&calls}
	expect(t, evaluate(t, requiring(Requirement{Attestation: &r}), in), Pass, "")
	if calls != 1 {
		t.Errorf("an expression that asks for no place was evaluated %d times", calls)
	}
}

// A statement is looked at once, however many requirements ask.
func TestPredicatesAreParsedOnce(t *testing.T) {
	e := &evaluation{memo: memo{}}
	calls := 0
	parser := func(string, []byte) (*int, error) { calls++; return &calls, nil }
	statement := &Statement{}
	for range 3 {
		if _, err := parseOnce(e, statement, parser); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("parsed %d times", calls)
	}
	if _, err := parseOnce(e, &Statement{}, func(string, []byte) (*int, error) { return nil, nil }); err == nil {
		t.Error("facts that are nothing are facts")
	}
}
