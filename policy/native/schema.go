package native

// The schema: what a policy document may hold. The decoder reads YAML into
// these types, and only into what they name. Tags say the rest:
//
//	yaml   the field's name
//	need   "yes": the field must be written
//	oneof  exactly one of the fields with this word must be written
//	enum   the words that a text may be
//	empty  "ok": an empty list is as good as none; "no": it is not, and
//	       messages do not suggest to leave the field out either
//	label  what an element of this list or map is called in messages

// imagePolicy is a document of kind ImagePolicy.
type imagePolicy struct {
	place
	APIVersion text `yaml:"apiVersion" need:"yes"`
	Kind       text `yaml:"kind" need:"yes"`
	// Metadata names the policy.
	Metadata metadata `yaml:"metadata" need:"yes"`
	Spec     spec     `yaml:"spec" need:"yes"`
}

// metadata names a document. Labels and annotations are for people and other
// tools.
type metadata struct {
	place
	// Name is unique among all loaded documents of its kind.
	Name        name            `yaml:"name" need:"yes"`
	Labels      map[string]text `yaml:"labels"`
	Annotations map[string]text `yaml:"annotations"`
}

// spec says which images must carry which evidence.
type spec struct {
	place
	// Mode: enforce makes findings count, warn only reports them.
	// Default: enforce.
	Mode text `yaml:"mode" enum:"enforce warn"`
	// Match says which images the policy is about.
	Match match `yaml:"match" need:"yes"`
	// Unmatched: allow makes the policy a list of images that pass where no
	// other policy matches them. It then has no requirements. Default: fail.
	Unmatched text `yaml:"unmatched" enum:"fail allow"`
	// References says how images must be written.
	References references `yaml:"references"`
	// Platforms says what of an image index must carry the evidence: the
	// index itself, each of its platforms, or any of both. Default: index.
	Platforms text `yaml:"platforms" enum:"index each any"`
	// Signers are who may sign, by a name that requirements refer to.
	Signers map[string]signer `yaml:"signers" label:"signer"`
	// Require must all be met.
	Require []requirement `yaml:"require" label:"requirement" empty:"no"`
}

// match says which images a policy is about. Every list that is not empty
// must match.
type match struct {
	place
	// Images are globs of image names.
	Images []imageGlob `yaml:"images" need:"yes"`
	// Exclude are globs of image names that are left out.
	Exclude []imageGlob `yaml:"exclude" empty:"ok"`
	// Namespaces are globs of destination namespaces.
	Namespaces []glob `yaml:"namespaces" empty:"ok"`
	// Kinds are kinds of Kubernetes objects, such as Deployment.
	Kinds []name `yaml:"kinds" empty:"ok"`
	// ObjectSelector selects objects by their labels.
	ObjectSelector objectSelector `yaml:"objectSelector"`
	// Units are globs of the names of what deploys the object.
	Units []glob `yaml:"units" empty:"ok"`
	// Classes are how the image was found. Default: all.
	Classes []text `yaml:"classes" enum:"podspec resource text" empty:"ok"`
}

// objectSelector selects objects by their labels.
type objectSelector struct {
	place
	// MatchLabels must all be there with these values.
	MatchLabels map[string]text `yaml:"matchLabels"`
	// MatchExpressions does not load yet.
	MatchExpressions refused `yaml:"matchExpressions"`
}

// references says how images must be written.
type references struct {
	place
	// Digest: require fails an image that is written without a digest,
	// resolve resolves its tag once and reports it. Default: resolve.
	Digest text `yaml:"digest" enum:"require resolve" need:"yes"`
}

// signer is who may sign: the holder of a key or of a certificate.
type signer struct {
	place
	Key     *key     `yaml:"key" oneof:"signer"`
	Keyless *keyless `yaml:"keyless" oneof:"signer"`
	// TrustedRoot is the name of the trusted root that signatures must hold
	// against: public-good, github, or one that the command line names.
	// Default: the run's own.
	TrustedRoot name `yaml:"trustedRoot"`
	// Source is where signatures are kept. Default: beside the image.
	Source *source `yaml:"source"`
	// RequireTimestamp takes only what a timestamp authority dates, whatever
	// logs say. Default: false.
	RequireTimestamp flag `yaml:"requireTimestamp"`
	// InsecureIgnoreTransparencyLog takes a signature that is in no
	// transparency log. A certificate's then needs a timestamp. Default: false.
	InsecureIgnoreTransparencyLog flag `yaml:"insecureIgnoreTransparencyLog"`
	// InsecureIgnoreCertificateLog takes a certificate of Fulcio's that is in
	// no certificate transparency log. Default: false.
	InsecureIgnoreCertificateLog flag `yaml:"insecureIgnoreCertificateLog"`
}

// source is where signatures are kept, if not beside the image.
type source struct {
	place
	// Repository is another repository, with its registry.
	Repository repository `yaml:"repository"`
	// TagPrefix is what the tags begin with, before "sha256-".
	TagPrefix tagPrefix `yaml:"tagPrefix"`
}

