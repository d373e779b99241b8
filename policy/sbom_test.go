package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

const contentsCycloneDX = `{
 "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
 "metadata": {"timestamp": "2026-06-15T10:00:00Z", "tools": {"components": [{"type": "application", "name": "syft", "version": "1.0"}]}},
 "components": [
  {"bom-ref": "a", "type": "library", "name": "net", "group": "golang.org/x", "version": "v0.40.0", "purl": "pkg:golang/golang.org/x/net@v0.40.0", "supplier": {"name": "Go"}, "licenses": [{"license": {"id": "BSD-3-Clause"}}]},
  {"bom-ref": "b", "type": "library", "name": "left-pad", "version": "1.3.0", "purl": "pkg:npm/left-pad@1.3.0", "supplier": {"name": "npm"}, "licenses": [{"expression": "MIT OR AGPL-3.0-only"}]}],
 "dependencies": [{"ref": "a", "dependsOn": ["b"]}]}`

const contentsSPDX = `{
 "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "app", "documentNamespace": "https://example.com/app",
 "creationInfo": {"created": "2026-06-15T10:00:00Z", "creators": ["Tool: syft-1.0"]},
 "packages": [{"SPDXID": "SPDXRef-a", "name": "net", "versionInfo": "v0.40.0", "supplier": "Organization: Go", "downloadLocation": "NOASSERTION", "licenseConcluded": "BSD-3-Clause", "licenseDeclared": "NOASSERTION",
  "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:golang/golang.org/x/net@v0.40.0"}]}],
 "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": "SPDXRef-a", "relationshipType": "DESCRIBES"}]}`

func packageRule(text string) PackageRule {
	purl, version, _ := strings.Cut(text, "@")
	return PackageRule{Text: text, PURL: purl, Range: version}
}

