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
func mergeValues(fsys fs.FS, files []valuesFile, options render.HelmOptions) (map[string]any, error) {
	merged := map[string]any{}
	for _, file := range files {
		merged = loader.MergeMaps(merged, file.values)
	}
	content := func(name []rune) (any, error) { return readSetFile(fsys, string(name)) }
	for _, kind := range []struct {
		flag        string
		assignments []string
		parse       func(string, map[string]any) error
	}{
		{"--set", options.Set, strvals.ParseInto},
		{"--set-string", options.SetString, strvals.ParseIntoString},
		{"--set-file", options.SetFile, func(s string, into map[string]any) error {
			return strvals.ParseIntoFile(s, into, content)
		}},
	} {
		for _, assignment := range kind.assignments {
			if err := kind.parse(assignment, merged); err != nil {
				if problem, ok := errors.AsType[*render.Problem](err); ok {
					return nil, problem
				}
				return nil, broken(render.Origin{}, "failed parsing "+kind.flag+" data: "+err.Error())
			}
		}
	}
	return merged, nil
}

// readSetFile reads the file of a --set-file assignment.
func readSetFile(fsys fs.FS, name string) (any, error) {
	if !fs.ValidPath(name) {
		return nil, broken(render.Origin{}, fmt.Sprintf("file %q of --set-file is not a path in the repository", name))
	}
	data, err := readFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, broken(render.Origin{File: name}, fmt.Sprintf("file %q of --set-file does not exist", name))
	}
	return string(data), err
}
