package policy

import (
	"slices"
	"strings"

	"deps.dev/util/semver"
	"github.com/package-url/packageurl-go"

	"github.com/syncgate/syncgate/policy/predicate"
)

// concerns tells whether a statement is about the vulnerable package in the
// image that is asked about. A statement without products is about what its
// attestation is attached to.
func (j *vulnerabilityJudge) concerns(s *predicate.VEXStatement, f *finding) match {
	if len(s.Products) == 0 {
		return matchYes
	}
	best := matchNo
	for i := range s.Products {
		p := j.linked(s.Products[i])
		switch j.product(&p, f) {
		case matchYes:
			return matchYes
		case matchUnknown:
			best = matchUnknown
		}
	}
	return best
}

// product tells whether a product is the image with the package in it, or, as
// OpenVEX and CSAF allow, the package itself wherever it is.
func (j *vulnerabilityJudge) product(p *predicate.Product, f *finding) match {
	if j.isImage(p) {
		if !partConcerns(p.Subcomponents, f) {
			return matchNo
		}
		return inVersion(p, j.e.in.Subject.Tag, semver.DefaultSystem)
	}
	if len(p.Subcomponents) > 0 {
		return matchNo
	}
	return packageConcerns(p, f)
}

// isImage tells whether a product is the image: by what it is attached to, by a
// hash, by a package URL, or by its name. A package URL of another image is
// never.
func (j *vulnerabilityJudge) isImage(p *predicate.Product) bool {
	n := j.e.names(j.q.target)
	all := purls(p)
	for _, text := range all {
		purl, err := packageurl.FromString(text)
		if err != nil {
			continue
		}
		if n.purl(purl) {
			return true
		}
		if purl.Type == packageurl.TypeOCI || purl.Type == packageurl.TypeDocker {
			return false
		}
	}
	return p.Subject || n.hash(p.Hashes) || len(all) == 0 && p.ID != "" && n.reference(p.ID)
}

// partConcerns tells whether the parts of a product that a statement names
// hold the package. No parts are all of it.
func partConcerns(parts []predicate.Product, f *finding) bool {
	return len(parts) == 0 || slices.ContainsFunc(parts, func(p predicate.Product) bool { return packageConcerns(&p, f) == matchYes })
}

// packageConcerns tells whether a product is the vulnerable package: by its
// package URL, of which every qualifier must be the package's too, or where it
// has none by name and version.
func packageConcerns(p *predicate.Product, f *finding) match {
	version := f.Version
	have, err := packageurl.FromString(f.PURL)
	if err == nil && have.Version != "" {
		version = have.Version
	}
	texts := purls(p)
	if len(texts) == 0 && !p.Subject && p.ID != "" && p.ID == f.Package {
		if p.Version != "" && p.Version == version {
			return matchYes
		}
		return matchNo
	}
	if err != nil {
		return matchNo
	}
	for _, text := range texts {
		want, err := packageurl.FromString(text)
		if err != nil {
			continue
		}
		m := packageMatcher{purl: want}
		if !m.samePackage(have) || want.Version != "" && plainVersion(want.Type, want.Version) != plainVersion(have.Type, version) {
			continue
		}
		system := semver.DefaultSystem
		if own := versionSystem(have.Type); own != nil {
			system = *own
		}
		return inVersion(p, version, system)
	}
	return matchNo
}

// plainVersion is a version without what tools leave out or add: the "v" of
// Go's.
func plainVersion(purlType, version string) string {
	if purlType == packageurl.TypeGolang {
		return strings.TrimPrefix(version, "v")
	}
	return version
}

// inVersion tells whether a version is the one that a product is limited to, or
// in its range.
func inVersion(p *predicate.Product, version string, system semver.System) match {
	switch {
	case p.Version == "" && p.Range == "":
		return matchYes
	case version == "":
		return matchUnknown
	case p.Version == version:
		return matchYes
	case p.Version != "":
		return sameVersion(p.Version, version, system)
	}
	return inVers(p.Range, version)
}

func sameVersion(a, b string, system semver.System) match {
	x, errX := system.Parse(a)
	y, errY := system.Parse(b)
	switch {
	case errX != nil || errY != nil:
		return matchUnknown
	case x.Compare(y) == 0:
		return matchYes
	}
	return matchNo
}

// versSystem is how the versions of a vers: URI's type are ordered.
func versSystem(kind string) (semver.System, bool) {
	switch kind {
	case "semver", "generic":
		return semver.DefaultSystem, true
	}
	system := versionSystem(kind)
	if system == nil {
		return 0, false
	}
	return *system, true
}

