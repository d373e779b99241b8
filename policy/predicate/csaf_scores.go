package predicate

import (
	"encoding/json"
	"fmt"
	"strings"

	cvss20 "github.com/pandatix/go-cvss/20"
	cvss30 "github.com/pandatix/go-cvss/30"
	cvss31 "github.com/pandatix/go-cvss/31"
)

// csafScore is the rating of a vulnerability in some products.
type csafScore struct {
	Products []string        `json:"products"`
	V2       json.RawMessage `json:"cvss_v2"`
	V3       json.RawMessage `json:"cvss_v3"`
}

// cvssObject is FIRST's JSON form of CVSS, as far as it is looked at.
type cvssObject struct {
	Version               string   `json:"version"`
	Vector                string   `json:"vectorString"`
	BaseScore             *float64 `json:"baseScore"`
	BaseSeverity          string   `json:"baseSeverity"`
	TemporalScore         *float64 `json:"temporalScore"`
	TemporalSeverity      string   `json:"temporalSeverity"`
	EnvironmentalScore    *float64 `json:"environmentalScore"`
	EnvironmentalSeverity string   `json:"environmentalSeverity"`
}

// checkScores: 6.1.7 to 6.1.10.
func (d *csaf) checkScores(v *csafVulnerability) error {
	seen := map[string]bool{}
	for _, s := range v.Scores {
		for major, raw := range map[string]json.RawMessage{"2": s.V2, "3": s.V3} {
			if len(raw) == 0 {
				continue
			}
			version, err := checkCVSS(raw)
			if err != nil {
				return err
			}
			if !strings.HasPrefix(version, major) {
				return fmt.Errorf("6.1.8: a score of version %s stands where another belongs", version)
			}
			for _, id := range s.Products {
				key := version + "\x00" + id
				if seen[key] {
					return fmt.Errorf("6.1.7: the product %q has two scores of version %s", clip(id), version)
				}
				seen[key] = true
			}
		}
	}
	return nil
}

// cvssVector is what the library's types of all versions have.
type cvssVector interface {
	BaseScore() float64
	TemporalScore() float64
	EnvironmentalScore() float64
}

func parseCVSS(o *cvssObject) (cvssVector, func(metric string) (string, error), error) {
	switch o.Version {
	case "2.0":
		v, err := cvss20.ParseVector(o.Vector)
		if err != nil {
			return nil, nil, err
		}
		return v, v.Get, nil
	case "3.0":
		v, err := cvss30.ParseVector(o.Vector)
		if err != nil {
			return nil, nil, err
		}
		return v, v.Get, nil
	case "3.1":
		v, err := cvss31.ParseVector(o.Vector)
		if err != nil {
			return nil, nil, err
		}
		return v, v.Get, nil
	}
	return nil, nil, fmt.Errorf("%q is no version of CVSS that may stand here", clip(o.Version))
}

// checkCVSS holds a score to its own vector.
func checkCVSS(raw json.RawMessage) (string, error) {
	var o cvssObject
	if err := decode("CVSS", raw, &o); err != nil {
		return "", fmt.Errorf("6.1.8: %w", err)
	}
	if o.BaseScore == nil || o.Vector == "" || o.Version != "2.0" && o.BaseSeverity == "" {
		return "", fmt.Errorf("6.1.8: a score lacks its vectorString, baseScore or baseSeverity")
	}
	vector, get, err := parseCVSS(&o)
	if err != nil {
		return "", fmt.Errorf("6.1.8: the vector %q: %w", clip(o.Vector), err)
	}
	for _, c := range []struct {
		name     string
		says     *float64
		severity string
		is       float64
	}{
		{"base", o.BaseScore, o.BaseSeverity, vector.BaseScore()},
		{"temporal", o.TemporalScore, o.TemporalSeverity, vector.TemporalScore()},
		{"environmental", o.EnvironmentalScore, o.EnvironmentalSeverity, vector.EnvironmentalScore()},
	} {
		if c.says != nil && *c.says != c.is {
			return "", fmt.Errorf("6.1.9: the %s score of %q is %v, not %v", c.name, clip(o.Vector), c.is, *c.says)
		}
		if o.Version != "2.0" && c.severity != "" && !strings.EqualFold(c.severity, cvssWord(c.is)) {
			return "", fmt.Errorf("6.1.9: the %s severity of %q is %s, not %s", c.name, clip(o.Vector), cvssWord(c.is), clip(c.severity))
		}
	}
	return o.Version, checkMetrics(raw, o.Version, get)
}

func cvssWord(score float64) string {
	switch severityScore(score) {
	case SeverityCritical:
		return "CRITICAL"
	case SeverityHigh:
		return "HIGH"
	case SeverityMedium:
		return "MEDIUM"
	case SeverityLow:
		return "LOW"
	}
	return "NONE"
}

// cvssMetrics are the names that the JSON form gives metrics.
func cvssMetrics(version string) map[string]string {
	if version == "2.0" {
		return map[string]string{
			"accessVector": "AV", "accessComplexity": "AC", "authentication": "Au", "confidentialityImpact": "C",
			"integrityImpact": "I", "availabilityImpact": "A", "exploitability": "E", "remediationLevel": "RL",
			"reportConfidence": "RC", "collateralDamagePotential": "CDP", "targetDistribution": "TD",
			"confidentialityRequirement": "CR", "integrityRequirement": "IR", "availabilityRequirement": "AR",
		}
	}
	return map[string]string{
		"attackVector": "AV", "attackComplexity": "AC", "privilegesRequired": "PR", "userInteraction": "UI", "scope": "S",
		"confidentialityImpact": "C", "integrityImpact": "I", "availabilityImpact": "A", "exploitCodeMaturity": "E",
		"remediationLevel": "RL", "reportConfidence": "RC", "confidentialityRequirement": "CR", "integrityRequirement": "IR",
		"availabilityRequirement": "AR", "modifiedAttackVector": "MAV", "modifiedAttackComplexity": "MAC",
		"modifiedPrivilegesRequired": "MPR", "modifiedUserInteraction": "MUI", "modifiedScope": "MS",
		"modifiedConfidentialityImpact": "MC", "modifiedIntegrityImpact": "MI", "modifiedAvailabilityImpact": "MA",
	}
}

// checkMetrics: 6.1.10. The words of the JSON form begin with the letters of
// the vector's, save a few.
func checkMetrics(raw json.RawMessage, version string, get func(string) (string, error)) error {
	var all map[string]any
	if err := decode("CVSS", raw, &all); err != nil {
		return err
	}
	odd := map[string][]string{
		"NOT_DEFINED": {"X", "ND"}, "PROOF_OF_CONCEPT": {"P", "POC"}, "OFFICIAL_FIX": {"O", "OF"}, "TEMPORARY_FIX": {"T", "TF"},
		"WORKAROUND": {"W"}, "UNAVAILABLE": {"U"}, "UNCONFIRMED": {"UC"}, "UNCORROBORATED": {"UR"}, "LOW_MEDIUM": {"LM"}, "MEDIUM_HIGH": {"MH"},
	}
	for name, metric := range cvssMetrics(version) {
		word, ok := all[name].(string)
		if !ok {
			continue
		}
		value, err := get(metric)
		if err != nil {
			return fmt.Errorf("6.1.10: %s: %w", name, err)
		}
		fits := value != "" && strings.HasPrefix(word, value)
		for _, short := range odd[word] {
			fits = fits || short == value
		}
		if !fits {
			return fmt.Errorf("6.1.10: %s is %s, and the vector says %s:%s", name, clip(word), metric, value)
		}
	}
	return nil
}
