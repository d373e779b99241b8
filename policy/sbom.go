package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy/predicate"
)

// sbom asks for a software bill of materials.
func (e *evaluation) sbom(q question, r *SBOMRequirement) outcome {
	candidates, missing := e.find(q, wanted{
		signers: r.Signers, what: "SBOM", missing: CodeSBOMMissing,
		is: isType(predicate.IsSBOM), make: attestCommand(r.Signers, sbomType(r.Formats)),
	})
	if missing != nil {
		return *missing
	}
	var notes []Finding
	o := anyOf(candidates, func(c candidate) *Finding {
		s, err := parseOnce(e, c.evidence.Statement, predicate.ParseSBOM)
		if err != nil {
			return e.unread(q, c.evidence.Statement, err)
		}
		if f := e.checkSBOM(r, s, c); f != nil {
			f.Message = e.label(q.target) + ": " + f.Message
			return f
		}
		notes = append(notes, e.unreadLicenses(q, r, s)...)
		return nil
	})
	if o.verdict == Pass {
		o.findings = append(o.findings, slices.CompactFunc(notes, func(a, b Finding) bool { return a.Message == b.Message })...)
	}
	return o
}

// sbomType is cosign's name for a format, for hints.
func sbomType(formats []string) string {
	if len(formats) > 0 && formats[0] == "spdx" {
		return "spdxjson"
	}
	return "cyclonedx"
}

func (e *evaluation) checkSBOM(r *SBOMRequirement, s *predicate.SBOM, c candidate) *Finding {
	switch {
	case len(r.Formats) > 0 && !slices.Contains(r.Formats, s.Format):
		return &Finding{Code: CodeSBOMFormat, Verdict: Fail,
			Message: fmt.Sprintf("its SBOM is in the format %s, wanted %s", s.Format, oneOf(r.Formats)),
			Hint:    "make it in a format that the policy takes"}
	case len(s.Packages) == 0:
		return &Finding{Code: CodeSBOMEmpty, Verdict: Fail,
			Message: "its SBOM lists no package, which says nothing about its contents",
			Hint:    "make the SBOM from the image that was built"}
	}
	if f := e.aged("its SBOM", dated{c.signed(), s.Created}, r.MaxAge,
		ageCodes{CodeAttestationStale, CodeAttestationFuture, CodeAttestationUndated}); f != nil {
		return f
	}
	if r.NTIA {
		if f := minimumElements(s); f != nil {
			return f
		}
	}
	if f := deniedLicense(e.licenses(r), s); f != nil {
		return f
	}
	return deniedPackage(r.DenyPackages, s)
}

// minimumElements checks the minimum elements for an SBOM of the NTIA (2021):
// the document tells its author, its time and, if there is more than one
// package, relationships; every package, without exception, tells supplier,
// name, version and a unique identifier, which is its package URL. The words
// NOASSERTION and NONE tell nothing.
func minimumElements(s *predicate.SBOM) *Finding {
	var lacking []string
	if !slices.ContainsFunc(s.Authors, asserts) {
		lacking = append(lacking, "the author")
	}
	if s.Created.IsZero() {
		lacking = append(lacking, "the time")
	}
	if s.Relationships == 0 && len(s.Packages) > 1 {
		lacking = append(lacking, "the relationships")
	}
	for _, element := range []struct {
		name string
		of   func(*predicate.Package) string
	}{
		{"supplier", func(p *predicate.Package) string { return p.Supplier }},
		{"name", func(p *predicate.Package) string { return p.Name }},
		{"version", func(p *predicate.Package) string { return p.Version }},
		{"package URL", func(p *predicate.Package) string { return p.PURL }},
	} {
		without, first := 0, ""
		for i := range s.Packages {
			if p := &s.Packages[i]; !asserts(element.of(p)) {
				if without++; without == 1 {
					first = p.Name
				}
			}
		}
		if without > 0 {
			lacking = append(lacking, fmt.Sprintf("the %s of %d of %d packages (such as %q)", element.name, without, len(s.Packages), clip(first)))
		}
	}
	if lacking == nil {
		return nil
	}
	return &Finding{Code: CodeSBOMElements, Verdict: Fail,
		Message: "its SBOM lacks minimum elements of the NTIA: " + strings.Join(lacking, ", "),
		Hint:    "make the SBOM with a tool that records them, or add them before it is signed"}
}

