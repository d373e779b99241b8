package predicate_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/predicate"
)

// large is the size of the documents here: what an envelope of the largest
// size that is read can hold.
const large = 24 << 20

func largeSPDX() []byte {
	var doc strings.Builder
	doc.WriteString(`{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"app","creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: syft-1.0"]},"packages":[`)
	for i := 0; doc.Len() < large/2; i++ {
		if i > 0 {
			doc.WriteByte(',')
		}
		fmt.Fprintf(&doc, `{"name":"package-%d","SPDXID":"SPDXRef-Package-deb-%d","versionInfo":"1.%d-2+deb12u1","supplier":"Organization: Debian Maintainers (x@lists.example.org)","originator":"Person: Somebody","downloadLocation":"NOASSERTION","filesAnalyzed":false,"sourceInfo":"acquired package info from DPKG DB: /var/lib/dpkg/status.d/%d","licenseConcluded":"NOASSERTION","licenseDeclared":"GPL-2.0-or-later","copyrightText":"NOASSERTION","externalRefs":[{"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:x%d:x:1:*:*:*:*:*:*:*"},{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:deb/debian/package-%d@1.0?arch=amd64"}]}`, i, i, i, i, i, i)
	}
	doc.WriteString(`],"files":[`)
	for i := 0; doc.Len() < large*3/4; i++ {
		if i > 0 {
			doc.WriteByte(',')
		}
		fmt.Fprintf(&doc, `{"fileName":"/usr/share/doc/%d/copyright","SPDXID":"SPDXRef-File-%d","checksums":[{"algorithm":"SHA1","checksumValue":"0000000000000000000000000000000000000000"}],"licenseConcluded":"NOASSERTION"}`, i, i)
	}
	doc.WriteString(`],"relationships":[`)
	for i := 0; doc.Len() < large; i++ {
		if i > 0 {
			doc.WriteByte(',')
		}
		fmt.Fprintf(&doc, `{"spdxElementId":"SPDXRef-Package-deb-%d","relatedSpdxElement":"SPDXRef-File-%d","relationshipType":"CONTAINS"}`, i, i)
	}
	doc.WriteString(`]}`)
	return []byte(doc.String())
}

func largeCycloneDX() []byte {
	var doc strings.Builder
	doc.WriteString(`{"bomFormat":"CycloneDX","specVersion":"1.5","components":[`)
	for i := 0; doc.Len() < large; i++ {
		if i > 0 {
			doc.WriteByte(',')
		}
		fmt.Fprintf(&doc, `{"bom-ref":"pkg:deb/debian/package-%d","type":"library","publisher":"Debian Maintainers","name":"package-%d","version":"1.%d","licenses":[{"license":{"id":"GPL-2.0-or-later"}}],"cpe":"cpe:2.3:a:x:x:1:*:*:*:*:*:*:*","purl":"pkg:deb/debian/package-%d@1.0?arch=amd64","properties":[{"name":"syft:package:type","value":"deb"},{"name":"syft:location:0:path","value":"/var/lib/dpkg/status"}],"hashes":[{"alg":"SHA-256","content":"0000000000000000000000000000000000000000000000000000000000000000"}]}`, i, i, i, i)
	}
	doc.WriteString(`]}`)
	return []byte(doc.String())
}

// BenchmarkLargeSBOM measures the largest SBOMs. Held is what the facts keep
// alive; what a document costs meanwhile is less than the bytes allocated.
func BenchmarkLargeSBOM(b *testing.B) {
	for name, test := range map[string]struct {
		predicateType string
		doc           []byte
	}{"spdx": {predicate.TypeSPDX, largeSPDX()}, "cyclonedx": {predicate.TypeCycloneDX, largeCycloneDX()}} {
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
			b.ReportMetric(float64(len(facts.Packages)), "packages")
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
