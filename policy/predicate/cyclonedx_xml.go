package predicate

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/syncgate/syncgate/bounds"
)

// cyclonedxJSON returns a document as JSON. A predicate is JSON, so that XML
// stands in a string, or in a string in cosign's wrapper.
func cyclonedxJSON(raw []byte) ([]byte, error) {
	text, ok := xmlText(bytes.TrimSpace(raw))
	if !ok {
		return raw, nil
	}
	if err := checkXML(text); err != nil {
		return nil, fmt.Errorf("decode CycloneDX XML: %w", err)
	}
	bom := new(cyclonedx.BOM)
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(text), cyclonedx.BOMFileFormatXML).Decode(bom); err != nil {
		return nil, fmt.Errorf("decode CycloneDX XML: %s", clip(err.Error()))
	}
	if bom.SpecVersion == 0 {
		return nil, unsupported("CycloneDX XML of the namespace %q; read are 1.2 to 1.7", clip(bom.XMLNS))
	}
	bom.BOMFormat = cyclonedx.BOMFormat
	return json.Marshal(bom)
}

// xmlText takes XML out of a JSON string or cosign's wrapper.
func xmlText(raw []byte) ([]byte, bool) {
	if !bytes.Contains(raw, []byte("http://cyclonedx.org/schema/bom/")) {
		return nil, false
	}
	if len(raw) > 0 && raw[0] == '{' && wrapped(raw) {
		var wrapper struct{ Data json.RawMessage }
		if CheckKeys(raw, "Data", "Timestamp") != nil || json.Unmarshal(raw, &wrapper) != nil {
			return nil, false
		}
		raw = bytes.TrimSpace(wrapper.Data)
	}
	var text string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return nil, false
	}
	text = strings.TrimSpace(text)
	return []byte(text), strings.HasPrefix(text, "<")
}

// checkXML refuses what readers of XML read differently: document types,
// elements and attributes twice where there may be one, and what nests
// without end. The decoder expands no entities.
func checkXML(text []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.Strict = true
	var open []map[string]bool
	roots := 0
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New(clip(err.Error()))
		}
		switch token := token.(type) {
		case xml.Directive:
			return errors.New("it holds a document type declaration")
		case xml.StartElement:
			if len(open) == 0 {
				roots++
			}
			if roots > 1 || len(open) >= bounds.JSONDepth {
				return fmt.Errorf("it has several roots, or nests deeper than %d levels", bounds.JSONDepth)
			}
			if err := checkElement(token, open); err != nil {
				return err
			}
			open = append(open, map[string]bool{})
		case xml.EndElement:
			if len(open) == 0 {
				return errors.New("an element ends that did not begin")
			}
			open = open[:len(open)-1]
		}
	}
}

// singular are the elements of which a parent has one.
func singular() []string {
	return []string{
		"metadata", "components", "dependencies", "vulnerabilities", "timestamp", "name", "version", "group", "purl",
		"supplier", "licenses", "publisher", "analysis", "state", "affects", "ratings", "id", "ref", "severity", "score",
	}
}

func checkElement(e xml.StartElement, open []map[string]bool) error {
	for i, a := range e.Attr {
		if slices.ContainsFunc(e.Attr[:i], func(b xml.Attr) bool { return b.Name == a.Name }) {
			return fmt.Errorf("the element %s has the attribute %s twice", clip(e.Name.Local), clip(a.Name.Local))
		}
	}
	if len(open) == 0 || !slices.Contains(singular(), e.Name.Local) {
		return nil
	}
	siblings := open[len(open)-1]
	if siblings[e.Name.Local] {
		return fmt.Errorf("an element has the element %s twice", e.Name.Local)
	}
	siblings[e.Name.Local] = true
	return nil
}
