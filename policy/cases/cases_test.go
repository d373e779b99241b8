package cases_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy/cases"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	if dialect.Serve() {
		return
	}
	os.Exit(m.Run())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func run(t *testing.T, r cases.Runner) cases.SuiteOutcome {
	t.Helper()
	suite, err := cases.Load(os.DirFS("testdata/good"), "signed.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := r.Run(t.Context(), suite)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// TestOutcome holds what is printed of cases that hold and of those that do
// not, in each form.
func TestOutcome(t *testing.T) {
	outcome := run(t, cases.Runner{})
	var text, all, json, junit bytes.Buffer
	for _, err := range []error{
		outcome.Text(&text, cases.Brief), outcome.Text(&all, cases.Every|cases.Coverage), cases.Summary(&text, []cases.SuiteOutcome{outcome}),
		cases.JSON(&json, []cases.SuiteOutcome{outcome}), cases.JUnit(&junit, []cases.SuiteOutcome{outcome}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "testdata/good/brief.txt", text.String())
	golden(t, "testdata/good/every.txt", all.String())
	golden(t, "testdata/good/outcome.json", json.String())
	golden(t, "testdata/good/outcome.xml", junit.String())
	if err := xml.Unmarshal(junit.Bytes(), new(struct{})); err != nil {
		t.Error(err)
	}
}

func TestOnly(t *testing.T) {
	outcome := run(t, cases.Runner{Only: regexp.MustCompile("^un")})
	if len(outcome.Cases) != 1 || outcome.Cases[0].Name != "unmatched" || outcome.Untested != nil {
		t.Errorf("ran %+v", outcome)
	}
}

// TestExamples: the cases of the example hold, and leave nothing untested.
func TestExamples(t *testing.T) {
	suite, err := cases.Load(document.Disk{}, "../../examples/policies/production.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := cases.Runner{}.Run(t.Context(), suite)
	if err != nil || outcome.Failed() > 0 || len(outcome.Untested) > 0 {
		t.Errorf("%+v, %v", outcome, err)
	}
}

// TestBad holds what is said of files that do not load.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.test.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		_, err := cases.Load(os.DirFS("testdata/bad"), filepath.Base(file))
		if err == nil {
			t.Errorf("%s loads", file)
			continue
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
	}
}

func TestFind(t *testing.T) {
	files := fstest.MapFS{
		"p/a.yaml": {}, "p/a.test.yaml": {}, "p/b.yaml": {}, "p/sub/c.test.yml": {}, "p/.git/d.test.yaml": {}, "q/e.yaml": {},
	}
	for names, want := range map[string]string{
		"p":              "p/a.test.yaml p/sub/c.test.yml",
		"p/a.yaml":       "p/a.test.yaml",
		"p/a.test.yaml":  "p/a.test.yaml",
		"p p/a.yaml":     "p/a.test.yaml p/sub/c.test.yml",
		"p/b.yaml":       "no cases for p/b.yaml: want them beside it, in p/b.test.yaml",
		"q":              "no cases in q: no file there ends in .test.yaml",
		"missing":        "read cases missing: no such file or directory",
		"p/sub ./p/sub/": "p/sub/c.test.yml",
	} {
		found, err := cases.Find(files, strings.Fields(names))
		got := strings.Join(found, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", names, got, want)
		}
	}
}

// TestFilesNeedAProver: evidence that nobody verifies proves nothing.
func TestFilesNeedAProver(t *testing.T) {
	outcome, err := cases.Runner{}.Run(t.Context(), cases.Suite{Cases: []cases.Case{
		{Name: "file", Files: []cases.File{{Name: "a"}}}, {Name: "snapshot", Snapshot: "b"},
	}})
	if err != nil || outcome.Failed() != 2 {
		t.Errorf("%+v, %v", outcome, err)
	}
}

// FuzzLoad: whatever loads can be run.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.test.yaml", "../../examples/policies/*.test.yaml"} {
		files, err := filepath.Glob(pattern)
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
	}
	beside := map[string][]byte{}
	for _, name := range []string{"signed.yaml", "psirt.pub", "scanner.pub"} {
		text, err := os.ReadFile("testdata/good/" + name)
		if err != nil {
			f.Fatal(err)
		}
		beside[name] = text
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		files := fstest.MapFS{"signed.test.yaml": {Data: text}}
		for name, content := range beside {
			files[name] = &fstest.MapFile{Data: content}
		}
		suite, err := cases.Load(files, "signed.test.yaml")
		if err != nil {
			return
		}
		if _, err := (cases.Runner{}).Run(t.Context(), suite); err != nil {
			t.Error(err)
		}
	})
}
