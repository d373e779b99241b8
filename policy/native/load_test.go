package native_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/policy/predicate"
)

// tree is a file system with the given files, and the keys and the layout of
// testdata.
func tree(t *testing.T, files map[string]string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for _, key := range []string{"scanner.pub", "psirt.pub", "owner.pub", "root.layout", "ca.pem", "other-ca.pem"} {
		text, err := os.ReadFile("testdata/good/" + key)
		if err != nil {
			t.Fatal(err)
		}
		out[key] = &fstest.MapFile{Data: text}
	}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func named(name string) string { return strings.Replace(inSpec(""), "name: p}", "name: "+name+"}", 1) }

func policyNames(set policy.Set) string {
	var out []string
	for _, p := range set.Policies {
		out = append(out, p.Name+"@"+p.Source)
	}
	return strings.Join(out, " ")
}

func TestDirectoriesAreReadInOrderAndNotRecursively(t *testing.T) {
	files := tree(t, map[string]string{
		"policies/b.yaml":      strings.ReplaceAll(named("b"), "scanner.pub", "../scanner.pub"),
		"policies/a.yml":       strings.ReplaceAll(named("a"), "scanner.pub", "../scanner.pub"),
		"policies/.hidden.yml": "not: [yaml",
		"policies/README.md":   "not: [yaml",
		"policies/sub/c.yaml":  "not: [yaml",
	})
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, "a.yml") {
			text.Data = []byte(strings.ReplaceAll(string(text.Data), "psirt.pub", "../psirt.pub"))
		}
	}
	set, err := native.Load(files, "policies/", "./policies/b.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := policyNames(set), "a@policies/a.yml:1 b@policies/b.yaml:1"; got != want {
		t.Errorf("policies are %q, want %q", got, want)
	}
}

func TestSeveralDocumentsOfOneFile(t *testing.T) {
	text := "# a licence\n---\n" + named("a") + "--- # the second\n" + named("b") + "...\n---\n\n---\n" + named("c")
	set, err := native.Load(tree(t, map[string]string{"p.yaml": text}), "p.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := policyNames(set), "a@p.yaml:3 b@p.yaml:12 c@p.yaml:24"; got != want {
		t.Errorf("policies are %q, want %q", got, want)
	}
	sum := sha256.Sum256([]byte(named("b")))
	if got, want := set.Policies[1].Digest.Hex(), hex.EncodeToString(sum[:]); got != want {
		t.Errorf("digest of b is %s, want %s", got, want)
	}
	crlf := strings.ReplaceAll(text, "\n", "\r\n")
	if _, err := native.Load(tree(t, map[string]string{"p.yaml": crlf}), "p.yaml"); err != nil {
		t.Errorf("load with CRLF: %v", err)
	}
	if _, err := native.Load(tree(t, map[string]string{"p.yaml": "\ufeff" + named("a")}), "p.yaml"); err != nil {
		t.Errorf("load with a byte-order mark: %v", err)
	}
}

