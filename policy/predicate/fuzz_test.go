package predicate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/predicate"
)

// fuzz holds a parser to its contract: facts or an error, no panic, and no
// error that quotes a document at length.
func fuzz[T any](f *testing.F, parse func(string, []byte) (*T, error), seeds map[string][]string) {
	var types []string
	for predicateType, documents := range seeds {
		types = append(types, predicateType)
		for _, document := range documents {
			f.Add(predicateType, []byte(document))
		}
	}
	f.Fuzz(func(t *testing.T, predicateType string, document []byte) {
		for _, predicateType := range append(types, predicateType) {
			facts, err := parse(predicateType, document)
			if (facts == nil) == (err == nil) {
				t.Fatalf("%s: %v and %v", predicateType, facts, err)
			}
			if err == nil {
				continue
			}
			if len(err.Error()) > 1000 || strings.Contains(err.Error(), "malformed document:") {
				t.Fatalf("%s: error %q", predicateType, err)
			}
			if errors.Is(err, predicate.ErrUnsupported) && facts != nil {
				t.Fatalf("%s: unsupported, and %v", predicateType, facts)
			}
		}
	})
}

func FuzzProvenance(f *testing.F) {
	fuzz(f, predicate.ParseProvenance, map[string][]string{
		predicate.TypeSLSA02: {`{"builder":{"id":"b"},"buildType":"t","invocation":{"configSource":{"uri":"u","digest":{"sha1":"a"}},"parameters":[1]},"metadata":{"buildStartedOn":"2026-01-02T03:04:05Z"},"materials":[{"uri":"m"}]}`},
		predicate.TypeSLSA1:  {`{"buildDefinition":{"buildType":"t","externalParameters":{"workflow":{"repository":"r","ref":"x"},"source":"s"},"resolvedDependencies":[{"uri":"u","digest":{"a":"b"}}]},"runDetails":{"builder":{"id":"b"},"metadata":{"startedOn":"2026-01-02T03:04:05Z"}}}`},
	})
}

func FuzzSBOM(f *testing.F) {
	fuzz(f, predicate.ParseSBOM, map[string][]string{
		predicate.TypeSPDX: {
			`{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: x",{"Person":"y"}]},"packages":[{"SPDXID":"SPDXRef-a","name":"a","supplier":"Organization: x","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:a/b"}]}],"relationships":[{"spdxElementId":"SPDXRef-a","relatedSpdxElement":"DocumentRef-x:SPDXRef-b","relationshipType":"DEPENDS_ON"}]}`,
			`"{\"spdxVersion\":\"SPDX-2.2\"}"`, `{"packages":[null],"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","creationInfo":{}}`,
		},
		predicate.TypeCycloneDX: {
			`{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-01-02T03:04:05Z","tools":[{"name":"t"}],"component":{"type":"file","name":"m"}},"components":[{"type":"file","name":"a","licenses":[{"license":{"id":"MIT"}},{"expression":"MIT"}],"components":[{"type":"file","name":"b"}]}],"dependencies":[{"ref":"a","dependsOn":["b"]}]}`,
			`{"Data":"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.4\"}","Timestamp":""}`,
		},
		predicate.TypeCosignCustom: {`{"Data":{"spdxVersion":"SPDX-2.3"},"Timestamp":""}`},
	})
}

func FuzzReport(f *testing.F) {
	fuzz(f, predicate.ParseReport, map[string][]string{
		predicate.TypeCosignVuln: {
			string(cosignRecord([]byte(`{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Vulnerabilities":[{"VulnerabilityID":"x","Severity":"LOW","CVSS":{"nvd":{"V3Score":1}}}]}]}`))),
			string(cosignRecord([]byte(`{"matches":[{"vulnerability":{"id":"x","severity":"High","fix":{"versions":["1"]}},"relatedVulnerabilities":[{"id":"y"}]}],"descriptor":{"name":"grype"}}`))),
			string(cosignRecord([]byte(`"{\"matches\":[]}"`))),
		},
	})
}

func FuzzVEX(f *testing.F) {
	fuzz(f, predicate.ParseVEX, map[string][]string{
		predicate.TypeOpenVEX: {
			`{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2026-01-02T03:04:05Z","statements":[{"vulnerability":{"name":"x","aliases":["y"]},"products":[{"@id":"p","subcomponents":[{"identifiers":{"purl":"q"}}]}],"status":"fixed"}]}`,
			`{"@context":"https://openvex.dev/ns","statements":[{"vulnerability":"x","products":["p"],"subcomponents":["s"],"status":"affected"}]}`,
		},
	})
}
