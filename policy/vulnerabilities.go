package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy/predicate"
)

// scan is one attested report of a scanner.
type scan struct {
	by     candidate
	format string
	dated  dated
	// found are its vulnerabilities.
	found []finding
	// err says why it does not count as a report.
	err *Finding
}

// finding is a vulnerability that a report names.
type finding struct {
	predicate.Vulnerability
	// vex tells that it is a statement in VEX form, which carries no
	// severity and no fix.
	vex bool
}

// ids are all identifiers of the vulnerability.
func (f *finding) ids() []string { return append([]string{f.ID}, f.Aliases...) }

func (f *finding) name() string { return clip(fmt.Sprintf("%s in %s", f.ID, f.place())) }

// place is the package that it is in, and its version.
func (f *finding) place() string {
	return clip(strings.TrimSpace(cmp.Or(f.Package, f.PURL, "the image") + " " + f.Version))
}

// vulnerabilities asks for reports that deny nothing. Of each scanner, which
// is a signer and a format, the newest report counts; where it cannot be told
// which that is, or the last to be signed is not the last to be made, all of
// those that it may be do.
func (e *evaluation) vulnerabilities(q question, r *VulnerabilityRequirement) outcome {
	scans, missing := e.scans(q, r)
	if missing != nil {
		return *missing
	}
	var deciding []*scan
	for _, of := range groupScans(scans, r) {
		deciding = append(deciding, newest(of, func(s *scan) dated { return s.dated })...)
	}
	if len(deciding) == 0 {
		return unmet(e.wrongFormat(q, r, scans))
	}
	j := &vulnerabilityJudge{e: e, q: q, r: r, scans: scans, seen: map[string]bool{}}
	if r.VEX != nil {
		j.vex = e.vexStatements(q, r.VEX)
	}
	j.askExploits()
	var supports []support
	for _, s := range deciding {
		supports = append(supports, s.by.support())
		j.notes = append(j.notes, s.by.relaxed()...)
		j.judge(s)
	}
	o := j.outcome(supports)
	for _, s := range deciding {
		o.decided = append(o.decided, s.by)
	}
	return o
}

// formats are those that count. SARIF, CSAF and CycloneDX must be asked for:
// documents of these say much else too, and one that says nothing of
// vulnerabilities must not pass for a clean report.
func (r *VulnerabilityRequirement) formats() []string {
	if len(r.Formats) > 0 {
		return r.Formats
	}
	return []string{"openvex", "cosign-vuln", "in-toto-vulns", "trivy", "grype"}
}

// reportFormat is the format in which evidence reports vulnerabilities.
func reportFormat(ev *Evidence) string {
	if ev.Kind != KindAttestation || ev.Statement == nil {
		return ""
	}
	return predicate.ReportFormat(ev.Statement.PredicateType, ev.Statement.Predicate)
}

// scans reads all reports by the scanners, of whatever format: those that do
// not count still tell severities.
func (e *evaluation) scans(q question, r *VulnerabilityRequirement) ([]*scan, *outcome) {
	w := wanted{
		signers: r.Signers, what: "vulnerability report", missing: CodeReportMissing,
		make: attestCommand(r.Signers, "vuln"),
		is:   func(ev *Evidence) bool { return slices.Contains(r.formats(), reportFormat(ev)) },
	}
	if len(r.Formats) == 1 {
		w.what = "vulnerability report in the format " + r.Formats[0]
	}
	if slices.Equal(r.Formats, []string{"openvex"}) {
		w.make = attestCommand(r.Signers, "openvex")
	}
	wide, ofType := w, w.is
	wide.is = func(ev *Evidence) bool { return reportFormat(ev) != "" }
	candidates, missing := e.find(q, wide)
	if missing != nil {
		// Statements of those who silence are no reports by the wrong signer.
		w.is = func(ev *Evidence) bool {
			return ofType(ev) && (r.VEX == nil || len(appendCandidates(nil, ev, r.VEX.Signers)) == 0)
		}
		_, missing = e.find(q, w)
		return nil, missing
	}
	var scans []*scan
	for _, c := range candidates {
		if s := e.readScan(q, c); s != nil {
			scans = append(scans, s)
		}
	}
	if scans == nil {
		o := unmet(e.missing(q, w))
		return nil, &o
	}
	return scans, nil
}

