package native_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
)

const (
	head    = "apiVersion: syncgate.dev/v1alpha1\nkind: ImagePolicy\n"
	meta    = "metadata: {name: p}\n"
	images  = "  match: {images: [\"a/**\"]}\n"
	signers = "  signers: {release: {key: {file: scanner.pub}}, other: {key: {file: psirt.pub}}}\n"
	signed  = "  require: [{signature: {signers: [release]}}]\n"
)

func inSpec(s string) string {
	return head + meta + "spec:\n" + images + signers + signed + "  " + s + "\n"
}
func withMatch(s string) string {
	return head + meta + "spec:\n  match: {" + s + "}\n" + signers + signed
}
func withSigner(s string) string {
	return head + meta + "spec:\n" + images + "  signers: {release: " + s + "}\n" + signed
}
func requiring(s string) string {
	return head + meta + "spec:\n" + images + signers + "  require: [{" + s + "}]\n"
}
func keyless(s string) string {
	return withSigner(`{keyless: {issuer: "https://a", subject: "b"` + s + `}}`)
}
func held(roots, subject, more string) string {
	return withSigner("{key: {x509: {roots: " + roots + ", subject: " + subject + "}}" + more + "}")
}
func keptIn(s string) string {
	return withSigner("{key: {file: psirt.pub}, source: {" + s + "}}")
}
func requirement(kind, s string) string { return requiring(kind + ": {signers: [release]" + s + "}") }
func denying(s string) string           { return requirement("vulnerabilities", ", deny: {"+s+"}") }
func vexing(s string) string {
	return requirement("vulnerabilities", ", vex: {signers: [other]"+s+"}")
}
func ignoring(id, until, reason string) string {
	return requirement("vulnerabilities", ", ignore: [{id: "+id+", until: "+until+", reason: "+reason+"}]")
}
func laidOut(s string) string {
	return requiring("layout: {file: root.layout, keys: [owner.pub]" + s + "}")
}
func attesting(s string) string {
	return requirement("attestation", `, predicateType: "https://a"`+s)
}
func excepting(name, s string) string {
	return inSpec("") + "---\napiVersion: syncgate.dev/v1alpha1\nkind: ImageException\nmetadata: {name: " + name + "}\nspec: {" + s + "}\n"
}

const lifted = `images: [a/b], policies: [q], requirements: [r], until: 2026-01-01, reason: x`

// plainPEM is an Ed25519 key.
const plainPEM = `"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"`

