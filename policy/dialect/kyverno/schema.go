package kyverno

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy/document"
)

type (
	place    = document.Place
	text     = document.Text
	flag     = document.Flag
	anything = document.Any
)

// number is a whole number of at least 0.
type number struct {
	place
	Value int
}

func (n *number) Read(node *yaml.Node) error {
	value, err := strconv.Atoi(node.Value)
	if node.Kind != yaml.ScalarNode || err != nil || value < 0 {
		return fmt.Errorf("want a whole number, got %s", document.Describe(node))
	}
	n.Value = value
	return nil
}

// clusterPolicy is a document of kind ClusterPolicy or Policy.
type clusterPolicy struct {
	place
	APIVersion text              `yaml:"apiVersion" need:"yes"`
	Kind       text              `yaml:"kind" need:"yes"`
	Metadata   document.Metadata `yaml:"metadata" need:"yes"`
	Spec       spec              `yaml:"spec" need:"yes"`
	Status     anything          `yaml:"status"`
}

type spec struct {
	place
	Rules         []rule   `yaml:"rules" need:"yes" label:"rule"`
	ApplyRules    text     `yaml:"applyRules" enum:"All One"`
	FailureAction text     `yaml:"validationFailureAction" enum:"audit enforce Audit Enforce"`
	Overrides     anything `yaml:"validationFailureActionOverrides"`
	Admission     flag     `yaml:"admission"`
	Webhook       *webhook `yaml:"webhookConfiguration"`
	// The following say nothing of what an image must have.
	FailurePolicy                  anything `yaml:"failurePolicy"`
	EmitWarning                    anything `yaml:"emitWarning"`
	Background                     anything `yaml:"background"`
	SchemaValidation               anything `yaml:"schemaValidation"`
	WebhookTimeoutSeconds          anything `yaml:"webhookTimeoutSeconds"`
	MutateExistingOnPolicyUpdate   anything `yaml:"mutateExistingOnPolicyUpdate"`
	GenerateExistingOnPolicyUpdate anything `yaml:"generateExistingOnPolicyUpdate"`
	GenerateExisting               anything `yaml:"generateExisting"`
	UseServerSideApply             anything `yaml:"useServerSideApply"`
}

type webhook struct {
	place
	FailurePolicy   anything `yaml:"failurePolicy"`
	TimeoutSeconds  anything `yaml:"timeoutSeconds"`
	MatchConditions anything `yaml:"matchConditions"`
}

type rule struct {
	place
	Name             text                  `yaml:"name" need:"yes"`
	Context          []contextEntry        `yaml:"context"`
	Match            match                 `yaml:"match" need:"yes"`
	Exclude          *match                `yaml:"exclude"`
	ImageExtractors  map[string]extractors `yaml:"imageExtractors"`
	Preconditions    anything              `yaml:"preconditions"`
	CELPreconditions anything              `yaml:"celPreconditions"`
	VerifyImages     []verification        `yaml:"verifyImages"`
	// Rules that do something else are none of images.
	Mutate                 anything `yaml:"mutate"`
	Validate               anything `yaml:"validate"`
	Generate               anything `yaml:"generate"`
	ReportProperties       anything `yaml:"reportProperties"`
	SkipBackgroundRequests anything `yaml:"skipBackgroundRequests"`
}

type contextEntry struct {
	place
	Name            text       `yaml:"name" need:"yes"`
	ConfigMap       *configMap `yaml:"configMap"`
	APICall         anything   `yaml:"apiCall"`
	ImageRegistry   anything   `yaml:"imageRegistry"`
	Variable        anything   `yaml:"variable"`
	GlobalReference anything   `yaml:"globalReference"`
}

// extractors is a list of where a kind of object names images.
type extractors struct{ anything }

// match selects resources.
type match struct {
	place
	Any       []filter   `yaml:"any"`
	All       []filter   `yaml:"all"`
	Resources *resources `yaml:"resources"`
	Roles     anything   `yaml:"roles"`
	Clusters  anything   `yaml:"clusterRoles"`
	Subjects  anything   `yaml:"subjects"`
}

type filter struct {
	place
	Resources *resources `yaml:"resources"`
	Roles     anything   `yaml:"roles"`
	Clusters  anything   `yaml:"clusterRoles"`
	Subjects  anything   `yaml:"subjects"`
}

type resources struct {
	place
	Kinds             []text                  `yaml:"kinds"`
	Name              text                    `yaml:"name"`
	Names             []text                  `yaml:"names"`
	Namespaces        []text                  `yaml:"namespaces"`
	Annotations       map[string]text         `yaml:"annotations"`
	Selector          *document.LabelSelector `yaml:"selector"`
	NamespaceSelector *document.LabelSelector `yaml:"namespaceSelector"`
	Operations        []text                  `yaml:"operations" enum:"CREATE UPDATE DELETE CONNECT"`
}

