package rendertest

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/syncgate/syncgate/render"
)

// Diff compares the objects of a unit with those of objects.tsv, as
// multisets, and returns a line for each difference. Where the output of the
// upstream tool differs from run to run, identities are compared.
func Diff(unit Unit, wants []Want, objects []render.Object) []string {
	var diffs []string
	left := slices.Clone(wants)
	for _, object := range objects {
		sum, err := Sum(object.Node)
		if err != nil {
			diffs = append(diffs, fmt.Sprintf("%v: %v", object.ID, err))
			continue
		}
		exact := func(w Want) bool { return w.ID == object.ID && w.SHA256 == sum }
		same := func(w Want) bool { return Steady(w.ID) == Steady(object.ID) }
		at := slices.IndexFunc(left, exact)
		if at < 0 && unit.Unstable() {
			at = slices.IndexFunc(left, same)
		}
		switch {
		case at >= 0:
			left = slices.Delete(left, at, at+1)
		case slices.ContainsFunc(left, same):
			diffs = append(diffs, fmt.Sprintf("differs: %s %v", object.ID.APIVersion, object.ID))
			at = slices.IndexFunc(left, same)
			left = slices.Delete(left, at, at+1)
		default:
			diffs = append(diffs, fmt.Sprintf("unexpected: %s %v", object.ID.APIVersion, object.ID))
		}
	}
	for _, want := range left {
		diffs = append(diffs, fmt.Sprintf("missing: %s %v", want.ID.APIVersion, want.ID))
	}
	return diffs
}

// randomName matches names that a chart ends in five random characters.
var randomName = regexp.MustCompile(`^(release-name-podinfo-\w+-test)-\w{5}$`)

// Steady is the identity of an object without what is random in it.
func Steady(id render.ObjectID) render.ObjectID {
	id.Name = randomName.ReplaceAllString(id.Name, "$1")
	return id
}

// Txtar returns the files of a txtar archive on the disk.
func Txtar(tb testing.TB, file string) fs.FS {
	tb.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return mapFS(archive)
}

// Files returns the files of a txtar archive given as text.
func Files(text string) fs.FS {
	return mapFS(txtar.Parse([]byte(text)))
}

func mapFS(archive *txtar.Archive) fstest.MapFS {
	files := fstest.MapFS{}
	for _, file := range archive.Files {
		files[file.Name] = &fstest.MapFile{Data: file.Data, Mode: 0o644}
	}
	return files
}
