// Package bounds holds every limit that syncgate puts on what it reads.
//
// All input is hostile: repositories, charts, manifests, registries and
// attestations. Each read, list and recursion names its limit from this file,
// so that the whole exposure can be reviewed on one page. A limit that is
// exceeded is never a pass: it becomes a finding that names the limit.
package bounds

import "time"

// Repositories and trees.
const (
	// TreeFiles is the number of files that one revision may hold.
	TreeFiles = 500_000
	// FileBytes is the size of one file that is read for rendering.
	FileBytes = 32 << 20
	// RenderedBytes is the size of what one unit may render to.
	RenderedBytes = 128 << 20
	// RenderedObjects is the number of objects that one unit may render to.
	RenderedObjects = 50_000
	// Units is the number of units that one revision may be made of.
	Units = 20_000
	// RenderTime is how long one unit may take to render.
	RenderTime = 60 * time.Second
	// YAMLDepth is how deeply a manifest may nest, aliases expanded.
	YAMLDepth = 200
	// YAMLNodes is the number of nodes of one manifest document, aliases
	// expanded.
	YAMLNodes = 2_000_000
	// YAMLTokens is the number of characters in one file that may start a
	// YAML node, counted before it is parsed.
	YAMLTokens = 4_000_000
	// EmbeddedBytes is the size of one string of an object that is read as a
	// document, and EmbeddedDepth how deeply strings in strings are.
	EmbeddedBytes = 2 << 20
	EmbeddedDepth = 4
	// RuleBytes is the size of a file of rules on where images stand, and
	// Rules the number of rules of each kind.
	RuleBytes = 1 << 20
	Rules     = 1000
	// Kustomizations is the number of kustomizations that one unit may load,
	// each counted as often as it is loaded.
	Kustomizations = 10_000
	// KustomizationBytes is the size of a kustomization file that a deployer
	// edits before it is built.
	KustomizationBytes = 4 << 20
	// Deployers is the number of deployer objects of one tree, each counted
	// once for each cluster, and DeployerDepth how deeply they may deploy each
	// other.
	Deployers     = 20_000
	DeployerDepth = 32
	// SourceDepth is how deeply sources may be made of each other.
	SourceDepth = 16
	// Substitutions is the number of variables that one object may name, and
	// VariableBytes the size of the value of one.
	Substitutions = 10_000
	VariableBytes = 16 << 10
	// RemoteBases is the number of repositories that one unit may fetch.
	RemoteBases = 64
	// ChartBytes is the size of one chart with its archives unpacked. It is
	// Helm's own limit.
	ChartBytes = 100 << 20
	// ChartDepth is how deeply the directories of a chart, and charts in
	// charts, may nest.
	ChartDepth = 32
	// ChartArchiveBytes is the size of one packed chart.
	ChartArchiveBytes = 32 << 20
	// ChartDependencies is the number of dependencies that one chart may
	// declare to have them fetched.
	ChartDependencies = 128
	// IndexBytes is the size of the index of one chart repository, and
	// IndexVersions the number of versions of charts that it may list.
	IndexBytes    = 48 << 20
	IndexVersions = 500_000
	// ChartTags is the number of tags of one chart in a registry, and
	// ChartTagPages that of the pages on which they are listed.
	ChartTags     = 100_000
	ChartTagPages = 1_000
	// ChartTime is how long fetching one chart may take.
	ChartTime = 50 * time.Second
	// ChartCacheBytes is the size of the charts that are kept on disk, and
	// ChartMemoBytes of those that one run keeps in memory.
	ChartCacheBytes = 1 << 30
	ChartMemoBytes  = 128 << 20
	// TemplateWork is how many bytes the templates of one chart may make,
	// intermediate ones counted, with something for each call and each turn
	// of a loop. The largest real charts take 11 MiB.
	TemplateWork = 512 << 20
	// TemplateDepth is how deeply templates may include each other. Helm
	// lets one template include itself 1000 times.
	TemplateDepth = 2_000
	// TemplateActions is the number of actions in one template.
	TemplateActions = 250_000
	// TemplateNesting is how deeply the control structures of one template
	// may nest, an else-if being one within the other.
	TemplateNesting = 250
	// ValueDepth is how deeply a value that a template prints may nest.
	ValueDepth = 1_000
	// LocatorRenders is how often a chart is rendered anew to find where its
	// images were written. Once is enough for most.
	LocatorRenders = 12
	// JsonnetTime is how long one Jsonnet file may take.
	JsonnetTime = 20 * time.Second
	// FetchTime is how long fetching one Git revision may take.
	FetchTime = 5 * time.Minute
	// FetchBytes is the size of what one Git server may send.
	FetchBytes = 4 << 30
	// FetchDepth is the number of generations of commits that are fetched to
	// find one that a server does not hand out by itself.
	FetchDepth = 1000
)