// fieldCases are, for each field of the schema, two documents that differ in
// that field alone.
var fieldCases = map[string][2]string{
	"imagePolicy.metadata":                 {inSpec(""), head + "metadata: {name: other}\nspec:\n" + images + signers + signed},
	"imagePolicy.spec":                     {inSpec(""), inSpec("mode: warn")},
	"metadata.name":                        {inSpec(""), head + "metadata: {name: other}\nspec:\n" + images + signers + signed},
	"spec.mode":                            {inSpec(""), inSpec("mode: warn")},
	"spec.match":                           {withMatch("images: [a]"), withMatch("images: [b]")},
	"spec.unmatched":                       {inSpec(""), head + meta + "spec:\n" + images + "  unmatched: allow\n"},
	"spec.references":                      {inSpec(""), inSpec("references: {digest: require}")},
	"spec.platforms":                       {inSpec(""), inSpec("platforms: each")},
	"spec.signers":                         {withSigner("{key: {file: psirt.pub}}"), withSigner("{key: {file: scanner.pub}}")},
	"spec.require":                         {requirement("signature", ""), requirement("sbom", "")},
	"match.images":                         {withMatch("images: [a]"), withMatch("images: [a, b]")},
	"match.exclude":                        {withMatch("images: [a]"), withMatch("images: [a], exclude: [b]")},
	"match.namespaces":                     {withMatch("images: [a]"), withMatch("images: [a], namespaces: [b]")},
	"match.kinds":                          {withMatch("images: [a]"), withMatch("images: [a], kinds: [Job]")},
	"match.objectSelector":                 {withMatch("images: [a]"), withMatch("images: [a], objectSelector: {matchLabels: {a: b}}")},
	"match.units":                          {withMatch("images: [a]"), withMatch("images: [a], units: [b]")},
	"match.classes":                        {withMatch("images: [a]"), withMatch("images: [a], classes: [text]")},
	"objectSelector.matchLabels":           {withMatch("images: [a], objectSelector: {matchLabels: {a: b}}"), withMatch("images: [a], objectSelector: {matchLabels: {a: c}}")},
	"references.digest":                    {inSpec("references: {digest: resolve}"), inSpec("references: {digest: require}")},
	"signer.key":                           {withSigner("{key: {file: psirt.pub}}"), withSigner("{key: {file: scanner.pub}}")},
	"signer.keyless":                       {withSigner("{key: {file: psirt.pub}}"), keyless("")},
	"signer.insecureIgnoreTransparencyLog": {withSigner("{key: {file: psirt.pub}}"), withSigner("{key: {file: psirt.pub}, insecureIgnoreTransparencyLog: true}")},
	"key.file":                             {withSigner("{key: {file: psirt.pub}}"), withSigner("{key: {file: scanner.pub}}")},
	"key.pem":                              {withSigner("{key: {file: psirt.pub}}"), withSigner("{key: {pem: " + plainPEM + "}}")},
	"key.kms":                              {withSigner("{key: {file: psirt.pub}}"), withSigner("{key: {kms: \"hashivault://a\"}}")},
	"key.x509":                             {withSigner("{key: {file: psirt.pub}}"), held("ca.pem", "b", "")},
	"key.notBefore":                        {withSigner("{key: {file: psirt.pub}}"), withSigner("{key: {file: psirt.pub, notBefore: 2026-01-31}}")},
	"key.notAfter":                         {withSigner("{key: {file: psirt.pub}}"), withSigner("{key: {file: psirt.pub, notAfter: 2026-01-31}}")},
	"x509Key.roots":                        {held("ca.pem", "b", ""), held("other-ca.pem", "b", "")},
	"x509Key.subject":                      {held("ca.pem", "b", ""), held("ca.pem", "c", "")},
	"signer.trustedRoot":                   {keyless(""), withSigner(`{keyless: {issuer: "https://a", subject: "b"}, trustedRoot: internal}`)},
	"signer.source":                        {keptIn("repository: ghcr.io/a/b"), keptIn("repository: ghcr.io/a/c")},
	"source.repository":                    {keptIn("tagPrefix: a"), keptIn("tagPrefix: a, repository: ghcr.io/a/c")},
	"source.tagPrefix":                     {keptIn("repository: ghcr.io/a/b"), keptIn("repository: ghcr.io/a/b, tagPrefix: a-")},
	"signer.requireTimestamp":              {keyless(""), withSigner(`{keyless: {issuer: "https://a", subject: "b"}, requireTimestamp: true}`)},
	"signer.insecureIgnoreCertificateLog":  {keyless(""), withSigner(`{keyless: {issuer: "https://a", subject: "b"}, insecureIgnoreCertificateLog: true}`)},
	"keyless.issuer":                       {keyless(""), withSigner(`{keyless: {issuer: "https://c", subject: b}}`)},
	"keyless.issuerRegexp":                 {keyless(""), withSigner(`{keyless: {issuerRegexp: "https://a", subject: b}}`)},
	"keyless.subject":                      {keyless(""), withSigner(`{keyless: {issuer: "https://a", subject: c}}`)},
	"keyless.subjectRegexp":                {keyless(""), withSigner(`{keyless: {issuer: "https://a", subjectRegexp: c}}`)},
	"keyless.certificate":                  {keyless(""), keyless(", certificate: {buildTrigger: push}")},
	"requirement.name":                     {requirement("sbom", ""), requiring("name: n, sbom: {signers: [release]}")},
	"requirement.platforms":                {requirement("sbom", ""), requiring("platforms: any, sbom: {signers: [release]}")},
	"requirement.signature":                {requirement("sbom", ""), requirement("signature", "")},
	"requirement.provenance":               {requirement("sbom", ""), requirement("provenance", "")},
	"requirement.sbom":                     {requirement("signature", ""), requirement("sbom", "")},
	"requirement.vulnerabilities":          {requirement("sbom", ""), requirement("vulnerabilities", "")},
	"requirement.attestation":              {requirement("sbom", ""), attesting("")},
	"requirement.vsa":                      {requirement("sbom", ""), requirement("vsa", ", verifier: v, level: l")},
	"requirement.layout":                   {requirement("sbom", ""), laidOut("")},
	"layout.file":                          {requirement("sbom", ""), laidOut("")},
	"layout.insecureIgnoreTransparencyLog": {laidOut(""), laidOut(", insecureIgnoreTransparencyLog: true")},
	"vsa.signers":                          {requirement("vsa", ", verifier: v, level: l"), strings.Replace(requirement("vsa", ", verifier: v, level: l"), "[release]", "[other]", 1)},
	"vsa.verifier":                         {requirement("vsa", ", verifier: v, level: l"), requirement("vsa", ", verifier: w, level: l")},
	"vsa.level":                            {requirement("vsa", ", verifier: v, level: l"), requirement("vsa", ", verifier: v, level: m")},
	"vsa.maxAge":                           {requirement("vsa", ", verifier: v, level: l"), requirement("vsa", ", verifier: v, level: l, maxAge: 1d")},
	"requirement.allOf":                    {requirement("sbom", ""), requiring("allOf: [{sbom: {signers: [release]}}]")},
	"requirement.anyOf":                    {requiring("allOf: [{sbom: {signers: [release]}}]"), requiring("anyOf: [{sbom: {signers: [release]}}]")},
	"requirement.atLeast":                  {requirement("sbom", ""), requiring("atLeast: {count: 1, of: [{sbom: {signers: [release]}}]}")},
	"atLeast.count":                        {requiring("atLeast: {count: 1, of: [{sbom: {signers: [release]}}, {sbom: {signers: [other]}}]}"), requiring("atLeast: {count: 2, of: [{sbom: {signers: [release]}}, {sbom: {signers: [other]}}]}")},
	"atLeast.of":                           {requiring("atLeast: {count: 1, of: [{sbom: {signers: [release]}}]}"), requiring("atLeast: {count: 1, of: [{signature: {signers: [release]}}]}")},
	"signature.signers":                    {requiring("signature: {signers: [release]}"), requiring("signature: {signers: [other]}")},
	"signature.annotations":                {requirement("signature", ""), requirement("signature", ", annotations: {a: b}")},
	"provenance.signers":                   {requiring("provenance: {signers: [release]}"), requiring("provenance: {signers: [other]}")},
	"provenance.builders":                  {requirement("provenance", ""), requirement("provenance", ", builders: [a]")},
	"provenance.buildTypes":                {requirement("provenance", ""), requirement("provenance", ", buildTypes: [a]")},
	"provenance.sources":                   {requirement("provenance", ""), requirement("provenance", ", sources: [a]")},
	"provenance.refs":                      {requirement("provenance", ""), requirement("provenance", ", refs: [a]")},
	"provenance.level":                     {requirement("provenance", ", builders: [a]"), requirement("provenance", ", builders: [a], level: 2")},
	"provenance.maxAge":                    {requirement("provenance", ""), requirement("provenance", ", maxAge: 1d")},
	"sbom.signers":                         {requiring("sbom: {signers: [release]}"), requiring("sbom: {signers: [other]}")},
	"sbom.formats":                         {requirement("sbom", ""), requirement("sbom", ", formats: [spdx]")},
	"sbom.minimumElements":                 {requirement("sbom", ""), requirement("sbom", ", minimumElements: ntia")},
	"sbom.deny":                            {requirement("sbom", ""), requirement("sbom", ", deny: {licenses: [MIT]}")},
	"sbom.maxAge":                          {requirement("sbom", ""), requirement("sbom", ", maxAge: 1d")},
	"sbomDeny.packages":                    {requirement("sbom", ""), requirement("sbom", ", deny: {packages: [\"pkg:npm/a@<1\"]}")},
	"sbomDeny.licenses":                    {requirement("sbom", ""), requirement("sbom", ", deny: {licenses: [MIT]}")},
	"vulnerabilities.signers":              {requiring("vulnerabilities: {signers: [release]}"), requiring("vulnerabilities: {signers: [other]}")},
	"vulnerabilities.formats":              {requirement("vulnerabilities", ""), requirement("vulnerabilities", ", formats: [openvex]")},
	"vulnerabilities.maxAge":               {requirement("vulnerabilities", ""), requirement("vulnerabilities", ", maxAge: 1d")},
	"vulnerabilities.deny":                 {requirement("vulnerabilities", ""), denying("severity: low")},
	"vulnerabilities.vex":                  {requirement("vulnerabilities", ""), vexing("")},
	"vulnerabilities.ignore":               {requirement("vulnerabilities", ""), ignoring("CVE-1", "2026-01-01", "x")},
	"vulnerabilityDeny.severity":           {denying("severity: low"), denying("severity: critical")},
	"vulnerabilityDeny.unknownSeverity":    {requirement("vulnerabilities", ""), denying("unknownSeverity: false")},
	"vulnerabilityDeny.kev":                {denying("kev: false"), denying("kev: true")},
	"vulnerabilityDeny.epss":               {requirement("vulnerabilities", ""), denying("epss: 0.5")},
	"vulnerabilityDeny.fixableOnly":        {requirement("vulnerabilities", ""), denying("fixableOnly: true")},
	"vex.signers":                          {requirement("vulnerabilities", ", vex: {signers: [release]}"), vexing("")},
	"vex.statuses":                         {vexing(""), vexing(", statuses: [fixed]")},
	"vex.justifications":                   {vexing(""), vexing(", justifications: [component_not_present]")},
	"ignore.id":                            {ignoring("CVE-1", "2026-01-01", "x"), ignoring("CVE-2", "2026-01-01", "x")},
	"ignore.until":                         {ignoring("CVE-1", "2026-01-01", "x"), ignoring("CVE-1", "2026-01-02", "x")},
	"ignore.reason":                        {ignoring("CVE-1", "2026-01-01", "x"), ignoring("CVE-1", "2026-01-01", "y")},
	"attestation.signers":                  {attesting(""), requiring(`attestation: {signers: [other], predicateType: "https://a"}`)},
	"attestation.predicateType":            {attesting(""), requirement("attestation", `, predicateType: "https://b"`)},
	"attestation.statements":               {attesting(""), attesting(", statements: every")},
	"attestation.maxAge":                   {attesting(""), attesting(", maxAge: 1d")},
	"attestation.expression":               {attesting(""), attesting(`, expression: "predicate.a == 1"`)},
	"imageException.metadata":              {excepting("e", lifted), excepting("f", lifted)},
	"imageException.spec":                  {inSpec(""), excepting("e", lifted)},
	"exceptionSpec.images":                 {excepting("e", lifted), excepting("e", `images: [b], policies: [q], requirements: [r], until: 2026-01-01, reason: x`)},
	"exceptionSpec.policies":               {excepting("e", lifted), excepting("e", `images: [a/b], policies: [s], requirements: [r], until: 2026-01-01, reason: x`)},
	"exceptionSpec.requirements":           {excepting("e", lifted), excepting("e", `images: [a/b], policies: [q], requirements: [s], until: 2026-01-01, reason: x`)},
	"exceptionSpec.until":                  {excepting("e", lifted), excepting("e", `images: [a/b], policies: [q], requirements: [r], until: 2026-01-01T12:00:00Z, reason: x`)},
	"exceptionSpec.reason":                 {excepting("e", lifted), excepting("e", `images: [a/b], policies: [q], requirements: [r], until: 2026-01-01, reason: y`)},
	"exceptionSpec.approvedBy":             {excepting("e", lifted), excepting("e", lifted+", approvedBy: z")},
}

