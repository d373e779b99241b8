package report

import (
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

const (
	// sarifResults is how many results of a run GitHub keeps. It drops the
	// others by its own choice, and refuses a file with five times as many.
	sarifResults = 5000
	// sarifNotes is how many notifications a run carries, and sarifLines how
	// many findings one message tells.
	sarifNotes = 5000
	sarifLines = 20
)

// SARIF writes a SARIF 2.1.0 log of one run, for code scanning. A result is
// what is wrong under one code at one line, because GitHub takes results of
// one rule at one line for the same. Its level is error for what fails,
// warning for what could not be looked at and note for what only warns. What
// explains a pass (VEX, exceptions) is a notification: as a result it would be
// an alert.
func SARIF(w io.Writer, r verify.Report, o Options) error {
	s := newSarif(r)
	return writeWithin(w, o.Limit, len(s.results)+len(s.notes), func(n int) any { return s.log(o.Version, n) })
}

// sarif gathers what a log holds.
type sarif struct {
	report  verify.Report
	results []sarifResult
	notes   []sarifNotification
	// leftOut is the number of results beyond what GitHub takes.
	leftOut int
}

type sarifKey struct {
	code policy.Code
	path string
	line int
}

func newSarif(r verify.Report) *sarif {
	s := &sarif{report: r}
	seen, at, told := fingerprints{}, map[sarifKey][]spot{}, map[string]bool{}
	var order []sarifKey
	for _, p := range spots(r) {
		key := sarifKey{p.Code, p.path(r, "revision"), p.Line}
		if weigh(p.Finding) == noted {
			if text := p.text(); !told[text] {
				told[text] = true
				s.note(p, key.path)
			}
			continue
		}
		if at[key] == nil {
			order = append(order, key)
		}
		at[key] = append(at[key], p)
	}
	for _, key := range order {
		first := at[key][0]
		s.results = append(s.results, sarifResult{
			RuleID: string(key.code), Level: sarifLevel(weigh(first.Finding)), Message: sarifMessage(at[key]),
			Locations:           []sarifLocation{sarifPlace(first, key.path)},
			PartialFingerprints: map[string]string{"syncgate/v1": seen.of(first.entry, first.site)},
			Properties:          sarifProperties(at[key]),
			BaselineState:       sarifBaseline(r, at[key]),
		})
	}
	if s.leftOut = max(0, len(s.results)-sarifResults); s.leftOut > 0 {
		s.results = s.results[:sarifResults]
	}
	return s
}

func (s *sarif) note(p spot, path string) {
	if len(s.notes) < sarifNotes {
		s.notes = append(s.notes, sarifNotification{
			Descriptor: sarifReference{ID: string(p.Code)}, Level: "note",
			Message: sarifText{sarifEscape(p.text())}, Locations: []sarifLocation{sarifPlace(p, path)},
		})
	}
}

// sarifBaseline says what is new, where that is known.
func sarifBaseline(r verify.Report, list []spot) string {
	if r.ComparedTo == nil {
		return ""
	}
	for _, p := range list {
		if p.change != verify.Old {
			return "new"
		}
	}
	return "unchanged"
}

func sarifLevel(w weight) string {
	switch w {
	case failing:
		return "error"
	case unchecked:
		return "warning"
	}
	return "note"
}

// sarifMessage tells findings of one code at one line, each with its own fix.
func sarifMessage(list []spot) sarifText {
	var lines []string
	var hint string
	for i, p := range list {
		if i == sarifLines {
			lines = append(lines, "and "+plural(len(list)-i, "more finding"))
			break
		}
		text := p.text()
		if weigh(p.Finding) == unchecked {
			text = "could not be checked: " + text
		}
		if p.Hint != "" && p.Hint != hint {
			hint = p.Hint
			text += ". Fix: " + hint
		}
		lines = append(lines, sarifEscape(text))
	}
	return sarifText{strings.Join(lines, "\n")}
}

// sarifEscape takes out what could drive a terminal or make a link: messages
// may carry links in square brackets.
func sarifEscape(text string) string { return strings.ReplaceAll(clean(text), "](", "] (") }

func sarifPlace(p spot, path string) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{
		Artifact: sarifArtifact{URI: sarifURI(path), URIBaseID: "%SRCROOT%"},
		Region:   sarifRegion{StartLine: max(1, p.Line), StartColumn: p.Column},
	}}
	if p.object.Kind != "" {
		l.Logical = []sarifLogical{{
			Name: p.object.Name, Kind: "resource",
			FullyQualifiedName: strings.TrimSpace(p.object.String() + " " + p.field),
		}}
	}
	return l
}

