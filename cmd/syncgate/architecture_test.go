package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module     = "github.com/syncgate/syncgate/"
	moduleRoot = "../.."

	maxFileLines     = 400
	maxFunctionLines = 60
	maxParameters    = 4
	maxOptionFields  = 12
	maxMethods       = 3
	maxCmdShare      = 0.15
)

// layers says which packages of the module a package may import, by prefix.
// The longest prefix that fits a package decides.
var layers = map[string][]string{
	"bounds":           {},
	"cache":            {},
	"policy/predicate": {"bounds"},
	"policy":           {"bounds", "policy"},
	"render":           {"bounds", "cache", "render"},
	"verify":           {"bounds", "cache", "policy", "render", "verify"},
	"integrations":     {"bounds", "policy", "render", "verify", "integrations"},
	"cmd":              {"bounds", "cache", "policy", "render", "verify", "integrations"},
}

// cages says which package alone may import a heavy library, so that one
// package has to change when the library does.
var cages = map[string][]string{
	"sigs.k8s.io/kustomize/": {"render/kustomize"},
	"helm.sh/helm/":          {"render/helm"},
	"github.com/go-git/":     {"render/git", "render/git/gittest"},
	"github.com/sigstore/":   {"verify/sigstore", "verify/kms", "verify/verifytest"},
	"github.com/google/go-containerregistry/pkg/authn":      {"verify/registry"},
	"github.com/google/go-containerregistry/pkg/v1/remote":  {"verify/registry", "verify/verifytest"},
	"github.com/google/go-containerregistry/pkg/registry":   {"verify/verifytest"},
	"github.com/google/cel-go/":                             {"policy/expression", "policy/dialect/cel"},
	"github.com/openvex/":                                   {"policy/predicate"},
	"github.com/CycloneDX/":                                 {"policy/predicate"},
	"github.com/go-json-experiment/":                        {"policy/predicate"},
	"github.com/in-toto/":                                   {"policy/predicate", "policy/dialect/clusterimagepolicy", "verify/sigstore", "verify/verifytest"},
	"github.com/pandatix/go-cvss":                           {"policy/predicate"},
	"github.com/secure-systems-lab/":                        {"policy/predicate"},
	"github.com/open-policy-agent/":                         {"policy/dialect/rego"},
	"cuelang.org/":                                          {"policy/dialect/cue"},
	"filippo.io/":                                           {"render/sops"},
	"github.com/fluxcd/":                                    {"render/flux", "integrations/flux", "integrations/flux/v1alpha1"},
	"sigs.k8s.io/controller-runtime":                        {"integrations/flux"},
	"github.com/prometheus/":                                {"integrations/flux"},
	"github.com/google/go-jsonnet":                          {"render/argocd"},
	"github.com/theupdateframework/":                        {"verify/sigstore"},
	"oras.land/":                                            {"render/charts"},
	"github.com/google/go-github/":                          {"integrations/github"},
	"gitlab.com/gitlab-org/":                                {"integrations/gitlab"},
	"code.gitea.io/":                                        {"integrations/gitea"},
	"github.com/spf13/":                                     {"cmd/syncgate"},
	"k8s.io/":                                               {"render/helm", "policy/dialect/jmespath", "integrations/flux", "integrations/flux/v1alpha1"},
	"github.com/kyverno/":                                   {"policy/dialect/jmespath"},
	"github.com/google/go-containerregistry/cmd/crane/":     {},
	"github.com/google/go-containerregistry/pkg/v1/google/": {},
	"github.com/google/go-containerregistry/pkg/v1/daemon":  {},
	"github.com/google/go-containerregistry/pkg/legacy":     {},
}

// exceptions lists by name what may break a budget, and why.
var exceptions = map[string]string{}

type source struct {
	name  string // slash-separated, from the root of the module
	dir   string
	text  []byte
	file  *ast.File
	set   *token.FileSet
	lines int
}

func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s source) line(p token.Pos) int { return s.set.Position(p).Line }

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := fs.WalkDir(os.DirFS(moduleRoot), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(moduleRoot, name))
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		list = append(list, source{name, path.Dir(name), text, file, set, bytes.Count(text, []byte("\n"))})
		return nil
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("read sources: %v (%d files)", err, len(list))
	}
	return list
}

