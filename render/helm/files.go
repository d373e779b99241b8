package helm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// bom is cut off files as Helm does.
const bom = "\xEF\xBB\xBF"

// reader reads the files of one chart directory, within a budget that its
// archives share.
type reader struct {
	fsys fs.FS
	dir  string
	left int64
	// count is the number of directory entries so far.
	count int
	rules *ignore.Rules
	files []*archive.BufferedFile
	// built is what a build of the dependencies puts into charts/, or nil.
	built *built
}

// readChart returns the files of a chart's directory, named relative to it,
// without what .helmignore names, in the order in which Helm walks them.
func readChart(fsys fs.FS, dir string) (*reader, error) {
	r := &reader{fsys: fsys, dir: dir, left: bounds.ChartBytes, rules: ignore.Empty()}
	if err := r.readRules(); err != nil {
		return nil, err
	}
	r.rules.AddDefaults()
	return r, r.walk("", 0)
}

func (r *reader) readRules() error {
	name := path.Join(r.dir, ignore.HelmIgnore)
	data, err := readFile(r.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	rules, err := ignore.Parse(bytes.NewReader(data))
	if err != nil {
		return broken(render.Origin{File: name}, err.Error())
	}
	r.rules = rules
	return nil
}

// walk reads the directory called name in the chart. Like Helm, it follows
// symlinks; the tree opens none that leaves it.
func (r *reader) walk(name string, depth int) error {
	at := path.Join(r.dir, name)
	if depth > bounds.ChartDepth {
		return tooLarge(render.Origin{File: at}, "the nesting of directories", fmt.Sprint(bounds.ChartDepth))
	}
	entries, err := fs.ReadDir(r.fsys, at)
	if err != nil {
		return unseen(render.Origin{File: at}, "read chart directory: "+err.Error())
	}
	if r.count += len(entries); r.count > bounds.TreeFiles {
		return tooLarge(render.Origin{File: r.dir}, "the number of files of the chart", fmt.Sprint(bounds.TreeFiles))
	}
	for _, entry := range entries {
		if err := r.entry(path.Join(name, entry.Name()), depth); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) entry(name string, depth int) error {
	at := path.Join(r.dir, name)
	info, err := fs.Stat(r.fsys, at)
	if err != nil {
		p := unseen(render.Origin{File: at}, "read chart file: "+err.Error())
		p.Hint = "a symlink must lead to a file of the repository"
		return p
	}
	if r.rules.Ignore(name, info) {
		return nil
	}
	if info.IsDir() {
		return r.walk(name, depth+1)
	}
	if !info.Mode().IsRegular() {
		return broken(render.Origin{File: at}, "load chart: it is not a regular file")
	}
	data, err := readFile(r.fsys, at)
	if err != nil {
		return err
	}
	if err := r.spend(at, len(data)); err != nil {
		return err
	}
	data = bytes.TrimPrefix(data, []byte(bom))
	r.files = append(r.files, &archive.BufferedFile{Name: name, Data: data})
	return nil
}

// spend takes bytes off what the chart may still hold.
func (r *reader) spend(at string, n int) error {
	if r.left -= int64(n); r.left < 0 {
		return tooLarge(render.Origin{File: at}, "the chart, unpacked,", fmt.Sprintf("%d bytes", bounds.ChartBytes))
	}
	return nil
}

// readFile reads a file of the tree. Its errors are problems, but match
// fs.ErrNotExist where there is no such file.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	origin := render.Origin{File: name}
	file, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, unseen(origin, "open file: "+err.Error())
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, bounds.FileBytes+1))
	if err != nil {
		return nil, unseen(origin, "read file: "+err.Error())
	}
	if len(data) > bounds.FileBytes {
		return nil, tooLarge(origin, "the file", fmt.Sprintf("%d bytes", bounds.FileBytes))
	}
	return data, nil
}
