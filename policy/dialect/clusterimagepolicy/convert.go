package clusterimagepolicy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy/convert"
	"github.com/syncgate/syncgate/policy/document"
)

// Language converts ClusterImagePolicies. It implements convert.Language.
type Language struct{}

var _ convert.Language = Language{}

// Reads tells whether a document is one for this language.
func (Language) Reads(group, kind string) bool { return Reads(group, kind) }

// Convert writes one document as a native policy. A TrustRoot becomes none: the
// command line names trusted roots.
func (Language) Convert(file *document.File, doc document.Document) ([]convert.Policy, document.Problems) {
	reader := NewReader(document.Names{}, &document.Budget{}, nil, nil)
	if problems := reader.Read(file, doc); len(problems) > 0 {
		return nil, problems
	}
	_, kind := document.KindOf(doc.Root)
	if kind.Value == KindTrustRoot {
		return nil, nil
	}
	d := document.NewDecoder(file, &document.Budget{})
	d.Lenient = true
	var p clusterImagePolicy
	d.Decode(doc.Root, &p)
	w := &writer{Decoder: d, out: convert.Policy{Name: p.Metadata.Name.Value, From: "the ClusterImagePolicy at " + d.At(p.place), Warn: p.Spec.Mode.Value == "warn"}}
	w.write(p.Spec)
	return []convert.Policy{w.out}, nil
}

// writer writes one policy.
type writer struct {
	*document.Decoder
	out convert.Policy
}

func (w *writer) write(s spec) {
	if passes(s) && len(s.Match) == 0 && s.Policy == nil {
		w.allow(s)
		return
	}
	kinds, more := w.kinds(s)
	images := w.images(s)
	if w.out.Warn {
		images = narrowed(images)
	}
	w.out.Match = convert.Map("images", images, "kinds", kinds)
	if w.out.Warn && more {
		// What no policy is about does not run; what only this one is about
		// would.
		w.out.Warn = false
		w.out.Note("The policy only warns there. It enforces here, because it is about more than it was; write mode: warn again where that is right.")
	}
	var of []*yaml.Node
	for i, a := range s.Authorities {
		of = append(of, w.authority(a, i))
	}
	if len(of) > 1 {
		of = []*yaml.Node{convert.Map("name", "authorities", "anyOf", convert.Seq(of...))}
	}
	if s.Policy != nil {
		of = append(of, w.out.ByHand(w.At(s.Policy.place), programmed("what is asked of everything that was found", s.Policy)))
	}
	w.out.Require = of
}

// passes tells whether an authority lets every image run.
func passes(s spec) bool {
	return slices.ContainsFunc(s.Authorities, func(a authority) bool { return a.Static != nil && a.Static.Action.Value == "pass" })
}

// allow writes a policy that asks for nothing. It must not be about more than
// it was.
func (w *writer) allow(s spec) {
	w.out.Note("An authority lets every image run (static: pass), so that nothing is asked for. What others ask for is left out.")
	w.out.Match = convert.Map("images", narrowed(w.images(s)))
}

// narrowed are patterns for no more images than those of the tool.
func narrowed(images *yaml.Node) *yaml.Node {
	for _, n := range images.Content {
		if n.HeadComment != "" {
			n.Value, n.HeadComment = n.Value+":latest", ""
		}
	}
	return images
}

// images are the globs. Here a pattern without a tag is for all tags; there it
// is held against the whole reference.
func (w *writer) images(s spec) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, image := range s.Images {
		pattern := map[string]string{"*": "index.docker.io/library/*", "*/*": "index.docker.io/*/*"}[image.Glob.Value]
		if pattern == "" {
			pattern = image.Glob.Value
		}
		item := convert.List(pattern).Content[0]
		if last := pattern[strings.LastIndexByte(pattern, '/')+1:]; !strings.ContainsAny(last, ":*@") {
			convert.Comment(item, "there only as :latest or without a tag, here with any tag")
		}
		n.Content = append(n.Content, item)
	}
	return n
}

// kinds are the kinds of objects, and those that the cluster makes them of:
// images run in Pods, whatever made them. What is left out makes the policy one
// about more.
func (w *writer) kinds(s spec) (kinds *yaml.Node, more bool) {
	names := map[string][]string{
		"replicasets": {"Deployment", "ReplicaSet"}, "deployments": {"Deployment"}, "statefulsets": {"StatefulSet"},
		"daemonsets": {"DaemonSet"}, "jobs": {"CronJob", "Job"}, "cronjobs": {"CronJob"},
	}
	var list []string
	pods := false
	for _, m := range s.Match {
		found := names[m.Resource.Value]
		if m.Selector != nil || found == nil && m.Resource.Value != "pods" {
			w.out.Note("spec.match at %s is left out: the policy is about more here, objects of every kind and label.", w.At(m.place))
			return nil, true
		}
		list, pods = append(list, found...), pods || found == nil
	}
	if pods || list == nil {
		return nil, false
	}
	slices.Sort(list)
	return convert.List(slices.Compact(list)...), false
}

