package kustomize_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestBuild builds the trees in testdata. Each holds in output.yaml what
// kustomize build 5.8.1 makes of its path, and names the places of fields in
// lines "at: OBJECT FIELD VALUE FILE:LINE:COLUMN".
func TestBuild(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source := render.Source{Kind: render.Kustomize}
			var places []string
			for line := range strings.SplitSeq(string(archive.Comment), "\n") {
				if path, ok := strings.CutPrefix(line, "path: "); ok {
					source.Path = path
				}
				if place, ok := strings.CutPrefix(line, "at: "); ok {
					places = append(places, place)
				}
			}
			objects, err := kustomize.New(nil).Render(context.Background(), render.Tree{FS: rendertest.Txtar(t, name)}, source)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, output(t, archive), objects)
			if len(places) == 0 {
				t.Error("no place is tested")
			}
			for _, place := range places {
				checkPlace(t, objects, place)
			}
		})
	}
}

func output(t *testing.T, archive *txtar.Archive) []byte {
	t.Helper()
	for _, file := range archive.Files {
		if file.Name == "output.yaml" {
			return file.Data
		}
	}
	t.Fatal("no output.yaml")
	return nil
}

// compare compares objects with documents of YAML, in order.
func compare(t *testing.T, want []byte, got []render.Object) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(want))
	for i := 0; ; i++ {
		var document yaml.Node
		if err := decoder.Decode(&document); err == io.EOF {
			if i != len(got) {
				t.Errorf("got %d objects, want %d", len(got), i)
			}
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if i >= len(got) {
			continue
		}
		wantForm, err := rendertest.Canonical(&document)
		if err != nil {
			t.Fatal(err)
		}
		gotForm, err := rendertest.Canonical(got[i].Node)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(wantForm, gotForm) {
			t.Errorf("object %d:\n got %s\nwant %s", i, gotForm, wantForm)
		}
		// What is printed from the node must read as what is wanted too.
		printed, err := yaml.Marshal(got[i].Node)
		if err != nil {
			t.Fatal(err)
		}
		var wantValue, gotValue any
		if yaml.Unmarshal(printed, &gotValue) != nil || document.Decode(&wantValue) != nil || !sameValue(wantValue, gotValue) {
			t.Errorf("object %d reads differently when printed:\n%s", i, printed)
		}
	}
}

func sameValue(a, b any) bool {
	left, errLeft := yaml.Marshal(a)
	right, errRight := yaml.Marshal(b)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}

// checkPlace checks "OBJECT FIELD VALUE FILE:LINE:COLUMN".
func checkPlace(t *testing.T, objects []render.Object, text string) {
	t.Helper()
	parts := strings.Fields(text)
	if parts[0] != "" && !strings.Contains(parts[0], "/") {
		parts = append([]string{parts[0] + " " + parts[1]}, parts[2:]...)
	}
	for _, object := range objects {
		if object.ID.String() != parts[0] {
			continue
		}
		if object.Origin.File == "" || object.Origin.Line == 0 {
			t.Errorf("%s: origin is %v, want a file and a line", parts[0], object.Origin)
		}
		if got := object.Locator.Locate(object.ID, field(parts[1]), parts[2]); got.String() != parts[3] {
			t.Errorf("%s %s: got %v, want %s", parts[0], parts[1], got, parts[3])
		}
		return
	}
	t.Errorf("no object %s", parts[0])
}

var fieldStep = regexp.MustCompile(`\["([^"]+)"\]|\[(\d+)\]|([^.\[\]]+)`)

// field parses what render.Field.String prints.
func field(text string) render.Field {
	var f render.Field
	for _, m := range fieldStep.FindAllStringSubmatch(text, -1) {
		index, _ := strconv.Atoi(m[2])
		f = append(f, render.Step{Key: m[1] + m[3], Index: index})
	}
	return f
}

// problem builds a tree that must not build.
func problem(t *testing.T, files string, source render.Source, fetcher kustomize.Fetcher) *render.Problem {
	t.Helper()
	source.Kind = render.Kustomize
	objects, err := kustomize.New(fetcher).Render(context.Background(), render.Tree{FS: rendertest.Files(files)}, source)
	var p *render.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %d objects and error %v, want a problem", len(objects), err)
	}
	if objects != nil {
		t.Error("objects beside a problem")
	}
	return p
}
