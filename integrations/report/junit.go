package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// What of the JUnit format syncgate writes: what Jenkins' schema allows, in
// its order, which all readers understand.

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string           `xml:"name,attr"`
	Tests      int              `xml:"tests,attr"`
	Failures   int              `xml:"failures,attr"`
	Errors     int              `xml:"errors,attr"`
	Skipped    int              `xml:"skipped,attr"`
	Properties *junitProperties `xml:"properties"`
	Cases      []junitCase      `xml:"testcase"`
}

type junitProperties struct {
	List []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Skipped *string       `xml:"skipped"`
	Error   *junitProblem `xml:"error"`
	Failure *junitProblem `xml:"failure"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a suite for each unit and each image, for CI systems that show
// test results. A case of an image is a requirement; what fails is a failure,
// what could not be looked at an error. What only warns, or what an exception
// lifts, is skipped, with the reason: it is not met, and does not count.
func JUnit(w io.Writer, r verify.Report, _ Options) error {
	all := junitSuites{Name: "syncgate"}
	all.Suites = append(all.Suites, junitUnits(r)...)
	for i := range r.Images {
		all.Suites = append(all.Suites, junitImage(&r.Images[i]))
	}
	for i := range all.Suites {
		all.Suites[i].count()
		all.Tests += all.Suites[i].Tests
		all.Failures += all.Suites[i].Failures
		all.Errors += all.Suites[i].Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitUnits are the suites of what is not about one image: one for the
// revision, if anything was found about it, and one for each unit.
func junitUnits(r verify.Report) []junitSuite {
	revision := strings.TrimSpace(r.Revision.Repository + " " + r.Revision.Commit)
	suites := []junitSuite{{Name: "revision"}}
	index := map[string]int{}
	for _, u := range r.Units {
		if _, ok := index[u.Name]; !ok {
			index[u.Name] = len(suites)
			suites = append(suites, junitSuite{Name: "unit " + u.Name})
		}
		s := &suites[index[u.Name]]
		s.Properties = s.Properties.with("kind", string(u.Kind)).with("path", u.Path).with("objects", fmt.Sprint(u.Objects))
	}
	suites[0].Properties = suites[0].Properties.with("revision", revision).with("verdict", r.Verdict.String())
	for _, p := range r.Policies {
		suites[0].Properties = suites[0].Properties.with("policy "+p.Name, p.Digest.String())
	}
	for _, e := range entries(r) {
		if e.image != nil {
			continue
		}
		i := index[e.unit] // a unit that is not listed is of the revision
		suites[i].Cases = append(suites[i].Cases, junitFinding(e.Finding, suites[i].Name, e.sites))
	}
	for i := range suites {
		if len(suites[i].Cases) == 0 {
			name := "rendered"
			if i == 0 {
				name = "found"
			}
			suites[i].Cases = []junitCase{{Name: name, Class: suites[i].Name}}
		}
	}
	return suites
}

func (p *junitProperties) with(name, value string) *junitProperties {
	if p == nil {
		p = &junitProperties{}
	}
	p.List = append(p.List, junitProperty{name, value})
	return p
}

// junitImage is the suite of an image: its requirements, then what was found
// beside them.
func junitImage(image *verify.ImageResult) junitSuite {
	s := junitSuite{Name: "image " + image.Reference}
	s.Properties = s.Properties.with("digest", image.Digest.String()).with("verdict", image.Verdict.String())
	sites := sitesOf(image.Locations)
	groups := groupFindings(image)
	for _, g := range groups {
		s.Cases = append(s.Cases, junitRequirement(g, s.Name, sites))
	}
	if len(s.Cases) == 0 {
		s.Cases = []junitCase{junitFinding(policy.Finding{Code: "verdict", Verdict: image.Verdict, Message: image.Verdict.String()}, s.Name, sites)}
	}
	return s
}

func junitRequirement(g findingGroup, class string, sites []site) junitCase {
	c := junitCase{Name: g.name(), Class: class}
	var told, noted []string
	lead := policy.Finding{Code: policy.Code(g.Kind), Message: g.Verdict.String()}
	for _, f := range g.findings {
		if f.Verdict == policy.Pass {
			noted = append(noted, findingText(f))
			continue
		}
		if told == nil {
			lead = f
		}
		told = append(told, findingText(f))
	}
	for _, s := range sites {
		told = append(told, "at "+siteText(s))
	}
	c.Out = strings.Join(noted, "\n")
	c.report(g.weight(), lead, strings.Join(told, "\n"))
	return c
}

func junitFinding(f policy.Finding, class string, sites []site) junitCase {
	c := junitCase{Name: string(f.Code), Class: class}
	text := findingText(f)
	for _, s := range sites {
		if at := siteText(s); at != "" {
			text += "\nat " + at
		}
	}
	if w := weigh(f); w == noted {
		c.Out = text
	} else {
		c.report(w, f, text)
	}
	return c
}

func (c *junitCase) report(w weight, f policy.Finding, text string) {
	problem := &junitProblem{Type: string(f.Code), Message: f.Message, Text: text}
	switch w {
	case failing:
		c.Failure = problem
	case unchecked:
		c.Error = problem
	case warned:
		c.Skipped = &text
	}
}

func (s *junitSuite) count() {
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}