// authority is the requirement that an authority makes.
func (w *writer) authority(a authority, i int) *yaml.Node {
	name := w.out.Named(indexed(a.Name, i))
	if a.Static != nil {
		return w.out.ByHand(w.At(a.place), "an authority that decides without evidence (static: "+a.Static.Action.Value+") "+a.Static.Message.Value)
	}
	signers, lacking := w.signers(a, name)
	if lacking != "" {
		return w.out.ByHand(w.At(a.place), lacking)
	}
	var of []*yaml.Node
	for _, at := range a.Attestations {
		r := convert.Map("signers", convert.List(signers...), "predicateType", predicateURI(at.PredicateType.Value))
		if at.Policy != nil {
			// What nobody wrote yet is false of every statement.
			what := programmed("in CEL", at.Policy)
			w.out.Note("BY HAND: the expression of attestation %s of authority %s.", at.Name.Value, name)
			r = convert.Map("signers", convert.List(signers...), "predicateType", predicateURI(at.PredicateType.Value), "expression", "false")
			convert.Comment(r.Content[4], "BY HAND: %s", what)
			w.out.Left(w.At(at.place), "the "+at.Policy.Type.Value+" policy of attestation "+at.Name.Value)
		}
		of = append(of, convert.Map("name", w.out.Named(name+"."+at.Name.Value), "attestation", r))
	}
	switch len(of) {
	case 0:
		return convert.Map("name", name, "signature", convert.Map("signers", convert.List(signers...)))
	case 1:
		return of[0]
	}
	return convert.Map("name", name, "allOf", convert.Seq(of...))
}

// programmed says what a program says, for whoever writes it anew.
func programmed(what string, p *program) string {
	if p.Data.Value == "" {
		return fmt.Sprintf("write %s what the %s policy says, which is kept elsewhere", what, p.Type.Value)
	}
	return fmt.Sprintf("write %s what this %s policy says:\n%s", what, p.Type.Value, strings.TrimRight(p.Data.Value, "\n"))
}

// signers defines those of an authority, and names them. What keeps that from
// being said is told.
func (w *writer) signers(a authority, name string) (names []string, lacking string) {
	form := "simple-signing signatures and DSSE envelopes"
	if a.Format.Value == "bundle" {
		form = "Sigstore bundles"
	}
	w.out.Note("Authority %s takes %s alone there (signatureFormat). Every form of evidence counts here, by the same signers.", name, form)
	source, lacking := w.source(a)
	switch {
	case lacking != "":
		return nil, lacking
	case a.Key != nil && a.Format.Value == "bundle":
		return nil, "signatureFormat: bundle with a key, which syncgate does not honour"
	case a.Key != nil:
		return w.key(a, name, source)
	case a.Keyless.CACert != nil:
		return nil, "identities of the certificate authority of keyless.ca-cert (key: {x509: {roots: FILE, subject: …}})"
	}
	t, lacking := w.trusted(a, name)
	if lacking != "" {
		return nil, lacking
	}
	for i, id := range a.Keyless.Identities {
		if everybody(id.IssuerRegExp) || everybody(id.SubjectRegExp) {
			return nil, "identities that everybody has, which do not load here: name who may sign"
		}
		one := name
		if len(a.Keyless.Identities) > 1 {
			one = w.out.Named(fmt.Sprintf("%s-%d", name, i+1))
		}
		w.out.Signer(one, convert.Map("keyless", identityNode(id), "trustedRoot", t.root, "source", source,
			"requireTimestamp", when(t.stamped), "insecureIgnoreTransparencyLog", when(t.unlogged), "insecureIgnoreCertificateLog", when(a.Keyless.InsecureIgnoreSCT.Value)))
		names = append(names, one)
	}
	return names, ""
}

// trusted is what signatures must hold against.
type trusted struct {
	root     *yaml.Node
	stamped  bool
	unlogged bool
}

