package argocd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// spec is what a source of kind render.ArgoCD carries.
type spec struct {
	app application
	// at is the source as the Application has it.
	at cursor
	// refs are the sources of the Application that have a name to refer to.
	refs map[string]source
	// problems are those of the Application, told with its first source.
	problems []render.Problem
}

// job is the rendering of one source.
type job struct {
	*decoder
	deployer *Deployer
	tree     render.Tree
	spec     *spec
	source   source
	from     checkout
	// dir is the directory of the source in from, without symlinks.
	dir   string
	env   environment
	files *overlay
	move  *relocation
	// unedited tells that options could not be applied to a kustomization.
	unedited bool
	// manifestBytes is the size of the manifests of a directory so far.
	manifestBytes int
	objects       []render.Object
}

// Render renders a source that Expand made.
func (a *Deployer) Render(ctx context.Context, tree render.Tree, from render.Source) ([]render.Object, error) {
	s, ok := from.Spec.(*spec)
	if from.Kind != render.ArgoCD || !ok {
		return nil, &render.Problem{
			Code: render.CodeFailed, Message: fmt.Sprintf("cannot render %s %s: it is not a source of an Application", from.Kind, from.Path),
		}
	}
	j := &job{
		decoder: &decoder{id: s.app.id, problems: slices.Clone(s.problems)}, deployer: a, tree: tree, spec: s,
	}
	j.source = readSource(s.at, j.decoder)
	if j.open(ctx) && (a.options.Plugin != nil || j.override()) {
		j.render(ctx)
	}
	for i := range j.problems {
		if j.problems[i].Object == (render.ObjectID{}) {
			j.problems[i].Object = s.app.id
		}
	}
	return j.objects, render.Join(j.problems)
}

// open finds the files of the source and its directory.
func (j *job) open(ctx context.Context) bool {
	s := j.source
	if s.repoURL.text == "" {
		j.fail(s.at, CodeField, "source has no repoURL", "name the repository")
		return false
	}
	commit, ok := "", true
	switch {
	case j.deployer.options.Plugin != nil:
		j.from = checkout{fs: j.tree.FS, commit: j.tree.Revision.Commit}
		ok = j.openDirectory()
	case s.isOCI():
		ok = j.openArtifact(ctx) && j.openDirectory()
	case s.chart.text != "":
		ok = j.openChart(ctx)
	default:
		var problem *render.Problem
		if j.from, problem = j.deployer.repositories.find(ctx, j.tree, s); problem != nil {
			problem.Message = j.id.String() + ": " + problem.Message
			j.problems = append(j.problems, *problem)
			return false
		}
		ok = j.openDirectory()
	}
	commit = j.from.commit
	j.env = newEnvironment(j.spec.app, j.instance(), s, commit)
	if plugin := j.deployer.options.Plugin; plugin != nil {
		maps.Copy(j.env.values, plugin.Environment)
	}
	if name := j.spec.app.at.at("metadata", "namespace").text(); j.deployer.options.Namespace == "" && name != "" && name != "argocd" {
		j.env.unknown["ARGOCD_APP_NAME"] = "it depends on whether Argo CD runs in namespace " + name
	}
	j.files, j.move = newOverlay(j.from.fs), newRelocation(j.from)
	return ok
}

// instance is the name of the Application as Argo CD has it: with the
// namespace if it is not that of Argo CD itself.
func (j *job) instance() string {
	own, name := j.deployer.options.Namespace, j.spec.app.at.at("metadata", "name").text()
	if namespace := j.spec.app.at.at("metadata", "namespace").text(); own != "" && namespace != "" && namespace != own {
		return namespace + "_" + name
	}
	return name
}

