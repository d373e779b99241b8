package kyverno

import "github.com/syncgate/syncgate/policy/document"

// imagePolicy is a document of kind ImageValidatingPolicy.
type imagePolicy struct {
	place
	APIVersion text              `yaml:"apiVersion" need:"yes"`
	Kind       text              `yaml:"kind" need:"yes"`
	Metadata   document.Metadata `yaml:"metadata" need:"yes"`
	Spec       imageSpec         `yaml:"spec" need:"yes"`
	Status     anything          `yaml:"status"`
}

type imageSpec struct {
	place
	Constraints    *constraints       `yaml:"matchConstraints"`
	Conditions     []namedExpression  `yaml:"matchConditions"`
	Variables      []namedExpression  `yaml:"variables"`
	References     []reference        `yaml:"matchImageReferences"`
	Images         []namedExpression  `yaml:"images"`
	Attestors      []imageAttestor    `yaml:"attestors" label:"attestor"`
	Attestations   []imageAttestation `yaml:"attestations" label:"attestation"`
	Validations    []validationRule   `yaml:"validations"`
	Actions        []text             `yaml:"validationActions" enum:"Deny Audit Warn"`
	Configurations configurations     `yaml:"validationConfigurations"`
	Evaluation     *evaluation        `yaml:"evaluation"`
	// The following say nothing of what an image must have.
	FailurePolicy    anything `yaml:"failurePolicy"`
	AuditAnnotations anything `yaml:"auditAnnotations"`
	Credentials      anything `yaml:"credentials"`
	Webhook          anything `yaml:"webhookConfiguration"`
	Autogen          anything `yaml:"autogen"`
}

type namedExpression struct {
	place
	Name       text `yaml:"name" need:"yes"`
	Expression text `yaml:"expression" need:"yes"`
}

type reference struct {
	place
	Glob       text `yaml:"glob" oneof:"reference"`
	Expression text `yaml:"expression" oneof:"reference"`
}

type validationRule struct {
	place
	Expression        text     `yaml:"expression" need:"yes"`
	Message           text     `yaml:"message"`
	MessageExpression text     `yaml:"messageExpression"`
	Reason            anything `yaml:"reason"`
}

type configurations struct {
	place
	MutateDigest flag `yaml:"mutateDigest"`
	VerifyDigest flag `yaml:"verifyDigest"`
	Required     flag `yaml:"required"`
}

type evaluation struct {
	place
	Mode       text      `yaml:"mode" enum:"Kubernetes JSON"`
	Admission  *switched `yaml:"admission"`
	Background anything  `yaml:"background"`
}

type switched struct {
	place
	Enabled flag `yaml:"enabled"`
}

// constraints say which resources a policy is about.
type constraints struct {
	place
	Rules             []resourceRule          `yaml:"resourceRules"`
	Exclude           []resourceRule          `yaml:"excludeResourceRules"`
	NamespaceSelector *document.LabelSelector `yaml:"namespaceSelector"`
	ObjectSelector    *document.LabelSelector `yaml:"objectSelector"`
	MatchPolicy       anything                `yaml:"matchPolicy"`
}

type resourceRule struct {
	place
	Groups     []anyText `yaml:"apiGroups"`
	Versions   []anyText `yaml:"apiVersions"`
	Operations []text    `yaml:"operations" enum:"CREATE UPDATE DELETE CONNECT *"`
	Resources  []text    `yaml:"resources"`
	Names      []text    `yaml:"resourceNames"`
	Scope      anything  `yaml:"scope"`
}

// anyText is a text that may be empty: the core group is.
type anyText struct{ anything }

type imageAttestor struct {
	place
	Name   text     `yaml:"name" need:"yes"`
	Cosign *cosign  `yaml:"cosign" oneof:"attestor"`
	Notary anything `yaml:"notary" oneof:"attestor"`
}

type cosign struct {
	place
	Key         *imageKey         `yaml:"key"`
	Keyless     *imageKeyless     `yaml:"keyless"`
	Certificate *imageCertificate `yaml:"certificate"`
	Source      *imageSource      `yaml:"source"`
	CTLog       *imageLogs        `yaml:"ctlog"`
	TUF         *tuf              `yaml:"tuf"`
	TrustedRoot *valueOr          `yaml:"trustedRoot"`
	Annotations map[string]text   `yaml:"annotations"`
}

// valueOr is a text, or the expression that makes it.
type valueOr struct {
	place
	Value      text `yaml:"value"`
	Expression text `yaml:"expression"`
}

type imageKey struct {
	place
	Data       text `yaml:"data"`
	KMS        text `yaml:"kms"`
	Hash       text `yaml:"hashAlgorithm" enum:"sha224 sha256 sha384 sha512"`
	Expression text `yaml:"expression"`
}

type imageKeyless struct {
	place
	Identities []imageIdentity `yaml:"identities"`
	Roots      text            `yaml:"roots"`
	Extensions anything        `yaml:"additionalExtensions"`
}

type imageIdentity struct {
	place
	Issuer        text    `yaml:"issuer"`
	IssuerRegExp  pattern `yaml:"issuerRegExp"`
	Subject       text    `yaml:"subject"`
	SubjectRegExp pattern `yaml:"subjectRegExp"`
	Expression    text    `yaml:"subjectExpression"`
}

type imageCertificate struct {
	place
	Cert      *valueOr `yaml:"cert"`
	CertChain *valueOr `yaml:"certChain"`
}

type imageSource struct {
	place
	Repository text     `yaml:"repository"`
	TagPrefix  text     `yaml:"tagPrefix"`
	Secrets    anything `yaml:"PullSecrets"`
}

type imageLogs struct {
	place
	URL        text `yaml:"url"`
	RekorKey   text `yaml:"rekorPubKey"`
	CTLogKey   text `yaml:"ctLogPubKey"`
	TSA        text `yaml:"tsaCertChain"`
	IgnoreTlog flag `yaml:"insecureIgnoreTlog"`
	IgnoreSCT  flag `yaml:"insecureIgnoreSCT"`
}

type tuf struct {
	place
	Root   tufRoot `yaml:"root"`
	Mirror text    `yaml:"mirror"`
}

type tufRoot struct {
	place
	Path text `yaml:"path"`
	Data text `yaml:"data"`
}

type imageAttestation struct {
	place
	Name     text      `yaml:"name" need:"yes"`
	InToto   *typeOnly `yaml:"intoto" oneof:"attestation"`
	Referrer *typeOnly `yaml:"referrer" oneof:"attestation"`
}

type typeOnly struct {
	place
	Type text `yaml:"type" need:"yes"`
}
