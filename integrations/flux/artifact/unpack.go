package artifact

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// Unpack returns the files of a compressed archive. What readers of archives
// could take in two ways is refused: source-controller packs plain files, each
// once, and no links.
func Unpack(packed []byte) (fs.FS, error) {
	zipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errors.New("it is no gzip archive")
	}
	// The headers and the padding of the archive count too.
	left := &io.LimitedReader{R: zipped, N: bounds.ArtifactBytes + 1}
	u := &unpacker{files: map[string]bool{}, dirs: map[string]bool{}}
	var kept bytes.Buffer
	u.out = zip.NewWriter(&kept)
	err = u.all(tar.NewReader(left))
	if left.N <= 0 {
		return nil, fmt.Errorf("it unpacks to more than %d bytes; leave out what is not deployed with .sourceignore", bounds.ArtifactBytes)
	}
	if err == nil {
		err = u.out.Close()
	}
	if err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(kept.Bytes()), int64(kept.Len()))
}

// unpacker moves the files of one archive into another that can be read as a
// file system.
type unpacker struct {
	out         *zip.Writer
	files, dirs map[string]bool
}

func (u *unpacker) all(in *tar.Reader) error {
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("it is no tar archive: %w", err)
		}
		switch header.Typeflag {
		case tar.TypeXGlobalHeader:
		case tar.TypeDir:
			if name, err := clean(header.Name); err != nil || u.files[name] {
				return fmt.Errorf("%q is no name of a directory", header.Name)
			}
		case tar.TypeReg:
			if err := u.file(header.Name, in); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q is a link or a device", header.Name)
		}
	}
}

func (u *unpacker) file(entry string, in io.Reader) error {
	name, err := clean(entry)
	switch {
	case err != nil || name == "." || strings.HasSuffix(entry, "/"):
		return fmt.Errorf("%q is no name of a file", entry)
	case u.files[name] || u.dirs[name]:
		return fmt.Errorf("it holds %q twice", entry)
	case len(u.files) == bounds.TreeFiles:
		return fmt.Errorf("it holds more than %d files", bounds.TreeFiles)
	}
	u.files[name] = true
	for dir := path.Dir(name); dir != "." && !u.dirs[dir]; dir = path.Dir(dir) {
		if u.files[dir] {
			return fmt.Errorf("it holds %q as a file and as a directory", dir)
		}
		u.dirs[dir] = true
	}
	out, err := u.out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err == nil {
		_, err = io.Copy(out, in)
	}
	return err
}

// clean returns the name of an entry as file systems have it. One that leads
// elsewhere, or that file systems take in several ways, has none.
func clean(entry string) (string, error) {
	name := strings.TrimSuffix(strings.TrimPrefix(entry, "./"), "/")
	if name == "" {
		name = "."
	}
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return "", fs.ErrInvalid
	}
	return name, nil
}
