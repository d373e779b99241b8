package predicate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	openvex "github.com/openvex/go-vex/pkg/vex"
)

// ParseVEX reads OpenVEX v0.0.1 and v0.2.0, CSAF 2.0, and what CycloneDX
// documents say of vulnerabilities. The error wraps ErrUnsupported for other
// predicate types and versions.
func ParseVEX(predicateType string, raw []byte) (*VEX, error) {
	switch {
	case isCSAF(predicateType):
		return guard("CSAF", func() (*VEX, error) { return parseCSAF(raw) })
	case isCycloneDX(predicateType):
		return guard("CycloneDX", func() (*VEX, error) { return parseCycloneDXVEX(raw) })
	case IsVEX(predicateType), predicateType == TypeCosignCustom:
		return guard("OpenVEX", func() (*VEX, error) { return parseOpenVEX(predicateType, raw) })
	}
	return nil, unsupported("%q is not VEX", clip(predicateType))
}

// openvexMark tells the version of a document. The first version wrote its
// context without a version, and vulnerabilities as strings.
type openvexMark struct {
	Context    *string `json:"@context"`
	Statements *[]struct {
		Vulnerability json.RawMessage `json:"vulnerability"`
	} `json:"statements"`
}

func parseOpenVEX(predicateType string, raw []byte) (*VEX, error) {
	raw, err := open(raw, "@context", "@id", "author", "timestamp", "last_updated", "statements",
		"vulnerability", "name", "aliases", "products", "subcomponents", "identifiers", "hashes", "status",
		"justification", "impact_statement", "action_statement")
	if err != nil {
		return nil, err
	}
	var mark openvexMark
	if err := decode("OpenVEX", raw, &mark); err != nil {
		return nil, err
	}
	if mark.Context == nil && predicateType == TypeCosignCustom {
		return nil, unsupported("cosign's custom predicate does not hold OpenVEX")
	}
	if mark.Statements == nil {
		return nil, errors.New("decode OpenVEX: statements: missing")
	}
	version, err := mark.version()
	if err != nil {
		return nil, err
	}
	if version == "v0.0.1" {
		return parseOpenVEX001(raw)
	}
	return parseOpenVEX020(raw)
}

// version tells the version by the context, and where that names none, by the
// form of the statements.
func (m *openvexMark) version() (string, error) {
	context := ""
	if m.Context != nil {
		context = *m.Context
	}
	switch rest, ours := strings.CutPrefix(context, TypeOpenVEX); {
	case rest == "/v0.0.1" && ours:
		return "v0.0.1", nil
	case rest == "/v0.2.0" && ours:
		return "v0.2.0", nil
	case rest != "":
		return "", unsupported("OpenVEX context %q; read are v0.0.1 and v0.2.0", clip(context))
	}
	for _, statement := range *m.Statements {
		if len(statement.Vulnerability) > 0 && statement.Vulnerability[0] == '"' {
			return "v0.0.1", nil
		}
	}
	return "v0.2.0", nil
}

func parseOpenVEX020(raw []byte) (*VEX, error) {
	const what = "OpenVEX v0.2.0"
	var document openvex.VEX
	if err := decode(what, raw, &document); err != nil {
		return nil, err
	}
	facts := &VEX{Format: "openvex", Author: document.Author, Time: latest(document.Timestamp, document.LastUpdated)}
	for i := range document.Statements {
		statement := &document.Statements[i]
		normal := VEXStatement{
			ID:            string(statement.Vulnerability.Name),
			Status:        VEXStatus(statement.Status),
			Justification: string(statement.Justification),
			Impact:        statement.ImpactStatement,
			Action:        statement.ActionStatement,
			Time:          latest(statement.Timestamp, statement.LastUpdated),
		}
		if normal.ID == "" {
			normal.ID = statement.Vulnerability.ID
		}
		for _, alias := range statement.Vulnerability.Aliases {
			normal.Aliases = appendNew(normal.Aliases, string(alias))
		}
		if iri := statement.Vulnerability.ID; iri != normal.ID {
			normal.Aliases = appendNew(normal.Aliases, iri)
		}
		for j := range statement.Products {
			product := newProduct(&statement.Products[j].Component)
			for k := range statement.Products[j].Subcomponents {
				product.Subcomponents = append(product.Subcomponents, newProduct(&statement.Products[j].Subcomponents[k].Component))
			}
			normal.Products = append(normal.Products, product)
		}
		if err := facts.add(&normal); err != nil {
			return nil, fmt.Errorf("decode %s: statements[%d].%w", what, i, err)
		}
	}
	return facts, nil
}

