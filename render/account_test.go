package render

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// account says for each file of a tree that may hold manifests which units
// read it, and why not if none does.
func (s *survey) account(units []Unit) map[string][]string {
	where := map[string][]string{}
	for _, name := range s.names {
		dir := s.dirs[name]
		for _, file := range dir.files {
			where[path.Join(name, file)] = append(s.reasons(name, file), readers(units, name, file)...)
		}
	}
	return where
}

// reasons are why a file is no plain manifest: a rendered kustomization or
// chart reads it, it is told, or it holds nothing to deploy.
func (s *survey) reasons(name, file string) []string {
	dir := s.dirs[name]
	if owner, claimed := s.claimed[path.Join(name, file)]; claimed && s.dirs[owner.by].rendered {
		return []string{"read by the kustomization " + owner.by}
	}
	c := candidate{dir: name, file: file}
	switch {
	case file == dir.kustomization || file == dir.chart:
		return []string{"tells how the directory is rendered"}
	case slices.Contains(dir.unread, file):
		return []string{"told as unread"}
	case dir.component && !dir.rendered:
		return []string{"in a component that is told"}
	case dir.inChart != "" && s.dirs[dir.inChart].rendered && s.template(name):
		return []string{"in the chart " + dir.inChart}
	case slices.Contains(dir.templates, file):
		return []string{"template"}
	case len(dir.manifests) == 0 && s.sniff(&c) == nil && !c.holds:
		return []string{"no manifest"}
	}
	return nil
}

// readers are the units of plain manifests that read a file.
func readers(units []Unit, name, file string) []string {
	var out []string
	for _, unit := range units {
		source := unit.Sources[0]
		if source.Kind == Manifests && source.Path == name && (len(source.Files) == 0 || slices.Contains(source.Files, file)) {
			out = append(out, "unit "+unit.Name)
		}
	}
	return out
}

// checkAccount fails if a file is in two units or lost.
func checkAccount(t *testing.T, tree Tree) {
	t.Helper()
	s := discoverAll(context.Background(), tree, ".")
	units := s.units(DiscoverOptions{})
	problems := s.problems
	for file, places := range s.account(units) {
		if len(places) != 1 {
			t.Errorf("%s is in %d places: %v", file, len(places), places)
		}
	}
	for i, unit := range units {
		if i > 0 && units[i-1].Name >= unit.Name {
			t.Errorf("unit %s stands after %s", unit.Name, units[i-1].Name)
		}
	}
	checkGraph(t, s, units, problems)
}

// checkGraph fails if a kustomization or chart is neither a unit nor used,
// directly or not, by one that is, nor told; or if a unit is used by another
// that is not in a circle with it.
func checkGraph(t *testing.T, s *survey, units []Unit, problems []Problem) {
	t.Helper()
	reached := map[SourceKind]map[string]bool{Kustomize: {}, Helm: {}}
	graphs := map[SourceKind]graph{Kustomize: s.kustomizations(), Helm: s.charts()}
	for kind, g := range graphs {
		for _, unit := range units {
			if unit.Sources[0].Kind == kind {
				for name := range g.reach([]string{unit.Name}) {
					reached[kind][name] = true
				}
			}
		}
		for name := range g.reach(g.keys(g.outside)) {
			reached[kind][name] = true
		}
	}
	for _, p := range problems {
		if p.Code == CodeComponentUnused {
			reached[Kustomize][path.Dir(p.Origin.File)] = true
		}
	}
	for name, dir := range s.dirs {
		if dir.kustomization != "" && !reached[Kustomize][name] {
			t.Errorf("kustomization %s is lost", name)
		}
		if dir.chart != "" && !dir.library && dir.kustomization == "" && !reached[Helm][name] {
			t.Errorf("chart %s is lost", name)
		}
	}
	for _, unit := range units {
		g, ok := graphs[unit.Sources[0].Kind]
		for _, other := range units {
			if ok && other.Name != unit.Name && other.Sources[0].Kind == unit.Sources[0].Kind && g.reach([]string{other.Name})[unit.Name] {
				t.Errorf("unit %s is rendered by unit %s too", unit.Name, other.Name)
			}
		}
	}
}

// TestNothingIsLostOrDoubled holds for random trees: every file that may hold
// manifests is read by exactly one unit or has one reason why not, and every
// kustomization is deployed by a unit or told.
func TestNothingIsLostOrDoubled(t *testing.T) {
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 1))
		tree := randomTree(random)
		t.Run(fmt.Sprint(seed), func(t *testing.T) { checkAccount(t, tree) })
	}
}

