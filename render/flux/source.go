package flux

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// artifact says what a source holds. Nothing is read before it is rendered.
type artifact struct {
	// name is how a message calls the source.
	name string
	// url and reference are those of another repository; both are empty for
	// the tree itself.
	url, reference string
	// versions is a range of versions, in which the newest tag is meant.
	versions string
	spec     repositorySpec
	// whole tells that nothing of the files is left to be ignored.
	whole bool
	// includes are the artifacts that are copied into this one.
	includes []part
	// made are the parts of which an ArtifactGenerator makes it.
	made []part
	// generated tells that it is made of parts alone.
	generated bool
}

// part is a part of an artifact that is copied into another.
type part struct {
	artifact *artifact
	from, to string
	exclude  []string
	// contents tells that what a directory holds is copied, and into that it
	// is copied into a directory.
	contents, into bool
}

// isTree tells whether the files are those of the tree, under their names.
func (a *artifact) isTree() bool { return a.url == "" && !a.generated }

// dirs returns the directories of the tree that a directory of an artifact is
// made from.
func (a *artifact) dirs(dir string) []string {
	switch {
	case a == nil:
		return nil
	case a.isTree():
		return []string{dir}
	}
	var dirs []string
	for _, p := range a.made {
		to := p.to
		if !p.contents {
			to = path.Join(p.to, path.Base(p.from))
		}
		switch {
		case within(to, dir):
			rest := strings.TrimPrefix(strings.TrimPrefix(dir, to), "/")
			if to == "." {
				rest = dir
			}
			dirs = append(dirs, p.artifact.dirs(path.Join(p.from, rest))...)
		case within(dir, to):
			dirs = append(dirs, p.artifact.dirs(p.from)...)
		}
	}
	return dirs
}

// sources resolves the sources of an object.
type sources struct {
	w       *world
	d       *deployer
	cluster string
	// at is where the source is named.
	at       render.Origin
	problems []*render.Problem
	// open are the sources that are being resolved, for those that hold
	// themselves.
	open []string
}

func (s *sources) fail(p *render.Problem) *artifact {
	s.problems = append(s.problems, p)
	return nil
}

// object returns the one object of a name, or nil with a problem.
func (s *sources) object(apiVersion, kind, namespace, name string) *found {
	list := s.w.lookup(s.cluster, render.ObjectID{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name})
	switch len(list) {
	case 0:
		s.fail(hint(s.d.unseen(s.at, CodeSource, "%s %s/%s is not in the revision", kind, namespace, name),
			"commit the object, or name the directory that deploys it with --path"))
		return nil
	case 1:
		unknown := list[0].unknownFields(sourceFields(kind))
		s.problems = append(s.problems, unknown...)
		return list[0]
	}
	s.fail(hint(s.d.unseen(s.at, CodeSource, "%s %s/%s is in the revision more than once, at %s and %s", kind, namespace, name,
		list[0].object.Origin, list[1].object.Origin), "name the directories of one cluster with --path"))
	return nil
}

// resolve returns the artifact of a source, or nil with a problem.
func (s *sources) resolve(ref reference) *artifact {
	if ref.Namespace == "" {
		ref.Namespace = s.d.id.Namespace
	}
	name := fmt.Sprintf("%s %s/%s", ref.Kind, ref.Namespace, ref.Name)
	if len(s.open) > bounds.SourceDepth {
		return s.fail(s.d.unseen(s.at, CodeCycle, "sources are made of each other through more than %d: %s", bounds.SourceDepth, name))
	}
	s.open = append(s.open, name)
	defer func() { s.open = s.open[:len(s.open)-1] }()
	if held := s.w.options.Held.Source; held != "" && ref.Kind != "ExternalArtifact" {
		return s.held(name, held)
	}
	switch ref.Kind {
	case "GitRepository":
		return s.git(ref, name)
	case "OCIRepository", "Bucket":
		return s.mapped(ref, name)
	case "ExternalArtifact":
		return s.external(ref, name)
	}
	return s.fail(hint(s.d.unseen(s.at, CodeUnknownField, "source kind %q is not known", ref.Kind),
		"use GitRepository, OCIRepository, Bucket or ExternalArtifact"))
}