// newProduct normalises a product or subcomponent.
func newProduct(component *openvex.Component) Product {
	product := Product{ID: component.ID}
	for kind, identifier := range component.Identifiers {
		if product.Identifiers == nil {
			product.Identifiers = make(map[string]string, len(component.Identifiers))
		}
		product.Identifiers[string(kind)] = identifier
	}
	for algorithm, hash := range component.Hashes {
		if product.Hashes == nil {
			product.Hashes = make(map[string]string, len(component.Hashes))
		}
		product.Hashes[string(algorithm)] = string(hash)
	}
	return product
}

// openvex001 is the first version's document. The library reads it from
// files only.
type openvex001 struct {
	Author     string     `json:"author"`
	Timestamp  *time.Time `json:"timestamp"`
	Statements []struct {
		Vulnerability string     `json:"vulnerability"`
		Timestamp     *time.Time `json:"timestamp"`
		Products      []string   `json:"products"`
		Subcomponents []string   `json:"subcomponents"`
		Status        string     `json:"status"`
		Justification string     `json:"justification"`
		Impact        string     `json:"impact_statement"`
		Action        string     `json:"action_statement"`
	} `json:"statements"`
}

func parseOpenVEX001(raw []byte) (*VEX, error) {
	const what = "OpenVEX v0.0.1"
	var document openvex001
	if err := decode(what, raw, &document); err != nil {
		return nil, err
	}
	facts := &VEX{Format: "openvex", Author: document.Author, Time: latest(document.Timestamp)}
	for i, statement := range document.Statements {
		normal := VEXStatement{
			ID:            statement.Vulnerability,
			Status:        VEXStatus(statement.Status),
			Justification: statement.Justification,
			Impact:        statement.Impact,
			Action:        statement.Action,
			Time:          latest(statement.Timestamp),
		}
		for _, id := range statement.Products {
			product := Product{ID: id}
			for _, part := range statement.Subcomponents {
				product.Subcomponents = append(product.Subcomponents, Product{ID: part})
			}
			normal.Products = append(normal.Products, product)
		}
		if err := facts.add(&normal); err != nil {
			return nil, fmt.Errorf("decode %s: statements[%d].%w", what, i, err)
		}
	}
	return facts, nil
}

// add checks a statement against what OpenVEX demands of one that a verdict
// can rest on, and appends it.
func (v *VEX) add(statement *VEXStatement) error {
	if statement.ID == "" {
		return fmt.Errorf("vulnerability: missing")
	}
	if !openvex.Status(statement.Status).Valid() {
		return fmt.Errorf("status: unknown status %q", clip(string(statement.Status)))
	}
	if statement.Justification != "" && !openvex.Justification(statement.Justification).Valid() {
		return fmt.Errorf("justification: unknown label %q", clip(statement.Justification))
	}
	if statement.Status == NotAffected && statement.Justification == "" && statement.Impact == "" {
		return fmt.Errorf("justification: missing: %q needs a justification or an impact statement", NotAffected)
	}
	for i, product := range statement.Products {
		if product.ID == "" && len(product.Identifiers) == 0 && len(product.Hashes) == 0 {
			return fmt.Errorf("products[%d]: names no product", i)
		}
		for j, part := range product.Subcomponents {
			if part.ID == "" && len(part.Identifiers) == 0 && len(part.Hashes) == 0 {
				return fmt.Errorf("products[%d].subcomponents[%d]: names no component", i, j)
			}
		}
	}
	if statement.Time.IsZero() {
		statement.Time = v.Time
	}
	v.Statements = append(v.Statements, *statement)
	return nil
}

// latest is the latest of the times that are there.
func latest(times ...*time.Time) time.Time {
	var last time.Time
	for _, at := range times {
		if at != nil && at.After(last) {
			last = *at
		}
	}
	return last
}
