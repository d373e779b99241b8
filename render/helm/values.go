package helm

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"

	"github.com/syncgate/syncgate/render"
)

// valuesFile is a parsed file of values.
type valuesFile struct {
	name   string
	values map[string]any
}

// readValues reads the value files of a source, in order.
func readValues(fsys fs.FS, names []string) ([]valuesFile, error) {
	files := make([]valuesFile, 0, len(names))
	for _, name := range names {
		values, err := readValuesFile(fsys, name)
		if err != nil {
			return nil, err
		}
		files = append(files, valuesFile{name, values})
	}
	return files, nil
}

func readValuesFile(fsys fs.FS, name string) (map[string]any, error) {
	if strings.Contains(name, "://") {
		p := unseen(render.Origin{}, fmt.Sprintf("value file %q is a URL: it is not fetched", name))
		p.Hint = "commit the file to the repository and name its path"
		return nil, p
	}
	if !fs.ValidPath(name) {
		p := broken(render.Origin{}, fmt.Sprintf("value file %q is not a path in the repository", name))
		p.Hint = "name a path from the root of the repository, without a leading slash or .."
		return nil, p
	}
	data, err := readFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, broken(render.Origin{File: name}, fmt.Sprintf("value file %q does not exist", name))
	}
	if err != nil {
		return nil, err
	}
	values, err := loader.LoadValues(bytes.NewReader(data))
	if err != nil {
		return nil, broken(render.Origin{File: name, Line: yamlLine(err)},
			fmt.Sprintf("failed to parse %s: %s", name, oneLine(err.Error())))
	}
	return values, nil
}

// mergeValues merges value files and assignments; later ones win, and
// assignments over files.
func mergeValues(files []valuesFile, assignments []string) (map[string]any, error) {
	merged := map[string]any{}
	for _, file := range files {
		merged = loader.MergeMaps(merged, file.values)
	}
	for _, assignment := range assignments {
		if err := strvals.ParseInto(assignment, merged); err != nil {
			return nil, broken(render.Origin{}, "failed parsing --set data: "+err.Error())
		}
	}
	return merged, nil
}