// excepted reports whether key is excepted, and marks it as used.
func excepted(used map[string]bool, key string) bool {
	_, ok := exceptions[key]
	used[key] = used[key] || ok
	return ok
}

func TestArchitectureLayers(t *testing.T) {
	for _, s := range sources(t) {
		if !strings.Contains(s.name, "/") {
			t.Errorf("%s: no Go files at the root: move it into the package that it belongs to", s.name)
		}
		allowed, ok := longest(layers, s.dir)
		if !ok {
			t.Errorf("%s: package is in no layer: ARCHITECTURE says which there are; add it to layers", s.name)
			continue
		}
		for _, imported := range imports(s) {
			inner, ours := strings.CutPrefix(imported, module)
			if ours && !s.test() && !slices.ContainsFunc(allowed, func(p string) bool { return under(inner, p) }) {
				t.Errorf("%s imports %s: cmd -> integrations -> verify -> {render, policy}; render and policy do not know each other", s.name, inner)
			}
		}
	}
}

func TestArchitectureCages(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, imported := range imports(s) {
			for library, keepers := range cages {
				if strings.HasPrefix(imported, library) && !slices.ContainsFunc(keepers, func(k string) bool { return s.dir == k }) {
					t.Errorf("%s imports %s: only %v may, so that a change of the library changes one package", s.name, imported, keepers)
				}
			}
		}
	}
}

func TestArchitectureNames(t *testing.T) {
	banned := []string{"pkg", "util", "utils", "common", "helpers", "misc"}
	for _, s := range sources(t) {
		for _, part := range strings.Split(s.dir, "/") {
			if slices.Contains(banned, part) {
				t.Errorf("%s: a package is named after what it is about, not %q", s.name, part)
			}
		}
	}
}

func TestArchitectureDocs(t *testing.T) {
	docs := map[string]int{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		docs[s.dir] += 0
		if s.file.Doc != nil {
			docs[s.dir]++
		}
		if s.file.Name.Name != "main" {
			undocumented(s, func(name string, line int) {
				t.Errorf("%s:%d: exported %s has no doc comment", s.name, line, name)
			})
		}
	}
	for dir, n := range docs {
		if n != 1 {
			t.Errorf("%s: %d package comments, want one", dir, n)
		}
	}
}

func undocumented(s source, report func(name string, line int)) {
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && receiverExported(d) {
				report(d.Name.Name, s.line(d.Pos()))
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
						report(spec.Name.Name, s.line(spec.Pos()))
					}
				case *ast.ValueSpec:
					// A group of constants may share one comment.
					if spec.Names[0].IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
						report(spec.Names[0].Name, s.line(spec.Pos()))
					}
				}
			}
		}
	}
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	kind := d.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if index, ok := kind.(*ast.IndexExpr); ok {
		kind = index.X
	}
	name, ok := kind.(*ast.Ident)
	return ok && name.IsExported()
}

func TestArchitectureBudgets(t *testing.T) {
	used := map[string]bool{}
	var all, cmd int
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		all += s.lines
		if under(s.dir, "cmd") {
			cmd += s.lines
		}
		if s.lines > maxFileLines && !excepted(used, s.name) {
			t.Errorf("%s: %d lines, want at most %d: split it by what it is about", s.name, s.lines, maxFileLines)
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				checkFunction(t, s, d, used)
			case *ast.GenDecl:
				checkDeclaration(t, s, d, used)
			}
		}
	}
	if share := float64(cmd) / float64(all); share > maxCmdShare {
		t.Errorf("cmd holds %.0f%% of the code, want at most %.0f%%: it only wires", 100*share, 100*maxCmdShare)
	}
	if main, err := os.ReadFile("main.go"); err != nil || bytes.Count(main, []byte("\n")) > 40 {
		t.Errorf("main.go: want at most 40 lines: main only wires (%v)", err)
	}
	for key := range exceptions {
		if !used[key] {
			t.Errorf("exception %q is not needed any more: delete it", key)
		}
	}
}

