package lint_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/lint"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	if dialect.Serve() {
		return
	}
	os.Exit(m.Run())
}

var at = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// TestCases compares what is said of each policy of testdata with the text
// beside it.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			r, err := lint.Files(os.DirFS("testdata"), []string{filepath.Base(file)}, lint.Options{At: at})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := r.Text(&out); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if out.String() != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
			}
		})
	}
}

// TestEveryCodeHasACase and is explained in the documentation.
func TestEveryCodeHasACase(t *testing.T) {
	var told strings.Builder
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		told.Write(text)
	}
	page, err := os.ReadFile("../../docs/policy-tools.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes(t) {
		if !strings.Contains(told.String(), "("+code+")") && code != string(lint.KeyEnded) && code != string(lint.KeyEnding) {
			t.Errorf("no case tells of %s", code)
		}
		if !strings.Contains(string(page), "`"+code+"`") {
			t.Errorf("docs/policy-tools.md does not explain %s", code)
		}
	}
}

// codes are the constants of type Code in the source.
func codes(t *testing.T) []string {
	t.Helper()
	var out []string
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
				code, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				out = append(out, code)
			}
			return true
		})
	}
	if len(out) < 10 {
		t.Fatalf("%d codes", len(out))
	}
	return out
}

// TestSoon: how long before its end something is told can be said.
func TestSoon(t *testing.T) {
	for soon, want := range map[time.Duration]int{0: 2, time.Hour: 0, 120 * 24 * time.Hour: 3} {
		r, err := lint.Files(os.DirFS("testdata"), []string{"ends.yaml"}, lint.Options{At: at, Soon: soon})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, f := range r.Findings {
			if f.Code == lint.ExceptionEnding || f.Code == lint.IgnoreEnding {
				n++
			}
		}
		if n != want {
			t.Errorf("soon %s: %d endings, want %d", soon, n, want)
		}
	}
}

// TestLayoutEnds: no image passes with a layout that has expired.
func TestLayoutEnds(t *testing.T) {
	for year, want := range map[int]lint.Code{3000: lint.KeyEnded, 2026: ""} {
		r, err := lint.Files(os.DirFS("../native/testdata/good"), []string{"complete.yaml"}, lint.Options{At: time.Date(year, 2, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		var got lint.Code
		for _, f := range r.Findings {
			if f.Code == lint.KeyEnded || f.Code == lint.KeyEnding {
				got = f.Code
			}
		}
		if got != want {
			t.Errorf("in %d: %q, want %q", year, got, want)
		}
	}
}

// TestAliasesAreBounded: what CUE and Kubernetes leave alone may hold anything.
func TestAliasesAreBounded(t *testing.T) {
	text, err := os.ReadFile("testdata/regexps.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, theirs, _ := strings.Cut(string(text), "---\n")
	for _, status := range []string{"&a [*a]", "{a: &a [x,x,x,x], b: &b [*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b], d: &d [*c,*c,*c,*c,*c,*c], e: [*d,*d,*d,*d,*d,*d,*d,*d,*d]}"} {
		files := fstest.MapFS{"p.yaml": {Data: []byte(theirs + "status: " + status + "\n")}}
		if _, err := lint.Files(files, []string{"p.yaml"}, lint.Options{At: at}); err != nil {
			t.Log(err) // refused is well, too: it must end
		}
	}
}

func TestJSON(t *testing.T) {
	r, err := lint.Files(os.DirFS("testdata"), []string{"match-never.yaml"}, lint.Options{At: at})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var back lint.Result
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Findings) != len(r.Findings) || back.Findings[0].Line == 0 || back.Problems != r.Problems {
		t.Errorf("JSON is %s", out.String())
	}
}

func TestDoesNotLoad(t *testing.T) {
	_, err := lint.Files(fstest.MapFS{"p.yaml": {Data: []byte("a: b\n")}}, []string{"p.yaml"}, lint.Options{At: at})
	if _, ok := err.(document.Problems); !ok {
		t.Errorf("error is %v", err)
	}
}

// FuzzFiles: whatever loads can be looked at.
func FuzzFiles(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	keys := map[string][]byte{}
	for _, name := range []string{"psirt.pub", "scanner.pub"} {
		if keys[name], err = os.ReadFile("testdata/" + name); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fsys := fstest.MapFS{"p.yaml": {Data: text}}
		for name, key := range keys {
			fsys[name] = &fstest.MapFile{Data: key}
		}
		r, err := lint.Files(fsys, []string{"p.yaml"}, lint.Options{At: at})
		if err != nil {
			return
		}
		for _, found := range r.Findings {
			if found.Message == "" || found.Code == "" || found.Line < 1 || found.Severity == "" {
				t.Errorf("finding is %+v", found)
			}
		}
	})
}
