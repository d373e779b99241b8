package charts

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

const hashPrefix = "sha256:"

// digestOf returns the digest of bytes, as "sha256:hex".
func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hashPrefix + hex.EncodeToString(sum[:])
}

// isDigest tells whether a text is the digest of something.
func isDigest(text string) bool {
	digits, ok := strings.CutPrefix(text, hashPrefix)
	return ok && len(digits) == hex.EncodedLen(sha256.Size) && strings.Trim(digits, "0123456789abcdef") == ""
}

// Files returns the files of the chart, Chart.yaml at the root.
func (c Chart) Files() (fs.FS, error) {
	files, err := unpack(c.Archive)
	if err != nil {
		return nil, err
	}
	return zipped(files)
}

// zipped makes a file system of files by name.
func zipped(files map[string][]byte) (fs.FS, error) {
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
		if _, err := out.Write(files[name]); err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
}

// unpack returns the files of an archive by their name below its one
// directory. What readers of archives could take in two ways is refused.
func unpack(archive []byte) (map[string][]byte, error) {
	const hint = "pack the chart with helm package"
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, unseen(hint, "unpack chart: it is no gzip archive")
	}
	// The headers and the padding of the archive count too.
	left := &io.LimitedReader{R: zipped, N: bounds.ChartBytes + 1}
	files, err := readTar(tar.NewReader(left), split)
	switch {
	case left.N <= 0:
		return nil, unseen("commit what is deployed of the chart to the repository", "unpack chart: it exceeds the limit of %d bytes", bounds.ChartBytes)
	case err != nil:
		return nil, unseen(hint, "unpack chart: %s", oneLine(err.Error()))
	case files["Chart.yaml"] == nil:
		return nil, unseen(hint, "unpack chart: it holds no Chart.yaml")
	}
	return files, nil
}

// readTar reads the files of an archive. Split parts the name of an entry into
// a directory that all must share, and the name below it.
func readTar(r *tar.Reader, split func(entry string) (dir, name string, err error)) (map[string][]byte, error) {
	files, dirs, base := map[string][]byte{}, map[string]bool{}, ""
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		switch header.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader, tar.TypeXHeader:
			continue
		case tar.TypeReg:
		default:
			return nil, fmt.Errorf("%q is a link or a device", header.Name)
		}
		dir, name, err := split(header.Name)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			base = dir
		}
		if dir != base {
			return nil, fmt.Errorf("it holds two directories, %q and %q", base, dir)
		}
		if files[name] != nil || dirs[name] {
			return nil, fmt.Errorf("it holds %q twice", header.Name)
		}
		if len(files) == bounds.TreeFiles {
			return nil, fmt.Errorf("it holds more than %d files", bounds.TreeFiles)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files[name] = data
		for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
			if files[parent] != nil {
				return nil, fmt.Errorf("it holds %q as a file and as a directory", parent)
			}
			dirs[parent] = true
		}
	}
}

// split parts the name of an entry into the directory of the chart and the
// name below it.
func split(entry string) (dir, name string, err error) {
	clean := strings.TrimPrefix(entry, "./")
	dir, name, ok := strings.Cut(clean, "/")
	if !ok || dir == "" || !fs.ValidPath(dir) || dir == "." || !fs.ValidPath(name) || name == "." || strings.ContainsAny(clean, "\\\x00") {
		return "", "", fmt.Errorf("%q is no name of a file in a directory", entry)
	}
	return dir, name, nil
}