// trusted reads it of an authority. Where logs, timestamps and certificates are
// those of several trusted roots, that cannot be said.
func (w *writer) trusted(a authority, signer string) (t trusted, lacking string) {
	var refs []string
	add := func(ref text) {
		if ref.Value != "" && !slices.Contains(refs, ref.Value) {
			refs = append(refs, ref.Value)
		}
	}
	if a.Keyless != nil {
		add(a.Keyless.TrustRootRef)
	}
	if a.CTLog != nil {
		add(a.CTLog.TrustRootRef)
	}
	if a.Timestamp != nil {
		add(a.Timestamp.TrustRootRef)
		t.stamped, t.unlogged = true, true
	}
	switch len(refs) {
	case 0:
		return t, ""
	case 1:
		w.out.Note("Signer %s holds against the TrustRoot %s: write its trusted_root.json to a file, and name it on the command line: --trusted-root %s=FILE.", signer, refs[0], refs[0])
		t.root = optional(refs[0])
		return t, ""
	}
	return t, "an authority that rests on several trusted roots: " + strings.Join(refs, ", ")
}

func (w *writer) key(a authority, name string, source *yaml.Node) (names []string, lacking string) {
	k := a.Key
	if k.SecretRef != nil {
		return nil, "the key in the secret " + k.SecretRef.Name.Value + " (key: {file: FILE})"
	}
	logged := a.CTLog != nil && (a.CTLog.URL.Value != "" || a.CTLog.TrustRootRef.Value != "")
	t, lacking := w.trusted(a, name)
	if lacking != "" {
		return nil, lacking
	}
	logged = logged && !t.unlogged
	fields := convert.Map("key", convert.Map("pem", optional(k.Data.Value), "kms", optional(k.KMS.Value)), "trustedRoot", t.root, "source", source,
		"requireTimestamp", when(t.stamped), "insecureIgnoreTransparencyLog", when(!logged))
	if !logged {
		convert.Comment(fields.Content[len(fields.Content)-2], "a key without ctlog ignores the transparency log there; take this out if signatures are logged")
	}
	if hash := k.HashAlgorithm.Value; hash != "" && !strings.EqualFold(hash, "sha256") {
		w.out.Note("hashAlgorithm %s of signer %s is left out: signatures with every fit hash are tried here.", hash, name)
	}
	w.out.Signer(name, fields)
	return []string{name}, ""
}

// source is where the authority's signatures are kept.
func (w *writer) source(a authority) (*yaml.Node, string) {
	if len(a.Source) == 0 {
		return nil, ""
	}
	s := a.Source[0]
	if s.OCI.Value != "" && !strings.Contains(s.OCI.Value, "/") {
		return nil, "signatures that are kept in the registry " + s.OCI.Value + " under the images' own names (source: {repository: …})"
	}
	n := convert.Map("repository", optional(s.OCI.Value), "tagPrefix", optional(s.TagPrefix.Value))
	if len(n.Content) == 0 {
		return nil, ""
	}
	return n, ""
}

func optional(value string) *yaml.Node {
	if value == "" {
		return nil
	}
	return convert.List(value).Content[0]
}

// when is true, or nothing.
func when(on bool) *yaml.Node {
	if !on {
		return nil
	}
	return convert.Map("", true).Content[1]
}

// identityNode is a certificate identity. A subject that is exact there is a
// glob here.
func identityNode(id identity) *yaml.Node {
	subject := id.Subject.Value
	subjectRegexp := whole(id.SubjectRegExp)
	if strings.Contains(subject, "*") {
		subject, subjectRegexp = "", optional(regexp.QuoteMeta(subject))
	}
	return convert.Map("issuer", optional(id.Issuer.Value), "issuerRegexp", whole(id.IssuerRegExp), "subject", optional(subject), "subjectRegexp", subjectRegexp)
}

// everybody tells whether an expression matches texts that have nothing in
// common.
func everybody(p pattern) bool {
	return p.whole != nil && !slices.ContainsFunc([]string{"https://q.invalid/7/z", "7q@z.invalid", "spiffe://z.invalid/q"}, func(text string) bool { return !p.whole.MatchString(text) })
}

// whole is a regular expression that matches whole texts where another one
// matches somewhere in them.
func whole(p pattern) *yaml.Node {
	if p.Value == "" {
		return nil
	}
	body := strings.TrimSuffix(strings.TrimPrefix(p.Value, "^"), "$")
	if strings.HasPrefix(p.Value, "^") && strings.HasSuffix(p.Value, "$") && !strings.HasSuffix(p.Value, `\$`) && !strings.Contains(body, "|") {
		return optional(body)
	}
	return convert.Comment(optional("(?s:.*)(?:"+p.Value+")(?s:.*)"), "not anchored there; here a regular expression matches the whole text")
}
