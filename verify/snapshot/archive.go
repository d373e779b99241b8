package snapshot

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// The media types of the artifact.
const (
	artifactType  = "application/vnd.syncgate.snapshot.v1+json"
	layerType     = "application/octet-stream"
	manifestType  = "application/vnd.oci.image.manifest.v1+json"
	indexType     = "application/vnd.oci.image.index.v1+json"
	layoutVersion = `{"imageLayoutVersion":"1.0.0"}`
)

// descriptor, artifact and layoutIndex are as the OCI image specification has
// them.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type artifact struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	ArtifactType  string       `json:"artifactType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type layoutIndex struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

const blobDir = "blobs/sha256/"

// write writes the archive of a record and its contents. The same ones make
// the same archive, byte for byte.
func write(name string, config []byte, contents *blobs) (err error) {
	a := artifact{
		SchemaVersion: 2, MediaType: manifestType, ArtifactType: artifactType,
		Config: descriptor{artifactType, sum(config), int64(len(config))}, Layers: []descriptor{},
	}
	for _, digest := range slices.Sorted(maps.Keys(contents.spans)) {
		a.Layers = append(a.Layers, descriptor{layerType, digest, contents.spans[digest].size})
	}
	manifest, err := json.Marshal(a)
	if err != nil {
		return err
	}
	index, err := json.Marshal(layoutIndex{2, indexType, []descriptor{{manifestType, sum(manifest), int64(len(manifest))}}})
	if err != nil {
		return err
	}
	// A file that is cut off by a full disk must not look like a snapshot.
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	to := tar.NewWriter(file)
	for _, part := range []struct {
		name string
		data []byte
	}{
		{"oci-layout", []byte(layoutVersion)}, {"index.json", index},
		{blob(sum(manifest)), manifest}, {blob(sum(config)), config},
	} {
		err = errors.Join(err, entry(to, part.name, part.data))
	}
	for _, layer := range a.Layers {
		if err != nil || layer.Digest == a.Config.Digest {
			continue
		}
		var data []byte
		if data, err = contents.get(layer.Digest, layer.Size); err == nil {
			err = entry(to, blob(layer.Digest), data)
		}
	}
	if err = errors.Join(err, to.Close(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

func blob(digest string) string { return blobDir + strings.TrimPrefix(digest, "sha256:") }

func entry(to *tar.Writer, name string, data []byte) error {
	err := to.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg, Format: tar.FormatPAX})
	if err != nil {
		return err
	}
	_, err = to.Write(data)
	return err
}

var errNoSnapshot = errors.New("it is no evidence that was saved: want the file of --save-evidence")

// read finds the contents of an archive and its config.
func read(file *os.File) (config []byte, contents *blobs, err error) {
	contents = &blobs{file: file, spans: map[string]span{}}
	var index []byte
	for from := tar.NewReader(file); ; {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w (%w)", errNoSnapshot, err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if header.Name == "index.json" {
			if index, err = io.ReadAll(io.LimitReader(from, bounds.HandshakeBytes)); err != nil {
				return nil, nil, err
			}
		}
		digits, isBlob := strings.CutPrefix(header.Name, blobDir)
		if !isBlob {
			continue
		}
		if len(contents.spans) >= bounds.SnapshotBlobs {
			return nil, nil, fmt.Errorf("it holds more than %d pieces", bounds.SnapshotBlobs)
		}
		at, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, nil, err
		}
		contents.spans["sha256:"+digits] = span{at, header.Size}
	}
	config, err = contents.config(index)
	return config, contents, err
}

// config is the record of the one snapshot that an index names.
func (b *blobs) config(index []byte) ([]byte, error) {
	var layout layoutIndex
	if json.Unmarshal(index, &layout) != nil || len(layout.Manifests) != 1 {
		return nil, errNoSnapshot
	}
	text, err := b.get(layout.Manifests[0].Digest, bounds.SnapshotRecordBytes)
	if err != nil {
		return nil, err
	}
	var a artifact
	if json.Unmarshal(text, &a) != nil || a.ArtifactType != artifactType {
		return nil, errNoSnapshot
	}
	return b.get(a.Config.Digest, bounds.SnapshotRecordBytes)
}
