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
func Load(fsys fs.FS, names ...string) (policy.Set, error) {
	l := newLoader(fsys)
	problems := document.Read(fsys, names, l.read)
	set := l.set()
	if len(problems) == 0 && len(set.Policies) == 0 {
		problems = native.NoPolicy(names)
	}
	if len(problems) == 0 {
		problems = append(l.native.Finish(set.Policies), l.sigstore.Finish()...)
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
}

func newLoader(fsys fs.FS) *loader {
	policies, budget, programs := document.Names{}, &document.Budget{}, sandbox.New()
	return &loader{
		native:   native.NewReader(fsys, policies, budget),
		sigstore: clusterimagepolicy.NewReader(policies, budget, programs),
		kyverno:  kyverno.NewReader(policies, budget, programs),
	}
}

func (l *loader) read(file *document.File, doc document.Document) document.Problems {
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
			"kind %s of %s is no policy that is read: want ImagePolicy or ImageException of syncgate.dev, ClusterImagePolicy or TrustRoot of policy.sigstore.dev, or ClusterPolicy, Policy or ImageValidatingPolicy of Kyverno",
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
	return []convert.Language{clusterimagepolicy.Language{}}
}
