package kustomize

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/syncgate/syncgate/render"
)

// serve returns a file as kustomize gets to see it.
func (p *plan) serve(name string) ([]byte, error) {
	if err := p.sealed(name); err != nil {
		return nil, err
	}
	file, data, err := p.files.read(name)
	if err != nil {
		return nil, err
	}
	if served, ok := p.served[file]; ok {
		return served, nil
	}
	uses := p.uses[file]
	if len(uses) == 0 || slices.ContainsFunc(uses, func(u use) bool { return u != useData }) {
		if problem := tooLarge(file, data); problem != nil {
			return nil, p.files.refuse(problem)
		}
	}
	if len(uses) > 0 && !slices.ContainsFunc(uses, func(u use) bool { return u != useResource }) {
		return p.tracer.mark(file, data), nil
	}
	return bytes.Clone(data), nil
}

// sealed refuses a kustomization that was not checked.
func (p *plan) sealed(name string) error {
	if !slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(name)) {
		return nil
	}
	file, _, err := p.files.resolve(name)
	if err != nil || p.checked[file] || p.uses[file] != nil {
		return nil
	}
	return p.files.refuse(&render.Problem{
		Code: CodeFailed, Severity: render.Unseen, Origin: render.Origin{File: name},
		Message: "kustomization was not checked for remote entries before it was built",
		Hint:    "list its directory under resources or components",
	})
}

// show is a name as users know it: relative to the root of the repository, or
// the URL of a repository that was fetched, at its commit.
func (p *plan) show(name string) string {
	if url := p.urls[name]; url != "" {
		return url
	}
	mount, ok := mountOf(name)
	if !ok {
		return name
	}
	inside := strings.TrimPrefix(strings.TrimPrefix(name, mount), "/")
	if r, ok := p.remotes[mount]; ok {
		return redact(r.repository) + "//" + inside + "?ref=" + r.commit
	}
	if inside == "" {
		return "."
	}
	return inside
}