// exempt are the fields that say nothing about images, those that never load,
// and those of requirements that are unsupported as a whole.
var exempt = []string{
	"imagePolicy.apiVersion", "imagePolicy.kind", "imageException.apiVersion", "imageException.kind",
	"metadata.labels", "metadata.annotations", "objectSelector.matchExpressions",
	"layout.keys", // TestLayoutThatItsOwnersDidNotSign
}

// TestNoFieldIsIgnored (CVE-2025-29778): a field that loads changes the policy.
func TestNoFieldIsIgnored(t *testing.T) {
	for _, field := range native.SchemaFields() {
		if slices.Contains(exempt, field) {
			continue
		}
		docs, ok := fieldCases[field]
		if extension, found := strings.CutPrefix(field, "extensions."); found {
			docs, ok = [2]string{keyless(""), keyless(", certificate: {" + extension + ": x}")}, true
		}
		if !ok {
			t.Errorf("field %s has no case", field)
			continue
		}
		without, with := loadText(t, docs[0]), loadText(t, docs[1])
		if reflect.DeepEqual(without, with) {
			t.Errorf("field %s changes nothing:\n%s\n%s", field, docs[0], docs[1])
		}
	}
}

// loadText loads a document and drops what differs with any text.
func loadText(t *testing.T, text string) policy.Set {
	t.Helper()
	set, err := native.Load(tree(t, map[string]string{"p.yaml": text}), "p.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for i := range set.Policies {
		set.Policies[i].Digest = policy.Digest{}
	}
	return set
}