// randomTree makes a tree of kustomizations, charts and manifests that refer
// to each other at random.
func randomTree(random *rand.Rand) Tree {
	dirs := []string{".", "a", "b", "a/c", "a/charts/d", "b/templates", "b/e", "b/e/f"}
	files := fstest.MapFS{}
	pick := func() string { return dirs[random.IntN(len(dirs))] }
	for _, dir := range dirs {
		relative := func() string {
			up, _ := filepath.Rel(dir, pick())
			return filepath.ToSlash(up)
		}
		for _, name := range []string{"x.yaml", "y.json"} {
			if random.IntN(3) > 0 {
				files[path.Join(dir, name)] = &fstest.MapFile{Data: []byte(`{"apiVersion": "v1", "kind": "Pod"}`)}
			}
		}
		switch random.IntN(4) {
		case 0:
			kind := []string{"Kustomization", "Component"}[random.IntN(2)]
			text := fmt.Sprintf("kind: %s\nresources: [%s, %s/x.yaml]\ncomponents: [%s]\n", kind, relative(), relative(), relative())
			files[path.Join(dir, "kustomization.yaml")] = &fstest.MapFile{Data: []byte(text)}
		case 1:
			kind := []string{"application", "library"}[random.IntN(2)]
			text := fmt.Sprintf("name: x\ntype: %s\ndependencies: [{repository: 'file://%s'}, {repository: 'file://%s'}]\n", kind, relative(), relative())
			files[path.Join(dir, "Chart.yaml")] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return Tree{FS: files}
}

// TestCorpusNothingIsLostOrDoubled is the same for real repositories.
func TestCorpusNothingIsLostOrDoubled(t *testing.T) {
	for _, repository := range corpusRepositories(t) {
		t.Run(path.Base(repository), func(t *testing.T) {
			checkAccount(t, Tree{FS: os.DirFS(repository)})
		})
	}
}

// corpusRepositories are the directories of the corpus' repositories.
func corpusRepositories(tb testing.TB) []string {
	tb.Helper()
	dir := os.Getenv("SYNCGATE_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	found, _ := filepath.Glob(filepath.Join(dir, "render", "src", "*"))
	if len(found) == 0 {
		tb.Skip("no rendering corpus: set SYNCGATE_CORPUS to its directory")
	}
	return found
}

func BenchmarkDiscoverCorpus(b *testing.B) {
	repositories := corpusRepositories(b)
	b.ReportAllocs()
	for b.Loop() {
		units := 0
		for _, repository := range repositories {
			found, _ := Discover(b.Context(), Tree{FS: os.DirFS(repository)}, DiscoverOptions{})
			units += len(found)
		}
		b.ReportMetric(float64(units), "units")
	}
}

// BenchmarkDiscoverMonorepo is a repository of 50,000 files on the disk:
// 5,000 applications with a base, three overlays and a directory of plain
// manifests.
func BenchmarkDiscoverMonorepo(b *testing.B) {
	dir := b.TempDir()
	deployment := "# " + strings.Repeat("x", 1500) + "\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n"
	for i := range 5000 {
		app := filepath.Join(dir, fmt.Sprintf("team%d", i%50), fmt.Sprintf("app%d", i))
		files := map[string]string{
			"base/kustomization.yaml": "resources: [a.yaml, b.yaml]\n", "base/a.yaml": deployment, "base/b.yaml": deployment,
			"plain/a.yaml": deployment, "plain/values.yaml": "a: b\n", "plain/README.md": "x",
		}
		for _, overlay := range []string{"dev", "test", "prod"} {
			files["overlays/"+overlay+"/kustomization.yaml"] = "resources: [../../base]\n"
		}
		files["overlays/prod/patch.yaml"] = deployment
		for name, text := range files {
			name = filepath.Join(app, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	for name, tree := range map[string]fs.FS{"dirfs": os.DirFS(dir), "root": root.FS()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				units, problems := Discover(b.Context(), Tree{FS: tree}, DiscoverOptions{})
				if len(units) != 20_000 || slices.ContainsFunc(problems, func(p Problem) bool { return p.Severity != Notice }) {
					b.Fatal(len(units), problems)
				}
			}
		})
	}
}
