package predicate

import (
	"encoding/json"
	"fmt"

	slsa01 "github.com/in-toto/in-toto-golang/in_toto/slsa_provenance/v0.1"
)

// provenance01 is the library's type without what is not looked at, and with
// times as they are written.
type provenance01 struct {
	slsa01.ProvenancePredicate
	Builder *builder `json:"builder"`
	Recipe  struct {
		Type              string          `json:"type"`
		DefinedInMaterial *int            `json:"definedInMaterial"`
		Arguments         json.RawMessage `json:"arguments"`
	} `json:"recipe"`
	Metadata struct {
		Started  string `json:"buildStartedOn"`
		Finished string `json:"buildFinishedOn"`
	} `json:"metadata"`
}

func parseSLSA01(raw []byte) (*Provenance, error) {
	const what = "SLSA provenance v0.1"
	raw, err := open(raw, "builder", "id", "recipe", "type", "definedInMaterial", "entryPoint", "arguments",
		"metadata", "buildStartedOn", "buildFinishedOn", "materials", "uri", "digest")
	if err != nil {
		return nil, err
	}
	var document provenance01
	if err := decode(what, raw, &document); err != nil {
		return nil, err
	}
	if document.Builder == nil || document.Builder.ID == nil {
		return nil, fmt.Errorf("decode %s: builder.id: missing", what)
	}
	facts := &Provenance{Builder: *document.Builder.ID, BuildType: document.Recipe.Type, Parameters: document.Recipe.Arguments}
	if facts.Started, err = instant(what, "metadata.buildStartedOn", document.Metadata.Started); err != nil {
		return nil, err
	}
	if facts.Finished, err = instant(what, "metadata.buildFinishedOn", document.Metadata.Finished); err != nil {
		return nil, err
	}
	entry := document.Recipe.DefinedInMaterial
	if entry != nil && (*entry < 0 || *entry >= len(document.Materials) || document.Materials[*entry].URI == "") {
		return nil, fmt.Errorf("decode %s: recipe.definedInMaterial: %d is the index of no material with a URI", what, *entry)
	}
	if entry != nil {
		m := document.Materials[*entry]
		facts.Sources = append(facts.Sources, SourceRef{URI: m.URI, Digests: m.Digest, EntryPoint: true})
	}
	for i, m := range document.Materials {
		if m.URI != "" && (entry == nil || i != *entry) {
			facts.Sources = append(facts.Sources, SourceRef{URI: m.URI, Digests: m.Digest})
		}
	}
	return facts, nil
}
