package predicate_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

func TestProvenanceV01(t *testing.T) {
	got, err := predicate.ParseProvenance(predicate.TypeSLSA01, []byte(`{"builder": {"id": "https://builder.example"},
		"recipe": {"type": "https://type.example", "definedInMaterial": 1, "entryPoint": "build.yaml:x", "arguments": {"a": 1}},
		"metadata": {"buildStartedOn": "2026-01-02T03:04:05Z"},
		"materials": [{"uri": "git+https://git.example/lib", "digest": {"sha1": "bb"}}, {"uri": "git+https://git.example/app@refs/tags/v1", "digest": {"sha1": "aa"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &predicate.Provenance{
		Builder: "https://builder.example", BuildType: "https://type.example", Parameters: json.RawMessage(`{"a": 1}`),
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Sources: []predicate.SourceRef{
			{URI: "git+https://git.example/app@refs/tags/v1", Digests: map[string]string{"sha1": "aa"}, EntryPoint: true},
			{URI: "git+https://git.example/lib", Digests: map[string]string{"sha1": "bb"}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSummaries(t *testing.T) {
	want := &predicate.Summary{Verifier: "v", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Resource: "r", Policy: "p", Passed: true, Levels: []string{"L"}}
	for predicateType, doc := range map[string]string{
		"https://slsa.dev/verification_summary/v1":   `{"verifier":{"id":"v"},"timeVerified":"2026-01-02T03:04:05Z","resourceUri":"r","policy":{"uri":"p"},"verificationResult":"PASSED","verifiedLevels":["L"]}`,
		"https://slsa.dev/verification_summary/v0.2": `{"verifier":{"id":"v"},"time_verified":"2026-01-02T03:04:05Z","resource_uri":"r","policy":{"uri":"p"},"verification_result":"PASSED","policy_level":"L"}`,
	} {
		got, err := predicate.ParseSummary(predicateType, []byte(doc))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", predicateType, got, err)
		}
	}
	checkRejections(t, predicate.ParseSummary, []rejection{
		{"two results", "https://slsa.dev/verification_summary/v1", `{"verifier":{"id":"v"},"resourceUri":"r","verificationResult":"FAILED","verification_result":"PASSED"}`, false, "two ways"},
		{"another result", "https://slsa.dev/verification_summary/v1", `{"verifier":{"id":"v"},"resourceUri":"r","verificationResult":"passed"}`, false, "want PASSED or FAILED"},
		{"no resource", "https://slsa.dev/verification_summary/v1", `{"verifier":{"id":"v"},"verificationResult":"PASSED"}`, false, "resourceUri: missing"},
		{"no verifier", "https://slsa.dev/verification_summary/v1", `{}`, false, "verifier.id: missing"},
		{"version", "https://slsa.dev/verification_summary/v2", `{}`, true, `"v2"`},
	})
}

// xmlBOM is a document as a predicate has it: XML in a string.
func xmlBOM(text string) []byte {
	quoted, err := json.Marshal(`<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.6" serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79" version="2">` + text + `</bom>`)
	if err != nil {
		panic(err)
	}
	return quoted
}

func TestCycloneDXXML(t *testing.T) {
	doc := xmlBOM(`<metadata><timestamp>2026-01-02T03:04:05Z</timestamp><component type="container" bom-ref="me"><name>app</name></component></metadata>
		<components><component type="library" bom-ref="a"><group>g</group><name>a</name><version>1</version><licenses><license><id>MIT</id></license></licenses><purl>pkg:npm/a@1</purl>
		<components><component type="library"><name>b</name></component></components></component></components>
		<dependencies><dependency ref="me"><dependency ref="a"/></dependency></dependencies>`)
	for name, raw := range map[string][]byte{"string": doc, "wrapped": []byte(`{"Data": ` + string(doc) + `, "Timestamp": ""}`)} {
		got, err := predicate.ParseSBOM(predicate.TypeCycloneDX, raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := &predicate.SBOM{
			Format: "cyclonedx", SpecVersion: "1.6", Serial: "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/2", Name: "app", Main: "me",
			Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Relationships: 1,
			Packages: []predicate.Package{{Name: "g/a", Version: "1", PURL: "pkg:npm/a@1", Licenses: []string{"MIT"}, Ref: "a"}, {Name: "b"}},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, want)
		}
	}
	deep := strings.Repeat("<components><component type=\"file\"><name>a</name>", 300) + strings.Repeat("</component></components>", 300)
	for name, text := range map[string]string{
		"two lists of components": `<components/><components><component type="file"><name>a</name></component></components>`,
		"two purls":               `<components><component type="file"><name>a</name><purl>pkg:npm/a@1</purl><purl>pkg:npm/b@1</purl></component></components>`,
		"an attribute twice":      `<components><component type="file" type="library"><name>a</name></component></components>`,
		"too deep":                deep,
		"no name":                 `<components><component type="file"/></components>`,
		"an entity":               `<components><component type="file"><name>&x;</name></component></components>`,
	} {
		if facts, err := predicate.ParseSBOM(predicate.TypeCycloneDX, xmlBOM(text)); err == nil {
			t.Errorf("%s: read as %+v", name, facts)
		}
	}
	typed, _ := json.Marshal(`<!DOCTYPE bom [<!ENTITY x "y">]><bom xmlns="http://cyclonedx.org/schema/bom/1.6"></bom>`)
	if _, err := predicate.ParseSBOM(predicate.TypeCycloneDX, typed); err == nil || !strings.Contains(err.Error(), "document type") {
		t.Errorf("a document type is taken: %v", err)
	}
}

// TestCheck: what in-toto specifies is held to it, and everything else taken.
func TestCheck(t *testing.T) {
	for _, test := range []struct {
		predicateType, doc, want string
	}{
		{predicate.TypeTestResult, `{"result":"PASSED","configuration":[{"uri":"git+https://a"}],"url":"u","passedTests":["a"]}`, ""},
		{predicate.TypeTestResult, `{"result":"passed","configuration":[{"uri":"a"}]}`, "want PASSED, WARNED or FAILED"},
		{predicate.TypeTestResult, `{"result":"PASSED"}`, ""},
		{predicate.TypeTestResult, `{"result":["PASSED"]}`, "decode test result"},
		{predicate.TypeTestResult, `{"result":"PASSED","configuration":[{}]}`, "configuration[0]"},
		{predicate.TypeTestResult, `{"result":"FAILED","Result":"PASSED","configuration":[{"uri":"a"}]}`, "twice"},
		{predicate.TypeSCAI03, `{"attributes":[{"attribute":"a","target":{"uri":"u"}}],"producer":{"uri":"p"}}`, ""},
		{predicate.TypeSCAI02, `{"attributes":[]}`, "AttributeAssertion"},
		{predicate.TypeSCAI03, `{"attributes":[{"target":{"uri":"u"}}]}`, "attribute"},
		{predicate.TypeLink1, `{"_type":"link","name":"build","materials":{},"products":{"a":{"sha256":"00"}}}`, ""},
		{predicate.TypeLink1, `{"_type":"layout","name":"build"}`, `found "layout"`},
		{predicate.TypeLink03, `{"name":"build","materials":[{"uri":"u"}]}`, "and a digest"},
		{predicate.TypeLink03, `{}`, "name: missing"},
		{"https://example.com/any", `[]`, ""},
	} {
		err := predicate.Check(test.predicateType, []byte(test.doc))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %v, want %q", test.predicateType, test.doc, err, test.want)
		}
	}
}

// csafDoc is a CSAF document that says one thing about one product.
func csafDoc(product, status, flags string) string {
	return `{"document":{"category":"csaf_vex","csaf_version":"2.0","title":"t","publisher":{"category":"vendor","name":"Acme","namespace":"https://acme.example"},
		"tracking":{"id":"1","status":"final","version":"1","initial_release_date":"2026-01-02T03:04:05Z","current_release_date":"2026-01-02T03:04:05Z",
		"revision_history":[{"date":"2026-01-02T03:04:05Z","number":"1","summary":"s"}]}},
		"product_tree":{"full_product_names":[` + product + `]},
		"vulnerabilities":[{"cve":"CVE-2026-1","product_status":{"` + status + `":["P"]}` + flags + `}]}`
}

func TestCSAF(t *testing.T) {
	doc := csafDoc(`{"name":"app","product_id":"P","product_identification_helper":{"purl":"pkg:oci/app?repository_url=ghcr.io/acme"}}`,
		"known_not_affected", `,"flags":[{"label":"component_not_present","product_ids":["P"],"date":"2026-02-01T00:00:00Z"}]`)
	got, err := predicate.ParseVEX(typeCSAF, []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	want := &predicate.VEX{Format: "csaf", Author: "Acme", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Statements: []predicate.VEXStatement{{
		ID: "CVE-2026-1", Aliases: []string{}, Status: predicate.NotAffected, Justification: "component_not_present",
		Time: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), Products: []predicate.Product{{ID: "pkg:oci/app?repository_url=ghcr.io/acme"}},
	}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	named := `{"name":"app","product_id":"P"}`
	checkRejections(t, predicate.ParseVEX, []rejection{
		{"not affected and no reason", typeCSAF, csafDoc(named, "known_not_affected", ""), false, "6.1.27.9"},
		{"affected and nothing to do", typeCSAF, csafDoc(named, "known_affected", ""), false, "6.1.27.10"},
		{"product that is not defined", typeCSAF, csafDoc(`{"name":"app","product_id":"Q"}`, "fixed", ""), false, "6.1.1"},
		{"unknown status", typeCSAF, strings.Replace(csafDoc(named, "ignored", ""), `"csaf_vex"`, `"csaf_security_advisory"`, 1), false, "6.1.27.5"},
		{"unknown label", typeCSAF, csafDoc(named, "fixed", `,"flags":[{"label":"fine","product_ids":["P"]}]`), false, "unknown label"},
		{"draft that is said to be published", typeCSAF, strings.ReplaceAll(doc, `"version":"1"`, `"version":"0"`), false, "6.1.16"},
		{"CSAF 2.1", typeCSAF, strings.Replace(doc, `"csaf_version":"2.0"`, `"csaf_version":"2.1"`, 1), true, "2.1"},
		{"two statuses", typeCSAF, strings.Replace(doc, `"product_status":{`, `"product_status":{"fixed":["P"],`, 1), false, "6.1.6"},
	})
}
