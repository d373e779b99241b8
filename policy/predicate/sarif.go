package predicate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// sarif is what is looked at of a SARIF 2.1.0 log.
type sarif struct {
	Version string `json:"version"`
	Runs    []sarifRun
}

type sarifRun struct {
	Tool struct {
		Driver struct {
			Name    string `json:"name"`
			Version string `json:"version"`
			Rules   []sarifRule
		} `json:"driver"`
	} `json:"tool"`
	Invocations []struct {
		Success *bool  `json:"executionSuccessful"`
		End     string `json:"endTimeUtc"`
	} `json:"invocations"`
	Results *[]struct {
		RuleID    string `json:"ruleId"`
		RuleIndex *int   `json:"ruleIndex"`
		Rule      struct {
			ID string `json:"id"`
		} `json:"rule"`
		Message struct{ Text string }
	} `json:"results"`
}

type sarifRule struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Help       struct{ Text string }
	Properties struct {
		Severity string   `json:"security-severity"`
		PURLs    []string `json:"purls"`
	} `json:"properties"`
}

// parseSARIF reads logs of Trivy and Grype. SARIF itself has no word for a
// vulnerability: each tool says in text which package has which. A log of any
// other tool, one of style checks say, must not pass for a clean report.
func parseSARIF(raw []byte) (*Report, error) {
	const what = "SARIF"
	var log sarif
	if err := decode(what, raw, &log); err != nil {
		return nil, err
	}
	switch {
	case log.Version != "2.1.0":
		return nil, unsupported("SARIF version %q; read is 2.1.0", clip(log.Version))
	case len(log.Runs) == 0:
		return nil, errors.New("decode SARIF: runs: there is none")
	}
	facts := &Report{Format: formatSARIF, Vulnerabilities: []Vulnerability{}}
	for i := range log.Runs {
		run := &log.Runs[i]
		driver := strings.ToLower(run.Tool.Driver.Name)
		if driver != formatTrivy && driver != formatGrype {
			return nil, unsupported("SARIF by %q; read is SARIF by Trivy and Grype, so that what was found cannot be told", clip(run.Tool.Driver.Name))
		}
		if run.Results == nil {
			// Null or missing means that the tool did not look (3.14.23).
			return nil, unsupported("SARIF without results: it does not say that anything was scanned")
		}
		facts.Scanner = joinWords(run.Tool.Driver.Name, run.Tool.Driver.Version)
		for _, invocation := range run.Invocations {
			if invocation.Success != nil && !*invocation.Success {
				return nil, unsupported("SARIF of a scan that did not succeed")
			}
			at, err := instant(what, "invocations.endTimeUtc", invocation.End)
			if err != nil {
				return nil, err
			}
			if at.After(facts.Time) {
				facts.Time = at
			}
		}
		if err := run.vulnerabilities(facts); err != nil {
			return nil, fmt.Errorf("decode %s: runs[%d].%w", what, i, err)
		}
	}
	return facts, nil
}

func (run *sarifRun) vulnerabilities(facts *Report) error {
	rules := map[string]*sarifRule{}
	for i := range run.Tool.Driver.Rules {
		rules[run.Tool.Driver.Rules[i].ID] = &run.Tool.Driver.Rules[i]
	}
	for i, result := range *run.Results {
		rule := rules[firstOf(result.RuleID, result.Rule.ID)]
		if index := result.RuleIndex; rule == nil && index != nil && *index >= 0 && *index < len(run.Tool.Driver.Rules) {
			rule = &run.Tool.Driver.Rules[*index]
		}
		if rule == nil {
			return fmt.Errorf("results[%d].ruleId: names no rule", i)
		}
		// Trivy also reports misconfigurations, secrets and licences.
		if strings.EqualFold(run.Tool.Driver.Name, formatTrivy) && !strings.HasSuffix(rule.Name, "PackageVulnerability") {
			continue
		}
		v, err := rule.vulnerability(result.Message.Text)
		if err != nil {
			return fmt.Errorf("results[%d]: %w", i, err)
		}
		facts.Vulnerabilities = append(facts.Vulnerabilities, v)
	}
	return nil
}

// vulnerability reads the lines "Package: …" of a result and of its rule's
// help. Trivy writes them into both, for several packages of one rule; Grype
// has a rule for each package.
func (r *sarifRule) vulnerability(message string) (Vulnerability, error) {
	told := textFields(r.Help.Text)
	for name, value := range textFields(message) {
		told[name] = value
	}
	v := Vulnerability{
		ID: firstOf(told["vulnerability"], r.ID), Package: told["package"],
		Version: firstOf(told["installed version"], told["version"]),
		FixedIn: firstOf(told["fixed version"], told["fix version"]),
	}
	if v.ID == "" || v.Package == "" {
		return v, errors.New("it does not say which package has which vulnerability")
	}
	if len(r.Properties.PURLs) == 1 {
		v.PURL = r.Properties.PURLs[0]
	}
	severity, known := severityWord(told["severity"])
	if !known {
		return v, fmt.Errorf("unknown severity %q", clip(told["severity"]))
	}
	if severity == SeverityUnknown && r.Properties.Severity != "" {
		score, err := strconv.ParseFloat(r.Properties.Severity, 64)
		if err != nil {
			return v, fmt.Errorf("security-severity: %q is no score", clip(r.Properties.Severity))
		}
		severity = severityScore(score)
	}
	v.Severity = severity
	return v, nil
}

// textFields reads lines "Name: value", and Trivy's and Grype's first line
// "Vulnerability CVE-…".
func textFields(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(line, ":")
		if id, ok := strings.CutPrefix(line, "Vulnerability "); ok && !strings.Contains(id, " ") {
			name, value, found = "vulnerability", id, true
		}
		if name = strings.ToLower(name); found && fields[name] == "" {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

// firstOf is the first that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