// git returns the artifact of a GitRepository.
func (s *sources) git(ref reference, name string) *artifact {
	id := render.ObjectID{APIVersion: sourceGroup + "/v1", Kind: "GitRepository", Namespace: ref.Namespace, Name: ref.Name}
	if ref.Name == "flux-system" && len(s.w.lookup(s.cluster, id)) == 0 {
		s.problems = append(s.problems, hint(s.d.notice(s.at, CodeSourceAssumed,
			"%s is not in the revision: it is taken for this repository, as flux bootstrap has it", name),
			"commit the object if it is another repository"))
		return &artifact{name: name}
	}
	f := s.object(sourceGroup+"/v1", "GitRepository", ref.Namespace, ref.Name)
	if f == nil {
		return nil
	}
	a := &artifact{name: name}
	if p := f.decode(&a.spec); p != nil {
		return s.fail(p)
	}
	for _, i := range a.spec.Include {
		below := s.resolve(reference{Kind: "GitRepository", Namespace: ref.Namespace, Name: i.Repository.Name})
		if below == nil {
			return nil
		}
		to := i.ToPath
		if to == "" {
			to = i.Repository.Name
		}
		a.includes = append(a.includes, part{artifact: below, from: cleanPath(i.FromPath), to: cleanPath(to)})
	}
	return s.place(f, a)
}

// place says where the files of a GitRepository are.
func (s *sources) place(f *found, a *artifact) *artifact {
	r := a.spec.Ref
	self := s.w.self[normalURL(a.spec.URL)]
	revision := s.w.tree.Revision.Commit
	switch {
	case self && r.Commit == "" && r.Name == "" && r.SemVer == "" && r.Tag == "":
		if s.w.adopted(a.spec.URL) {
			s.problems = append(s.problems, hint(f.notice(f.at("spec", "url"), CodeSourceAssumed,
				"its URL is taken for that of this repository, as flux bootstrap has it"), "nothing to do, unless it is another repository"))
		}
		return a
	case self && r.Commit != "" && r.Commit == revision:
		return a
	}
	a.url = a.spec.URL
	for _, reference := range []string{r.Commit, r.Name, r.SemVer, r.Tag, r.Branch} {
		if a.reference = reference; reference != "" {
			break
		}
	}
	if r.Commit == "" && r.Name == "" {
		a.versions = r.SemVer
	}
	if _, ok := s.w.options.mapped(a.url); ok && !self {
		return a
	}
	pinned := ""
	if self {
		pinned = " at " + a.reference + ", which need not be this revision"
	}
	if s.w.options.Fetcher == nil || !s.w.options.AllowRemote {
		return s.fail(hint(s.d.unseen(s.at, CodeSource, "%s is %s%s and remote sources are not allowed", a.name, redact(a.url), pinned),
			"allow them with --allow-remote, or map the URL to a checkout"))
	}
	return a
}

// mapped returns the artifact of a source that can only come from a map.
func (s *sources) mapped(ref reference, name string) *artifact {
	f := s.object(sourceGroup+"/v1", ref.Kind, ref.Namespace, ref.Name)
	if f == nil {
		return nil
	}
	a := &artifact{name: name}
	if p := f.decode(&a.spec); p != nil {
		return s.fail(p)
	}
	a.url = a.spec.URL
	if ref.Kind == "Bucket" {
		a.url = child(f.object.Node, "spec", "endpoint") + "/" + child(f.object.Node, "spec", "bucketName")
	}
	if _, ok := s.w.options.mapped(a.url); ok {
		return a
	}
	return s.fail(hint(s.d.unseen(s.at, CodeSource, "%s holds the artifact %s, which is not fetched", name, redact(a.url)),
		"map its URL to a checkout"))
}

// adopted tells whether a URL is only held to be that of the tree.
func (w *world) adopted(address string) bool {
	for _, known := range append([]string{w.tree.Revision.Repository}, w.options.Self...) {
		if normalURL(known) == normalURL(address) {
			return false
		}
	}
	return true
}

// mapped returns the checkout of a repository.
func (o *Options) mapped(address string) (fs.FS, bool) {
	if files, ok := o.Map[address]; ok {
		return files, true
	}
	for known, files := range o.Map {
		if normal := normalURL(known); normal != "" && normal == normalURL(address) {
			return files, true
		}
	}
	return nil, false
}

// scp is the form user@host:path of an address.
var scp = regexp.MustCompile(`^(?:[\w.-]+@)?([\w.-]+):([^/].*)$`)

// normalURL returns the host and path of the address of a repository, so that
// all ways of writing it are one, or "" for what is no address.
func normalURL(address string) string {
	address = strings.TrimSpace(address)
	if match := scp.FindStringSubmatch(address); match != nil && !strings.Contains(address, "://") {
		address = "ssh://" + match[1] + "/" + match[2]
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	name := strings.TrimSuffix(path.Clean("/"+u.Path), ".git")
	return strings.ToLower(u.Hostname()) + strings.TrimSuffix(name, "/")
}

// redact removes the credentials from an address.
func redact(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		u.User = nil
		return u.String()
	}
	return address
}