// The row "CVE-2025-29778" of what must never happen, for SBOMs.
func TestEachFieldOfAnSBOMAloneMakesItFail(t *testing.T) {
	type world struct {
		requirement     SBOMRequirement
		kind, predicate string
		signer          Signer
	}
	replace := func(w *world, old, new string) {
		if !strings.Contains(w.predicate, old) {
			panic("nothing to replace: " + old)
		}
		w.predicate = strings.ReplaceAll(w.predicate, old, new)
	}
	deny := func(rule string) func(*world) {
		return func(w *world) { w.requirement.DenyPackages = []PackageRule{packageRule(rule)} }
	}
	license := func(ids ...string) func(*world) {
		return func(w *world) { w.requirement.DenyLicenses = ids }
	}
	for _, row := range []struct {
		name   string
		change func(*world)
		want   Verdict
		code   Code
	}{
		{"as it should be", func(*world) {}, Pass, ""},
		{"SPDX as it should be", func(w *world) { w.kind, w.predicate = predicate.TypeSPDX, contentsSPDX }, Pass, ""},
		{"signer", func(w *world) { w.signer = signedBy("mallory") }, Fail, CodeSignerMismatch},
		{"another type", func(w *world) { w.kind = predicate.TypeSLSA1 }, Fail, CodeSBOMMissing},
		{"format", func(w *world) { w.requirement.Formats = []string{"spdx"} }, Fail, CodeSBOMFormat},
		{"malformed", func(w *world) { w.predicate = `{"bomFormat": 1}` }, Fail, CodePredicateMalformed},
		{"version not read", func(w *world) { replace(w, `"1.6"`, `"9.9"`) }, Unknown, CodePredicateUnsupported},
		{"empty", func(w *world) {
			w.predicate = `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[]}`
			w.requirement.NTIA = false
		}, Fail, CodeSBOMEmpty},
		{"too old", func(w *world) { replace(w, "2026-06-15T", "2026-06-10T") }, Fail, CodeAttestationStale},
		{"no author", func(w *world) { replace(w, `"tools"`, `"x"`) }, Fail, CodeSBOMElements},
		{"no time", func(w *world) { replace(w, `"timestamp"`, `"x"`) }, Fail, CodeSBOMElements},
		{"no relationships", func(w *world) { replace(w, `"dependencies"`, `"x"`) }, Fail, CodeSBOMElements},
		{"no supplier", func(w *world) { replace(w, `"supplier": {"name": "npm"}, `, ``) }, Fail, CodeSBOMElements},
		{"no version", func(w *world) { replace(w, `"version": "1.3.0", `, ``) }, Fail, CodeSBOMElements},
		{"no package URL", func(w *world) { replace(w, `"purl": "pkg:npm/left-pad@1.3.0", `, ``) }, Fail, CodeSBOMElements},
		{"no supplier, elements not asked", func(w *world) {
			replace(w, `"supplier": {"name": "npm"}, `, ``)
			w.requirement.NTIA = false
		}, Pass, ""},
		{"package", deny("pkg:golang/golang.org/x/net"), Fail, CodeSBOMPackageDenied},
		{"package in any letter case", deny("pkg:golang/GoLang.org/x/Net"), Fail, CodeSBOMPackageDenied},
		{"older than it is", deny("pkg:golang/golang.org/x/net@<0.38.0"), Pass, ""},
		{"older than the next", deny("pkg:golang/golang.org/x/net@<0.41.0"), Fail, CodeSBOMPackageDenied},
		{"between", deny("pkg:golang/golang.org/x/net@>=0.39.0,<0.41.0"), Fail, CodeSBOMPackageDenied},
		{"between others", deny("pkg:golang/golang.org/x/net@>=0.41.0,<0.50.0"), Pass, ""},
		{"this version", deny("pkg:golang/golang.org/x/net@v0.40.0"), Fail, CodeSBOMPackageDenied},
		{"this version without v", deny("pkg:golang/golang.org/x/net@0.40.0"), Fail, CodeSBOMPackageDenied},
		{"all versions but this", deny("pkg:npm/left-pad@!=1.3.0"), Pass, ""},
		{"range that is none", deny("pkg:npm/left-pad@~>1"), Unknown, CodeSBOMPackageUnknown},
		{"rule that is no package URL", deny("left-pad"), Unknown, CodeSBOMPackageUnknown},
		{"version that is none", func(w *world) {
			replace(w, "1.3.0", "latest")
			w.requirement.DenyPackages = []PackageRule{packageRule("pkg:npm/left-pad@<1.0.0")}
		}, Unknown, CodeSBOMPackageUnknown},
		{"the name without package URL", func(w *world) {
			replace(w, `"purl": "pkg:npm/left-pad@1.3.0", `, ``)
			w.requirement.NTIA, w.requirement.DenyPackages = false, []PackageRule{packageRule("pkg:npm/left-pad@<1.0.0")}
		}, Unknown, CodeSBOMPackageUnknown},
		{"a type without known order", func(w *world) {
			replace(w, "pkg:npm/left-pad@1.3.0", "pkg:deb/debian/left-pad@1.3.0")
			w.requirement.DenyPackages = []PackageRule{packageRule("pkg:deb/debian/left-pad@<1.0.0")}
		}, Unknown, CodeSBOMPackageUnknown},
		{"a type without known order, one version", func(w *world) {
			replace(w, "pkg:npm/left-pad@1.3.0", "pkg:deb/debian/left-pad@1.3.0")
			w.requirement.DenyPackages = []PackageRule{packageRule("pkg:deb/debian/left-pad@1.2.0")}
		}, Pass, ""},
		{"licence", license("BSD-3-Clause"), Fail, CodeSBOMLicenseDenied},
		{"licence that can be done without", license("AGPL-3.0-only"), Pass, ""},
		{"both alternatives", license("AGPL-3.0-only", "MIT"), Fail, CodeSBOMLicenseDenied},
		{"licence that cannot be done without", func(w *world) {
			replace(w, "MIT OR AGPL-3.0-only", "MIT AND AGPL-3.0-or-later")
			w.requirement.DenyLicenses = []string{"AGPL-3.0-only"}
		}, Fail, CodeSBOMLicenseDenied},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &world{
				requirement: SBOMRequirement{Signers: []SignerRule{keyRule("release")}, Formats: []string{"cyclonedx", "spdx"}, NTIA: true, MaxAge: 24 * time.Hour},
				kind:        predicate.TypeCycloneDX, predicate: contentsCycloneDX, signer: signedBy("release"),
			}
			row.change(w)
			expect(t, evaluate(t, requiring(Requirement{SBOM: &w.requirement}), inputOf(attest(image, w.kind, w.predicate, w.signer))), row.want, row.code)
		})
	}
}

