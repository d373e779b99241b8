package clusterimagepolicy

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/in-toto/in-toto-golang/in_toto"
	slsa "github.com/in-toto/in-toto-golang/in_toto/slsa_provenance/v0.2"

	"github.com/syncgate/syncgate/policy"
)

// predicateURI is the predicate type that cosign's short names stand for.
func predicateURI(written string) string {
	uri, short := map[string]string{
		"custom":           "https://cosign.sigstore.dev/attestation/v1",
		"slsaprovenance":   "https://slsa.dev/provenance/v0.2",
		"slsaprovenance02": "https://slsa.dev/provenance/v0.2",
		"slsaprovenance1":  "https://slsa.dev/provenance/v1",
		"spdx":             "https://spdx.dev/Document",
		"spdxjson":         "https://spdx.dev/Document",
		"cyclonedx":        "https://cyclonedx.org/bom",
		"link":             "https://in-toto.io/Link/v1",
		"vuln":             "https://cosign.sigstore.dev/attestation/vuln/v1",
		"openvex":          "https://openvex.dev/ns",
	}[written]
	if short {
		return uri
	}
	return written
}

// vulnPredicate is cosign's report of a vulnerability scan.
type vulnPredicate struct {
	Invocation struct {
		Parameters any    `json:"parameters"`
		URI        string `json:"uri"`
		EventID    string `json:"event_id"`
		BuilderID  string `json:"builder.id"`
	} `json:"invocation"`
	Scanner struct {
		URI     string `json:"uri"`
		Version string `json:"version"`
		DB      struct {
			URI     string `json:"uri"`
			Version string `json:"version"`
		} `json:"db"`
		Result any `json:"result"`
	} `json:"scanner"`
	Metadata struct {
		ScanStartedOn  time.Time `json:"scanStartedOn"`
		ScanFinishedOn time.Time `json:"scanFinishedOn"`
	} `json:"metadata"`
}

// payload is the JSON that a program is given for a statement. Cosign reads
// the predicate into a type of its own for three of its short names, so that
// what that type does not know is left out and what is missing is empty.
func payload(s *policy.Statement, written string) ([]byte, error) {
	var predicate any
	switch written {
	case "slsaprovenance":
		predicate = new(slsa.ProvenancePredicate)
	case "link":
		predicate = new(in_toto.Link)
	case "vuln":
		predicate = new(vulnPredicate)
	default:
		predicate = new(any)
	}
	if s.Predicate != nil {
		if err := json.Unmarshal(s.Predicate, predicate); err != nil {
			return nil, fmt.Errorf("the predicate is not of type %s: %w", written, err)
		}
	}
	//lint:ignore SA1019 programs are given what cosign gives them, which is of this form.
	var subject []in_toto.Subject
	if err := json.Unmarshal(s.Subject, &subject); err != nil {
		return nil, fmt.Errorf("its list of subjects is malformed: %w", err)
	}
	return json.Marshal(struct {
		in_toto.StatementHeader
		Predicate any `json:"predicate"`
	}{
		//lint:ignore SA1019 as above.
		in_toto.StatementHeader{Type: s.Type, PredicateType: s.PredicateType, Subject: subject},
		predicate,
	})
}
