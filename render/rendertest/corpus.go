// Package rendertest reads the corpus of real charts, kustomizations and
// manifests with what the upstream tools make of them, and compares rendered
// objects and found images with it.
//
// Only tests import it, and the command compare below it.
package rendertest

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

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

// Source is how the upstream tool rendered a unit of type dir, helm or
// kustomize.
func (u Unit) Source() render.Source {
	source := render.Source{Kind: render.Manifests, Path: u.Path}
	switch u.Type {
	case "helm":
		source.Kind = render.Helm
		source.Helm.KubeVersion = "v1.35.0"
		if u.Values != "" {
			source.Helm.ValueFiles = []string{path.Join(u.Path, u.Values)}
		}
	case "kustomize":
		source.Kind = render.Kustomize
		if strings.Contains(u.Note, "LoadRestrictionsNone") {
			source.Load = render.LoadTree
		}
	}
	return source
}

// Corpus is a directory with the corpus.
type Corpus struct {
	// Dir is the directory that holds units.tsv.
	Dir string
}

// ErrNoCorpus is the error of Find where there is none.
var ErrNoCorpus = errors.New("no rendering corpus: set SYNCGATE_CORPUS to its directory")

// Find finds the corpus through the environment variable SYNCGATE_CORPUS, else
// beside the checkout.
func Find() (Corpus, error) {
	dir := os.Getenv("SYNCGATE_CORPUS")
	if dir == "" {
		_, here, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(here), "..", "..", "..", "shared", "corpus")
	}
	dir = filepath.Join(dir, "render")
	if _, err := os.Stat(filepath.Join(dir, "units.tsv")); err != nil {
		return Corpus{}, ErrNoCorpus
	}
	return Corpus{dir}, nil
}

// Tree returns the tree of a repository, read from the disk through an
// os.Root, which close closes.
func (c Corpus) Tree(repo string) (tree render.Tree, close func() error, err error) {
	root, err := os.OpenRoot(filepath.Join(c.Dir, "src", repo))
	if err != nil {
		return render.Tree{}, nil, err
	}
	return render.Tree{FS: root.FS(), Revision: render.Revision{Repository: repo}}, root.Close, nil
}

// Units returns the units of a type: helm, kustomize, dir, flux-ks or flux-hr.
func (c Corpus) Units(kind string) ([]Unit, error) {
	table, err := c.rows("units.tsv")
	if err != nil {
		return nil, err
	}
	var units []Unit
	for _, row := range table {
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
		return nil, fmt.Errorf("no unit of type %q in units.tsv", kind)
	}
	return units, nil
}

// Want is one row of the corpus' objects.tsv.
type Want struct {
	// ID is the object's identity as rendered.
	ID render.ObjectID
	// SHA256 is the hex hash of its canonical form, as Sum returns it.
	SHA256 string
}

// Wants returns the expected objects of every unit, by the unit's name.
func (c Corpus) Wants() (map[string][]Want, error) {
	table, err := c.rows("objects.tsv")
	if err != nil {
		return nil, err
	}
	wants := map[string][]Want{}
	for _, row := range table {
		if sum, err := hex.DecodeString(row["sha256"]); err != nil || len(sum) != 32 {
			return nil, fmt.Errorf("objects.tsv: unit %s: bad sha256 %q", row["unit"], row["sha256"])
		}
		wants[row["unit"]] = append(wants[row["unit"]], Want{
			ID: render.ObjectID{
				APIVersion: row["apiVersion"], Kind: row["kind"],
				Namespace: row["namespace"], Name: row["name"],
			},
			SHA256: row["sha256"],
		})
	}
	return wants, nil
}

// WantImage is one row of the corpus' images.tsv that must be found.
type WantImage struct {
	// Object and Field say where it stands.
	Object render.ObjectID
	Field  string
	// Reference is as written, Normal in the corpus' normal form.
	Reference, Normal string
	// Class is the corpus' word for where it was found.
	Class string
}

// PodSpec tells whether the image stands in a PodSpec that is not in a string.
func (w WantImage) PodSpec() bool {
	return w.Class == "podspec" || w.Class == "cr-podspec" || w.Class == "image-volume"
}

// Known tells whether it stands in a PodSpec or another field that is known to
// hold an image.
func (w WantImage) Known() bool {
	return w.PodSpec() || strings.HasPrefix(w.Class, "cr-field") && w.Class != "cr-field-text"
}

// Images returns the images of every unit that must be found, by its name.
func (c Corpus) Images() (map[string][]WantImage, error) {
	table, err := c.rows("images.tsv")
	if err != nil {
		return nil, err
	}
	images := map[string][]WantImage{}
	for _, row := range table {
		if row["verdict"] != "image" {
			continue
		}
		images[row["unit"]] = append(images[row["unit"]], WantImage{
			Object: render.ObjectID{APIVersion: row["apiVersion"], Kind: row["kind"], Name: row["name"]},
			Field:  strings.TrimPrefix(row["path"], "$."), Reference: row["raw"], Normal: row["normalised"], Class: row["class"],
		})
	}
	return images, nil
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// rows reads a file of tab-separated values with a header.
func (c Corpus) rows(name string) ([]map[string]string, error) {
	file, err := os.Open(filepath.Join(c.Dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
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
	return out, lines.Err()
}
