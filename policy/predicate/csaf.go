package predicate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// csaf is what is looked at of a CSAF 2.0 document. There is a library with
// all of its types; it brings a downloader and a JSON-path engine with it, and
// does not run the standard's mandatory tests, which are here.
type csaf struct {
	Document struct {
		Category   string          `json:"category"`
		Version    string          `json:"csaf_version"`
		Title      string          `json:"title"`
		Lang       string          `json:"lang"`
		SourceLang string          `json:"source_lang"`
		Notes      []csafNote      `json:"notes"`
		References []csafReference `json:"references"`
		Publisher  struct {
			Category  string `json:"category"`
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"publisher"`
		Tracking csafTracking `json:"tracking"`
	} `json:"document"`
	Tree            *csafTree           `json:"product_tree"`
	Vulnerabilities []csafVulnerability `json:"vulnerabilities"`

	// known are the ids of products that are defined.
	known map[string]bool
	// members are the products of groups, and expanded how many were named
	// through them and otherwise: a small document may name many.
	members  map[string][]string
	expanded int
}

type csafNote struct {
	Category string `json:"category"`
}

type csafReference struct {
	Category string `json:"category"`
}

type csafTracking struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Version string `json:"version"`
	Current string `json:"current_release_date"`
	Initial string `json:"initial_release_date"`
	History []struct {
		Date   string `json:"date"`
		Number string `json:"number"`
	} `json:"revision_history"`
}

type csafTree struct {
	Branches      []csafBranch  `json:"branches"`
	Products      []csafProduct `json:"full_product_names"`
	Groups        []csafGroup   `json:"product_groups"`
	Relationships []struct {
		Product csafProduct `json:"full_product_name"`
		Part    string      `json:"product_reference"`
		Whole   string      `json:"relates_to_product_reference"`
	} `json:"relationships"`
}

type csafBranch struct {
	Category string       `json:"category"`
	Name     string       `json:"name"`
	Branches []csafBranch `json:"branches"`
	Product  *csafProduct `json:"product"`
}

type csafProduct struct {
	Name   string `json:"name"`
	ID     string `json:"product_id"`
	Helper struct {
		PURL   *string `json:"purl"`
		CPE    string  `json:"cpe"`
		Hashes []struct {
			File []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"file_hashes"`
		} `json:"hashes"`
	} `json:"product_identification_helper"`
}

type csafGroup struct {
	ID       string   `json:"group_id"`
	Products []string `json:"product_ids"`
}

// csafAbout says which products something is about.
type csafAbout struct {
	Products []string `json:"product_ids"`
	Groups   []string `json:"group_ids"`
}

type csafVulnerability struct {
	CVE string `json:"cve"`
	IDs []struct {
		Text string `json:"text"`
	} `json:"ids"`
	Notes  []csafNote          `json:"notes"`
	Status map[string][]string `json:"product_status"`
	Flags  []struct {
		csafAbout
		Label string `json:"label"`
		Date  string `json:"date"`
	} `json:"flags"`
	Threats []struct {
		csafAbout
		Category string `json:"category"`
		Details  string `json:"details"`
		Date     string `json:"date"`
	} `json:"threats"`
	Remediations []struct {
		csafAbout
		Details string `json:"details"`
	} `json:"remediations"`
	Scores       []csafScore `json:"scores"`
	Involvements []struct {
		Party string `json:"party"`
		Date  string `json:"date"`
	} `json:"involvements"`
}

// csafStatuses are the product statuses that are statements, by what they say.
func csafStatuses() map[string]VEXStatus {
	return map[string]VEXStatus{
		"first_affected": Affected, "known_affected": Affected, "last_affected": Affected,
		"first_fixed": Fixed, "fixed": Fixed,
		"known_not_affected":  NotAffected,
		"under_investigation": UnderInvestigation,
	}
}

// parseCSAF reads a CSAF 2.0 document of any profile. It must pass the
// standard's mandatory tests: one that contradicts itself silences nothing.
func parseCSAF(raw []byte) (*VEX, error) {
	raw, err := open(raw, "document", "category", "csaf_version", "tracking", "status", "version", "product_tree", "branches",
		"product", "product_id", "product_identification_helper", "purl", "relationships", "product_reference",
		"relates_to_product_reference", "full_product_name", "product_groups", "group_id", "vulnerabilities", "cve", "ids",
		"product_status", "flags", "label", "product_ids", "group_ids", "threats", "current_release_date")
	if err != nil {
		return nil, err
	}
	document := new(csaf)
	if err := decode("CSAF", raw, document); err != nil {
		return nil, err
	}
	switch version := document.Document.Version; version {
	case "2.0":
	case "":
		return nil, errors.New("decode CSAF: document.csaf_version: missing")
	default:
		return nil, unsupported("CSAF version %q; read is 2.0", clip(version))
	}
	document.members = map[string][]string{}
	for _, g := range document.groups() {
		document.members[g.ID] = g.Products
	}
	if err := document.check(); err != nil {
		return nil, fmt.Errorf("decode CSAF: %w", err)
	}
	facts, err := document.facts()
	if document.expanded > bounds.CSAFProducts {
		return nil, unsupported("the CSAF document names more than %d products", bounds.CSAFProducts)
	}
	return facts, err
}

