package sigstore

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// archiveURL is what go-tuf takes for the address of a repository in an
// archive. Nothing is asked for at it.
const archiveURL = "https://archive.invalid"

// archive is a TUF repository that is at hand, by the names of its files. It
// implements go-tuf's fetcher.Fetcher.
type archive map[string][]byte

// unpack reads a compressed tar archive of a TUF repository, whose files are
// at its top or in a directory called repository.
func unpack(data []byte) (archive, error) {
	compressed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	files := archive{}
	left := int64(bounds.TUFArchiveBytes)
	for reader := tar.NewReader(io.LimitReader(compressed, left+1)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if left -= header.Size; left < 0 || len(files) == bounds.TUFArchiveFiles {
			return nil, fmt.Errorf("it holds more than %d files or %d bytes", bounds.TUFArchiveFiles, bounds.TUFArchiveBytes)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
		files[strings.TrimPrefix(name, "repository/")] = content
	}
}

// DownloadFile gives out one file of at most limit bytes.
func (a archive) DownloadFile(url string, limit int64, _ time.Duration) ([]byte, error) {
	content, ok := a[strings.TrimPrefix(url, archiveURL+"/")]
	if !ok {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: url}
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("read %s: it is larger than %d bytes", url, limit)
	}
	return content, nil
}

// fromArchive is a trusted root out of a TUF repository that is at hand.
func fromArchive(t policy.TUFRepository, files archive) *TrustedRoot {
	return &TrustedRoot{load: func(ctx context.Context) (*material, error) {
		data, err := target(tuf.Options{
			Root: t.Root, RepositoryBaseURL: archiveURL, Fetcher: files, Context: ctx, DisableLocalCache: true,
		}, t.Target)
		if err != nil {
			return nil, fmt.Errorf("read TUF repository in an archive: %w", err)
		}
		return parseMaterial(data)
	}}
}
