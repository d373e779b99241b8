// Package rendertest helps the tests of the renderers: it reads the corpus of
// real charts, kustomizations and manifests with what the upstream tools make
// of them, and compares rendered objects with it.
//
// Only tests import it.
package rendertest

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
)

// The values of Unit.OK.
const (
	// OK is a unit that renders to at least one object.
	OK = "ok"
	// Fail is a unit that the upstream tool refuses; Unit.Why is its message.
	Fail = "fail"
	// Empty is a unit that renders to nothing.
	Empty = "empty"
	// Skip is a directory that is no unit of its own.
	Skip = "skip"
)

// Unit is one row of the corpus' units.tsv.
type Unit struct {
	// Name is unique in the corpus; it names the rows of objects.tsv too.
	Name string
	// Repo is the directory under src.
	Repo string
	// Type is helm, kustomize, dir, flux-ks or flux-hr.
	Type string
	// Path is the slash-separated directory in the repository.
	Path string
	// Values is the values file, relative to Path, or what else the type needs.
	Values string
	// OK is one of the constants OK, Fail, Empty and Skip.
	OK string
	// Why tells why a unit fails or is skipped.
	Why string
	// Objects is the number of objects.
	Objects int
	// UpstreamMS is the wall time of the upstream tool in milliseconds.
	UpstreamMS int
	// Note tells about options of the upstream tool and of unstable output.
	Note string
}

// Unstable reports whether the output differs from run to run, so that only
// identities can be compared.
func (u Unit) Unstable() bool {
	return strings.Contains(u.Note, "differs from run to run")
}

// Tree returns the tree of the unit's repository, read from the disk through
// an os.Root that is closed when the test ends.
func (u Unit) Tree(tb testing.TB) render.Tree {
	tb.Helper()
	root, err := os.OpenRoot(filepath.Join(Dir(tb), "src", u.Repo))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { root.Close() })
	return render.Tree{FS: root.FS(), Revision: render.Revision{Repository: u.Repo}}
}

// Dir returns the directory of the rendering corpus. It is found through the
// environment variable SYNCGATE_CORPUS, else beside the checkout; where it is
// neither, the test is skipped.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("SYNCGATE_CORPUS")
	if dir == "" {
		_, here, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(here), "..", "..", "..", "shared", "corpus")
	}
	dir = filepath.Join(dir, "render")
	if _, err := os.Stat(filepath.Join(dir, "units.tsv")); err != nil {
		tb.Skip("no rendering corpus: set SYNCGATE_CORPUS to its directory")
	}
	return dir
}

// Units returns the units of a type: helm, kustomize, dir, flux-ks or flux-hr.
func Units(tb testing.TB, kind string) []Unit {
	tb.Helper()
	var units []Unit
	for _, row := range rows(tb, "units.tsv") {
		if row["type"] != kind {
			continue
		}
		units = append(units, Unit{
			Name: row["unit"], Repo: row["repo"], Type: row["type"],
			Path: cmp.Or(row["path"], "."), Values: row["values"],
			OK: row["ok"], Why: row["why"], Note: row["note"],
			Objects: number(row["objects"]), UpstreamMS: number(row["upstream_ms"]),
		})
	}
	if len(units) == 0 {
		tb.Fatalf("no unit of type %q in units.tsv", kind)
	}
	return units
}

// Want is one row of the corpus' objects.tsv.
type Want struct {
	// ID is the object's identity as rendered.
	ID render.ObjectID
	// SHA256 is the hex hash of its canonical form, as Sum returns it.
	SHA256 string
}

// Wants returns the expected objects of every unit, by the unit's name.
func Wants(tb testing.TB) map[string][]Want {
	tb.Helper()
	wants := map[string][]Want{}
	for _, row := range rows(tb, "objects.tsv") {
		if sum, err := hex.DecodeString(row["sha256"]); err != nil || len(sum) != 32 {
			tb.Fatalf("objects.tsv: unit %s: bad sha256 %q", row["unit"], row["sha256"])
		}
		wants[row["unit"]] = append(wants[row["unit"]], Want{
			ID: render.ObjectID{
				APIVersion: row["apiVersion"], Kind: row["kind"],
				Namespace: row["namespace"], Name: row["name"],
			},
			SHA256: row["sha256"],
		})
	}
	return wants
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// rows reads a file of tab-separated values with a header.
func rows(tb testing.TB, name string) []map[string]string {
	tb.Helper()
	file, err := os.Open(filepath.Join(Dir(tb), name))
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	var header []string
	var out []map[string]string
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		if header == nil {
			header = cells
			continue
		}
		row := map[string]string{}
		for i, cell := range cells {
			row[header[i]] = cell
		}
		out = append(out, row)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
}