// openArtifact fetches an OCI artifact. Argo CD takes every repoURL that begins
// with oci:// for one, even beside the name of a chart.
func (j *job) openArtifact(ctx context.Context) bool {
	s := j.source
	shown, revision := redact(s.repoURL.text), s.revision.text
	if revision == "" {
		j.fail(s.repoURL.at, CodeField, "source "+shown+" is an OCI artifact without a targetRevision", "name a tag or a digest")
		return false
	}
	hint := "check that it exists and can be read"
	if s.chart.text != "" {
		hint = "Argo CD takes an oci:// URL for the artifact itself: of a chart in a registry, write repoURL without oci://"
	}
	if files, ok := j.deployer.repositories.maps[normalURL(s.repoURL.text)]; ok {
		j.from = checkout{fs: files, url: shown}
		return true
	}
	if j.deployer.options.Charts == nil {
		j.unseen(s.repoURL.at, CodeChart, fmt.Sprintf("artifact %s at %s is not at hand", shown, revision), "fetch it with --allow-remote, or give what it holds with --map "+shown+"=DIR")
		return false
	}
	files, digest, err := j.deployer.options.Charts.Artifact(ctx, s.repoURL.text, revision)
	if err == nil && files == nil {
		err = errors.New("the fetcher returned no files")
	}
	for _, p := range render.Problems(err) {
		j.unseen(s.repoURL.at, CodeChart, fmt.Sprintf("artifact %s at %s cannot be fetched: %s", shown, revision, redactAll(p.Message)), hint)
		last := &j.problems[len(j.problems)-1]
		last.Severity, last.Retryable = p.Severity, p.Retryable
		if p.Hint != "" && s.chart.text == "" {
			last.Hint = p.Hint
		}
	}
	j.from = checkout{fs: files, commit: digest, url: shown}
	return err == nil
}

// openChart fetches a chart.
func (j *job) openChart(ctx context.Context) bool {
	s := j.source
	name := s.chart.text
	if j.deployer.options.Charts == nil {
		j.unseen(s.chart.at, CodeChart, fmt.Sprintf("chart %s %s of %s is not at hand", name, s.revision.text, redact(s.repoURL.text)),
			"fetch it with --allow-remote, or commit the chart to the repository")
		return false
	}
	files, chosen, err := j.deployer.options.Charts.Chart(ctx, s.repoURL.text, name, s.revision.text)
	if err != nil {
		j.chartFailed(err)
		return false
	}
	if files == nil {
		j.chartFailed(errors.New("the fetcher returned no files"))
		return false
	}
	j.from = checkout{fs: files, commit: chosen, url: strings.TrimSuffix(redact(s.repoURL.text), "/") + "/" + name}
	j.dir = "."
	return true
}

// chartFailed tells why a chart could not be fetched.
func (j *job) chartFailed(err error) {
	s := j.source
	for _, p := range render.Problems(err) {
		why := redactAll(p.Message)
		if !strings.HasPrefix(why, "chart "+s.chart.text) {
			why = fmt.Sprintf("chart %s %s of %s cannot be fetched: %s", s.chart.text, s.revision.text, redact(s.repoURL.text), why)
		}
		j.unseen(s.chart.at, CodeChart, why,
			"check that the chart and the version exist and can be read")
		last := &j.problems[len(j.problems)-1]
		last.Severity, last.Retryable = p.Severity, p.Retryable
		if p.Hint != "" {
			last.Hint = p.Hint
		}
	}
}

// openDirectory finds the directory of the source.
func (j *job) openDirectory() bool {
	at := j.source.path
	place := at.at
	if place.in == nil {
		place = j.source.at
	}
	if path.IsAbs(at.text) {
		j.fail(place, CodePath, fmt.Sprintf("path %q is absolute", at.text), "name a directory by its path from the root of the repository")
		return false
	}
	name := cleanPath(at.text)
	dir, err := realPath(j.from.fs, name)
	if err == nil {
		var info fs.FileInfo
		if info, err = fs.Stat(j.from.fs, dir); err == nil && !info.IsDir() {
			err = errors.New("not a directory")
		}
	}
	if err != nil {
		j.fail(place, CodePath, fmt.Sprintf("path %q of %s: %v", at.text, redact(j.source.repoURL.text), plainError(err)),
			"name a directory by its path from the root of the repository; if only a part of the repository is verified, verify its root")
		return false
	}
	j.dir = dir
	return true
}

