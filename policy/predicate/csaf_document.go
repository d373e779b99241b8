package predicate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// csafVersion is a version of a document: an integer, or a semantic version.
type csafVersion struct {
	semantic     bool
	number       [3]int
	pre, version string
}

// csafSemantic is semver.org's form, and csafInteger the other that CSAF
// allows.
var (
	csafSemantic = regexp.MustCompile(`^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$`)
	csafInteger  = regexp.MustCompile(`^(0|[1-9]\d{0,8})$`)
)

func parseCSAFVersion(text string) (csafVersion, error) {
	if csafInteger.MatchString(text) {
		n, err := strconv.Atoi(text)
		return csafVersion{number: [3]int{n}, version: text}, err
	}
	m := csafSemantic.FindStringSubmatch(text)
	if m == nil {
		return csafVersion{}, fmt.Errorf("%q is no version", clip(text))
	}
	v := csafVersion{semantic: true, pre: m[4], version: text}
	for i := range v.number {
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return v, err
		}
		v.number[i] = n
	}
	return v, nil
}

// compare orders versions; of those with the same numbers a pre-release comes
// first.
func (v csafVersion) compare(w csafVersion) int {
	if c := slices.Compare(v.number[:], w.number[:]); c != 0 {
		return c
	}
	switch {
	case v.pre == w.pre:
		return 0
	case v.pre == "":
		return 1
	case w.pre == "":
		return -1
	}
	return strings.Compare(v.pre, w.pre)
}

// csafRevision is one entry of the revision history.
type csafRevision struct {
	at time.Time
	csafVersion
}

// revisions are the history, by date.
func (d *csaf) revisions() ([]csafRevision, error) {
	var list []csafRevision
	for i, h := range d.Document.Tracking.History {
		at, err := time.Parse(time.RFC3339, h.Date)
		if err != nil {
			return nil, fmt.Errorf("document.tracking.revision_history[%d].date: %q is not a time of RFC 3339", i, clip(h.Date))
		}
		v, err := parseCSAFVersion(h.Number)
		if err != nil {
			return nil, fmt.Errorf("document.tracking.revision_history[%d].number: %w", i, err)
		}
		list = append(list, csafRevision{at, v})
	}
	slices.SortStableFunc(list, func(a, b csafRevision) int { return a.at.Compare(b.at) })
	return list, nil
}

// checkTracking: 6.1.16 to 6.1.20.
func (d *csaf) checkTracking() error {
	t := &d.Document.Tracking
	version, err := parseCSAFVersion(t.Version)
	if err != nil {
		return fmt.Errorf("document.tracking.version: %w", err)
	}
	history, err := d.revisions()
	if err != nil {
		return err
	}
	draft := t.Status == "draft"
	latest := history[len(history)-1].csafVersion
	same := version.number == latest.number && version.semantic == latest.semantic && (draft || version.pre == latest.pre)
	switch {
	case !same:
		return fmt.Errorf("6.1.16: the document's version is %s, and the latest in its history %s", clip(version.version), clip(latest.version))
	case !draft && version.number[0] == 0:
		return fmt.Errorf("6.1.17: version %s can only be a draft", clip(version.version))
	case !draft && version.pre != "":
		return fmt.Errorf("6.1.20: version %s can only be a draft", clip(version.version))
	}
	for _, r := range history {
		switch {
		case !draft && r.number[0] == 0:
			return fmt.Errorf("6.1.18: the document is published, and its history has the version %s", clip(r.version))
		case r.pre != "":
			return fmt.Errorf("6.1.19: the history has the pre-release %s", clip(r.version))
		}
	}
	return nil
}

// checkHistory: 6.1.14, 6.1.21, 6.1.22 and 6.1.30.
func (d *csaf) checkHistory() error {
	version, err := parseCSAFVersion(d.Document.Tracking.Version)
	if err != nil {
		return err
	}
	history, err := d.revisions()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, r := range history {
		switch {
		case r.semantic != version.semantic:
			return errors.New("6.1.30: integers and semantic versions are mixed")
		case seen[r.version]:
			return fmt.Errorf("6.1.22: the history has the version %s twice", clip(r.version))
		case i == 0 && r.number[0] > 1:
			return fmt.Errorf("6.1.21: the history begins with the version %s", clip(r.version))
		case i > 0 && r.compare(history[i-1].csafVersion) < 0:
			return fmt.Errorf("6.1.14: version %s is older than %s, and dated later", clip(r.version), clip(history[i-1].version))
		case i > 0 && r.number[0] > history[i-1].number[0]+1:
			return fmt.Errorf("6.1.21: the history leaves out versions before %s", clip(r.version))
		}
		seen[r.version] = true
	}
	return nil
}

