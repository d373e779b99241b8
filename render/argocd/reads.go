package argocd

import (
	"context"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/syncgate/syncgate/render"
)

var _ render.Reader = (*Deployer)(nil)

// Reads implements render.Reader.
func (a *Deployer) Reads(tree render.Tree, unit render.Unit) (render.Reads, bool) {
	var reads render.Reads
	var fetches []func(context.Context) (fs.FS, error)
	for i, from := range unit.Sources {
		s, ok := from.Spec.(*spec)
		if !ok {
			return render.Reads{}, false
		}
		if i == 0 {
			reads.Text = s.text()
		}
		r := reading{job: &job{decoder: &decoder{id: s.app.id}, deployer: a, tree: tree, spec: s}, reads: &reads}
		r.source = readSource(s.at, r.decoder)
		if !r.all() {
			return render.Reads{}, false
		}
		if r.fetch != nil {
			fetches = append(fetches, r.fetch)
		}
	}
	if len(fetches) > 0 {
		reads.Fetch = func(ctx context.Context) ([]fs.FS, error) { return fetchAll(ctx, fetches) }
	}
	// What is put in for it differs from revision to revision.
	return reads, len(unit.Sources) > 0 && !strings.Contains(reads.Text, "ARGOCD_APP_REVISION")
}

func fetchAll(ctx context.Context, fetches []func(context.Context) (fs.FS, error)) ([]fs.FS, error) {
	var trees []fs.FS
	for _, fetch := range fetches {
		tree, err := fetch(ctx)
		if err != nil {
			return nil, err
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

// text is what an Application says, however it is written. Of its metadata only
// the names are read.
func (s *spec) text() string {
	var text strings.Builder
	for _, at := range []cursor{s.app.at.at("metadata", "name"), s.app.at.at("metadata", "namespace"), s.app.at.at("spec")} {
		writeCanonical(&text, at.node)
		text.WriteByte('\n')
	}
	for _, p := range s.problems {
		text.WriteString(p.Code + " " + p.Message + "\n")
	}
	return text.String()
}

// reading gathers what one source reads.
type reading struct {
	*job
	reads *render.Reads
	fetch func(context.Context) (fs.FS, error)
}

// all adds what the source reads, and tells whether that is known.
func (r *reading) all() bool {
	s := r.source
	charts := r.deployer.options.Charts
	switch {
	case s.isOCI():
		return false
	case s.chart.text != "":
		if charts != nil {
			r.fetch = func(ctx context.Context) (fs.FS, error) {
				chart, _, err := charts.Chart(ctx, s.repoURL.text, s.chart.text, s.revision.text)
				return chart, err
			}
		}
		r.dir = "."
		return r.helm(false)
	}
	r.dir = cleanPath(s.path.text)
	if !r.own(s) || !fs.ValidPath(r.dir) {
		return false
	}
	entries, err := fs.ReadDir(r.tree.FS, r.dir)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".argocd-source") {
			return false
		}
	}
	r.reads.Dirs = append(r.reads.Dirs, r.dir)
	return r.helm(true) && r.kustomize() && (s.directory == nil || len(s.directory.libs) == 0)
}

// own tells whether a source is the tree, whatever commit that is.
func (r *reading) own(s source) bool {
	name := s.revision.text
	return r.deployer.repositories.isSelf(r.tree, s.repoURL.text) && !commitID.MatchString(name) && !shortID.MatchString(name) &&
		r.deployer.repositories.follows(r.tree, s.revision, s.tagPrefix.text)
}

// helm adds the files that values come from. Those of a chart that is fetched
// are not in the tree.
func (r *reading) helm(inTree bool) bool {
	if r.source.helm == nil {
		return true
	}
	names := append([]value{}, r.source.helm.valueFiles...)
	for _, p := range r.source.helm.fileParameters {
		names = append(names, p.value)
	}
	r.env = newEnvironment(r.spec.app, r.instance(), r.source, "")
	for _, v := range names {
		dir, inside, name := r.dir, inTree, v.text
		ref, rest, _ := strings.Cut(name, "/")
		if other, isRef := r.spec.refs[ref]; isRef {
			if !r.own(other) {
				return false
			}
			dir, inside, name = ".", true, "/"+rest
		}
		name, _ = r.env.expand(name)
		if u, err := url.Parse(name); isGlob(name) || err == nil && u.Scheme != "" {
			return false
		}
		if path.IsAbs(name) {
			dir = "."
		}
		if inside {
			r.reads.Files = append(r.reads.Files, path.Join(dir, name))
		}
	}
	return true
}

// kustomize adds what is added to a kustomization.
func (r *reading) kustomize() bool {
	if r.source.kustomize == nil {
		return true
	}
	for _, c := range r.source.kustomize.components {
		if isGlob(c.text) {
			return false
		}
		r.reads.Dirs = append(r.reads.Dirs, path.Join(r.dir, c.text))
	}
	for _, p := range r.source.kustomize.patches {
		if name := p.at("path").text(); name != "" {
			r.reads.Files = append(r.reads.Files, path.Join(r.dir, name))
		}
	}
	return true
}