// key is a public key.
type key struct {
	place
	// File is a PEM file, relative to the policy file.
	File text `yaml:"file" oneof:"key"`
	// PEM is the key itself.
	PEM text `yaml:"pem" oneof:"key"`
	// KMS is the URI of a key in a key-management service.
	KMS text `yaml:"kms" oneof:"key"`
	// X509 is a certificate authority and a subject.
	X509 *x509Key `yaml:"x509" oneof:"key"`
	// NotBefore is when the key becomes valid: a date, from its beginning, or
	// a time. A signature that nobody dates is then none.
	NotBefore start `yaml:"notBefore"`
	// NotAfter is when the key ceases to be valid: a date, through that day,
	// or a time. A signature that nobody dates is then none.
	NotAfter end `yaml:"notAfter"`
}

// x509Key takes any key that a certificate authority certified for a subject.
type x509Key struct {
	place
	// Roots is a PEM file of certificate authorities, relative to the policy
	// file: one root or more, and the intermediates that do not come with
	// signatures.
	Roots text `yaml:"roots" need:"yes"`
	// Subject is a glob of the certificate's subject alternative name or, if
	// it has none, of its common name.
	Subject glob `yaml:"subject" need:"yes"`
}

// keyless is an identity in a certificate that Fulcio issued.
type keyless struct {
	place
	// Issuer is the OpenID Connect issuer, exactly.
	Issuer text `yaml:"issuer" oneof:"issuer"`
	// IssuerRegexp is a regular expression (RE2) for the whole issuer.
	IssuerRegexp pattern `yaml:"issuerRegexp" oneof:"issuer"`
	// Subject is a glob of the whole subject: a URI or an e-mail address.
	Subject glob `yaml:"subject" oneof:"subject"`
	// SubjectRegexp is a regular expression (RE2) for the whole subject.
	SubjectRegexp pattern `yaml:"subjectRegexp" oneof:"subject"`
	// Certificate are globs of Fulcio's certificate extensions.
	Certificate *extensions `yaml:"certificate"`
}

// extensions are globs of the extensions of a Fulcio certificate, by the name
// that Fulcio's documentation gives them. All that are written must match.
type extensions struct {
	place
	BuildSignerURI                      glob `yaml:"buildSignerURI"`
	BuildSignerDigest                   glob `yaml:"buildSignerDigest"`
	RunnerEnvironment                   glob `yaml:"runnerEnvironment"`
	SourceRepositoryURI                 glob `yaml:"sourceRepositoryURI"`
	SourceRepositoryDigest              glob `yaml:"sourceRepositoryDigest"`
	SourceRepositoryRef                 glob `yaml:"sourceRepositoryRef"`
	SourceRepositoryIdentifier          glob `yaml:"sourceRepositoryIdentifier"`
	SourceRepositoryOwnerURI            glob `yaml:"sourceRepositoryOwnerURI"`
	SourceRepositoryOwnerIdentifier     glob `yaml:"sourceRepositoryOwnerIdentifier"`
	BuildConfigURI                      glob `yaml:"buildConfigURI"`
	BuildConfigDigest                   glob `yaml:"buildConfigDigest"`
	BuildTrigger                        glob `yaml:"buildTrigger"`
	RunInvocationURI                    glob `yaml:"runInvocationURI"`
	SourceRepositoryVisibilityAtSigning glob `yaml:"sourceRepositoryVisibilityAtSigning"`
	// The older extensions of GitHub's certificates.
	GithubWorkflowTrigger    glob `yaml:"githubWorkflowTrigger"`
	GithubWorkflowSHA        glob `yaml:"githubWorkflowSHA"`
	GithubWorkflowName       glob `yaml:"githubWorkflowName"`
	GithubWorkflowRepository glob `yaml:"githubWorkflowRepository"`
	GithubWorkflowRef        glob `yaml:"githubWorkflowRef"`
}

// imageException is a document of kind ImageException.
type imageException struct {
	place
	APIVersion text          `yaml:"apiVersion" need:"yes"`
	Kind       text          `yaml:"kind" need:"yes"`
	Metadata   metadata      `yaml:"metadata" need:"yes"`
	Spec       exceptionSpec `yaml:"spec" need:"yes"`
}

// exceptionSpec lifts requirements from images until a day.
type exceptionSpec struct {
	place
	// Images are globs of image names, with "@digest" to limit them to one.
	Images []imageGlob `yaml:"images" need:"yes"`
	// Policies are the names of policies.
	Policies []name `yaml:"policies" need:"yes"`
	// Requirements are the names of requirements of these policies.
	Requirements []name `yaml:"requirements" need:"yes"`
	// Until is when it ends: a date, through that day, or a time.
	Until end `yaml:"until" need:"yes"`
	// Reason is why, for the report.
	Reason text `yaml:"reason" need:"yes"`
	// ApprovedBy is who said so, for the report.
	ApprovedBy text `yaml:"approvedBy"`
}