// TestDiskTakesPathsAsUsersWriteThem, and follows the links that Kubernetes
// makes for a mounted ConfigMap, without reading anything twice.
func TestDiskTakesPathsAsUsersWriteThem(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range tree(t, nil) {
		write("keys/"+name, string(file.Data))
	}
	text := strings.NewReplacer("scanner.pub", "../keys/scanner.pub", "psirt.pub", "../keys/psirt.pub").Replace(named("a"))
	write("mounted/..2026_01_01/p.yaml", text)
	for link, target := range map[string]string{"..data": "..2026_01_01", "p.yaml": "..data/p.yaml"} {
		if err := os.Symlink(target, filepath.Join(dir, "mounted", link)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(dir, "keys"))
	for _, name := range []string{filepath.Join(dir, "mounted"), "../mounted", "../mounted/p.yaml"} {
		if set, err := native.Load(document.Disk{}, name); err != nil || len(set.Policies) != 1 {
			t.Errorf("load %s: %d policies, error %v", name, len(set.Policies), err)
		}
	}
}

// TestWhatDoesNotLoad has the cases that testdata/bad cannot hold.
func TestWhatDoesNotLoad(t *testing.T) {
	files := tree(t, map[string]string{
		"a.yaml":            named("same"),
		"b.yaml":            named("same"),
		"e1.yaml":           excepting("e", lifted),
		"e2.yaml":           strings.Replace(excepting("e", lifted), "name: p}", "name: q}", 1),
		"empty/README.md":   "",
		"empty/sub/p.yaml":  named("a"),
		"huge.yaml":         strings.Repeat("#", bounds.PolicyBytes+1),
		"documents.yaml":    strings.Repeat("---\na\n", bounds.PolicyDocuments+1),
		"binary.yaml":       "\x00\x01\x02",
		"latin1.yaml":       "# \xe9\n" + named("a"),
		"deep.yaml":         strings.Repeat("[", 20_000),
		"hugekey.yaml":      strings.Replace(named("a"), "scanner.pub", "huge.pub", 1),
		"huge.pub":          strings.Repeat("#", bounds.KeyBytes+1),
		"two-mistakes.yaml": strings.Replace(named("a"), "match", "macth", 1),
		"no-policy.yaml":    "hello",
	})
	for _, c := range []struct {
		names []string
		want  []string
	}{
		{nil, []string{"no policy given: name a file or a directory"}},
		{[]string{"nosuch.yaml"}, []string{"nosuch.yaml: read policy: no such file or directory"}},
		{[]string{"../p.yaml"}, []string{"../p.yaml: read policy: the path leads out of the tree"}},
		{[]string{"/etc/p.yaml"}, []string{"/etc/p.yaml: read policy: the path leads out of the tree"}},
		{[]string{"a.yaml", "b.yaml"}, []string{`b.yaml:3:18: policy "same" is defined twice: first at a.yaml:3`}},
		{[]string{"e1.yaml", "e2.yaml"}, []string{`e2.yaml:12:18: exception "e" is defined twice: first at e1.yaml:12`}},
		{[]string{"empty"}, []string{"no policy in empty: no file there ends in .yaml or .yml (subdirectories are not read: name them)"}},
		{[]string{"huge.yaml"}, []string{"huge.yaml: read policy: larger than 1024 KiB"}},
		{[]string{"documents.yaml"}, []string{"documents.yaml: read policy: 10001 documents, more than the 10000 that are read"}},
		{[]string{"binary.yaml"}, []string{"binary.yaml: read policy: file is not UTF-8 text"}},
		{[]string{"latin1.yaml"}, []string{"latin1.yaml: read policy: file is not UTF-8 text"}},
		{[]string{"deep.yaml"}, []string{"deep.yaml:1: read YAML: exceeded max depth of 10000"}},
		{[]string{"hugekey.yaml"}, []string{`read key file "huge.pub": larger than 64 KiB`}},
		{[]string{"two-mistakes.yaml", "no-policy.yaml"}, []string{"two-mistakes.yaml:5:3: unknown field", "no-policy.yaml:1:1: want a document"}},
	} {
		_, err := native.Load(files, c.names...)
		if err == nil {
			t.Errorf("%v loads", c.names)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error of %v is\n%v\nwant in it\n%s", c.names, err, want)
			}
		}
	}
}

func TestTooManyFiles(t *testing.T) {
	files := map[string]string{}
	for i := range bounds.PolicyFiles + 1 {
		files[fmt.Sprintf("p/%d.yaml", i)] = ""
	}
	_, err := native.Load(tree(t, files), "p")
	if err == nil || !strings.Contains(err.Error(), "1001 files, more than the 1000 that are read") {
		t.Errorf("error is %v", err)
	}
}

func TestManyProblemsAreBounded(t *testing.T) {
	text := named("a") + strings.Repeat("  x: y\n", 100_000)
	_, err := native.Load(tree(t, map[string]string{"p.yaml": text}), "p.yaml")
	if err == nil || len(err.Error()) > 100_000 {
		t.Errorf("error has %d bytes", len(fmt.Sprint(err)))
	}
}

// TestPrivateKeysAreNeverShown: not in the message, and not in the excerpt of
// another mistake on the same line.
func TestPrivateKeysAreNeverShown(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	secret := strings.Split(block, "\n")[1]
	inline := fmt.Sprintf("%q", block)
	files := tree(t, map[string]string{
		"file.yaml":   withSigner("{key: {file: private.pub}}"),
		"inline.yaml": withSigner("{key: {pem: " + inline + "}}"),
		"wrong.yaml":  withSigner("{key: {pme: " + inline + "}, keyless: " + inline + "}"),
		"enum.yaml":   inSpec("mode: " + inline),
		"name.yaml":   inSpec(inline + ": x"),
		"private.pub": block,
	})
	for _, name := range []string{"file.yaml", "inline.yaml", "wrong.yaml", "enum.yaml", "name.yaml"} {
		_, err := native.Load(files, name)
		if err == nil {
			t.Errorf("%s loads", name)
		} else if strings.Contains(err.Error(), secret[10:30]) {
			t.Errorf("the error of %s shows the key:\n%v", name, err)
		}
	}
	_, err = native.Load(files, "file.yaml")
	if want := `read key file "private.pub": this is a private key`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// TestHostileTextIsPrintable: a policy in a pull request cannot write to the
// terminal of who reads its errors.
func TestHostileTextIsPrintable(t *testing.T) {
	text := inSpec(`"\e[2Jmode": "\e[31m"`) + "# \u202e \x1b[2J\n  \u009bx: y\n"
	_, err := native.Load(tree(t, map[string]string{"p.yaml": text}), "p.yaml")
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\u202e\u009b\r") {
		t.Errorf("error is %q", err)
	}
}

