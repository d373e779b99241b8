package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/images"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// comparison holds what was rendered to the corpus.
type comparison struct {
	corpus    rendertest.Corpus
	wants     map[string][]rendertest.Want
	images    map[string][]rendertest.WantImage
	renderers map[render.SourceKind]render.Renderer
	// kinds are the types of units in the order in which they were compared.
	kinds  []string
	counts map[string]*count
	took   map[string]time.Duration
	score  rendertest.Score
	// differences have a line each, and so have what is held to be wrong and
	// what cannot be compared.
	differences, wrong []string
}

// count is what became of the units of one type.
type count struct {
	units, equal, refused, wrong, objects int
	upstream                              time.Duration
}

func newComparison(corpus rendertest.Corpus) (*comparison, error) {
	wants, err := corpus.Wants()
	if err != nil {
		return nil, err
	}
	found, err := corpus.Images()
	if err != nil {
		return nil, err
	}
	return &comparison{
		corpus: corpus, wants: wants, images: found,
		renderers: map[render.SourceKind]render.Renderer{
			render.Kustomize: kustomize.New(nil), render.Helm: helm.Renderer{}, render.Manifests: manifests.New(),
		},
		counts: map[string]*count{}, took: map[string]time.Duration{},
	}, nil
}

// plain renders the units of type dir, helm or kustomize, all of one
// repository at once.
func (c *comparison) plain(ctx context.Context, kind string) error {
	units, err := c.corpus.Units(kind)
	if err != nil {
		return err
	}
	byRepo := map[string][]rendertest.Unit{}
	var repos []string
	for _, unit := range units {
		if unit.OK == rendertest.Skip {
			continue
		}
		if byRepo[unit.Repo] == nil {
			repos = append(repos, unit.Repo)
		}
		byRepo[unit.Repo] = append(byRepo[unit.Repo], unit)
	}
	for _, repo := range repos {
		if err := c.repository(ctx, kind, byRepo[repo]); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) repository(ctx context.Context, kind string, units []rendertest.Unit) error {
	tree, closeTree, err := c.corpus.Tree(units[0].Repo)
	if err != nil {
		return err
	}
	defer closeTree()
	var list []render.Unit
	for _, unit := range units {
		list = append(list, render.Unit{Name: unit.Name, Sources: []render.Source{unit.Source()}})
	}
	start := time.Now()
	rendering := render.Render(ctx, tree, list, c.renderers)
	c.took[kind] += time.Since(start)
	problems := map[string]string{}
	for _, p := range rendering.Problems {
		if p.Severity != render.Notice && problems[p.Unit] == "" {
			problems[p.Unit] = p.Error()
		}
	}
	i := 0
	for _, objects := range rendering.ByUnit() {
		c.unit(units[i], objects, problems[units[i].Name])
		i++
	}
	return nil
}

// unit compares one unit, and looks for its images.
func (c *comparison) unit(unit rendertest.Unit, objects []render.Object, problem string) {
	n := c.of(unit)
	if reason := rendertest.Wrong(unit.Name, "*"); reason != "" {
		n.wrong++
		c.wrong = append(c.wrong, unit.Name+": "+reason)
		return
	}
	if unit.OK == rendertest.Fail || unit.OK == rendertest.Empty {
		if problem == "" {
			c.differ(unit, "renders, and upstream says "+unit.OK)
			return
		}
		n.refused++
		return
	}
	held := rendertest.Held(unit, c.wants[unit.Name])
	if out := len(c.wants[unit.Name]) - len(held); out > 0 {
		c.wrong = append(c.wrong, fmt.Sprintf("%s: %d objects", unit.Name, out))
	}
	diffs := rendertest.Diff(unit, held, objects)
	if problem != "" {
		diffs = append([]string{problem}, diffs...)
	}
	if len(diffs) > 0 {
		c.differ(unit, diffs...)
		return
	}
	n.equal++
	n.objects += len(objects)
	found, _ := images.Extract(render.Rendering{
		Units: []render.Rendered{{Unit: render.Unit{Name: unit.Name}, Objects: len(objects)}}, Objects: objects,
	})
	if err := c.score.Add(unit.Name, c.images[unit.Name], found); err != nil {
		c.differ(unit, err.Error())
	}
}

// of counts a unit.
func (c *comparison) of(unit rendertest.Unit) *count {
	if c.counts[unit.Type] == nil {
		c.counts[unit.Type] = &count{}
		c.kinds = append(c.kinds, unit.Type)
	}
	n := c.counts[unit.Type]
	n.units++
	n.upstream += time.Duration(unit.UpstreamMS) * time.Millisecond
	return n
}

func (c *comparison) differ(unit rendertest.Unit, diffs ...string) {
	for _, diff := range diffs {
		c.differences = append(c.differences, unit.Name+": "+diff)
	}
}

func (c *comparison) same() bool { return len(c.differences) == 0 && c.score.Good() }

// rendering is the wall time of rendering alone.
func (c *comparison) rendering() (sum time.Duration) {
	for _, took := range c.took {
		sum += took
	}
	return sum
}

// recorded is the time that the upstream tools took, as the corpus has it.
func (c *comparison) recorded() (sum time.Duration) {
	for _, n := range c.counts {
		sum += n.upstream
	}
	return sum
}

func (c *comparison) print(w io.Writer, verbose bool) {
	var all count
	for _, kind := range c.kinds {
		n := c.counts[kind]
		fmt.Fprintf(w, "%-9s %4d units: %4d equal, %2d refused as upstream refuses them, %d held to be wrong, %d different; %4d objects; %s, upstream %s\n",
			kind, n.units, n.equal, n.refused, n.wrong, n.units-n.equal-n.refused-n.wrong, n.objects, c.took[kind].Round(time.Millisecond), n.upstream)
		all.units, all.equal, all.refused, all.objects = all.units+n.units, all.equal+n.equal, all.refused+n.refused, all.objects+n.objects
	}
	fmt.Fprintf(w, "%-9s %4d units: %4d equal, %2d refused as upstream refuses them; %d objects\n", "all", all.units, all.equal, all.refused, all.objects)
	fmt.Fprintln(w, "images:  ", c.score.String())
	for _, line := range c.differences {
		fmt.Fprintln(w, "differs:", line)
	}
	if verbose {
		for _, line := range slices.Concat(c.wrong, c.score.Notes) {
			fmt.Fprintln(w, "note:", line)
		}
	}
}