// verification is one entry of verifyImages.
type verification struct {
	place
	FailureAction   text            `yaml:"failureAction" enum:"Audit Enforce"`
	Type            text            `yaml:"type" enum:"Cosign SigstoreBundle Notary"`
	ImageReferences []text          `yaml:"imageReferences"`
	Skip            []text          `yaml:"skipImageReferences"`
	Attestors       []attestorSet   `yaml:"attestors"`
	Attestations    []attestation   `yaml:"attestations"`
	Repository      text            `yaml:"repository"`
	CosignOCI11     flag            `yaml:"cosignOCI11"`
	MutateDigest    flag            `yaml:"mutateDigest"`
	VerifyDigest    flag            `yaml:"verifyDigest"`
	Required        flag            `yaml:"required"`
	Validation      *validation     `yaml:"validate"`
	Annotations     map[string]text `yaml:"annotations"`
	Credentials     anything        `yaml:"imageRegistryCredentials"`
	UseCache        anything        `yaml:"useCache"`
	// The following are the older way to write one attestor.
	Image                text     `yaml:"image"`
	Key                  text     `yaml:"key"`
	Roots                text     `yaml:"roots"`
	Subject              text     `yaml:"subject"`
	Issuer               text     `yaml:"issuer"`
	AdditionalExtensions anything `yaml:"additionalExtensions"`
}

type validation struct {
	place
	Message anything `yaml:"message"`
	Deny    anything `yaml:"deny"`
}

type attestorSet struct {
	place
	Count   number     `yaml:"count"`
	Entries []attestor `yaml:"entries"`
}

type attestor struct {
	place
	Keys         *keys           `yaml:"keys" oneof:"attestor"`
	Certificates *certificates   `yaml:"certificates" oneof:"attestor"`
	Keyless      *keyless        `yaml:"keyless" oneof:"attestor"`
	Attestor     *attestorSet    `yaml:"attestor" oneof:"attestor"`
	Annotations  map[string]text `yaml:"annotations"`
	Repository   text            `yaml:"repository"`
	Algorithm    text            `yaml:"signatureAlgorithm" enum:"sha224 sha256 sha384 sha512"`
}

type keys struct {
	place
	PublicKeys text    `yaml:"publicKeys"`
	Algorithm  text    `yaml:"signatureAlgorithm" enum:"sha224 sha256 sha384 sha512"`
	KMS        text    `yaml:"kms"`
	Secret     *secret `yaml:"secret"`
	Rekor      *rekor  `yaml:"rekor"`
	CTLog      *ctlog  `yaml:"ctlog"`
}

// secret is a Secret with a public key in its entry cosign.pub.
type secret struct {
	place
	Name      text `yaml:"name" need:"yes"`
	Namespace text `yaml:"namespace" need:"yes"`
}

type certificates struct {
	place
	Cert      text   `yaml:"cert"`
	CertChain text   `yaml:"certChain"`
	Rekor     *rekor `yaml:"rekor"`
	CTLog     *ctlog `yaml:"ctlog"`
}

type keyless struct {
	place
	Rekor         *rekor          `yaml:"rekor"`
	CTLog         *ctlog          `yaml:"ctlog"`
	Issuer        text            `yaml:"issuer"`
	IssuerRegExp  pattern         `yaml:"issuerRegExp"`
	Subject       text            `yaml:"subject"`
	SubjectRegExp pattern         `yaml:"subjectRegExp"`
	Roots         text            `yaml:"roots"`
	Extensions    map[string]text `yaml:"additionalExtensions"`
}

type rekor struct {
	place
	URL        text `yaml:"url"`
	PubKey     text `yaml:"pubkey"`
	IgnoreTlog flag `yaml:"ignoreTlog"`
}

type ctlog struct {
	place
	IgnoreSCT    flag `yaml:"ignoreSCT"`
	PubKey       text `yaml:"pubkey"`
	TSACertChain text `yaml:"tsaCertChain"`
}

type attestation struct {
	place
	Name          text          `yaml:"name"`
	Type          text          `yaml:"type"`
	PredicateType text          `yaml:"predicateType"`
	Attestors     []attestorSet `yaml:"attestors"`
	Conditions    conditions    `yaml:"conditions"`
}

// conditions are a list of any and all, or one of them.
type conditions struct{ anything }

func (c *conditions) Read(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode && n.Kind != yaml.MappingNode {
		return errors.New("want a list of any and all")
	}
	return nil
}

// isVariable tells whether a text is filled in when the policy is applied.
func isVariable(text string) bool { return strings.Contains(text, "{{") }
