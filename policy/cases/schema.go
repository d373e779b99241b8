package cases

import (
	"fmt"
	"regexp"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/jsonschema"
)

// APIVersion and Kind are those of the documents that hold cases.
const (
	APIVersion = "syncgate.dev/v1alpha1"
	Kind       = "PolicyTest"
)

type (
	place = document.Place
	text  = document.Text
	span  = document.Span
)

// policyTest is a document of kind PolicyTest.
type policyTest struct {
	place
	APIVersion text `yaml:"apiVersion" need:"yes"`
	Kind       text `yaml:"kind" need:"yes"`
	Spec       spec `yaml:"spec" need:"yes"`
}

type spec struct {
	place
	// Policies are files or directories, relative to the file. Default: the
	// policy beside it, NAME.yaml for NAME.test.yaml.
	Policies []text `yaml:"policies"`
	// At is the time to evaluate at, for all cases that do not say.
	At moment `yaml:"at"`
	// TrustedRoot is what evidence files are verified against.
	TrustedRoot text `yaml:"trustedRoot"`
	// KEV and EPSS are the lists of exploited vulnerabilities.
	KEV  text `yaml:"kev"`
	EPSS text `yaml:"epss"`
	// Signers are those who signed what facts assert, by name.
	Signers map[string]signer `yaml:"signers" label:"signer"`
	Cases   []testCase        `yaml:"cases" need:"yes" label:"case"`
}

// signer is who signed, in facts.
type signer struct {
	place
	// Key is a public key in PEM, relative to the file.
	Key         text         `yaml:"key" oneof:"signer"`
	Certificate *certificate `yaml:"certificate" oneof:"signer"`
}

// certificate is what a signing certificate says.
type certificate struct {
	place
	Issuer     text            `yaml:"issuer" need:"yes"`
	Subject    text            `yaml:"subject" need:"yes"`
	Extensions map[string]text `yaml:"extensions"`
}

type testCase struct {
	place
	Name text `yaml:"name" need:"yes"`
	// Image is the reference as a manifest writes it.
	Image image `yaml:"image" need:"yes"`
	// Digest is what the registry says that it is, where Image does not say.
	// Default: one that is made up.
	Digest digest `yaml:"digest"`
	// Platforms are those of an index, by name.
	Platforms map[string]digest `yaml:"platforms"`
	// Runs is where it runs.
	Runs []use  `yaml:"runs"`
	At   moment `yaml:"at"`
	// Evidence are files that are verified.
	Evidence []evidenceFile `yaml:"evidence" empty:"ok"`
	// Facts are asserted.
	Facts []fact `yaml:"facts" empty:"ok"`
	// Snapshot is an archive of verify --save-evidence. All but name, at,
	// image and expect is then in there.
	Snapshot text   `yaml:"snapshot"`
	Expect   expect `yaml:"expect" need:"yes"`
}

type use struct {
	place
	Unit       text            `yaml:"unit"`
	APIVersion text            `yaml:"apiVersion"`
	Kind       text            `yaml:"kind"`
	Namespace  text            `yaml:"namespace"`
	Name       text            `yaml:"name"`
	Labels     map[string]text `yaml:"labels"`
	Class      text            `yaml:"class" enum:"podspec resource text"`
	// Object is the whole of it, for policies that look into it.
	Object document.Any `yaml:"object"`
}

type evidenceFile struct {
	place
	// File is a Sigstore bundle, a DSSE envelope or a simple-signing payload.
	File text `yaml:"file" need:"yes"`
	// Of is the platform that it is attached to. Default: the image itself.
	Of text `yaml:"of"`
	// Annotations are those of the layer that held it in a registry.
	Annotations map[string]text `yaml:"annotations"`
}

// fact is something that somebody signed.
type fact struct {
	place
	Signature   *signature   `yaml:"signature" oneof:"fact"`
	Attestation *attestation `yaml:"attestation" oneof:"fact"`
	// CertificateLog: none is that no log of certificates has the signer's.
	CertificateLog text `yaml:"certificateLog" enum:"yes none"`
	// Stamped tells that a timestamp authority vouches for the time.
	Stamped document.Flag `yaml:"stamped"`
	// Root is the name of the trusted root that it holds against, "own" for
	// the run's. Default: whichever a policy asks for.
	Root text `yaml:"root"`
	// Kept is where it is kept. Default: beside the image.
	Kept *kept `yaml:"kept"`
}

// kept is a place for signatures.
type kept struct {
	place
	Repository text `yaml:"repository"`
	TagPrefix  text `yaml:"tagPrefix"`
}

// signed is what every signature has.
type signature struct {
	place
	By text `yaml:"by" need:"yes"`
	Of text `yaml:"of"`
	// Age is how long before the time of the case it was signed. Default: a
	// minute.
	Age span `yaml:"age"`
	// Log: none is that no transparency log has it; nobody then vouches for
	// its time either.
	Log         text            `yaml:"log" enum:"yes none"`
	Annotations map[string]text `yaml:"annotations"`
}

type attestation struct {
	place
	By            text `yaml:"by" need:"yes"`
	Of            text `yaml:"of"`
	Age           span `yaml:"age"`
	Log           text `yaml:"log" enum:"yes none"`
	PredicateType text `yaml:"predicateType" need:"yes"`
	// Predicate is written as YAML; File holds it as JSON.
	Predicate document.Any `yaml:"predicate" oneof:"attestation"`
	File      text         `yaml:"file" oneof:"attestation"`
}

type expect struct {
	place
	Verdict verdict `yaml:"verdict" need:"yes"`
	// Findings are codes that must be among the findings. Where it is
	// written, no other finding may keep the verdict from being a pass.
	Findings []text `yaml:"findings" empty:"ok"`
	// Requirements are verdicts by the names of requirements.
	Requirements map[string]verdict `yaml:"requirements"`
}

// moment is a time.
type moment struct {
	place
	Value time.Time
}

// Read reads a time with a zone.
func (m *moment) Read(n *yaml.Node) error {
	var err error
	if m.Value, err = time.Parse(time.RFC3339, n.Value); err != nil {
		return fmt.Errorf("want a time such as 2026-01-31T15:04:05Z, got %s", document.Describe(n))
	}
	return nil
}

// imageForm is a reference with its tag or digest, as manifests write it.
const imageForm = `^[a-z0-9]([a-z0-9._/-]|:[0-9]{1,5}/)*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@` + jsonschema.DigestForm + `)?$`

var imagePattern = regexp.MustCompile(imageForm)

// image is the reference of an image.
type image struct{ text }

// Read reads one.
func (i *image) Read(n *yaml.Node) error {
	if err := i.text.Read(n); err != nil {
		return err
	}
	if !imagePattern.MatchString(i.Value) {
		return fmt.Errorf("image %s is not well formed: want registry/repository:tag@sha256:digest", document.Quote(i.Value))
	}
	return nil
}

// digest is that of an image.
type digest struct {
	place
	Value policy.Digest
}

// Read reads algorithm:hex.
func (d *digest) Read(n *yaml.Node) error {
	var err error
	d.Value, err = policy.ParseDigest(n.Value)
	return err
}

// verdict is pass, fail or unknown.
type verdict struct {
	place
	Value policy.Verdict
}

// Read reads a verdict.
func (v *verdict) Read(n *yaml.Node) error { return v.Value.UnmarshalText([]byte(n.Value)) }
