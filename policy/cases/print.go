package cases

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/syncgate/syncgate/policy/document"
)

// Detail says how much is printed.
type Detail uint8

// The details, which add up.
const (
	// Brief prints the cases that do not hold, and a line a file.
	Brief Detail = 0
	// Every prints the cases that hold, too, and what was found.
	Every Detail = 1 << iota
	// Coverage prints what no case tests.
	Coverage
)

// Text prints the outcome of one file as `go test` does that of a package.
func (s SuiteOutcome) Text(w io.Writer, d Detail) error {
	var b strings.Builder
	asserted := 0
	for _, c := range s.Cases {
		if c.Asserted > 0 {
			asserted++
		}
		switch {
		case !c.OK():
			fmt.Fprintf(&b, "--- FAIL: %s (%s)\n", document.Printable(c.Name), document.Printable(c.Place))
			for _, wrong := range c.Wrong {
				b.WriteString(indented(wrong))
			}
		case d&Every != 0:
			fmt.Fprintf(&b, "--- PASS: %s (%s)\n", document.Printable(c.Name), c.Result.Verdict)
			for _, f := range c.Result.Findings {
				b.WriteString(indented(fmt.Sprintf("%s: %s", f.Code, f.Message)))
			}
		}
	}
	note := ""
	if asserted > 0 {
		note = fmt.Sprintf(" (%d on facts that are asserted, not verified)", asserted)
	}
	if failed := s.Failed(); failed > 0 {
		fmt.Fprintf(&b, "FAIL\t%s\t%d of %s%s\n", document.Printable(s.Name), failed, count(len(s.Cases)), note)
	} else {
		fmt.Fprintf(&b, "ok\t%s\t%s%s\n", document.Printable(s.Name), count(len(s.Cases)), note)
	}
	if d&Coverage != 0 {
		for _, u := range s.Untested {
			fmt.Fprintf(&b, "\tuntested: %s\n", document.Printable(u))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func count(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

// indented is a text of several lines beneath a heading.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("    " + document.Printable(line) + "\n")
	}
	return b.String()
}

// Summary prints the last line of several files.
func Summary(w io.Writer, all []SuiteOutcome) error {
	cases, failed := 0, 0
	for _, s := range all {
		cases, failed = cases+len(s.Cases), failed+s.Failed()
	}
	word := "PASS"
	if failed > 0 {
		word = "FAIL"
	}
	_, err := fmt.Fprintf(w, "%s: %s, %d failed\n", word, count(cases), failed)
	return err
}

// JSON prints the outcomes as one object.
func JSON(w io.Writer, all []SuiteOutcome) error {
	type outcome struct {
		Outcome
		OK      bool   `json:"ok"`
		Verdict string `json:"verdict"`
	}
	type suite struct {
		File     string    `json:"file"`
		Cases    []outcome `json:"cases"`
		Untested []string  `json:"untested,omitempty"`
	}
	var out struct {
		Suites []suite `json:"suites"`
		Failed int     `json:"failed"`
	}
	for _, s := range all {
		made := suite{File: s.Name, Untested: s.Untested, Cases: []outcome{}}
		for _, c := range s.Cases {
			made.Cases = append(made.Cases, outcome{c, c.OK(), c.Result.Verdict.String()})
		}
		out.Suites, out.Failed = append(out.Suites, made), out.Failed+s.Failed()
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// The elements of a JUnit report.
type (
	junitReport struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit prints the outcomes for CI systems.
func JUnit(w io.Writer, all []SuiteOutcome) error {
	var report junitReport
	for _, s := range all {
		suite := junitSuite{Name: s.Name, Tests: len(s.Cases), Failures: s.Failed()}
		for _, c := range s.Cases {
			made := junitCase{Name: c.Name, Class: s.Name}
			if !c.OK() {
				made.Failure = &junitFailure{Message: c.Wrong[0], Text: c.Place + "\n" + strings.Join(c.Wrong, "\n")}
			}
			suite.Cases = append(suite.Cases, made)
		}
		report.Suites = append(report.Suites, suite)
		report.Tests, report.Failures = report.Tests+suite.Tests, report.Failures+suite.Failures
	}
	text, err := xml.MarshalIndent(report, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	}
	return err
}