// plainError is an error without the path that it happened at.
func plainError(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

// realPath follows the symlinks of a directory. Nothing leads out of the tree.
func realPath(fsys fs.FS, name string) (string, error) {
	const links = 40
	rest, done := strings.Split(name, "/"), "."
	for followed := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		if part == ".." && done == "." {
			return "", errors.New("leads out of the repository")
		}
		next := path.Join(done, part)
		info, err := fs.Lstat(fsys, next)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		target, err := fs.ReadLink(fsys, next)
		if followed++; err != nil || path.IsAbs(target) || followed > links {
			return "", errors.New("a symlink leads out of the repository")
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return done, nil
}

// read returns the content of a file of the source's checkout.
func (j *job) read(name string) ([]byte, error) {
	file, err := j.from.fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, bounds.FileBytes+1))
	if err == nil && len(data) > bounds.FileBytes {
		err = fmt.Errorf("file has more than %d bytes", bounds.FileBytes)
	}
	return data, err
}

// expand puts in the variables of the build environment.
func (j *job) expand(v value) string {
	text, unknown := j.env.expand(v.text)
	for _, name := range unknown {
		j.unseen(v.at, CodeVariable, fmt.Sprintf("%s depends on $%s, whose value is not known: %s", v.at.name(), name, j.env.unknown[name]),
			"verify a revision rather than a directory, or say where Argo CD runs")
	}
	return text
}

// render chooses the tool and renders.
func (j *job) render(ctx context.Context) {
	tools := j.source.tools()
	if len(tools) > 1 {
		j.fail(j.source.at, CodeField, "multiple application sources defined: "+strings.Join(tools, ","), "name one tool")
		return
	}
	tool := ""
	if len(tools) == 1 {
		tool = tools[0]
	} else {
		tool = j.discover()
	}
	switch tool {
	case "Plugin":
		name := j.source.plugin.text
		if name == "" {
			name = "that Argo CD chooses"
		}
		j.unseen(j.source.pluginAt, CodePlugin, "source is rendered by the plugin "+name+", which is never run",
			"verify what the plugin renders to, as the plugin's own gate or from a hydrated branch")
	case "Helm":
		j.renderHelm(ctx)
	case "Kustomize":
		j.renderKustomize(ctx)
	default:
		j.renderDirectory(ctx)
	}
}

// discover chooses the tool of a source that names none, by the files of its
// directory in the order of their names: the last that tells wins
// (util/app/discovery).
func (j *job) discover() string {
	entries, err := fs.ReadDir(j.from.fs, j.dir)
	if err != nil {
		return "Directory"
	}
	tool := "Directory"
	for _, entry := range entries {
		switch name := entry.Name(); {
		case entry.IsDir():
		case strings.HasSuffix(name, "Chart.yaml"):
			tool = "Helm"
		case name == "kustomization.yaml", name == "kustomization.yml", name == "Kustomization":
			tool = "Kustomize"
		}
	}
	return tool
}

// with renders by another renderer, from the overlay.
func (j *job) with(ctx context.Context, s render.Source) []render.Object {
	renderer := j.deployer.options.Renderers[s.Kind]
	if renderer == nil {
		j.unseen(j.source.at, render.CodeNoRenderer, fmt.Sprintf("nothing renders sources of kind %q", s.Kind), "")
		return nil
	}
	objects, err := renderer.Render(ctx, render.Tree{FS: j.files, Revision: j.tree.Revision}, s)
	problems := render.Problems(err)
	for i := range problems {
		if problems[i].Origin.File == "" {
			problems[i].Origin.File = j.dir
		}
	}
	j.move.problems(problems)
	j.move.objects(objects)
	j.problems = append(j.problems, problems...)
	return objects
}

// encode returns the text of a node.
func encode(node *yaml.Node) ([]byte, error) { return yaml.Marshal(node) }
