package predicate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// intotoVulns is in-toto's vulnerability report, after
// spec/predicates/vuln.md of in-toto/attestation, v0.1 and v0.2.
type intotoVulns struct {
	Scanner *struct {
		URI    string            `json:"uri"`
		Result []json.RawMessage `json:"result"`
	} `json:"scanner"`
	Metadata struct {
		Finished string `json:"scanFinishedOn"`
	} `json:"metadata"`
}

// intotoVuln is one result. It names no package.
type intotoVuln struct {
	ID       string `json:"id"`
	Severity []struct {
		Method string          `json:"method"`
		Score  json.RawMessage `json:"score"`
	} `json:"severity"`
}

func parseInTotoVulns(raw []byte) (*Report, error) {
	const what = "in-toto vulnerability report"
	raw, err := open(raw, "scanner", "uri", "result", "id", "severity", "method", "score", "metadata", "scanStartedOn", "scanFinishedOn")
	if err != nil {
		return nil, err
	}
	var document intotoVulns
	if err := decode(what, raw, &document); err != nil {
		return nil, err
	}
	if document.Scanner == nil || document.Scanner.URI == "" {
		return nil, fmt.Errorf("decode %s: scanner.uri: missing", what)
	}
	facts := &Report{Format: formatInTotoVulns, Scanner: document.Scanner.URI, Vulnerabilities: []Vulnerability{}}
	if facts.Time, err = instant(what, "metadata.scanFinishedOn", document.Metadata.Finished); err != nil {
		return nil, err
	}
	for i, result := range document.Scanner.Result {
		var v intotoVuln
		if err := decode(what, result, &v); err != nil {
			return nil, fmt.Errorf("scanner.result[%d]: %w", i, err)
		}
		if v.ID == "" {
			return nil, fmt.Errorf("decode %s: scanner.result[%d].id: missing", what, i)
		}
		found := Vulnerability{ID: v.ID}
		for j, s := range v.Severity {
			severity, err := methodSeverity(s.Score)
			if err != nil {
				return nil, fmt.Errorf("decode %s: scanner.result[%d].severity[%d].score: %w", what, i, j, err)
			}
			found.Severity = max(found.Severity, severity)
		}
		facts.Vulnerabilities = append(facts.Vulnerabilities, found)
	}
	return facts, nil
}

// methodSeverity reads a score, which is a word, a number or a CVSS vector
// whatever its method is called. What is none of them rates nothing.
func methodSeverity(raw json.RawMessage) (Severity, error) {
	var number float64
	if json.Unmarshal(raw, &number) == nil {
		return scoreInRange(number)
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return 0, errors.New("want text or a number")
	}
	if severity, known := severityWord(text); known {
		return severity, nil
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return scoreInRange(number)
	}
	if strings.HasPrefix(text, "CVSS:") || strings.HasPrefix(text, "AV:") {
		score, err := vectorScore(text)
		if err != nil {
			return 0, fmt.Errorf("read CVSS vector %q: %w", clip(text), err)
		}
		return severityScore(score), nil
	}
	return SeverityUnknown, nil
}

func scoreInRange(score float64) (Severity, error) {
	if score < 0 || score > 10 || score != score {
		return 0, fmt.Errorf("%v is no CVSS score", score)
	}
	return severityScore(score), nil
}
