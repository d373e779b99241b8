// Package dialect loads policies of every language: syncgate's own, and those
// of other tools as they are, mixed in the same files.
package dialect

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/convert"
	"github.com/syncgate/syncgate/policy/dialect/cel"
	"github.com/syncgate/syncgate/policy/dialect/clusterimagepolicy"
	"github.com/syncgate/syncgate/policy/dialect/cue"
	"github.com/syncgate/syncgate/policy/dialect/jmespath"
	"github.com/syncgate/syncgate/policy/dialect/kyverno"
	"github.com/syncgate/syncgate/policy/dialect/objects"
	"github.com/syncgate/syncgate/policy/dialect/rego"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
)

// Load reads policy files and directories of fsys; document.Read says which.
//
// The error is of type document.Problems and holds everything that is wrong
// in any of the files. A set without a policy is an error, and so is one that
// holds two policies of the same name, whatever their languages.
func Load(fsys fs.FS, names ...string) (policy.Set, error) { return LoadAll(Files{fsys, names}) }

// Files are policy files and directories of one file system. What they name,
// such as keys, is looked for there alone.
type Files struct {
	FS    fs.FS
	Names []string
}

// LoadAll is Load for the files of several file systems, as one set.
func LoadAll(sources ...Files) (policy.Set, error) {
	var set policy.Set
	var problems document.Problems
	var loaders []*loader
	var names []string
	shared := newShared()
	for _, source := range sources {
		l := shared.loader(source.FS)
		problems = append(problems, document.Read(source.FS, source.Names, l.read)...)
		loaders, names = append(loaders, l), append(names, source.Names...)
	}
	for _, l := range loaders {
		problems = append(problems, l.readPolicies()...)
		read := l.set()
		set.Policies, set.Exceptions = append(set.Policies, read.Policies...), append(set.Exceptions, read.Exceptions...)
	}
	if len(problems) == 0 && len(set.Policies) == 0 {
		problems = native.NoPolicy(names)
	}
	if len(problems) == 0 {
		for _, l := range loaders {
			problems = append(append(problems, l.native.Finish(set.Policies)...), l.sigstore.Finish()...)
		}
	}
	if len(problems) > 0 {
		return policy.Set{}, problems
	}
	return set, nil
}

// Serve runs the programs of policies, where this process was started for
// that. It must come first in every program that evaluates policies.
func Serve() (served bool) {
	if !sandbox.Asked() {
		return false
	}
	sandbox.Serve(map[string]sandbox.Language{
		cue.Language:      cue.Evaluate,
		rego.Language:     rego.Evaluate,
		jmespath.Language: jmespath.Evaluate,
		cel.Language:      cel.Evaluate,
	})
	return true
}

// loader hands each document to the reader of its language.
type loader struct {
	native   *native.Reader
	sigstore *clusterimagepolicy.Reader
	kyverno  *kyverno.Reader
	objects  *objects.Store
	// policies are what is read once all that they may refer to is known.
	policies []pending
}

// pending is a document that is yet to be read.
type pending struct {
	file *document.File
	doc  document.Document
}

// shared is what the loaders of one set have in common.
type shared struct {
	policies document.Names
	budget   *document.Budget
	programs *sandbox.Pool
	objects  *objects.Store
	// exceptions are those of Kyverno.
	exceptions *kyverno.Exceptions
}

func newShared() shared {
	budget := &document.Budget{}
	return shared{document.Names{}, budget, sandbox.New(), objects.New(budget), &kyverno.Exceptions{}}
}

func (s shared) loader(fsys fs.FS) *loader {
	return &loader{
		native:   native.NewReader(fsys, s.policies, s.budget),
		sigstore: clusterimagepolicy.NewReader(s.policies, s.budget, s.programs, s.objects),
		kyverno:  kyverno.NewReader(s.policies, s.budget, s.programs, s.objects).With(s.exceptions),
		objects:  s.objects,
	}
}

// read reads what policies refer to, wherever it stands, and keeps the policies
// for later.
func (l *loader) read(file *document.File, doc document.Document) document.Problems {
	version, kind := document.KindOf(doc.Root)
	if version != nil && kind != nil {
		group, _, _ := strings.Cut(version.Value, "/")
		switch {
		case objects.Reads(version.Value, kind.Value):
			return l.objects.Read(file, doc)
		case kyverno.ReadsException(group, kind.Value):
			return l.kyverno.ReadException(file, doc)
		}
	}
	l.policies = append(l.policies, pending{file, doc})
	return nil
}

// readPolicies reads the policies.
func (l *loader) readPolicies() document.Problems {
	var problems document.Problems
	for _, p := range l.policies {
		problems = append(problems, l.readPolicy(p.file, p.doc)...)
	}
	return problems.Sorted()
}

func (l *loader) readPolicy(file *document.File, doc document.Document) document.Problems {
	version, kind := document.KindOf(doc.Root)
	if version == nil || kind == nil {
		return l.native.Read(file, doc)
	}
	group, _, _ := strings.Cut(version.Value, "/")
	if clusterimagepolicy.Reads(group, kind.Value) {
		return l.sigstore.Read(file, doc)
	}
	if kyverno.Reads(group, kind.Value) {
		return l.kyverno.Read(file, doc)
	}
	if !strings.HasPrefix(native.APIVersion, group+"/") {
		return document.Problems{file.Problem(kind.Line, kind.Column, fmt.Sprintf(
			"kind %s of %s is no policy that is read: want ImagePolicy or ImageException of syncgate.dev, ClusterImagePolicy or TrustRoot of policy.sigstore.dev, or ClusterPolicy, Policy, ImageValidatingPolicy or PolicyException of Kyverno",
			document.Quote(kind.Value), document.Quote(version.Value)))}
	}
	return l.native.Read(file, doc)
}

// set is everything that was read, in the order of the files within each
// language.
func (l *loader) set() policy.Set {
	set := l.native.Set
	set.Policies = append(set.Policies, l.sigstore.Policies...)
	set.Policies = append(set.Policies, l.kyverno.Policies...)
	return set
}

// Convertible are the languages whose policies can be written natively.
func Convertible() []convert.Language {
	return []convert.Language{clusterimagepolicy.Language{}, kyverno.Language{}}
}