// bound is one constraint of a vers: URI.
type versBound struct {
	operator string
	version  *semver.Version
}

// inVers follows "Checking if a version is contained within a range" of the
// vers specification.
func inVers(uri, version string) match {
	kind, constraints, found := strings.Cut(strings.TrimPrefix(uri, "vers:"), "/")
	system, known := versSystem(kind)
	if !found || !known || !strings.HasPrefix(uri, "vers:") {
		return matchUnknown
	}
	if constraints == "*" {
		return matchYes
	}
	v, err := system.Parse(version)
	if err != nil {
		return matchUnknown
	}
	var bounds []versBound
	for _, text := range strings.Split(constraints, "|") {
		clauses, err := parseRange(strings.TrimSpace(text))
		if err != nil || len(clauses) != 1 {
			return matchUnknown
		}
		limit, err := system.Parse(clauses[0].version)
		if err != nil {
			return matchUnknown
		}
		bounds = append(bounds, versBound{clauses[0].operator, limit})
	}
	return within(bounds, v)
}

func within(bounds []versBound, v *semver.Version) match {
	var open []versBound
	for _, b := range bounds {
		switch same := v.Compare(b.version) == 0; {
		case same && strings.Contains(b.operator, "=") && b.operator != "!=":
			return matchYes
		case same && b.operator == "!=":
			return matchNo
		case b.operator != "=" && b.operator != "!=":
			open = append(open, b)
		}
	}
	slices.SortStableFunc(open, func(a, b versBound) int { return a.version.Compare(b.version) })
	if len(open) == 0 {
		return matchNo
	}
	up := func(b versBound) bool { return b.operator[0] == '>' }
	if first := open[0]; !up(first) && v.Compare(first.version) < 0 {
		return matchYes
	}
	if last := open[len(open)-1]; up(last) && v.Compare(last.version) > 0 {
		return matchYes
	}
	for i := 0; i+1 < len(open); i++ {
		if up(open[i]) && !up(open[i+1]) && v.Compare(open[i].version) > 0 && v.Compare(open[i+1].version) < 0 {
			return matchYes
		}
	}
	return matchNo
}

// purls are all package URLs that identify a product.
func purls(p *predicate.Product) []string {
	var found []string
	if strings.HasPrefix(p.ID, "pkg:") {
		found = append(found, p.ID)
	}
	if purl := p.Identifiers["purl"]; purl != "" {
		found = append(found, purl)
	}
	return found
}

// purlOf is the first package URL of a product, or nothing.
func purlOf(p *predicate.Product) string {
	if all := purls(p); len(all) > 0 {
		return all[0]
	}
	return ""
}

// bomLink begins CycloneDX's links from one document to a component of another.
const bomLink = "urn:cdx:"

// linked is what a link of a CycloneDX document leads to: the image, or a
// package in it, as an SBOM of the image says that a signer who counts signed.
// A link to any other document is of another product.
func (j *vulnerabilityJudge) linked(p predicate.Product) predicate.Product {
	document, ref, found := strings.Cut(p.ID, "#")
	if !strings.HasPrefix(p.ID, bomLink) {
		return p
	}
	for _, s := range j.boms() {
		if s.Serial != document {
			continue
		}
		if !found || ref == s.Main {
			return predicate.Product{Subject: true, Version: p.Version, Range: p.Range}
		}
		for i := range s.Packages {
			if s.Packages[i].Ref == ref && s.Packages[i].PURL != "" {
				return predicate.Product{Subject: true, Subcomponents: []predicate.Product{{ID: s.Packages[i].PURL, Version: p.Version, Range: p.Range}}}
			}
		}
	}
	return p
}

// boms are the SBOMs of the image that have a serial number, by those who may
// silence or report.
func (j *vulnerabilityJudge) boms() []*predicate.SBOM {
	if j.linkable != nil {
		return j.linkable
	}
	j.linkable = []*predicate.SBOM{}
	rules := slices.Concat(j.r.VEX.Signers, j.r.Signers)
	for i := range j.e.evidence {
		ev := &j.e.evidence[i]
		if ev.Subject != j.q.target.digest && ev.Subject != j.e.in.Subject.Digest || !isType(predicate.IsSBOM)(ev) || len(appendCandidates(nil, ev, rules)) == 0 {
			continue
		}
		if s, err := parseOnce(j.e, ev.Statement, predicate.ParseSBOM); err == nil && s.Serial != "" {
			j.linkable = append(j.linkable, s)
		}
	}
	return j.linkable
}