// csafProfiles are the categories that the standard has profiles for.
func csafProfiles() []string {
	return []string{"csaf_base", "csaf_security_incident_response", "csaf_informational_advisory", "csaf_security_advisory", "csaf_vex"}
}

// checkCategory: 6.1.26.
func (d *csaf) checkCategory() error {
	category := d.Document.Category
	if slices.Contains(csafProfiles(), category) {
		return nil
	}
	plain := func(s string) string {
		return strings.TrimPrefix(strings.Map(func(r rune) rune {
			if strings.ContainsRune("-_ \t\u00a0", r) {
				return -1
			}
			return r
		}, strings.ToLower(s)), "csaf")
	}
	for _, profile := range csafProfiles()[1:] {
		if plain(profile) == plain(category) {
			return fmt.Errorf("6.1.26: the category %q may be taken for %s", clip(category), profile)
		}
	}
	if strings.HasPrefix(strings.ToLower(category), "csaf_") {
		return fmt.Errorf("6.1.26: the category %q is none of the standard's", clip(category))
	}
	return nil
}

// checkProfile: 6.1.27.
func (d *csaf) checkProfile() error {
	switch d.Document.Category {
	case "csaf_security_incident_response", "csaf_informational_advisory":
		switch {
		case !hasNote(d.Document.Notes, "description", "details", "general", "summary"):
			return errors.New("6.1.27.1: the document has no note that describes it")
		case !slices.ContainsFunc(d.Document.References, func(r csafReference) bool { return r.Category == "" || r.Category == "external" }):
			return errors.New("6.1.27.2: the document has no external reference")
		case d.Document.Category == "csaf_informational_advisory" && d.Vulnerabilities != nil:
			return errors.New("6.1.27.3: an informational advisory names vulnerabilities")
		}
	case "csaf_security_advisory", "csaf_vex":
		switch {
		case d.Tree == nil:
			return errors.New("6.1.27.4: the document has no product_tree")
		case len(d.Vulnerabilities) == 0:
			return errors.New("6.1.27.11: the document has no vulnerabilities")
		}
		for i := range d.Vulnerabilities {
			if err := d.checkProfileOf(&d.Vulnerabilities[i]); err != nil {
				return fmt.Errorf("vulnerabilities[%d]: %w", i, err)
			}
		}
	}
	return nil
}

func hasNote(notes []csafNote, categories ...string) bool {
	return slices.ContainsFunc(notes, func(n csafNote) bool { return slices.Contains(categories, n.Category) })
}

// checkProfileOf: 6.1.27.5 to 6.1.27.10.
func (d *csaf) checkProfileOf(v *csafVulnerability) error {
	vex := d.Document.Category == "csaf_vex"
	switch {
	case len(v.Notes) == 0 && !vex:
		// VEX without notes is common, and says no less of the products.
		return errors.New("6.1.27.5: it has no notes")
	case !vex && v.Status == nil:
		return errors.New("6.1.27.6: it has no product_status")
	case !vex:
		return nil
	case len(v.Status["fixed"])+len(v.Status["known_affected"])+len(v.Status["known_not_affected"])+len(v.Status["under_investigation"]) == 0:
		return errors.New("6.1.27.7: its product_status says nothing that VEX knows")
	case v.CVE == "" && len(v.IDs) == 0:
		return errors.New("6.1.27.8: it has neither cve nor ids")
	}
	explained, remedied := map[string]bool{}, map[string]bool{}
	mark := func(in map[string]bool, a csafAbout) {
		for _, id := range d.about(a) {
			in[id] = true
		}
	}
	for _, f := range v.Flags {
		mark(explained, f.csafAbout)
	}
	for _, t := range v.Threats {
		if t.Category == "impact" {
			mark(explained, t.csafAbout)
		}
	}
	for _, r := range v.Remediations {
		mark(remedied, r.csafAbout)
	}
	for _, id := range v.Status["known_not_affected"] {
		if !explained[id] {
			return fmt.Errorf("6.1.27.9: it does not say why the product %q is not affected", clip(id))
		}
	}
	for _, id := range v.Status["known_affected"] {
		if d.known[id] && !remedied[id] {
			return fmt.Errorf("6.1.27.10: it does not say what to do about the product %q", clip(id))
		}
	}
	return nil
}
