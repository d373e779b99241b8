package origin

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/verify/registry"
)

// unpack takes the files out of an artifact: layers that are one file each, as
// `oras push` makes them, and tar archives, as `flux push artifact` does.
func unpack(layers []registry.Layer) (document.Files, error) {
	u := unpacking{files: document.Files{}, left: bounds.PolicySetBytes}
	for _, l := range layers {
		var err error
		switch {
		case strings.HasSuffix(l.MediaType, "tar+gzip"), strings.HasSuffix(l.MediaType, "tar.gzip"):
			err = u.compressed(l.Content)
		case strings.HasSuffix(l.MediaType, "tar"):
			err = u.archive(bytes.NewReader(l.Content))
		case l.Title != "":
			err = u.put(l.Title, bytes.NewReader(l.Content))
		default:
			err = fmt.Errorf("a layer of type %.100q is neither an archive nor a file with a name", l.MediaType)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(u.files) == 0 {
		return nil, errors.New("it holds no file")
	}
	return u.files, nil
}

// unpacking is what was unpacked so far, and how many bytes more may be.
type unpacking struct {
	files document.Files
	left  int64
}

func (u *unpacking) compressed(content []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("unpack it: %w", err)
	}
	return u.archive(z)
}

// archive takes the regular files. Links and devices are no policies.
func (u *unpacking) archive(r io.Reader) error {
	// Headers count too: an archive of empty files ends as well.
	t := tar.NewReader(io.LimitReader(r, 2*bounds.PolicySetBytes))
	for {
		header, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("unpack it: %w", err)
		case header.Typeflag != tar.TypeReg:
			continue
		}
		if err := u.put(header.Name, t); err != nil {
			return err
		}
	}
}

func (u *unpacking) put(name string, r io.Reader) error {
	name = path.Clean(strings.TrimPrefix(name, "./"))
	if !fs.ValidPath(name) || strings.Contains(name, "\\") {
		return fmt.Errorf("the file name %.100q leads out of it", name)
	}
	if _, twice := u.files[name]; twice {
		return fmt.Errorf("it holds two files called %.100q", name)
	}
	if len(u.files) >= bounds.PolicyFiles {
		return fmt.Errorf("it holds more than %d files", bounds.PolicyFiles)
	}
	content, err := io.ReadAll(io.LimitReader(r, u.left+1))
	if err != nil {
		return fmt.Errorf("unpack %.100q: %w", name, err)
	}
	if u.left -= int64(len(content)); u.left < 0 {
		return fmt.Errorf("its files are larger together than %d MiB", bounds.PolicySetBytes>>20)
	}
	u.files[name] = content
	return nil
}

func sorted(files document.Files) []string { return slices.Sorted(maps.Keys(files)) }