// Registries.
const (
	// ManifestBytes is the size of one image manifest or index. The
	// distribution specification asks registries for at least 4 MiB.
	ManifestBytes = 4 << 20
	// Platforms is the number of child manifests of one index.
	Platforms = 256
	// Referrers is the number of referrers of one digest that are looked at.
	Referrers = 256
	// ReferrerPages is the number of pages of one referrers list.
	ReferrerPages = 16
	// Layers is the number of layers of one signature or attestation manifest.
	Layers = 256
	// EvidenceBytes is the size of one signature payload, DSSE envelope or
	// bundle.
	EvidenceBytes = 32 << 20
	// ImageEvidenceBytes is the total size of the evidence of one digest in
	// one store, and ImageEvidenceTotal of that of an image and its platforms.
	ImageEvidenceBytes = 64 << 20
	ImageEvidenceTotal = 128 << 20
	// EvidenceAtOnce is the total size of the evidence of all images that are
	// verified at once. What one image has beyond SmallEvidence counts. An
	// image that waited for EvidenceWait is checked by itself in the end.
	EvidenceAtOnce = 64 << 20
	SmallEvidence  = 1 << 20
	EvidenceWait   = 5 * time.Second
	// RequestTime is how long one registry request may take.
	RequestTime = 20 * time.Second
	// RunTime is how long one run may take where nobody says otherwise.
	RunTime = 10 * time.Minute
	// ImageTime is how long one image may take, retries included, and Grace how
	// long after that it may take to say what it waited for.
	ImageTime = 60 * time.Second
	Grace     = time.Second
	// ProbeTime is how long an image waits for another one to find out whether
	// its registry has a referrers API.
	ProbeTime = time.Second
	// HostFailures is how many requests to one host may fail in a row, by
	// taking too long or without a connection, before a run gives up on it.
	HostFailures = 3
	// Retries is how often one request is tried again.
	Retries = 3
	// RetryAfter is the longest Retry-After that is waited for.
	RetryAfter = 20 * time.Second
	// RegistryRequests is the number of requests under way at once to one
	// registry.
	RegistryRequests = 64
	// ImagesAtOnce is the number of images that are verified at once.
	ImagesAtOnce = 64
	// Redirects is the number of redirects that one request follows.
	Redirects = 5
	// HandshakeBytes is the size of an answer that carries no evidence: an
	// error, a token, headers.
	HandshakeBytes = 64 << 10
	// CredentialTime is how long a credential helper may take.
	CredentialTime = 10 * time.Second
	// ImageItems is the number of signatures and attestations of one image.
	ImageItems = 512
	// ImageRequests is the number of requests under way at once for one image.
	ImageRequests = 8
	// RegistryCacheBytes is the size of the manifests and layers that are kept
	// on disk.
	RegistryCacheBytes = 1 << 30
	// MemoBytes is the size of what one run keeps of manifests, of blobs and of
	// each store's bundles, because another image may name them too.
	MemoBytes = 8 << 20
)

