package predicate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
	"golang.org/x/text/language"
)

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// check runs the mandatory tests of CSAF 2.0, section 6.1, by their numbers.
// That of the names of CWEs (6.1.11) is left out: it needs MITRE's list.
func (d *csaf) check() error {
	if err := d.required(); err != nil {
		return err
	}
	for _, test := range []func() error{
		d.checkProducts, d.checkGroups, d.checkHelpers, d.checkBranches, d.checkLanguages, d.checkTracking, d.checkHistory,
		d.checkCategory, d.checkProfile,
	} {
		if err := test(); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for i := range d.Vulnerabilities {
		v := &d.Vulnerabilities[i]
		if v.CVE != "" && seen[v.CVE] {
			return fmt.Errorf("6.1.23: two vulnerabilities have the id %s", clip(v.CVE))
		}
		seen[v.CVE] = true
		for _, test := range []func(*csafVulnerability) error{d.checkStatus, d.checkAbout, d.checkFlags, d.checkScores} {
			if err := test(v); err != nil {
				return fmt.Errorf("vulnerabilities[%d]: %w", i, err)
			}
		}
	}
	return nil
}

// required are the fields that the schema demands and that facts or tests are
// made of.
func (d *csaf) required() error {
	t := &d.Document.Tracking
	for _, field := range []struct{ name, value string }{
		{"category", d.Document.Category}, {"title", d.Document.Title}, {"publisher.name", d.Document.Publisher.Name},
		{"publisher.category", d.Document.Publisher.Category}, {"publisher.namespace", d.Document.Publisher.Namespace},
		{"tracking.id", t.ID}, {"tracking.status", t.Status}, {"tracking.version", t.Version},
		{"tracking.current_release_date", t.Current}, {"tracking.initial_release_date", t.Initial},
	} {
		if field.value == "" {
			return fmt.Errorf("document.%s: missing", field.name)
		}
	}
	switch {
	case !slices.Contains([]string{"draft", "interim", "final"}, t.Status):
		return fmt.Errorf("document.tracking.status: unknown status %q", clip(t.Status))
	case len(t.History) == 0:
		return errors.New("document.tracking.revision_history: missing")
	}
	for _, p := range d.defined() {
		if p.ID == "" || p.Name == "" {
			return errors.New("product_tree: a product has no product_id or no name")
		}
	}
	return nil
}

// checkProducts: 6.1.1 to 6.1.3.
func (d *csaf) checkProducts() error {
	known := map[string]bool{}
	d.known = known
	for _, p := range d.defined() {
		if known[p.ID] {
			return fmt.Errorf("6.1.2: the product %q is defined twice", clip(p.ID))
		}
		known[p.ID] = true
	}
	parts := map[string][]string{}
	if d.Tree != nil {
		for _, r := range d.Tree.Relationships {
			parts[r.Product.ID] = []string{r.Part, r.Whole}
		}
	}
	if id := cycle(parts); id != "" {
		return fmt.Errorf("6.1.3: the product %q is defined by itself", clip(id))
	}
	for _, id := range d.named() {
		if !known[id] {
			return fmt.Errorf("6.1.1: the product %q is not defined", clip(id))
		}
	}
	return nil
}

// cycle is a product that is part of its own definition, or nothing. It takes
// away what is defined without what is left, until nothing more can be.
func cycle(parts map[string][]string) string {
	waits, wholes := map[string]int{}, map[string][]string{}
	var free []string
	for id, of := range parts {
		for _, part := range of {
			if _, made := parts[part]; made {
				waits[id]++
				wholes[part] = append(wholes[part], id)
			}
		}
		if waits[id] == 0 {
			free = append(free, id)
		}
	}
	for len(free) > 0 {
		id := free[len(free)-1]
		free = free[:len(free)-1]
		delete(parts, id)
		for _, whole := range wholes[id] {
			if waits[whole]--; waits[whole] == 0 {
				free = append(free, whole)
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return sortedNames(parts)[0]
}

// named are the products that something refers to. Tools write relationships,
// and products that are affected, without a definition; such a product is none
// that could be recognised, and what is said of it silences nothing.
func (d *csaf) named() []string {
	var list []string
	for _, g := range d.groups() {
		list = append(list, g.Products...)
	}
	for i := range d.Vulnerabilities {
		v := &d.Vulnerabilities[i]
		for _, status := range sortedNames(v.Status) {
			if csafStatuses()[status] != Affected {
				list = append(list, v.Status[status]...)
			}
		}
		for _, a := range v.abouts() {
			list = append(list, a.Products...)
		}
		for _, s := range v.Scores {
			list = append(list, s.Products...)
		}
	}
	return list
}

func (v *csafVulnerability) abouts() []csafAbout {
	var list []csafAbout
	for _, x := range v.Flags {
		list = append(list, x.csafAbout)
	}
	for _, x := range v.Threats {
		list = append(list, x.csafAbout)
	}
	for _, x := range v.Remediations {
		list = append(list, x.csafAbout)
	}
	return list
}

// checkGroups: 6.1.4 and 6.1.5.
func (d *csaf) checkGroups() error {
	known := map[string]bool{}
	for _, g := range d.groups() {
		if known[g.ID] {
			return fmt.Errorf("6.1.5: the group %q is defined twice", clip(g.ID))
		}
		known[g.ID] = true
	}
	for i := range d.Vulnerabilities {
		for _, a := range d.Vulnerabilities[i].abouts() {
			for _, id := range a.Groups {
				if !known[id] {
					return fmt.Errorf("6.1.4: the group %q is not defined", clip(id))
				}
			}
		}
	}
	return nil
}

// checkHelpers: 6.1.13 and 6.1.25. VEX is written with package URLs that are
// none; such a one names no product, and what is said of it silences nothing.
func (d *csaf) checkHelpers() error {
	for _, p := range d.defined() {
		if text := p.Helper.PURL; text != nil {
			if _, err := packageurl.FromString(*text); err != nil && d.Document.Category != "csaf_vex" {
				return fmt.Errorf("6.1.13: the product %q has the package URL %q, which is none", clip(p.ID), clip(*text))
			}
		}
		for _, h := range p.Helper.Hashes {
			seen := map[string]bool{}
			for _, file := range h.File {
				if seen[strings.ToLower(file.Algorithm)] {
					return fmt.Errorf("6.1.25: the product %q has two hashes of one file by %s", clip(p.ID), clip(file.Algorithm))
				}
				seen[strings.ToLower(file.Algorithm)] = true
			}
		}
	}
	return nil
}

// checkBranches: 6.1.31.
func (d *csaf) checkBranches() error {
	var walk func(branches []csafBranch) error
	walk = func(branches []csafBranch) error {
		for _, b := range branches {
			if b.Category == "product_version" && isVersionRange(b.Name) {
				return fmt.Errorf("6.1.31: the product version %q is a range", clip(b.Name))
			}
			if err := walk(b.Branches); err != nil {
				return err
			}
		}
		return nil
	}
	if d.Tree == nil {
		return nil
	}
	return walk(d.Tree.Branches)
}

// isVersionRange tells whether a name is one of the standard's signs of a
// range: an operator, or one of its words by itself.
func isVersionRange(name string) bool {
	if strings.ContainsAny(name, "<>") {
		return true
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains([]string{"after", "all", "before", "earlier", "later", "prior", "versions"}, word)
	})
}

// checkLanguages: 6.1.12, 6.1.15 and 6.1.28.
func (d *csaf) checkLanguages() error {
	for _, tag := range []string{d.Document.Lang, d.Document.SourceLang} {
		if tag == "" {
			continue
		}
		// A subtag that is well formed and not known is an error of another
		// kind for the library, and is one here too.
		if _, err := language.Raw.Parse(tag); err != nil {
			return fmt.Errorf("6.1.12: %q is no language", clip(tag))
		}
	}
	switch {
	case d.Document.Publisher.Category == "translator" && d.Document.SourceLang == "":
		return errors.New("6.1.15: a translator's document does not say from which language")
	case d.Document.SourceLang != "" && d.Document.Lang == d.Document.SourceLang:
		return errors.New("6.1.28: the document is translated from its own language")
	}
	return nil
}

// checkStatus: 6.1.6.
func (d *csaf) checkStatus(v *csafVulnerability) error {
	said := map[string]VEXStatus{}
	for _, status := range sortedNames(v.Status) {
		says, ok := csafStatuses()[status]
		if !ok && status != "recommended" {
			return fmt.Errorf("product_status: unknown status %q", clip(status))
		}
		for _, id := range v.Status[status] {
			if before, twice := said[id]; ok && twice && before != says {
				return fmt.Errorf("6.1.6: the product %q is both %s and %s", clip(id), before, says)
			}
			if ok {
				said[id] = says
			}
		}
	}
	return nil
}

// checkAbout: 6.1.24, 6.1.29 and 6.1.32.
func (d *csaf) checkAbout(v *csafVulnerability) error {
	for _, r := range v.Remediations {
		if len(r.Products)+len(r.Groups) == 0 {
			return errors.New("6.1.29: a remediation names no product")
		}
	}
	for _, f := range v.Flags {
		if len(f.Products)+len(f.Groups) == 0 {
			return errors.New("6.1.32: a flag names no product")
		}
	}
	seen := map[string]bool{}
	for _, i := range v.Involvements {
		key := i.Party + "\x00" + i.Date
		if seen[key] {
			return fmt.Errorf("6.1.24: the party %q is involved twice at one time", clip(i.Party))
		}
		seen[key] = true
	}
	return nil
}

// checkFlags: 6.1.33.
func (d *csaf) checkFlags(v *csafVulnerability) error {
	labels := []string{
		"component_not_present", "inline_mitigations_already_exist", "vulnerable_code_cannot_be_controlled_by_adversary",
		"vulnerable_code_not_in_execute_path", "vulnerable_code_not_present",
	}
	said := map[string]string{}
	for _, f := range v.Flags {
		if !slices.Contains(labels, f.Label) {
			return fmt.Errorf("flags: unknown label %q", clip(f.Label))
		}
		about := slices.Compact(slices.Sorted(slices.Values(d.about(f.csafAbout))))
		for _, id := range about {
			if said[id] != "" {
				return fmt.Errorf("6.1.33: the product %q has several justifications", clip(id))
			}
			said[id] = f.Label
		}
	}
	return nil
}
