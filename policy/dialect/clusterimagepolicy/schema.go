package clusterimagepolicy

import "github.com/syncgate/syncgate/policy/document"

type (
	place    = document.Place
	text     = document.Text
	flag     = document.Flag
	anything = document.Any
)

// clusterImagePolicy is a document of kind ClusterImagePolicy. Versions
// v1alpha1 and v1beta1 have the same fields.
type clusterImagePolicy struct {
	place
	APIVersion text              `yaml:"apiVersion" need:"yes"`
	Kind       text              `yaml:"kind" need:"yes"`
	Metadata   document.Metadata `yaml:"metadata" need:"yes"`
	Spec       spec              `yaml:"spec" need:"yes"`
	Status     anything          `yaml:"status"`
}

type spec struct {
	place
	Images      []imagePattern  `yaml:"images" need:"yes"`
	Authorities []authority     `yaml:"authorities" need:"yes" label:"authority"`
	Policy      *program        `yaml:"policy"`
	Mode        text            `yaml:"mode" enum:"enforce warn"`
	Match       []matchResource `yaml:"match"`
}

type imagePattern struct {
	place
	Glob text `yaml:"glob" need:"yes"`
}

type matchResource struct {
	place
	Group    text                    `yaml:"group"`
	Version  text                    `yaml:"version"`
	Resource text                    `yaml:"resource" enum:"pods replicasets deployments statefulsets daemonsets jobs cronjobs"`
	Selector *document.LabelSelector `yaml:"selector"`
}

// authority is one of several ways to satisfy a policy.
type authority struct {
	place
	Name         text          `yaml:"name"`
	Key          *key          `yaml:"key" oneof:"authority"`
	Keyless      *keyless      `yaml:"keyless" oneof:"authority"`
	Static       *static       `yaml:"static" oneof:"authority"`
	Source       []source      `yaml:"source"`
	CTLog        *ctlog        `yaml:"ctlog"`
	Attestations []attestation `yaml:"attestations" label:"attestation"`
	Timestamp    *timestamp    `yaml:"rfc3161timestamp"`
	// Format is the form that signatures have. Default: legacy.
	Format text `yaml:"signatureFormat" enum:"legacy bundle"`
}

type key struct {
	place
	SecretRef     *secretRef `yaml:"secretRef" oneof:"key"`
	Data          text       `yaml:"data" oneof:"key"`
	KMS           text       `yaml:"kms" oneof:"key"`
	HashAlgorithm text       `yaml:"hashAlgorithm"`
}

type secretRef struct {
	place
	Name      text `yaml:"name"`
	Namespace text `yaml:"namespace" enum:"cosign-system"`
}

type keyless struct {
	place
	// URL is that of Fulcio, which nothing is asked of.
	URL               text       `yaml:"url"`
	Identities        []identity `yaml:"identities" need:"yes"`
	CACert            *key       `yaml:"ca-cert"`
	TrustRootRef      text       `yaml:"trustRootRef"`
	InsecureIgnoreSCT flag       `yaml:"insecureIgnoreSCT"`
}

// identity is who signed. Its regular expressions are not anchored.
type identity struct {
	place
	Issuer        text    `yaml:"issuer" oneof:"issuer"`
	IssuerRegExp  pattern `yaml:"issuerRegExp" oneof:"issuer"`
	Subject       text    `yaml:"subject" oneof:"subject"`
	SubjectRegExp pattern `yaml:"subjectRegExp" oneof:"subject"`
}

type static struct {
	place
	Action  text `yaml:"action" need:"yes" enum:"pass fail"`
	Message text `yaml:"message"`
}

// source is where else signatures are.
type source struct {
	place
	OCI text `yaml:"oci"`
	// PullSecrets are credentials, which syncgate has from elsewhere.
	PullSecrets []localRef `yaml:"signaturePullSecrets"`
	TagPrefix   text       `yaml:"tagPrefix"`
}

type localRef struct {
	place
	Name text `yaml:"name" need:"yes"`
}

type ctlog struct {
	place
	URL          text `yaml:"url"`
	TrustRootRef text `yaml:"trustRootRef"`
}

type timestamp struct {
	place
	TrustRootRef text `yaml:"trustRootRef"`
}

type attestation struct {
	place
	Name          text     `yaml:"name" need:"yes"`
	PredicateType text     `yaml:"predicateType" need:"yes"`
	Policy        *program `yaml:"policy"`
}

// program is a policy in CUE or Rego.
type program struct {
	place
	Type         text          `yaml:"type" need:"yes" enum:"cue rego"`
	Data         text          `yaml:"data" oneof:"policy"`
	Remote       *remote       `yaml:"remote" oneof:"policy"`
	ConfigMapRef *configMapRef `yaml:"configMapRef" oneof:"policy"`
	// The following are for the policy of the whole alone.
	FetchConfigFile   flag `yaml:"fetchConfigFile"`
	IncludeSpec       flag `yaml:"includeSpec"`
	IncludeObjectMeta flag `yaml:"includeObjectMeta"`
	IncludeTypeMeta   flag `yaml:"includeTypeMeta"`
}

type remote struct {
	place
	URL       text `yaml:"url" need:"yes"`
	SHA256Sum text `yaml:"sha256sum" need:"yes"`
}

type configMapRef struct {
	place
	Name      text `yaml:"name" need:"yes"`
	Namespace text `yaml:"namespace"`
	Key       text `yaml:"key" need:"yes"`
}