// Evidence and policy.
const (
	// Signatures is the number of signatures of one DSSE envelope.
	Signatures = 32
	// Subjects is the number of subjects of one in-toto statement.
	Subjects = 4096
	// LogEntries is the number of transparency-log entries of one bundle.
	LogEntries = 16
	// Timestamps is the number of RFC 3161 timestamps of one bundle.
	Timestamps = 16
	// ChainLength is the number of certificates that come with a signature.
	ChainLength = 16
	// TrustedRootBytes is the size of one Sigstore trusted root, and of one
	// file of a TUF repository.
	TrustedRootBytes = 4 << 20
	// TUFArchiveBytes and TUFArchiveFiles are the size of a TUF repository in an
	// archive, unpacked, and the number of its files.
	TUFArchiveBytes = 32 << 20
	TUFArchiveFiles = 10_000
	// TrustTime is how long fetching the trusted root may take: less than an
	// image has, so that it is told what it waited for.
	TrustTime = 40 * time.Second
	// JSONDepth is how deeply a JSON document may nest.
	JSONDepth = 200
	// CSAFProducts is how many products the vulnerabilities of one CSAF
	// document may name, those of groups counted each time.
	CSAFProducts = 2_000_000
	// Silenced is the number of vulnerabilities of one image that a report
	// lists as explained away by VEX.
	Silenced = 10_000
	// ExploitsBytes is the size of a catalogue of exploited vulnerabilities, or
	// of scores of how likely exploits are, decompressed; Exploits is the
	// number of their entries.
	ExploitsBytes = 64 << 20
	Exploits      = 2_000_000
	// PolicyBytes is the size of one policy file.
	PolicyBytes = 1 << 20
	// PolicyFiles is the number of policy files of one directory.
	PolicyFiles = 1000
	// PolicySetBytes is the size of all policy files together.
	PolicySetBytes = 16 << 20
	// PolicyDocuments is the number of YAML documents of one policy file.
	PolicyDocuments = 10_000
	// PolicyNodes is the number of values of all policy documents together,
	// aliases expanded.
	PolicyNodes = 200_000
	// PolicyDepth is how deeply a policy document may nest, aliases expanded.
	PolicyDepth = 40
	// PolicyProblemsKept is the number of problems of one policy document
	// that are kept, and PolicyProblems how many an error prints.
	PolicyProblemsKept = 1000
	PolicyProblems     = 50
	// ManagedKeys is the number of keys in key-management services that policies
	// may name, of which a few are asked for at once; ManagedKeyTime is how long
	// one of them may take.
	ManagedKeys       = 64
	ManagedKeysAtOnce = 8
	ManagedKeyTime    = 15 * time.Second
	// KeyBytes is the size of one public key file.
	KeyBytes = 64 << 10
	// ExpressionCost is what one evaluation of one expression may cost: the
	// bytes of a statement that it reads, the same ones twice counted twice,
	// with something more for every value and every turn of a loop.
	ExpressionCost = 512 << 20
	// ExpressionLength is the size of the source text of one expression.
	ExpressionLength = 16 << 10
	// ExpressionUses is the number of places where one image runs that an
	// expression which asks for the object is evaluated for.
	ExpressionUses = 256
	// ProgramLength is the size of the source text of one program of another
	// tool's policy, and ProgramInput that of what it is given.
	ProgramLength = 256 << 10
	ProgramInput  = 32 << 20
	// ProgramTime is how long one evaluation of a program may take, and
	// ProgramMemory what the process that it runs in may hold.
	ProgramTime   = 10 * time.Second
	ProgramMemory = 512 << 20
	// StatementsTried is the number of statements of one attestation that a
	// program is asked about, each by itself.
	StatementsTried = 16
	// ProgramsAtOnce is the number of these processes.
	ProgramsAtOnce = 2
	// ClockSkew is how far in the future a signed time may lie.
	ClockSkew = 5 * time.Minute
)

// Evidence that was saved.
const (
	// SnapshotBytes is the size of the contents of one snapshot, SnapshotBlobs
	// their number, and SnapshotRecordBytes the size of the list of them.
	SnapshotBytes       = 16 << 30
	SnapshotBlobs       = 1_000_000
	SnapshotRecordBytes = 256 << 20
	// SnapshotFileBytes is the size of its policies, keys and trusted roots
	// together, and of its objects.
	SnapshotFileBytes = 256 << 20
)

// Argo CD.
const (
	// PluginParameters is the size of the parameters of one application.
	PluginParameters = 1 << 20
	// PluginTime is how long the plugin may take: Argo CD waits for 60 s.
	PluginTime = 45 * time.Second
	// FilterBytes is the size of the manifests that a filter reads.
	FilterBytes = 128 << 20
	// ConditionLines is the number of lines that an application's condition
	// shows, and ConditionColumns how long each may be.
	ConditionLines   = 20
	ConditionColumns = 240
)

// Flux.
const (
	// ArtifactArchiveBytes is the size of one packed artifact of a source, and
	// ArtifactBytes that of what it unpacks to.
	ArtifactArchiveBytes = 128 << 20
	ArtifactBytes        = 256 << 20
	// ArtifactTime is how long fetching one may take.
	ArtifactTime = 2 * time.Minute
	// EventTime is how long telling notification-controller may take, and
	// MessageBytes how long what it is told may be.
	EventTime    = 15 * time.Second
	MessageBytes = 30_000
	// ConditionBytes is how long the message of a condition may be.
	ConditionBytes = 8_000
	// WatchedFiles is the number of files, and WatchedBytes their size, that
	// are looked at for whether policy or trust changed.
	WatchedFiles = 10_000
	WatchedBytes = 256 << 20
)

// Forges.
const (
	// ForgeBytes is the size of one answer of a forge.
	ForgeBytes = 8 << 20
	// ForgeRetryAfter is the longest that a forge's wish to wait is met.
	ForgeRetryAfter = 60 * time.Second
	// PublishTime is how long publishing one thing may take, retries included.
	PublishTime = 2 * time.Minute
	// AttachAtOnce is how many summaries are attached to images at once.
	AttachAtOnce = 8
	// CommentPages is the number of pages of comments that are looked through.
	CommentPages = 20
	// EventBytes is the size of the event that started a CI job.
	EventBytes = 32 << 20
)