// sarifURI is a relative URI reference: no path of it is taken for a scheme,
// a host or the root.
func sarifURI(path string) string {
	path = strings.TrimLeft(path, "/")
	return strings.ReplaceAll((&url.URL{Path: strings.ReplaceAll(path, ":", "\x00")}).EscapedPath(), "%00", "%3A")
}

func sarifProperties(list []spot) map[string]any {
	p := list[0]
	properties := map[string]any{"verdict": p.Verdict, "warning": p.Warning, "retryable": p.Retryable}
	if p.Policy != "" {
		properties["policy"] = p.Policy
	}
	if p.Requirement != "" {
		properties["requirement"] = p.Requirement
	}
	if p.unitName() != "" {
		properties["unit"] = p.unitName()
	}
	var images []string
	for _, p := range list {
		if p.image != nil && !slices.Contains(images, p.image.Reference) && len(images) < sarifLines {
			images = append(images, p.image.Reference)
		}
	}
	if images != nil {
		properties["images"] = images
	}
	return properties
}

// log holds the first n of all results and, after them, notes.
func (s *sarif) log(version string, n int) sarifLog {
	results := slices.Clone(s.results[:min(n, len(s.results))])
	notes := slices.Clone(s.notes[:n-len(results)])
	var ruled, told []policy.Code
	for _, r := range results {
		ruled = append(ruled, policy.Code(r.RuleID))
	}
	for _, note := range notes {
		told = append(told, policy.Code(note.Descriptor.ID))
	}
	ruled, told = sortedCodes(ruled), sortedCodes(told)
	for i := range results {
		results[i].RuleIndex, _ = slices.BinarySearch(ruled, policy.Code(results[i].RuleID))
	}
	for i := range notes {
		notes[i].Descriptor.Index, _ = slices.BinarySearch(told, policy.Code(notes[i].Descriptor.ID))
	}
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "syncgate", Version: version, InformationURI: "https://github.com/syncgate/syncgate",
			Rules: sarifRules(ruled), Notifications: sarifRules(told),
		}},
		Provenance:  sarifProvenance(s.report),
		Invocations: []sarifInvocation{{ExecutionSuccessful: true, ExitCode: exitCode(s.report.Verdict), Notifications: notes}},
		Results:     results,
		Properties:  s.properties(len(s.results) + len(s.notes) - n),
	}
	if run.Invocations[0].Notifications == nil {
		run.Invocations[0].Notifications = []sarifNotification{}
	}
	if run.Results == nil {
		run.Results = []sarifResult{}
	}
	return sarifLog{Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
}

func sortedCodes(codes []policy.Code) []policy.Code {
	slices.Sort(codes)
	return slices.Compact(codes)
}

func sarifRules(codes []policy.Code) []sarifRule {
	list := []sarifRule{}
	for _, code := range codes {
		r := ruleOf(code)
		list = append(list, sarifRule{
			ID: string(code), Name: pascal(string(code)),
			ShortDescription: sarifText{r.title}, FullDescription: sarifText{r.title + " " + r.help},
			Help:    sarifHelp{Text: r.title + "\n\n" + r.help, Markdown: "**" + r.title + "**\n\n" + r.help},
			HelpURI: r.url(), Properties: map[string]any{"tags": []string{"supply-chain"}},
		})
	}
	return list
}

// pascal is the name that tools show of a rule: SignatureMissing.
func pascal(code string) string {
	var b strings.Builder
	for _, word := range strings.Split(code, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func sarifProvenance(r verify.Report) []sarifRevision {
	u, err := url.Parse(r.Revision.Repository)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return nil
	}
	return []sarifRevision{{RepositoryURI: u.String(), RevisionID: r.Revision.Commit}}
}

// properties tell of a run what SARIF has no word for. Where a limit cuts the
// log they are short, too.
func (s *sarif) properties(cut int) map[string]any {
	type image struct {
		Reference string         `json:"reference"`
		Digest    policy.Digest  `json:"digest"`
		Verdict   policy.Verdict `json:"verdict"`
	}
	properties := map[string]any{"verdict": s.report.Verdict, "summary": s.report.Summary, "policies": s.report.Policies}
	if cut+s.leftOut > 0 {
		properties["leftOut"] = cut + s.leftOut
	}
	if cut > 0 {
		return properties
	}
	images := []image{}
	for _, i := range s.report.Images {
		images = append(images, image{i.Reference, i.Digest, i.Verdict})
	}
	properties["images"], properties["units"] = images, s.report.Units
	return properties
}
