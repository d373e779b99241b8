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
		predicate.TypeSLSA01: {`{"builder":{"id":"b"},"recipe":{"type":"t","definedInMaterial":0,"arguments":[1]},"metadata":{"buildStartedOn":"2026-01-02T03:04:05Z"},"materials":[{"uri":"u","digest":{"sha1":"a"}}]}`},
		predicate.TypeSLSA02: {`{"builder":{"id":"b"},"buildType":"t","invocation":{"configSource":{"uri":"u","digest":{"sha1":"a"}},"parameters":[1]},"metadata":{"buildStartedOn":"2026-01-02T03:04:05Z"},"materials":[{"uri":"m"}]}`},
		predicate.TypeSLSA1:  {`{"buildDefinition":{"buildType":"t","externalParameters":{"workflow":{"repository":"r","ref":"x"},"source":"s"},"resolvedDependencies":[{"uri":"u","digest":{"a":"b"}}]},"runDetails":{"builder":{"id":"b"},"metadata":{"startedOn":"2026-01-02T03:04:05Z"}}}`},
	})
}

func FuzzSBOM(f *testing.F) {
	fuzz(f, predicate.ParseSBOM, map[string][]string{
		predicate.TypeSPDX: {
			`{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: x",{"Person":"y"}]},"packages":[{"SPDXID":"SPDXRef-a","name":"a","supplier":"Organization: x","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:a/b"}]}],"relationships":[{"spdxElementId":"SPDXRef-a","relatedSpdxElement":"DocumentRef-x:SPDXRef-b","relationshipType":"DEPENDS_ON"}]}`,
			`{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"@id":"_:c","type":"CreationInfo","specVersion":"3.0.1","created":"2026-01-02T03:04:05Z","createdBy":["p"]},{"spdxId":"p","type":"Person","name":"P"},{"spdxId":"d","type":"SpdxDocument","name":"n","creationInfo":"_:c"},{"spdxId":"a","type":"software_Package","name":"a","suppliedBy":{"spdxId":"q","type":"Organization","name":"Q"},"externalIdentifier":[{"externalIdentifierType":"packageUrl","identifier":"pkg:a/b"}]},{"type":"Relationship","from":"a","to":["l"],"relationshipType":"hasDeclaredLicense"},{"spdxId":"l","type":"simplelicensing_LicenseExpression","simplelicensing_licenseExpression":"MIT"}]}`,
			`"{\"spdxVersion\":\"SPDX-2.2\"}"`, `{"packages":[null],"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","creationInfo":{}}`,
		},
		predicate.TypeCycloneDX: {
			`{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-01-02T03:04:05Z","tools":[{"name":"t"}],"component":{"type":"file","name":"m"}},"components":[{"type":"file","name":"a","licenses":[{"license":{"id":"MIT"}},{"expression":"MIT"}],"components":[{"type":"file","name":"b"}]}],"dependencies":[{"ref":"a","dependsOn":["b"]}]}`,
			string(xmlBOM(`<metadata><timestamp>2026-01-02T03:04:05Z</timestamp></metadata><components><component type="file" bom-ref="a"><name>a</name><purl>pkg:a/b</purl><licenses><expression>MIT</expression></licenses></component></components>`)),
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
		"https://in-toto.io/attestation/vulns/v0.2": {`{"scanner":{"uri":"s","result":[{"id":"x","severity":[{"method":"m","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},{"score":"5.2"},{"score":"high"},{"score":"AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}]},"metadata":{"scanFinishedOn":"2026-01-02T03:04:05Z"}}`},
		typeTrivy: {`{"SchemaVersion":2,"ArtifactName":"a","CreatedAt":"2026-01-02T03:04:05Z","Results":[{"Vulnerabilities":[{"VulnerabilityID":"x"}]}]}`},
		typeGrype: {`{"matches":[{"vulnerability":{"id":"x"}}],"descriptor":{"name":"grype","timestamp":"2026-01-02T03:04:05Z"}}`},
		typeSARIF: {
			`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Trivy","rules":[{"id":"x","name":"OsPackageVulnerability","properties":{"security-severity":"5"}}]}},"invocations":[{"executionSuccessful":true,"endTimeUtc":"2026-01-02T03:04:05Z"}],"results":[{"ruleId":"x","ruleIndex":0,"message":{"text":"Package: a\nInstalled Version: 1"}}]}]}`,
			`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Grype","rules":[{"id":"x","help":{"text":"Vulnerability y\nSeverity: low\nPackage: a\nVersion: 1"}}]}},"results":[{"rule":{"id":"x"}}]}]}`,
		},
		predicate.TypeCycloneDX: {cyclonedxSeed},
	})
}

const cyclonedxSeed = `{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","metadata":{"component":{"type":"container","name":"n","bom-ref":"me"}},"components":[{"type":"library","name":"a","bom-ref":"a","purl":"pkg:a/b@1"}],"vulnerabilities":[{"id":"x","references":[{"id":"y"}],"ratings":[{"score":7,"severity":"high"}],"analysis":{"state":"not_affected","justification":"code_not_present","lastUpdated":"2026-01-02T03:04:05Z"},"affects":[{"ref":"a","versions":[{"version":"1","status":"affected"},{"range":"vers:semver/<2","status":"unaffected"}]},{"ref":"me"}]}]}`

func FuzzSummary(f *testing.F) {
	fuzz(f, predicate.ParseSummary, map[string][]string{
		"https://slsa.dev/verification_summary/v1":   {`{"verifier":{"id":"v"},"timeVerified":"2026-01-02T03:04:05Z","resourceUri":"r","policy":{"uri":"p"},"verificationResult":"PASSED","verifiedLevels":["SLSA_BUILD_LEVEL_3"]}`},
		"https://slsa.dev/verification_summary/v0.2": {`{"verifier":{"id":"v"},"time_verified":"2026-01-02T03:04:05Z","resource_uri":"r","verification_result":"FAILED","policy_level":"L"}`},
	})
}

// FuzzLayout parses layouts without an owner's signature, which no input has,
// and links of both forms, and holds links to the rules of a layout.
func FuzzLayout(f *testing.F) {
	f.Add([]byte(`{"_type":"link","name":"a","materials":{"x":{"sha256":"aa"}},"products":{}}`), []byte(`{"signed":{"_type":"layout"},"signatures":[{"keyid":"a","sig":"00"}]}`))
	f.Add([]byte(`{"name":"a","materials":[{"name":"x","digest":{"sha256":"aa"}}]}`), []byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"sig":"AAAA"}]}`))
	const owner = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhQXvZTlGiCDHqMwt4xGwkHq+bPiZ\n-----END PUBLIC KEY-----\n"
	f.Fuzz(func(t *testing.T, link, layout []byte) {
		for _, predicateType := range []string{predicate.TypeLink1, predicate.TypeLink03, predicate.TypeTestResult, predicate.TypeSCAI02} {
			facts, err := predicate.ParseLink(predicateType, link)
			if predicate.IsLink(predicateType) && (facts == nil) == (err == nil) {
				t.Fatalf("%v and %v", facts, err)
			}
			_ = predicate.Check(predicateType, link)
			if facts != nil {
				_, _ = facts.WithSubjects(layout)
			}
		}
		if _, err := predicate.ParseLayout(layout, [][]byte{[]byte(owner)}); err == nil {
			t.Fatal("a layout that nobody signed is taken")
		}
	})
}

// FuzzCSAF has a target of its own, because a document must be whole for the
// mandatory tests to look at it.
func FuzzCSAF(f *testing.F) {
	fuzz(f, predicate.ParseVEX, map[string][]string{
		typeCSAF: {
			csafDoc(`{"name":"app","product_id":"P","product_identification_helper":{"purl":"pkg:oci/app","hashes":[{"file_hashes":[{"algorithm":"sha256","value":"aa"}]}]}}`, "known_not_affected", `,"flags":[{"label":"component_not_present","product_ids":["P"]}]`),
			`{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","title":"t","lang":"en","source_lang":"de","publisher":{"category":"translator","name":"Acme","namespace":"n"},"tracking":{"id":"1","status":"draft","version":"1.2.3-a+b","initial_release_date":"2026-01-02T03:04:05Z","current_release_date":"2026-01-02T03:04:05Z","revision_history":[{"date":"2026-01-02T03:04:05Z","number":"1.0.0"},{"date":"2026-01-03T03:04:05Z","number":"1.2.3"}]}},"product_tree":{"branches":[{"category":"product_version","name":"1","branches":[{"category":"vendor","name":"v","product":{"name":"a","product_id":"A"}}]}],"full_product_names":[{"name":"b","product_id":"B"}],"relationships":[{"product_reference":"A","relates_to_product_reference":"B","full_product_name":{"name":"c","product_id":"C"}}],"product_groups":[{"group_id":"G","product_ids":["A","C"]}]},"vulnerabilities":[{"ids":[{"text":"x"}],"notes":[{"category":"general"}],"product_status":{"fixed":["C"],"known_affected":["A"]},"remediations":[{"details":"d","group_ids":["G"]}],"threats":[{"category":"impact","details":"i","product_ids":["C"]}],"involvements":[{"party":"p","date":"2026-01-02T03:04:05Z"}],"scores":[{"products":["A"],"cvss_v3":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8,"baseSeverity":"CRITICAL","attackVector":"NETWORK"},"cvss_v2":{"version":"2.0","vectorString":"AV:N/AC:L/Au:N/C:P/I:P/A:P","baseScore":7.5}}]}]}`,
		},
	})
}

