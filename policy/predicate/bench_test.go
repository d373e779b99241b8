package predicate_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/predicate"
)

// manyPackages is the number of packages of the documents here: that of a
// large image.
const manyPackages = 10_000

// many writes a text once for each package.
func many(doc *strings.Builder, write func(i int)) {
	for i := range manyPackages {
		if i > 0 {
			doc.WriteByte(',')
		}
		write(i)
	}
}

// largeSPDX is what syft writes: each package with where it was found, a file
// and its relationship.
func largeSPDX() []byte {
	doc := new(strings.Builder)
	doc.WriteString(`{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"app","creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: syft-1.0"]},"packages":[`)
	many(doc, func(i int) {
		fmt.Fprintf(doc, `{"name":"package-%d","SPDXID":"SPDXRef-Package-deb-%d","versionInfo":"1.%d-2+deb12u1","supplier":"Organization: Debian Maintainers (x@lists.example.org)","originator":"Person: Somebody","downloadLocation":"NOASSERTION","filesAnalyzed":false,"sourceInfo":"acquired package info from DPKG DB: /var/lib/dpkg/status.d/%d","licenseConcluded":"NOASSERTION","licenseDeclared":"GPL-2.0-or-later","copyrightText":"NOASSERTION","externalRefs":[{"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:x%d:x:1:*:*:*:*:*:*:*"},{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:deb/debian/package-%d@1.0?arch=amd64"}]}`, i, i, i, i, i, i)
	})
	doc.WriteString(`],"files":[`)
	many(doc, func(i int) {
		fmt.Fprintf(doc, `{"fileName":"/usr/share/doc/%d/copyright","SPDXID":"SPDXRef-File-%d","checksums":[{"algorithm":"SHA1","checksumValue":"0000000000000000000000000000000000000000"}],"licenseConcluded":"NOASSERTION"}`, i, i)
	})
	doc.WriteString(`],"relationships":[`)
	many(doc, func(i int) {
		fmt.Fprintf(doc, `{"spdxElementId":"SPDXRef-Package-deb-%d","relatedSpdxElement":"SPDXRef-File-%d","relationshipType":"CONTAINS"}`, i, i)
	})
	doc.WriteString(`]}`)
	return []byte(doc.String())
}

func largeSPDX3() []byte {
	doc := new(strings.Builder)
	doc.WriteString(`{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"@id":"_:c","type":"CreationInfo","specVersion":"3.0.1","created":"2026-01-02T03:04:05Z","createdBy":["p"]},{"spdxId":"p","type":"Person","name":"P"},{"spdxId":"d","type":"SpdxDocument","name":"app","creationInfo":"_:c"},{"spdxId":"l","type":"simplelicensing_LicenseExpression","creationInfo":"_:c","simplelicensing_licenseExpression":"MIT"},`)
	many(doc, func(i int) {
		fmt.Fprintf(doc, `{"spdxId":"urn:p%d","type":"software_Package","creationInfo":"_:c","name":"package-%d","software_packageVersion":"1.%d","software_packageUrl":"pkg:deb/debian/package-%d@1.0?arch=amd64","software_copyrightText":"NOASSERTION","suppliedBy":"p","externalIdentifier":[{"type":"ExternalIdentifier","externalIdentifierType":"cpe23","identifier":"cpe:2.3:a:x:x:1:*:*:*:*:*:*:*"}]}`, i, i, i, i)
	})
	doc.WriteByte(',')
	many(doc, func(i int) {
		fmt.Fprintf(doc, `{"spdxId":"urn:r%d","type":"Relationship","creationInfo":"_:c","from":"urn:p%d","to":["l"],"relationshipType":"hasDeclaredLicense"}`, i, i)
	})
	doc.WriteString(`]}`)
	return []byte(doc.String())
}

func largeCycloneDX() []byte {
	doc := new(strings.Builder)
	doc.WriteString(`{"bomFormat":"CycloneDX","specVersion":"1.5","components":[`)
	many(doc, func(i int) {
		fmt.Fprintf(doc, `{"bom-ref":"pkg:deb/debian/package-%d","type":"library","publisher":"Debian Maintainers","name":"package-%d","version":"1.%d","licenses":[{"license":{"id":"GPL-2.0-or-later"}}],"cpe":"cpe:2.3:a:x:x:1:*:*:*:*:*:*:*","purl":"pkg:deb/debian/package-%d@1.0?arch=amd64","properties":[{"name":"syft:package:type","value":"deb"},{"name":"syft:location:0:path","value":"/var/lib/dpkg/status"}],"hashes":[{"alg":"SHA-256","content":"0000000000000000000000000000000000000000000000000000000000000000"}]}`, i, i, i, i)
	})
	doc.WriteString(`],"dependencies":[`)
	many(doc, func(i int) {
		fmt.Fprintf(doc, `{"ref":"pkg:deb/debian/package-%d","dependsOn":["pkg:deb/debian/package-0","pkg:deb/debian/package-1"]}`, i)
	})
	doc.WriteString(`]}`)
	return []byte(doc.String())
}

// BenchmarkLargeSBOM measures SBOMs of 10,000 packages. Held is what the facts
// keep alive; what a document costs meanwhile is less than the bytes
// allocated.
func BenchmarkLargeSBOM(b *testing.B) {
	for name, test := range map[string]struct {
		predicateType string
		doc           []byte
	}{
		"spdx-2":    {predicate.TypeSPDX, largeSPDX()},
		"spdx-3":    {predicate.TypeSPDX, largeSPDX3()},
		"cyclonedx": {predicate.TypeCycloneDX, largeCycloneDX()},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(test.doc)))
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var facts *predicate.SBOM
			for b.Loop() {
				var err error
				if facts, err = predicate.ParseSBOM(test.predicateType, test.doc); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "MiB-held")
			if len(facts.Packages) != manyPackages {
				b.Fatalf("%d packages", len(facts.Packages))
			}
			runtime.KeepAlive(facts)
		})
	}
}

func BenchmarkCheckKeys(b *testing.B) {
	doc := largeSPDX()
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if err := predicate.CheckKeys(doc, "name", "packages", "versionInfo", "supplier"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProvenance(b *testing.B) {
	doc := []byte(`{"buildDefinition":{"buildType":"t","externalParameters":{"workflow":{"repository":"https://git.example/x","ref":"refs/heads/main"}},"resolvedDependencies":[{"uri":"git+https://git.example/x@refs/heads/main","digest":{"gitCommit":"a"}}]},"runDetails":{"builder":{"id":"b"}}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := predicate.ParseProvenance(predicate.TypeSLSA1, doc); err != nil {
			b.Fatal(err)
		}
	}
}
