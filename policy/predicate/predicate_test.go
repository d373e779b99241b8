package predicate_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

// rejection is a document that does not parse, and what the error says.
type rejection struct {
	name, predicateType, doc string
	unsupported              bool
	want                     string
}

func checkRejections[T any](t *testing.T, parse func(string, []byte) (*T, error), rejections []rejection) {
	t.Helper()
	for _, test := range rejections {
		t.Run(test.name, func(t *testing.T) {
			facts, err := parse(test.predicateType, []byte(test.doc))
			if err == nil || facts != nil {
				t.Fatalf("read as %+v", facts)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q", err, test.want)
			}
			if errors.Is(err, predicate.ErrUnsupported) != test.unsupported {
				t.Errorf("error %q: ErrUnsupported is %v, want %v", err, !test.unsupported, test.unsupported)
			}
		})
	}
}

func TestTypes(t *testing.T) {
	for predicateType, want := range map[string]string{
		predicate.TypeSLSA02:                             "provenance",
		predicate.TypeSLSA1:                              "provenance",
		"https://slsa.dev/provenance/v0.1":               "provenance",
		"https://slsa.dev/provenance/v1.0?draft":         "provenance",
		"https://slsa.dev/verification_summary/v1":       "",
		predicate.TypeSPDX:                               "sbom",
		"https://spdx.dev/Document/v2.3":                 "sbom",
		"https://spdx.dev/DocumentX":                     "",
		predicate.TypeCycloneDX:                          "sbom",
		"https://cyclonedx.org/bom/v1.6":                 "sbom",
		predicate.TypeCosignVuln:                         "report",
		"https://in-toto.io/attestation/vulns/v0.2":      "report",
		predicate.TypeOpenVEX:                            "vex",
		"https://openvex.dev/ns/v0.2.0":                  "vex",
		"https://openvex.dev/nsx":                        "",
		predicate.TypeCosignCustom:                       "",
		"":                                               "",
		"https://SLSA.dev/provenance/v1":                 "",
		"https://evil.example/https://spdx.dev/Document": "",
	} {
		for name, is := range map[string]func(string) bool{
			"provenance": predicate.IsProvenance, "sbom": predicate.IsSBOM, "report": predicate.IsReport, "vex": predicate.IsVEX,
		} {
			if got := is(predicateType); got != (name == want) {
				t.Errorf("%q is %s: %v", predicateType, name, got)
			}
		}
	}
}