func FuzzExploits(f *testing.F) {
	f.Add([]byte(`{"vulnerabilities":[{"cveID":"CVE-2026-1"}]}`))
	f.Add([]byte("#x\ncve,epss,cveID\nCVE-2026-1,0.25,y\n"))
	f.Add([]byte(`{"data":[{"cve":"CVE-2026-1","epss":"0.25"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if known, err := predicate.ParseKEV(data); (err == nil) != (len(known) > 0) {
			t.Fatalf("%v and %v", known, err)
		}
		scores, err := predicate.ParseEPSS(data)
		for _, score := range scores {
			if !(score >= 0 && score <= 1) {
				t.Fatalf("%v and %v", scores, err)
			}
		}
	})
}

func FuzzVEX(f *testing.F) {
	fuzz(f, predicate.ParseVEX, map[string][]string{
		predicate.TypeOpenVEX: {
			`{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2026-01-02T03:04:05Z","statements":[{"vulnerability":{"name":"x","aliases":["y"]},"products":[{"@id":"p","subcomponents":[{"identifiers":{"purl":"q"}}]}],"status":"fixed"}]}`,
			`{"@context":"https://openvex.dev/ns","statements":[{"vulnerability":"x","products":["p"],"subcomponents":["s"],"status":"affected"}]}`,
		},
		predicate.TypeCycloneDX: {cyclonedxSeed},
	})
}
