package flux

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/syncgate/syncgate/bounds"
)

// Files are the names of files and directories that policy and trust are read
// from.
type Files []string

// Fingerprint tells one state of the files from another: it is a digest of
// what they hold. Of a mounted ConfigMap it changes when the mount does.
func (f Files) Fingerprint() (string, error) {
	sum := sha256.New()
	count, left := 0, int64(bounds.WatchedBytes)
	for _, root := range f {
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if count++; count > bounds.WatchedFiles {
				return fmt.Errorf("they are more than %d files", bounds.WatchedFiles)
			}
			info, err := os.Stat(name) // of a ConfigMap all names are symlinks
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			fmt.Fprintf(sum, "%q %d\n", name, info.Size())
			file, err := os.Open(name)
			if err != nil {
				return err
			}
			defer file.Close()
			n, err := io.Copy(sum, io.LimitReader(file, left+1))
			if left -= n; err == nil && left < 0 {
				err = errors.New("they are too large")
			}
			return err
		})
		if err != nil {
			return "", fmt.Errorf("look whether %s changed: %w", root, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
