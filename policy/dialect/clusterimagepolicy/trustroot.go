package clusterimagepolicy

import "github.com/syncgate/syncgate/policy/document"

// trustRoot is a document of kind TrustRoot.
type trustRoot struct {
	place
	APIVersion text              `yaml:"apiVersion" need:"yes"`
	Kind       text              `yaml:"kind" need:"yes"`
	Metadata   document.Metadata `yaml:"metadata" need:"yes"`
	Spec       trustSpec         `yaml:"spec" need:"yes"`
	Status     anything          `yaml:"status"`
}

type trustSpec struct {
	place
	Remote       *remoteRoot     `yaml:"remote" oneof:"trust root"`
	Repository   *repositoryRoot `yaml:"repository" oneof:"trust root"`
	SigstoreKeys *sigstoreKeys   `yaml:"sigstoreKeys" oneof:"trust root"`
}

// remoteRoot is a TUF repository on a server. Texts are in base64.
type remoteRoot struct {
	place
	Root              text `yaml:"root" need:"yes"`
	Mirror            text `yaml:"mirror" need:"yes"`
	Targets           text `yaml:"targets"`
	TrustedRootTarget text `yaml:"trustedRootTarget"`
}

// repositoryRoot is a TUF repository in an archive.
type repositoryRoot struct {
	place
	Root              text `yaml:"root" need:"yes"`
	MirrorFS          text `yaml:"mirrorFS" need:"yes"`
	Targets           text `yaml:"targets"`
	TrustedRootTarget text `yaml:"trustedRootTarget"`
}

// sigstoreKeys are keys and certificates themselves.
type sigstoreKeys struct {
	place
	CertificateAuthorities []certificateAuthority `yaml:"certificateAuthorities"`
	TLogs                  []logInstance          `yaml:"tLogs"`
	CTLogs                 []logInstance          `yaml:"ctLogs"`
	TimestampAuthorities   []certificateAuthority `yaml:"timestampAuthorities"`
}

type certificateAuthority struct {
	place
	Subject   distinguishedName `yaml:"subject" need:"yes"`
	URI       text              `yaml:"uri" need:"yes"`
	CertChain text              `yaml:"certChain" need:"yes"`
}

type distinguishedName struct {
	place
	Organization text `yaml:"organization" need:"yes"`
	CommonName   text `yaml:"commonName" need:"yes"`
}

type logInstance struct {
	place
	BaseURL       text `yaml:"baseURL" need:"yes"`
	HashAlgorithm text `yaml:"hashAlgorithm" need:"yes"`
	PublicKey     text `yaml:"publicKey" need:"yes"`
}