func checkFunction(t *testing.T, s source, d *ast.FuncDecl, used map[string]bool) {
	t.Helper()
	name := s.name + " " + d.Name.Name
	if d.Name.Name == "init" && d.Recv == nil {
		t.Errorf("%s: no init: make the caller say what it wants", name)
	}
	if n := s.line(d.End()) - s.line(d.Pos()) + 1; n > maxFunctionLines && !excepted(used, name) {
		t.Errorf("%s: %d lines, want at most %d", name, n, maxFunctionLines)
	}
	n := 0
	for i, p := range d.Type.Params.List {
		if kind, ok := p.Type.(*ast.Ident); ok && kind.Name == "bool" && d.Name.IsExported() && !excepted(used, name) {
			t.Errorf("%s: a boolean parameter says nothing where it is called: name the two cases", name)
		}
		if sel, ok := p.Type.(*ast.SelectorExpr); ok && i == 0 && sel.Sel.Name == "Context" {
			continue
		}
		if _, variadic := p.Type.(*ast.Ellipsis); variadic {
			continue // of a format, and counted as part of it
		}
		n += max(1, len(p.Names))
	}
	if n > maxParameters && !excepted(used, name) {
		t.Errorf("%s: %d parameters after ctx, want at most %d", name, n, maxParameters)
	}
}

func checkDeclaration(t *testing.T, s source, d *ast.GenDecl, used map[string]bool) {
	t.Helper()
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			checkType(t, s, spec, used)
		case *ast.ValueSpec:
			if d.Tok != token.VAR {
				continue
			}
			for _, name := range spec.Names {
				key := s.name + " " + name.Name
				if len(spec.Values) == 0 && name.Name != "_" && !embedded(d) && !excepted(used, key) {
					t.Errorf("%s: a package variable without a value is there to be changed: no mutable package variables", key)
				}
			}
		}
	}
}

func embedded(d *ast.GenDecl) bool {
	return d.Doc != nil && slices.ContainsFunc(d.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
}

func checkType(t *testing.T, s source, spec *ast.TypeSpec, used map[string]bool) {
	t.Helper()
	name := s.name + " " + spec.Name.Name
	switch kind := spec.Type.(type) {
	case *ast.InterfaceType:
		if n := kind.Methods.NumFields(); n > maxMethods && !excepted(used, name) {
			t.Errorf("%s: %d methods, want at most %d", name, n, maxMethods)
		}
	case *ast.StructType:
		if n := kind.Fields.NumFields(); strings.HasSuffix(spec.Name.Name, "Options") && n > maxOptionFields && !excepted(used, name) {
			t.Errorf("%s: %d options, want at most %d", name, n, maxOptionFields)
		}
	}
}

// TestArchitectureNoAssignments finds package variables that are written
// after their declaration.
func TestArchitectureNoAssignments(t *testing.T) {
	vars := map[string]bool{}
	list := sources(t)
	for _, s := range list {
		for _, d := range s.file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR && !s.test() {
				for _, spec := range g.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						vars[s.dir+" "+name.Name] = name.Name != "_"
					}
				}
			}
		}
	}
	for _, s := range list {
		if s.test() {
			continue
		}
		locals := map[string]bool{}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				for _, name := range n.Names {
					locals[name.Name] = true
				}
			case *ast.AssignStmt:
				for _, left := range n.Lhs {
					name, ok := left.(*ast.Ident)
					if ok && n.Tok == token.DEFINE {
						locals[name.Name] = true
					} else if ok && vars[s.dir+" "+name.Name] && !locals[name.Name] {
						t.Errorf("%s:%d: %s is a package variable: pass it instead", s.name, s.line(n.Pos()), name.Name)
					}
				}
			}
			return true
		})
	}
}

func imports(s source) []string {
	var list []string
	for _, i := range s.file.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		list = append(list, p)
	}
	return list
}

func under(name, prefix string) bool {
	return name == prefix || strings.HasPrefix(name, prefix+"/")
}

func longest(m map[string][]string, name string) (found []string, ok bool) {
	best := -1
	for prefix, list := range m {
		if under(name, prefix) && len(prefix) > best {
			best, found, ok = len(prefix), list, true
		}
	}
	return found, ok
}