// readScan reads one attested report. It is nil for what is none on a closer
// look: a CycloneDX document without a list of vulnerabilities.
func (e *evaluation) readScan(q question, c candidate) *scan {
	st := c.evidence.Statement
	s := &scan{by: c, dated: dated{signed: c.signed()}, format: reportFormat(c.evidence)}
	if predicate.IsVEX(st.PredicateType) {
		v, err := parseOnce(e, st, predicate.ParseVEX)
		if err != nil {
			s.err = e.unread(q, st, err)
			return s
		}
		s.dated.own, s.found = v.Time, affected(v)
		return s
	}
	report, err := parseOnce(e, st, predicate.ParseReport)
	switch {
	case errors.Is(err, predicate.ErrNoVulnerabilities):
		return nil
	case err != nil:
		s.err = e.unread(q, st, err)
		return s
	}
	s.dated.own = report.Time
	for _, v := range report.Vulnerabilities {
		s.found = append(s.found, finding{Vulnerability: v})
	}
	return s
}

// counts tells whether a report is in a format that counts.
func (r *VulnerabilityRequirement) counts(s *scan) bool {
	return slices.Contains(r.formats(), s.format)
}

// groupScans groups those reports whose format counts by scanner, in order.
func groupScans(scans []*scan, r *VulnerabilityRequirement) [][]*scan {
	type key struct {
		rule   *SignerRule
		format string
	}
	var order []key
	groups := map[key][]*scan{}
	for _, s := range scans {
		if !r.counts(s) {
			continue
		}
		k := key{s.by.rule, s.format}
		if _, known := groups[k]; !known {
			order = append(order, k)
		}
		groups[k] = append(groups[k], s)
	}
	result := make([][]*scan, len(order))
	for i, k := range order {
		result[i] = groups[k]
	}
	return result
}

func (e *evaluation) wrongFormat(q question, r *VulnerabilityRequirement, scans []*scan) Finding {
	var formats []string
	for _, s := range scans {
		format := s.format
		if !slices.Contains(formats, format) {
			formats = append(formats, format)
		}
	}
	return Finding{Code: CodeReportFormat, Verdict: Fail,
		Message: fmt.Sprintf("%s has vulnerability reports in the format %s, wanted %s", e.label(q.target), list(formats), oneOf(r.formats())),
		Hint:    fmt.Sprintf("attach the report in a format that counts, or add %s to formats", list(formats))}
}

// affected are the vulnerabilities that a report in VEX form leaves standing:
// those of which the newest statement for a product says affected or
// under_investigation. What product it names does not matter: a report that
// is attached to an image speaks of it.
func affected(v *predicate.VEX) []finding {
	latest := map[string]*predicate.VEXStatement{}
	var order []string
	for i := range v.Statements {
		s := &v.Statements[i]
		for _, about := range aboutProducts(s) {
			key := strings.ToUpper(s.ID) + "\x00" + about
			known, ok := latest[key]
			if !ok {
				order = append(order, key)
			}
			if !ok || s.Time.After(known.Time) || s.Time.Equal(known.Time) && stands(s) {
				latest[key] = s
			}
		}
	}
	var found []finding
	reported := map[*predicate.VEXStatement]bool{}
	for _, key := range order {
		if s := latest[key]; stands(s) && !reported[s] {
			reported[s] = true
			found = append(found, vexFindings(s)...)
		}
	}
	return found
}

// stands tells whether a statement says that the vulnerability may matter.
func stands(s *predicate.VEXStatement) bool {
	return s.Status != predicate.NotAffected && s.Status != predicate.Fixed
}

// aboutProducts tells the products and parts that a statement is about, one
// text each.
func aboutProducts(s *predicate.VEXStatement) []string {
	if len(s.Products) == 0 {
		return []string{""}
	}
	var about []string
	for i := range s.Products {
		p := &s.Products[i]
		if len(p.Subcomponents) == 0 {
			about = append(about, productText(p))
		}
		for j := range p.Subcomponents {
			about = append(about, productText(p)+"\x00"+productText(&p.Subcomponents[j]))
		}
	}
	return about
}

func productText(p *predicate.Product) string {
	text := p.ID
	for _, kind := range sortedKeys(p.Identifiers) {
		text += "\x01" + p.Identifiers[kind]
	}
	for _, algorithm := range sortedKeys(p.Hashes) {
		text += "\x01" + p.Hashes[algorithm]
	}
	return text
}

// vexFindings are the vulnerabilities that one statement names: one for each
// part of a product, or one in the product as a whole.
func vexFindings(s *predicate.VEXStatement) []finding {
	whole := finding{Vulnerability: predicate.Vulnerability{ID: s.ID, Aliases: s.Aliases}, vex: true}
	var found []finding
	for i := range s.Products {
		for j := range s.Products[i].Subcomponents {
			part := whole
			part.PURL = purlOf(&s.Products[i].Subcomponents[j])
			part.Package = cmp.Or(part.PURL, s.Products[i].Subcomponents[j].ID)
			found = append(found, part)
		}
	}
	if found == nil {
		return []finding{whole}
	}
	return found
}