func TestDefaults(t *testing.T) {
	p := loadText(t, requiring("vulnerabilities: {signers: [release]}")).Policies[0]
	if p.Mode != policy.Enforce || p.RequireDigest || p.AllowUnmatched || (p.Platforms != policy.PlatformInherit && p.Platforms != policy.PlatformIndex) {
		t.Errorf("policy is %+v", p)
	}
	v := *p.Require[0].Vulnerabilities
	v.Signers = nil
	same(t, "vulnerabilities", v, policy.VulnerabilityRequirement{
		Formats: []string{"openvex", "cosign-vuln", "in-toto-vulns", "trivy", "grype"}, Severity: predicate.SeverityHigh, UnknownSeverity: true,
	})
	rule := p.Require[0].Vulnerabilities
	if rule.Signers[0].IgnoreTransparencyLog {
		t.Error("a key needs no transparency log")
	}
	x := loadText(t, vexing("")).Policies[0].Require[0].Vulnerabilities.VEX
	same(t, "statuses", x.Statuses, []predicate.VEXStatus{predicate.NotAffected, predicate.Fixed})
	s := loadText(t, requirement("sbom", "")).Policies[0].Require[0].SBOM
	same(t, "formats", s.Formats, []string{"cyclonedx", "spdx"})
}

// A key in a service is one that is not known yet, and is asked for by whoever
// evaluates.
func TestManagedKeys(t *testing.T) {
	set := loadText(t, withSigner(`{key: {kms: "hashivault://release", notAfter: 2027-01-01}}`))
	keys := set.ManagedKeys()
	if len(keys) != 1 || keys[0].KMS != "hashivault://release" || keys[0].NotAfter.IsZero() || len(set.Keys()) != 0 {
		t.Errorf("keys %+v of %+v", set.Keys(), keys)
	}
	for _, uri := range []string{"awskms://a", "release", "file://a", "awskms:///arn:aws:kms:us-east-1:1:key/a", "sigstore-kms-x://a"} {
		files := tree(t, map[string]string{"p.yaml": withSigner("{key: {kms: \"" + uri + "\"}}")})
		if _, err := native.Load(files, "p.yaml"); err == nil || !strings.Contains(err.Error(), "key.kms: want") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestRegexpsAreAnchored(t *testing.T) {
	k := loadText(t, withSigner(`{keyless: {issuerRegexp: "https://a|https://b", subjectRegexp: "c|d"}}`)).Policies[0].Require[0].Signature.Signers[0].Keyless
	for text, want := range map[string]bool{"c": true, "d": true, "cd": false, "xc": false, "dx": false, "c\n": false} {
		if k.SubjectPattern.MatchString(text) != want {
			t.Errorf("subject %q matches: %v", text, !want)
		}
	}
	if k.IssuerPattern.MatchString("https://a.evil.example") {
		t.Error("issuer pattern is not anchored")
	}
}

func TestEnds(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-12-31":                time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		`"2028-02-28"`:              time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC),
		"2026-12-31T18:00:00Z":      time.Date(2026, 12, 31, 18, 0, 0, 0, time.UTC),
		"2026-12-31T18:00:00+02:00": time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC),
	} {
		got := loadText(t, ignoring("CVE-1", text, "x")).Policies[0].Require[0].Vulnerabilities.Ignore[0].Until
		if !got.Equal(want) {
			t.Errorf("until %s is %s, want %s", text, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"24h": 24 * time.Hour, "7d": 168 * time.Hour, "2w": 336 * time.Hour, "1d12h": 36 * time.Hour, "90m": 90 * time.Minute, "30s": 30 * time.Second,
	} {
		if got := loadText(t, attesting(", maxAge: "+text)).Policies[0].Require[0].Attestation.MaxAge; got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	for file, kind := range map[string]string{"scanner.pub": "*ecdsa.PublicKey", "psirt.pub": "ed25519.PublicKey", "rsa2048.pub": "*rsa.PublicKey"} {
		text, err := os.ReadFile("testdata/keys/" + file)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		sum := sha256.Sum256(block.Bytes)
		set := loadText(t, withSigner(fmt.Sprintf("{key: {pem: %q}}", text)))
		key := set.Policies[0].Require[0].Signature.Signers[0].Key
		if got := fmt.Sprintf("%T", key.Public); got != kind {
			t.Errorf("%s is %s, want %s", file, got, kind)
		}
		if want := hex.EncodeToString(sum[:]); key.Fingerprint != want {
			t.Errorf("fingerprint of %s is %s, want %s", file, key.Fingerprint, want)
		}
	}
}

func TestRequirementNamesAreUnique(t *testing.T) {
	p := loadText(t, head+meta+"spec:\n"+images+signers+`  require:
    - sbom: {signers: [release]}
    - sbom: {signers: [other]}
    - {name: sbom-2, sbom: {signers: [other]}}
    - anyOf: [{sbom: {signers: [other]}}, {signature: {signers: [other]}}]
`).Policies[0]
	var names []string
	for _, r := range append(p.Require, p.Require[3].Group.Of...) {
		names = append(names, r.Name)
	}
	same(t, "names", names, []string{"sbom", "sbom-3", "sbom-2", "anyOf", "sbom-4", "signature"})
}

// TestAliases are read, so that signers can be written once.
func TestAliases(t *testing.T) {
	p := loadText(t, head+meta+"spec:\n"+images+signers+`  require:
    - signature: {signers: &who [release, other]}
    - sbom: {signers: *who}
`).Policies[0]
	if len(p.Require[1].SBOM.Signers) != 2 {
		t.Errorf("signers are %+v", p.Require[1].SBOM.Signers)
	}
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(text) < 4096 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := native.Load(tree(t, map[string]string{"p.yaml": string(text)}), "p.yaml")
		if err != nil {
			if err.Error() == "" || len(set.Policies)+len(set.Exceptions) > 0 {
				t.Error("an error without a message, or beside a set")
			}
			return
		}
		if len(set.Policies) == 0 {
			t.Error("a set without a policy loads")
		}
		for _, p := range set.Policies {
			checkPolicy(t, p)
		}
	})
}

// checkPolicy holds what evaluation relies on.
func checkPolicy(t *testing.T, p policy.Policy) {
	if p.Name == "" || p.Digest.IsZero() || len(p.Match.Images) == 0 || p.AllowUnmatched != (len(p.Require) == 0) {
		t.Errorf("policy is %+v", p)
	}
	for _, r := range p.Require {
		checkRequirement(t, r)
	}
}

func checkRequirement(t *testing.T, r policy.Requirement) {
	kinds := 0
	if r.Signature != nil {
		kinds++
		checkSigners(t, r.Signature.Signers)
	}
	if r.Provenance != nil {
		kinds++
		checkSigners(t, r.Provenance.Signers)
	}
	if r.SBOM != nil {
		kinds++
		checkSigners(t, r.SBOM.Signers)
	}
	if r.Vulnerabilities != nil {
		kinds++
		checkSigners(t, r.Vulnerabilities.Signers)
	}
	if r.VSA != nil {
		kinds++
		checkSigners(t, r.VSA.Signers)
	}
	if r.Layout != nil {
		kinds++
		for _, step := range r.Layout.Functionaries {
			checkSigners(t, step)
		}
	}
	if r.Attestation != nil {
		kinds++
		checkSigners(t, r.Attestation.Signers)
	}
	if r.Group != nil {
		kinds++
		if r.Group.Count < 1 || r.Group.Count > len(r.Group.Of) {
			t.Errorf("group is %+v", r.Group)
		}
		for _, inner := range r.Group.Of {
			checkRequirement(t, inner)
		}
	}
	if r.Name == "" || kinds != 1 && (kinds != 0 || len(r.Unsupported) == 0) {
		t.Errorf("requirement is %+v", r)
	}
}

func checkSigners(t *testing.T, signers []policy.SignerRule) {
	if len(signers) == 0 {
		t.Error("no signers")
	}
	for _, s := range signers {
		if (s.Key == nil) == (s.Keyless == nil) || s.Keyless != nil && s.IgnoreTransparencyLog {
			t.Errorf("signer is %+v", s)
		}
	}
}

// kyverno 17125 (THREATS): a requirement that nobody has to have signed for
// does not load, however that is written.
func TestThreatKyverno17125NoSignersDoNotLoad(t *testing.T) {
	const head = "apiVersion: syncgate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: {name: a}\nspec:\n  match: {images: [\"**\"]}\n  signers: {release: {key: {file: scanner.pub}}}\n  require:\n"
	for _, require := range []string{
		"[{signature: {}}]", "[{signature: }]", "[{signature: {signers: []}}]", "[{signature: {signers: }}]", `[{signature: {signers: [""]}}]`,
		"[{provenance: {}}]", "[{sbom: {signers: []}}]", "[{vulnerabilities: {deny: {severity: high}}}]",
		`[{attestation: {predicateType: "https://acme.example/x"}}]`, "[{vsa: {verifier: \"https://acme.example\"}}]",
		"[{anyOf: []}]", "[{anyOf: [{signature: {}}]}]", "[]", "",
	} {
		files := tree(t, map[string]string{"p.yaml": head + "    " + require + "\n"})
		if set, err := native.Load(files, "p.yaml"); err == nil {
			t.Errorf("%s loads: %+v", require, set.Policies[0].Require)
		}
	}
}