func asserts(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && text != "NOASSERTION" && text != "NONE"
}

// deniedPackage looks for packages that are denied; one that is comes before
// one of which it cannot be told.
func deniedPackage(rules []PackageRule, s *predicate.SBOM) *Finding {
	var denied, unknown []string
	for _, rule := range rules {
		matcher, err := newPackageMatcher(rule)
		if err != nil {
			unknown = append(unknown, fmt.Sprintf("the rule %s: %v", rule.Text, err))
			continue
		}
		for i := range s.Packages {
			p := &s.Packages[i]
			switch m, why := matcher.matches(p); m {
			case matchYes:
				denied = append(denied, fmt.Sprintf("%s (%s)", packageName(p), rule.Text))
			case matchUnknown:
				unknown = append(unknown, fmt.Sprintf("%s (%s: %s)", packageName(p), rule.Text, why))
			}
		}
	}
	switch {
	case len(denied) > 0:
		return &Finding{Code: CodeSBOMPackageDenied, Verdict: Fail,
			Message: fmt.Sprintf("its SBOM lists %s denied: %s", count(len(denied), "package")+isOrAre(len(denied)), list(denied)),
			Hint:    "update or take out what is denied, and build again"}
	case len(unknown) > 0:
		return &Finding{Code: CodeSBOMPackageUnknown,
			Message: "whether its SBOM lists what is denied cannot be told: " + list(unknown),
			Hint:    "have the SBOM tell a package URL with a version, or deny the package in all versions"}
	}
	return nil
}

func isOrAre(n int) string {
	if n == 1 {
		return " that is"
	}
	return " that are"
}

func packageName(p *predicate.Package) string {
	return clip(strings.TrimSpace(p.Name + " " + p.Version))
}

// licenses judges licences for a requirement, and remembers its answers for
// this evaluation.
func (e *evaluation) licenses(r *SBOMRequirement) *licenseJudge {
	if e.licenseJudges[r] == nil {
		if e.licenseJudges == nil {
			e.licenseJudges = map[*SBOMRequirement]*licenseJudge{}
		}
		e.licenseJudges[r] = newLicenseJudge(r.DenyLicenses)
	}
	return e.licenseJudges[r]
}

func deniedLicense(judge *licenseJudge, s *predicate.SBOM) *Finding {
	if len(judge.denied) == 0 {
		return nil
	}
	var found []string
	for i := range s.Packages {
		p := &s.Packages[i]
		for _, expression := range p.Licenses {
			if judge.denies(expression) {
				found = append(found, fmt.Sprintf("%s (%s)", packageName(p), clip(expression)))
				break
			}
		}
	}
	if found == nil {
		return nil
	}
	return &Finding{Code: CodeSBOMLicenseDenied, Verdict: Fail,
		Message: fmt.Sprintf("its SBOM lists %s under a licence that is denied (%s): %s", count(len(found), "package"), list(judge.written), list(found)),
		Hint:    "replace what is under that licence, or take the licence off the policy's list"}
}

// unreadLicenses warns of licences that are no SPDX expressions, and were
// only searched for denied names.
func (e *evaluation) unreadLicenses(q question, r *SBOMRequirement, s *predicate.SBOM) []Finding {
	if len(r.DenyLicenses) == 0 {
		return nil
	}
	judge := e.licenses(r)
	var names []string
	for i := range s.Packages {
		if slices.ContainsFunc(s.Packages[i].Licenses, func(l string) bool { return !judge.reads(l) }) {
			names = append(names, packageName(&s.Packages[i]))
		}
	}
	if names == nil {
		return nil
	}
	return []Finding{{Code: CodeSBOMLicenseUnread, Verdict: Pass, Warning: true,
		Message: fmt.Sprintf("%s: %s with a licence that is no SPDX expression and was only searched for denied names: %s",
			e.label(q.target), count(len(names), "package"), list(names)),
		Hint: "have the SBOM tell SPDX licence expressions"}}
}
