package flux

import (
	"context"
	"path"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// kustomization is the Source.Spec of a Kustomization.
type kustomization struct {
	parent
	spec     kustomizationSpec
	artifact *artifact
	problems []*render.Problem
}

// kustomization renders what a Kustomization deploys, in the order of
// kustomize-controller's own steps: a kustomization file is made or edited,
// built, its objects' variables are filled in, and metadata set.
func (r *Renderer) kustomization(ctx context.Context, tree render.Tree, source render.Source, k *kustomization) ([]render.Object, error) {
	problems := problemsOf(k.problems)
	fail := func(p *render.Problem) ([]render.Object, error) {
		return nil, render.Join(append(problems, *p))
	}
	if k.artifact == nil {
		return nil, render.Join(problems)
	}
	in, err := r.files(ctx, tree, k.artifact)
	if err != nil {
		return fail(k.blame(err, k.at("spec", "sourceRef", "name")))
	}
	dir, problem := k.deployer.directory(k.artifact, in, k.spec.Path, k.at("spec", "path"))
	if problem != nil {
		return fail(problem)
	}
	file, problem := k.generate(in, dir)
	if problem != nil {
		return fail(problem)
	}
	objects, more := r.build(ctx, tree, source, in, file)
	problems = append(problems, more...)
	if file.older != nil {
		others, more := r.build(ctx, tree, source, in, file.older)
		objects = append(objects, differing(others, objects)...)
		problems = append(append(problems, more...), *hint(k.notice(k.at("spec", "images"), CodeImages,
			"images of the same name are in its kustomization file: older versions of Flux replace them as a whole, newer ones field by field: both are looked at"),
			"write newName, and newTag or digest, in spec.images too"))
	}
	objects, more = r.postBuild(ctx, k, objects)
	problems = append(problems, more...)
	for i := range objects {
		k.finish(&objects[i])
	}
	return objects, render.Join(problems)
}

// build builds the kustomization file that was made or edited.
func (r *Renderer) build(ctx context.Context, tree render.Tree, source render.Source, in files, file *generated) (objects []render.Object, problems []render.Problem) {
	made, err := r.kustomize.Render(ctx, render.Tree{FS: file.over(in), Revision: tree.Revision}, render.Source{
		Kind: render.Kustomize, Path: path.Dir(file.name), AllowRemote: source.AllowRemote, Load: render.LoadTree,
	})
	for _, p := range render.Problems(err) {
		p.Origin = file.place(in, p.Origin)
		problems = append(problems, p)
	}
	for _, object := range made { // copied: the others may be the locators' own
		object.Origin = file.place(in, object.Origin)
		object.Locator = relocated{object.Locator, func(o render.Origin) render.Origin { return file.place(in, o) }}
		objects = append(objects, object)
	}
	return objects, problems
}

// finish sets the metadata of an object that its controller sets.
func (k *kustomization) finish(object *render.Object) {
	setMetadata(object.Node, "labels", map[string]string{
		kustomizeGroup + "/name": k.id.Name, kustomizeGroup + "/namespace": k.id.Namespace,
	})
	if common := k.spec.CommonMetadata; common != nil {
		setMetadata(object.Node, "labels", common.Labels)
		setMetadata(object.Node, "annotations", common.Annotations)
	}
}

// differing returns the objects that are not among others.
func differing(objects, others []render.Object) (different []render.Object) {
	known := map[string]bool{}
	for _, object := range others {
		text, _ := printed(object.Node)
		known[text] = true
	}
	for _, object := range objects {
		if text, err := printed(object.Node); err != nil || !known[text] {
			different = append(different, object)
		}
	}
	return different
}

// blame gives a problem that has no place the place given.
func (d *deployer) blame(err error, at render.Origin) *render.Problem {
	p := *d.asProblem(err)
	if p.Origin.File == "" {
		p.Origin = at
	}
	return &p
}

func problemsOf(list []*render.Problem) []render.Problem {
	var problems []render.Problem
	for _, p := range list {
		problems = append(problems, *p)
	}
	return problems
}

// relocated is a locator whose places are those of an overlay.
type relocated struct {
	render.Locator
	place func(render.Origin) render.Origin
}

// Locate implements render.Locator.
func (l relocated) Locate(id render.ObjectID, field render.Field, value string) render.Origin {
	return l.place(l.Locator.Locate(id, field, value))
}

// generated is a file that stands for another, or for none.
type generated struct {
	name string
	// older is the file that older versions of Flux make, where it differs.
	older *generated
	text  []byte
	// lines are the places of its lines.
	lines map[int]func() render.Origin
	// otherwise is the place of all other lines.
	otherwise render.Origin
}

// over returns the files with the generated one among them.
func (g *generated) over(in files) files {
	return &overlay{base: in, added: map[string][]byte{g.name: g.text}}
}

// place returns where an origin in the files really is.
func (g *generated) place(in files, o render.Origin) render.Origin {
	if o.File != g.name {
		if o.File != "" && !isURL(o.File) {
			o.File = in.show(o.File)
		}
		return o
	}
	line := o.Line
	for ; line > 0; line-- {
		if find, ok := g.lines[line]; ok {
			at := find()
			if line != o.Line && at.Line > 0 {
				at.Line, at.Column = at.Line+o.Line-line, 0
			}
			return at
		}
	}
	return g.otherwise
}

// isURL tells of the place of a file in a repository that kustomize fetched.
func isURL(name string) bool {
	for _, scheme := range []string{"https://", "http://", "ssh://", "git@"} {
		if len(name) > len(scheme) && name[:len(scheme)] == scheme {
			return true
		}
	}
	return false
}

// setMetadata sets labels or annotations of an object. What others may share
// is copied first.
func setMetadata(object *yaml.Node, field string, values map[string]string) {
	if len(values) == 0 || object.Kind != yaml.MappingNode {
		return
	}
	meta := ownChild(object, "metadata")
	into := ownChild(meta, field)
	for _, key := range sortedKeys(values) {
		setScalar(into, key, values[key])
	}
}

// ownChild returns the mapping under a key, made or copied so that changing it
// changes no other object.
func ownChild(node *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != key {
			continue
		}
		own := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if old := node.Content[i+1]; old.Kind == yaml.MappingNode {
			own.Line, own.Column = old.Line, old.Column
			own.Content = append([]*yaml.Node{}, old.Content...)
		}
		node.Content[i+1] = own
		return own
	}
	own := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	node.Content = append(node.Content, scalar(key), own)
	return own
}

func setScalar(node *yaml.Node, key, value string) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			node.Content[i+1] = scalar(value)
			return
		}
	}
	node.Content = append(node.Content, scalar(key), scalar(value))
}

// scalar returns a string.
func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// kustomizationNames are the names of kustomization files, in the order in
// which they are looked for.
func kustomizationNames() []string {
	return []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}
}

// kustomizationFile returns the name of the kustomization file of a directory,
// or "".
func kustomizationFile(in files, dir string) string {
	for _, name := range kustomizationNames() {
		if info, err := in.Stat(path.Join(dir, name)); err == nil && !info.IsDir() {
			return path.Join(dir, name)
		}
	}
	return ""
}