func TestProvenanceV02(t *testing.T) {
	got, err := predicate.ParseProvenance(predicate.TypeSLSA02, []byte(`{
		"builder": {"id": "https://builder.example/v1"}, "buildType": "https://type.example",
		"invocation": {"configSource": {"uri": "git+https://git.example/app@refs/tags/v1", "digest": {"sha1": "aa"}, "entryPoint": "x.yml"},
			"parameters": {"a": [1, 2]}, "environment": {"VERSION": 1, "version": 2}},
		"buildConfig": {"steps": []},
		"metadata": {"buildStartedOn": "2026-01-02T03:04:05Z", "buildFinishedOn": "", "completeness": {"parameters": true}},
		"materials": [{"uri": "git+https://git.example/lib", "digest": {"sha1": "bb"}}, {"digest": {"sha256": "cc"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &predicate.Provenance{
		Builder: "https://builder.example/v1", BuildType: "https://type.example",
		Sources: []predicate.SourceRef{
			{URI: "git+https://git.example/app@refs/tags/v1", Digests: map[string]string{"sha1": "aa"}, EntryPoint: true},
			{URI: "git+https://git.example/lib", Digests: map[string]string{"sha1": "bb"}},
		},
		Parameters: json.RawMessage(`{"a": [1, 2]}`),
		Started:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestProvenanceV1NamesTheEntryPointOfEachBuildType(t *testing.T) {
	const dependencies = `[{"uri": "git+https://git.example/app@refs/heads/main", "digest": {"gitCommit": "aa"}}, {"name": "no uri"}]`
	dependency := predicate.SourceRef{URI: "git+https://git.example/app@refs/heads/main", Digests: map[string]string{"gitCommit": "aa"}}
	entry := func(uri, algorithm, hex string) predicate.SourceRef {
		ref := predicate.SourceRef{URI: uri, EntryPoint: true}
		if hex != "" {
			ref.Digests = map[string]string{algorithm: hex}
		}
		return ref
	}
	for name, test := range map[string]struct {
		parameters string
		want       []predicate.SourceRef
	}{
		"GitHub workflow": {`{"workflow": {"ref": "refs/heads/main", "repository": "https://git.example/app", "path": ".github/workflows/x.yml"}}`,
			[]predicate.SourceRef{entry("git+https://git.example/app@refs/heads/main", "gitCommit", "aa")}},
		"GitHub workflow of another repository": {`{"workflow": {"ref": "refs/heads/main", "repository": "https://git.example/evil"}}`,
			[]predicate.SourceRef{entry("git+https://git.example/evil@refs/heads/main", "", "")}},
		"BuildKit": {`{"configSource": {"uri": "https://git.example/app.git#main", "digest": {"sha1": "bb"}, "path": "Dockerfile"}}`,
			[]predicate.SourceRef{entry("https://git.example/app.git#main", "sha1", "bb")}},
		"Google Cloud Build": {`{"buildConfigSource": {"ref": "main", "repository": "git+https://git.example/ci"}, "sourceToBuild": {"repository": "https://git.example/app"}}`,
			[]predicate.SourceRef{entry("git+https://git.example/ci@main", "", ""), entry("git+https://git.example/app", "", "")}},
		"container-based": {`{"source": {"uri": "git+https://git.example/app@refs/tags/v1", "digest": {"sha1": "cc"}}, "configPath": "x"}`,
			[]predicate.SourceRef{entry("git+https://git.example/app@refs/tags/v1", "sha1", "cc")}},
		"GitLab":               {`{"source": "https://gitlab.example/app"}`, []predicate.SourceRef{entry("https://gitlab.example/app", "", "")}},
		"of another form":      {`{"workflow": ["a"], "source": {"artifact": {"uri": "x"}}, "configSource": null}`, nil},
		"no source":            {`{"inputs": {"x": 1}}`, nil},
		"key of another case":  {`{"Workflow": {"ref": "refs/heads/main", "repository": "https://git.example/app"}}`, nil},
		"no parameters at all": {`null`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := predicate.ParseProvenance(predicate.TypeSLSA1, []byte(`{
				"buildDefinition": {"buildType": "https://type.example", "externalParameters": `+test.parameters+`, "resolvedDependencies": `+dependencies+`},
				"runDetails": {"builder": {"id": "https://builder.example"}, "metadata": {"invocationId": "1", "startedOn": "2026-01-02T03:04:05Z", "finishedOn": "2026-01-02T03:04:06.5+01:00"}}}`))
			if err != nil {
				t.Fatal(err)
			}
			if want := append(test.want, dependency); !reflect.DeepEqual(got.Sources, want) {
				t.Errorf("sources %+v\nwant    %+v", got.Sources, want)
			}
			if got.Builder != "https://builder.example" || got.Finished.IsZero() || string(got.Parameters) != test.parameters {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestProvenanceRejects(t *testing.T) {
	const builder = `"builder":{"id":"b"}`
	checkRejections(t, predicate.ParseProvenance, []rejection{
		{"v0.3", "https://slsa.dev/provenance/v0.3", `{` + builder + `}`, true, `SLSA provenance "v0.3"`},
		{"v0.1 of no material", predicate.TypeSLSA01, `{` + builder + `,"recipe":{"definedInMaterial":1},"materials":[{"uri":"u"}]}`, false, "1 is the index of no material"},
		{"v1 draft", "https://slsa.dev/provenance/v1.0?draft", `{}`, true, `"v1.0?draft"`},
		{"another type", predicate.TypeSPDX, `{}`, true, `"https://spdx.dev/Document" is not provenance`},
		{"no builder", predicate.TypeSLSA02, `{"buildType":"x"}`, false, "builder.id: missing"},
		{"builder without id", predicate.TypeSLSA02, `{"builder":{}}`, false, "builder.id: missing"},
		{"v1 no builder", predicate.TypeSLSA1, `{"runDetails":{}}`, false, "runDetails.builder.id: missing"},
		{"builder id is a number", predicate.TypeSLSA02, `{"builder":{"id":5}}`, false, "builder.id: want a string, found a number"},
		{"v1 digest is a number", predicate.TypeSLSA1, `{"buildDefinition":{"resolvedDependencies":[{"digest":{"sha1":1}}]}}`, false, "buildDefinition.resolvedDependencies[0].digest.sha1: want a string, found a number"},
		{"v1 parameters are a list", predicate.TypeSLSA1, `{"buildDefinition":{"externalParameters":[]},"runDetails":{` + builder + `}}`, false, "buildDefinition.externalParameters: want an object"},
		{"time", predicate.TypeSLSA02, `{` + builder + `,"metadata":{"buildStartedOn":"yesterday"}}`, false, `metadata.buildStartedOn: "yesterday" is not a time`},
		{"v1 time", predicate.TypeSLSA1, `{"runDetails":{` + builder + `,"metadata":{"finishedOn":"2026"}}}`, false, `runDetails.metadata.finishedOn: "2026" is not a time`},
		{"materials are an object", predicate.TypeSLSA02, `{` + builder + `,"materials":{}}`, false, "materials: want an array, found an object"},
		{"duplicate builder", predicate.TypeSLSA02, `{` + builder + `,"builder":{"id":"evil"}}`, false, `the key "builder" twice`},
		{"case-folded builder", predicate.TypeSLSA02, `{` + builder + `,"Builder":{"id":"evil"}}`, false, `the key "builder" twice (the second time as "Builder")`},
		{"case-folded id", predicate.TypeSLSA1, `{"runDetails":{"builder":{"id":"b","ID":"evil"}}}`, false, `runDetails.builder has the key "id" twice`},
		{"not an object", predicate.TypeSLSA02, `[]`, false, "not a JSON object"},
		{"null", predicate.TypeSLSA1, `null`, false, "not a JSON object"},
		{"empty", predicate.TypeSLSA1, ``, false, "unexpected end of JSON"},
		{"text", predicate.TypeSLSA1, `"builder: b"`, true, "text that is not a JSON object"},
	})
}

func TestSPDX(t *testing.T) {
	const document = `{"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "app", "dataLicense": "CC0-1.0",
		"creationInfo": {"created": "2026-01-02T03:04:05Z", "creators": ["Tool: syft-1.0", "Person: J\u00f6rg (j@example.org)"]},
		"packages": [
			{"SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1", "supplier": "Organization: A \"Inc\"", "licenseConcluded": "NOASSERTION", "licenseDeclared": "MIT",
			 "externalRefs": [{"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:x"}, {"referenceCategory": "PACKAGE_MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/a@1"}]},
			{"SPDXID": "SPDXRef-b", "name": "b", "supplier": "NOASSERTION", "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "files": 7}],
		"files": [{"x": 1}],
		"relationships": [
			{"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": "SPDXRef-a", "relationshipType": "DESCRIBES"},
			{"spdxElementId": "SPDXRef-a", "relatedSpdxElement": "SPDXRef-b", "relationshipType": "DEPENDS_ON"},
			{"spdxElementId": "SPDXRef-a", "relatedSpdxElement": "NONE", "relationshipType": "BUILD_DEPENDENCY_OF"}]}`
	want := &predicate.SBOM{
		Format: "spdx", SpecVersion: "2.3", Name: "app", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Authors: []string{"Tool: syft-1.0", "Person: Jörg (j@example.org)"},
		Packages: []predicate.Package{
			{Name: "a", Version: "1", Supplier: `A "Inc"`, PURL: "pkg:npm/a@1", Licenses: []string{"MIT"}, Ref: "a"},
			{Name: "b", Licenses: []string{"Apache-2.0"}, Ref: "b"},
		},
		Relationships: 2,
	}
	quoted, _ := json.Marshal(document)
	for name, test := range map[string][2]string{
		"plain":                   {predicate.TypeSPDX, document},
		"with a version":          {predicate.TypeSPDX + "/v2.3", document},
		"string":                  {predicate.TypeSPDX, string(quoted)},
		"wrapped":                 {predicate.TypeSPDX, `{"Data": ` + document + `, "Timestamp": "2026-01-02T03:04:05Z"}`},
		"wrapped string":          {predicate.TypeSPDX, `{"Timestamp": "", "Data": ` + string(quoted) + `}`},
		"cosign custom":           {predicate.TypeCosignCustom, `{"Data": ` + string(quoted) + `, "Timestamp": ""}`},
		"surrounded by new lines": {predicate.TypeSPDX, "\n" + document + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := predicate.ParseSBOM(test[0], []byte(test[1]))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestCycloneDX(t *testing.T) {
	got, err := predicate.ParseSBOM(predicate.TypeCycloneDX, []byte(`{"$schema": "x", "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata": {"timestamp": "2026-01-02T03:04:05Z", "authors": [{"name": "Ann", "email": "a@example.org"}, {"email": "b@example.org"}],
			"tools": {"components": [{"type": "application", "group": "acme", "name": "scan", "version": "2"}]},
			"component": {"type": "container", "name": "app", "components": [{"type": "library", "name": "inner"}]}},
		"components": [
			{"type": "library", "group": "@acme", "name": "lib", "version": "1", "purl": "pkg:npm/%40acme/lib@1", "supplier": {"name": "Acme"},
			 "licenses": [{"license": {"id": "MIT"}}, {"license": {"name": "Own"}}, {"license": {"id": "MIT"}}],
			 "components": [{"type": "file", "name": "deep", "licenses": [{"expression": "MIT OR Apache-2.0"}], "publisher": "P"}]}],
		"dependencies": [{"ref": "a", "dependsOn": ["b", "c"]}, {"ref": "b"}],
		"vulnerabilities": [{"id": "CVE-1"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &predicate.SBOM{
		Format: "cyclonedx", SpecVersion: "1.5", Name: "app", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Authors: []string{"Ann", "b@example.org", "acme scan 2"},
		Packages: []predicate.Package{
			{Name: "inner"},
			{Name: "@acme/lib", Version: "1", Supplier: "Acme", PURL: "pkg:npm/%40acme/lib@1", Licenses: []string{"MIT", "Own"}},
			{Name: "deep", Supplier: "P", Licenses: []string{"MIT OR Apache-2.0"}},
		},
		Relationships: 2,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSBOMRejects(t *testing.T) {
	cdx := func(rest string) string { return `{"bomFormat":"CycloneDX","specVersion":"1.6"` + rest + `}` }
	spdx := func(rest string) string {
		return `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","creationInfo":{}` + rest + `}`
	}
	checkRejections(t, predicate.ParseSBOM, []rejection{
		{"another type", predicate.TypeOpenVEX, `{}`, true, "is not an SBOM"},
		{"SPDX 3", predicate.TypeSPDX, `{"@context":"https://spdx.org/rdf/3.1/spdx-context.jsonld","@graph":[]}`, true, "SPDX with the context"},
		{"SPDX 2.1", predicate.TypeSPDX, `{"spdxVersion":"SPDX-2.1"}`, true, `SPDX version "SPDX-2.1"`},
		{"SPDX of no version", predicate.TypeSPDX, `{"SPDXID":"SPDXRef-DOCUMENT"}`, false, "spdxVersion: missing"},
		{"SPDX tag-value", predicate.TypeSPDX, `"SPDXVersion: SPDX-2.3\n"`, true, "text that is not a JSON object"},
		{"CycloneDX said to be SPDX", predicate.TypeSPDX, cdx(``), false, "spdxVersion: missing"},
		{"SPDX said to be CycloneDX", predicate.TypeCycloneDX, spdx(``), false, `bomFormat: want "CycloneDX", found ""`},
		{"SPDX no creation", predicate.TypeSPDX, `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT"}`, false, "creationInfo: missing"},
		{"SPDX identifier", predicate.TypeSPDX, `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-x","creationInfo":{}}`, false, `SPDXID: want "SPDXRef-DOCUMENT", found "SPDXRef-x"`},
		{"SPDX package identifier", predicate.TypeSPDX, spdx(`,"packages":[{"SPDXID":"a","name":"a"}]`), false, `packages[0].SPDXID: want "SPDXRef-" and a name, found "a"`},
		{"SPDX packages", predicate.TypeSPDX, spdx(`,"packages":{}`), false, "packages: want an array, found an object"},
		{"SPDX version is a number", predicate.TypeSPDX, spdx(`,"packages":[{"versionInfo":1}]`), false, "packages[0].versionInfo: want a string, found a number"},
		{"SPDX second list of packages", predicate.TypeSPDX, spdx(`,"packages":[],"Packages":[]`), false, `the key "packages" twice`},
		{"SPDX time", predicate.TypeSPDX, `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","creationInfo":{"created":"x"}}`, false, "creationInfo.created"},
		{"CycloneDX 1.8", predicate.TypeCycloneDX, `{"bomFormat":"CycloneDX","specVersion":"1.8"}`, true, `CycloneDX version "1.8"`},
		{"CycloneDX of no version", predicate.TypeCycloneDX, `{"bomFormat":"CycloneDX"}`, false, "specVersion: missing"},
		{"CycloneDX XML", predicate.TypeCycloneDX, `"<bom/>"`, true, "text that is not a JSON object"},
		{"CycloneDX component without name", predicate.TypeCycloneDX, cdx(`,"components":[{"type":"file","name":"a"},{"type":"file"}]`), false, "components[1].name: missing"},
		{"CycloneDX nested", predicate.TypeCycloneDX, cdx(`,"components":[{"type":"file","name":"a","components":[{"name":"b"}]}]`), false, "components[0].components[0].type: missing"},
		{"CycloneDX type", predicate.TypeCycloneDX, cdx(`,"components":[{"type":"x","name":"a"}]`), false, `components[0].type: unknown type "x"`},
		{"CycloneDX license", predicate.TypeCycloneDX, cdx(`,"components":[{"type":"file","name":"a","licenses":[{"expression":"MIT","license":{"id":"MIT"}}]}]`), false, "components[0].licenses[0]: has both"},
		{"CycloneDX version is a number", predicate.TypeCycloneDX, cdx(`,"components":[{"type":"file","name":"a","version":1}]`), false, "components[0].version: want a string, found a number"},
		{"CycloneDX second list of components", predicate.TypeCycloneDX, cdx(`,"components":[],"COMPONENTS":[]`), false, `the key "components" twice`},
		{"CycloneDX dependency", predicate.TypeCycloneDX, cdx(`,"dependencies":[{"dependsOn":[]}]`), false, "dependencies[0].ref: missing"},
		{"duplicate in a string", predicate.TypeCycloneDX, `"{\"bomFormat\":\"CycloneDX\",\"bomFormat\":\"x\"}"`, false, `the predicate is a string: decode JSON: the document has the key "bomFormat" twice`},
		{"custom of another kind", predicate.TypeCosignCustom, `{"Data":"{\"foo\": \"bar\"}\n","Timestamp":""}`, true, "neither SPDX nor CycloneDX"},
		{"custom of two kinds of keys", predicate.TypeCosignCustom, `{"Data":{},"data":{}}`, false, `the key "Data" twice`},
		{"wrapper with more", predicate.TypeCycloneDX, `{"Data":{},"bomFormat":"CycloneDX"}`, false, `bomFormat: unknown object member name`},
		{"wrapped nothing", predicate.TypeCycloneDX, `{"Data":null}`, false, "not a JSON object"},
	})
}

func TestReports(t *testing.T) {
	finished := time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC)
	const trivy = `{"SchemaVersion": 2, "ArtifactName": "app", "Metadata": {"ImageConfig": {"config": {"Labels": {"Version": "1", "version": "2"}}}}, "Results": [
		{"Target": "os", "Class": "os-pkgs"},
		{"Target": "go", "Vulnerabilities": [
			{"VulnerabilityID": "CVE-2026-1", "VendorIDs": ["GHSA-1"], "PkgName": "a", "InstalledVersion": "1", "FixedVersion": "2", "Severity": "HIGH", "PkgIdentifier": {"PURL": "pkg:npm/a@1"}, "CVSS": {"nvd": {"V3Score": 9.8}}},
			{"VulnerabilityID": "CVE-2026-2", "PkgName": "b", "InstalledVersion": "1", "Severity": "UNKNOWN", "CVSS": {"nvd": {"V2Score": 5, "V3Score": 7.0}, "ghsa": {"V3Score": 3}}},
			{"VulnerabilityID": "CVE-2026-3", "PkgName": "c", "InstalledVersion": "1"}]}]}`
	const grype = `{"matches": [
		{"vulnerability": {"id": "GHSA-1", "severity": "Negligible", "fix": {"versions": ["2", "3"], "state": "fixed"}}, "relatedVulnerabilities": [{"id": "CVE-2026-1"}, {"id": "GHSA-1"}], "artifact": {"name": "a", "version": "1", "purl": "pkg:npm/a@1"}},
		{"vulnerability": {"id": "CVE-2026-2", "severity": "Unknown", "cvss": [{"metrics": {"baseScore": 4}}]}, "relatedVulnerabilities": [{"id": "CVE-2026-2", "cvss": [{"metrics": {"baseScore": 9}}]}], "artifact": {"name": "b", "version": "1"}}],
		"descriptor": {"name": "grype", "version": "0.80"}}`
	quoted, _ := json.Marshal(grype)
	grypeFound := []predicate.Vulnerability{
		{ID: "GHSA-1", Aliases: []string{"CVE-2026-1"}, Severity: predicate.SeverityLow, Package: "a", Version: "1", PURL: "pkg:npm/a@1", FixedIn: "2, 3"},
		{ID: "CVE-2026-2", Severity: predicate.SeverityCritical, Package: "b", Version: "1"},
	}
	for name, test := range map[string]struct {
		result string
		want   []predicate.Vulnerability
	}{
		"trivy": {trivy, []predicate.Vulnerability{
			{ID: "CVE-2026-1", Aliases: []string{"GHSA-1"}, Severity: predicate.SeverityHigh, Package: "a", Version: "1", PURL: "pkg:npm/a@1", FixedIn: "2"},
			{ID: "CVE-2026-2", Severity: predicate.SeverityHigh, Package: "b", Version: "1"},
			{ID: "CVE-2026-3", Package: "c", Version: "1"},
		}},
		"trivy clean":     {`{"SchemaVersion": 2, "ArtifactName": "app"}`, []predicate.Vulnerability{}},
		"grype":           {grype, grypeFound},
		"grype clean":     {`{"matches": [], "descriptor": {"name": "grype"}}`, []predicate.Vulnerability{}},
		"grype in string": {string(quoted), grypeFound},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := predicate.ParseReport(predicate.TypeCosignVuln, cosignRecord([]byte(test.result)))
			if err != nil {
				t.Fatal(err)
			}
			want := &predicate.Report{Format: "cosign-vuln", Scanner: "pkg:github/acme/scanner@1.0", Time: finished, Vulnerabilities: test.want}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestReportRejects(t *testing.T) {
	record := func(result string) string { return string(cosignRecord([]byte(result))) }
	var rejections []rejection
	for name, result := range map[string]string{
		"null": `null`, "empty object": `{}`, "empty string": `""`, "list": `[]`, "text": `"no vulnerabilities"`,
		"SARIF": `{"version":"2.1.0","runs":[]}`, "Trivy schema 1": `{"SchemaVersion":1,"ArtifactName":"a"}`,
		"Trivy of nothing": `{"SchemaVersion":2}`, "matches of another": `{"matches":[],"descriptor":{"name":"x"}}`,
		"matches null": `{"matches":null,"descriptor":{"name":"grype"}}`, "keys of another case": `{"schemaVersion":2,"artifactName":"a"}`,
	} {
		rejections = append(rejections, rejection{"result is " + name, predicate.TypeCosignVuln, record(result), true, "scanner.result: "})
	}
	checkRejections(t, predicate.ParseReport, append(rejections, []rejection{
		{"another type", predicate.TypeOpenVEX, `{}`, true, "is not a vulnerability report"},
		{"in-toto vulns", "https://in-toto.io/attestation/vulns/v0.3", `{}`, true, "vulns/v0.3"},
		{"in-toto vulns without scanner", "https://in-toto.io/attestation/vulns/v0.2", `{}`, false, "scanner.uri: missing"},
		{"SARIF of another tool", "https://docs.oasis-open.org/sarif/sarif/v2.1.0", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"CodeQL"}},"results":[]}]}`, true, "CodeQL"},
		{"SARIF of no scan", "https://docs.oasis-open.org/sarif/sarif/v2.1.0", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Trivy"}}}]}`, true, "without results"},
		{"SARIF that does not say what it found", "https://docs.oasis-open.org/sarif/sarif/v2.1.0", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Grype","rules":[{"id":"x"}]}},"results":[{"ruleId":"x"}]}]}`, false, "which package"},
		{"CycloneDX without vulnerabilities", predicate.TypeCycloneDX, `{"bomFormat":"CycloneDX","specVersion":"1.6"}`, false, "no list of vulnerabilities"},
		{"no scanner", predicate.TypeCosignVuln, `{"metadata":{}}`, false, "scanner: missing"},
		{"no result", predicate.TypeCosignVuln, `{"scanner":{"uri":"x"}}`, true, "scanner.result: "},
		{"custom of another kind", predicate.TypeCosignCustom, `{"Data":"{}"}`, true, "does not hold a vulnerability record"},
		{"time", predicate.TypeCosignVuln, `{"scanner":{"uri":"x"},"metadata":{"scanFinishedOn":"x"}}`, false, "metadata.scanFinishedOn"},
		{"severity of no scanner", predicate.TypeCosignVuln, record(`{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Vulnerabilities":[{"VulnerabilityID":"x","Severity":"LOWISH"}]}]}`), false, `Results[0].Vulnerabilities[0].Severity: unknown word "LOWISH"`},
		{"vulnerability without id", predicate.TypeCosignVuln, record(`{"matches":[{"vulnerability":{}}],"descriptor":{"name":"grype"}}`), false, "matches[0].vulnerability.id: missing"},
		{"results are an object", predicate.TypeCosignVuln, record(`{"SchemaVersion":2,"ArtifactName":"a","Results":{}}`), false, "Results: want an array, found an object"},
		{"results twice", predicate.TypeCosignVuln, record(`{"SchemaVersion":2,"ArtifactName":"a","Results":[],"results":[]}`), false, `scanner.result has the key "Results" twice`},
	}...))
}

func TestOpenVEX(t *testing.T) {
	got, err := predicate.ParseVEX(predicate.TypeOpenVEX, []byte(`{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "Ann", "version": 2,
		"timestamp": "2026-01-01T00:00:00Z", "last_updated": "2026-01-03T00:00:00Z", "statements": [
		{"vulnerability": {"@id": "https://cve.example/1", "name": "CVE-2026-1", "aliases": ["GHSA-1", "GHSA-1"]}, "timestamp": "2026-01-02T00:00:00Z",
		 "products": [{"@id": "pkg:oci/app", "identifiers": {"purl": "pkg:oci/app"}, "hashes": {"sha-256": "aa"}, "subcomponents": [{"@id": "pkg:npm/a"}]}],
		 "status": "not_affected", "justification": "component_not_present", "impact_statement": "why"},
		{"vulnerability": {"@id": "https://cve.example/2"}, "status": "affected", "action_statement": "update"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	day := func(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC) }
	want := &predicate.VEX{Format: "openvex", Author: "Ann", Time: day(3), Statements: []predicate.VEXStatement{
		{ID: "CVE-2026-1", Aliases: []string{"GHSA-1", "https://cve.example/1"}, Status: predicate.NotAffected, Justification: "component_not_present", Impact: "why", Time: day(2),
			Products: []predicate.Product{{ID: "pkg:oci/app", Identifiers: map[string]string{"purl": "pkg:oci/app"}, Hashes: map[string]string{"sha-256": "aa"}, Subcomponents: []predicate.Product{{ID: "pkg:npm/a"}}}}},
		{ID: "https://cve.example/2", Status: predicate.Affected, Action: "update", Time: day(3)},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestOpenVEXRejects(t *testing.T) {
	vex := func(statement string) string {
		return `{"@context":"https://openvex.dev/ns/v0.2.0","statements":[` + statement + `]}`
	}
	checkRejections(t, predicate.ParseVEX, []rejection{
		{"another type", predicate.TypeSPDX, `{}`, true, "is not VEX"},
		{"another version", predicate.TypeOpenVEX, `{"@context":"https://openvex.dev/ns/v9","statements":[]}`, true, `"https://openvex.dev/ns/v9"`},
		{"another context", predicate.TypeOpenVEX, `{"@context":"https://example.org","statements":[]}`, true, `"https://example.org"`},
		{"custom of another kind", predicate.TypeCosignCustom, `{"Data":"{}"}`, true, "does not hold OpenVEX"},
		{"no statements", predicate.TypeOpenVEX, `{"@context":"https://openvex.dev/ns/v0.2.0"}`, false, "statements: missing"},
		{"no vulnerability", predicate.TypeOpenVEX, vex(`{"status":"fixed"}`), false, "statements[0].vulnerability: missing"},
		{"no status", predicate.TypeOpenVEX, vex(`{"vulnerability":{"name":"x"}}`), false, `statements[0].status: unknown status ""`},
		{"status of no version", predicate.TypeOpenVEX, vex(`{"vulnerability":{"name":"x"},"status":"Fixed"}`), false, `unknown status "Fixed"`},
		{"unjustified", predicate.TypeOpenVEX, vex(`{"vulnerability":{"name":"x"},"status":"not_affected"}`), false, "justification: missing"},
		{"label of no version", predicate.TypeOpenVEX, vex(`{"vulnerability":{"name":"x"},"status":"not_affected","justification":"trust_me"}`), false, `unknown label "trust_me"`},
		{"product of no name", predicate.TypeOpenVEX, vex(`{"vulnerability":{"name":"x"},"status":"fixed","products":[{}]}`), false, "products[0]: names no product"},
		{"component of no name", predicate.TypeOpenVEX, vex(`{"vulnerability":{"name":"x"},"status":"fixed","products":[{"@id":"a","subcomponents":[{}]}]}`), false, "subcomponents[0]: names no component"},
		{"case-folded status", predicate.TypeOpenVEX, vex(`{"vulnerability":{"name":"x"},"status":"affected","Status":"fixed"}`), false, `statements[0] has the key "status" twice`},
		{"time", predicate.TypeOpenVEX, vex(`{"vulnerability":{"name":"x"},"status":"fixed","timestamp":"x"}`), false, `timestamp: "x" is not a time`},
	})
}