// facts normalises a document that was checked.
func (d *csaf) facts() (*VEX, error) {
	facts := &VEX{Format: "csaf", Author: d.Document.Publisher.Name, Draft: d.Document.Tracking.Status == "draft"}
	var err error
	if facts.Time, err = instant("CSAF", "document.tracking.current_release_date", d.Document.Tracking.Current); err != nil {
		return nil, err
	}
	products := d.products()
	for i := range d.Vulnerabilities {
		v := &d.Vulnerabilities[i]
		if err := v.say(d, facts, products); err != nil {
			return nil, fmt.Errorf("decode CSAF: vulnerabilities[%d]: %w", i, err)
		}
	}
	return facts, nil
}

// say appends one statement for each product and status.
func (v *csafVulnerability) say(d *csaf, facts *VEX, products map[string]Product) error {
	var ids []string
	ids = appendNew(ids, v.CVE)
	for _, id := range v.IDs {
		ids = appendNew(ids, id.Text)
	}
	if len(ids) == 0 {
		return nil // it says of no vulnerability what it says
	}
	why, err := v.reasons(d)
	if err != nil {
		return err
	}
	for _, status := range sortedNames(v.Status) {
		says, ok := csafStatuses()[status]
		if !ok {
			continue // "recommended" is no statement
		}
		for _, id := range v.Status[status] {
			s := VEXStatement{ID: ids[0], Aliases: ids[1:], Status: says, Time: facts.Time, Products: []Product{products[id]}}
			switch says {
			case NotAffected:
				s.Justification, s.Impact = why.label[id], why.impact[id]
				if at := why.at[id]; !at.IsZero() {
					s.Time = at
				}
			case Affected:
				s.Action = why.action[id]
			}
			facts.Statements = append(facts.Statements, s)
		}
	}
	return nil
}

// csafReasons say of products why they are not affected, since when, and what
// to do if they are.
type csafReasons struct {
	label, impact, action map[string]string
	at                    map[string]time.Time
}

func (v *csafVulnerability) reasons(d *csaf) (csafReasons, error) {
	why := csafReasons{map[string]string{}, map[string]string{}, map[string]string{}, map[string]time.Time{}}
	for _, flag := range v.Flags {
		at, err := instant("CSAF", "flags.date", flag.Date)
		if err != nil {
			return why, err
		}
		for _, id := range d.about(flag.csafAbout) {
			why.label[id], why.at[id] = flag.Label, at
		}
	}
	for _, threat := range v.Threats {
		if threat.Category == "impact" {
			for _, id := range d.about(threat.csafAbout) {
				why.impact[id] = threat.Details
			}
		}
	}
	for _, remediation := range v.Remediations {
		for _, id := range d.about(remediation.csafAbout) {
			why.action[id] = remediation.Details
		}
	}
	return why, nil
}

// about are the products, those of groups too.
func (d *csaf) about(a csafAbout) []string {
	list := slices.Clone(a.Products)
	for _, id := range a.Groups {
		if d.expanded > bounds.CSAFProducts {
			break // check has refused the document, or is about to
		}
		list = append(list, d.members[id]...)
	}
	d.expanded += len(list)
	return list
}

func (d *csaf) groups() []csafGroup {
	if d.Tree == nil {
		return nil
	}
	return d.Tree.Groups
}

// defined are all products that the tree defines, those of relationships last.
func (d *csaf) defined() []csafProduct {
	if d.Tree == nil {
		return nil
	}
	list := slices.Clone(d.Tree.Products)
	var walk func(branches []csafBranch)
	walk = func(branches []csafBranch) {
		for _, b := range branches {
			if b.Product != nil {
				list = append(list, *b.Product)
			}
			walk(b.Branches)
		}
	}
	walk(d.Tree.Branches)
	for _, r := range d.Tree.Relationships {
		list = append(list, r.Product)
	}
	return list
}

// products are the tree's products by id. One that a relationship makes is the
// whole, with the other as its part.
func (d *csaf) products() map[string]Product {
	out := map[string]Product{}
	for _, p := range d.defined() {
		out[p.ID] = p.facts()
	}
	if d.Tree == nil {
		return out
	}
	for _, r := range d.Tree.Relationships {
		if r.Product.Helper.PURL != nil {
			continue // it says itself what it is
		}
		whole, part := out[r.Whole], out[r.Part]
		if whole.empty() || part.empty() {
			out[r.Product.ID] = Product{ID: r.Product.Name}
			continue
		}
		whole.Subcomponents = []Product{part}
		out[r.Product.ID] = whole
	}
	return out
}

// empty tells that a product is not defined.
func (p *Product) empty() bool { return p.ID == "" && p.Identifiers == nil && p.Hashes == nil }

func (p *csafProduct) facts() Product {
	facts := Product{ID: p.Name}
	if p.Helper.PURL != nil {
		facts.ID = *p.Helper.PURL
	}
	if p.Helper.CPE != "" {
		facts.Identifiers = map[string]string{"cpe23": p.Helper.CPE}
	}
	for _, h := range p.Helper.Hashes {
		for _, file := range h.File {
			if facts.Hashes == nil {
				facts.Hashes = map[string]string{}
			}
			facts.Hashes[strings.ToLower(file.Algorithm)] = file.Value
		}
	}
	return facts
}