func TestDeniedLicences(t *testing.T) {
	for expression, want := range map[string]bool{
		"": false, "NOASSERTION": false, "NONE": false, "MIT": false,
		"AGPL-3.0-only": true, "AGPL-3.0-or-later": true, "AGPL-3.0+": true, "AGPL-3.0": true, "agpl-3.0-only": true,
		"AGPL-1.0-only": false, "GPL-3.0-only": false, "LGPL-3.0-only": false,
		"MIT OR AGPL-3.0-only": false, "(MIT OR AGPL-3.0-only) AND Apache-2.0": false, "(MIT AND AGPL-3.0-only) OR AGPL-3.0-only": true,
		"AGPL-3.0-only WITH Classpath-exception-2.0": true,
		"AGPL-3": true, "AGPLv3": true, "AGPL-3 and MIT": true, "GPL-2, LGPL-2.1 & AGPL-3+": true, "AGPL-3.0-only, MIT": true, "BSD": false, "Public Domain": false,
		"LicenseRef-company-license":                     false,
		strings.Repeat("MIT OR ", 40) + "AGPL-3.0-only":  false,
		strings.Repeat("MIT AND ", 40) + "AGPL-3.0-only": true,
	} {
		if got := newLicenseJudge([]string{"AGPL-3.0-only"}).denies(expression); got != want {
			t.Errorf("%.60q is denied: %t, want %t", expression, got, want)
		}
	}
	r := evaluate(t, requiring(Requirement{SBOM: &SBOMRequirement{Signers: []SignerRule{keyRule("release")}, DenyLicenses: []string{"AGPL-3.0-only"}}}),
		inputOf(attest(image, predicate.TypeCycloneDX, strings.Replace(contentsCycloneDX, `"id": "BSD-3-Clause"`, `"name": "BSD style"`, 1), signedBy("release"))))
	expect(t, r, Pass, "")
	if !hasFinding(r, CodeSBOMLicenseUnread) {
		t.Errorf("a licence that was only searched is not told: %s", describe(r))
	}
}

func TestVersionRanges(t *testing.T) {
	for _, row := range []struct {
		rule, version string
		want          match
	}{
		{"pkg:npm/x@<2.0.0-beta.2", "2.0.0-beta.1", matchYes},
		{"pkg:npm/x@<1.0.0", "1.0.0-rc.1", matchYes},
		{"pkg:npm/x@<= 1.10.0", "1.9.0", matchYes},
		{"pkg:npm/x@>1.9.0", "1.10.0", matchYes},
		{"pkg:pypi/x@<1.0", "1.0rc1", matchYes},
		{"pkg:pypi/x@<1.0.post2", "1.0.post1", matchYes},
		{"pkg:pypi/x@>=1!1.0", "2.0", matchNo},
		{"pkg:maven/g/x@<1.0", "1.0-SNAPSHOT", matchYes},
		{"pkg:maven/g/x@<1.0", "1.0.Final", matchNo},
		{"pkg:gem/x@<1.0.0", "1.0.0.pre1", matchYes},
		{"pkg:cargo/x@<0.4.0", "0.3.99", matchYes},
		{"pkg:nuget/x@<1.0.0.1", "1.0.0", matchYes},
		{"pkg:golang/x@<0.0.0-20240101000000-abcdefabcdef", "v0.0.0-20230101000000-abcdefabcdef", matchYes},
		{"pkg:golang/stdlib@<1.22.0", "go1.21.5", matchYes},
		{"pkg:golang/x@<1.0.0", "v1.0.0+incompatible", matchNo},
		{"pkg:rpm/x@<1.0", "0.9", matchUnknown},
		{"pkg:rpm/x@=1.0", "1.0", matchYes},
		{"pkg:rpm/x", "0.9", matchYes},
		{"pkg:npm/x@<1", "", matchUnknown},
	} {
		m, err := newPackageMatcher(packageRule(row.rule))
		if err != nil {
			t.Errorf("%s: %v", row.rule, err)
			continue
		}
		purl, _, _ := strings.Cut(row.rule, "@")
		p := predicate.Package{Name: "x", Version: row.version, PURL: purl}
		if got, why := m.matches(&p); got != row.want {
			t.Errorf("%s in %s: %d (%s), want %d", row.version, row.rule, got, why, row.want)
		}
	}
	for _, bad := range []string{"<", "<<1", "< >1", "~1", "^1", "1 || 2", ">=", ",", "*"} {
		if _, err := parseRange(bad); err == nil {
			t.Errorf("range %q is read", bad)
		}
	}
}

// A library that reads hostile text does not bring down an evaluation.
func FuzzPackageMatcher(f *testing.F) {
	f.Add("pkg:npm/x", "<1.0", "pkg:npm/x@1.0")
	f.Add("pkg:maven/g/x", ">=1,<2", "pkg:maven/g/x@1-SNAPSHOT")
	f.Fuzz(func(t *testing.T, rule, versions, purl string) {
		m, err := newPackageMatcher(PackageRule{Text: rule, PURL: rule, Range: versions})
		if err != nil {
			return
		}
		got, why := m.matches(&predicate.Package{Name: "x", PURL: purl})
		if got == matchUnknown && why == "" {
			t.Fatal("unknown without a reason")
		}
	})
}

// Whatever stands beside a denied licence with AND, it stays denied.
func FuzzLicense(f *testing.F) {
	f.Add("MIT OR BSD-3-Clause")
	f.Fuzz(func(t *testing.T, expression string) {
		if strings.ContainsAny(expression, "()") {
			return
		}
		if !newLicenseJudge([]string{"AGPL-3.0-only"}).denies("(" + expression + ") AND AGPL-3.0-only") {
			t.Fatalf("%q lifts the denial", expression)
		}
	})
}
