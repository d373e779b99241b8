package predicate

import (
	"fmt"
	"strings"
	"time"
)

// Summary is a SLSA verification summary, normalised over its versions.
type Summary struct {
	// Verifier is the verifier's id.
	Verifier string
	// Time is when it verified, or zero where the summary does not say.
	Time time.Time
	// Resource is the URI of what was verified.
	Resource string
	// Policy is the URI of the policy that it was verified against.
	Policy string
	// Passed tells that the result is PASSED.
	Passed bool
	// Levels are those that were verified: SLSA_BUILD_LEVEL_3, and whatever
	// else the verifier calls what it found.
	Levels []string
}

// familyVSA begins the types of all versions of the verification summary.
const familyVSA = "https://slsa.dev/verification_summary/"

// IsSummary reports whether a predicate type is a verification summary, of a
// version that ParseSummary reads or of another.
func IsSummary(predicateType string) bool { return strings.HasPrefix(predicateType, familyVSA) }

// ParseSummary reads SLSA verification summaries v0.1, v0.2 and v1. The error
// wraps ErrUnsupported for other predicate types and versions.
func ParseSummary(predicateType string, raw []byte) (*Summary, error) {
	version, ours := strings.CutPrefix(predicateType, familyVSA)
	switch {
	case !ours:
		return nil, unsupported("%q is not a verification summary", clip(predicateType))
	case version != "v0.1" && version != "v0.2" && version != "v1":
		return nil, unsupported("SLSA verification summary %q; read are v0.1, v0.2 and v1", clip(version))
	}
	what := "SLSA verification summary " + version
	return guard(what, func() (*Summary, error) { return parseVSA(what, raw) })
}

// vsa holds the fields of all versions. The first two were written in snake
// case by some verifiers and in camel case by others, whatever their version.
type vsa struct {
	Verifier *struct {
		ID string `json:"id"`
	} `json:"verifier"`
	Time        string   `json:"timeVerified"`
	TimeSnake   string   `json:"time_verified"`
	Resource    string   `json:"resourceUri"`
	ResSnake    string   `json:"resource_uri"`
	Result      string   `json:"verificationResult"`
	ResultSnake string   `json:"verification_result"`
	Levels      []string `json:"verifiedLevels"`
	Level       string   `json:"policyLevel"`
	LevelSnake  string   `json:"policy_level"`
	Policy      *struct {
		URI string `json:"uri"`
	} `json:"policy"`
}

func parseVSA(what string, raw []byte) (*Summary, error) {
	raw, err := open(raw, "verifier", "id", "timeVerified", "time_verified", "resourceUri", "resource_uri",
		"verificationResult", "verification_result", "verifiedLevels", "policyLevel", "policy_level", "policy", "uri")
	if err != nil {
		return nil, err
	}
	var document vsa
	if err := decode(what, raw, &document); err != nil {
		return nil, err
	}
	if document.Verifier == nil || document.Verifier.ID == "" {
		return nil, fmt.Errorf("decode %s: verifier.id: missing", what)
	}
	facts := &Summary{Verifier: document.Verifier.ID}
	if document.Policy != nil {
		facts.Policy = document.Policy.URI
	}
	either := func(field, camel, snake string) string {
		switch {
		case camel != "" && snake != "":
			err = fmt.Errorf("decode %s: %s is written in two ways", what, field)
		case camel == "":
			return snake
		}
		return camel
	}
	at := either("timeVerified", document.Time, document.TimeSnake)
	facts.Resource = either("resourceUri", document.Resource, document.ResSnake)
	result := either("verificationResult", document.Result, document.ResultSnake)
	level := either("policyLevel", document.Level, document.LevelSnake)
	if err != nil {
		return nil, err
	}
	if facts.Time, err = instant(what, "timeVerified", at); err != nil {
		return nil, err
	}
	switch result {
	case "PASSED", "FAILED":
		facts.Passed = result == "PASSED"
	default:
		return nil, fmt.Errorf("decode %s: verificationResult: want PASSED or FAILED, found %q", what, clip(result))
	}
	if facts.Resource == "" {
		return nil, fmt.Errorf("decode %s: resourceUri: missing", what)
	}
	facts.Levels = appendNew(document.Levels, level)
	return facts, nil
}
