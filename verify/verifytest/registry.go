package verifytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// descriptor is an OCI descriptor.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    map[string]string `json:"platform,omitempty"`
}

// layer is a descriptor of a blob that holds evidence.
type layer = descriptor

// manifest is an OCI image manifest or index.
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        *descriptor       `json:"config,omitempty"`
	Layers        []descriptor      `json:"layers,omitempty"`
	Manifests     []descriptor      `json:"manifests,omitempty"`
	Subject       *descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// registryServer is an OCI registry on loopback that keeps all in memory.
type registryServer struct {
	host    string
	handler http.Handler
	// front is what the network sees: the handler, behind its faults.
	front  atomic.Pointer[http.Handler]
	server *http.Server
}

func startRegistry() (*registryServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	handler := registry.New(registry.WithReferrersSupport(true), registry.Logger(stdlog.New(io.Discard, "", 0)))
	s := &registryServer{host: listener.Addr().String(), handler: handler}
	s.front.Store(&s.handler)
	front := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { (*s.front.Load()).ServeHTTP(out, r) })
	s.server = &http.Server{Handler: front, ReadHeaderTimeout: 10 * time.Second}
	// Serve ends with http.ErrServerClosed when close is called.
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

func (s *registryServer) close() error { return s.server.Close() }

// putBlob uploads a blob.
func (s *registryServer) putBlob(repository, mediaType string, data []byte) (descriptor, error) {
	d := descriptor{MediaType: mediaType, Digest: digestOf(data).String(), Size: len(data)}
	return d, s.do(http.MethodPost, "/v2/"+repository+"/blobs/uploads/?digest="+d.Digest, "application/octet-stream", data)
}

// putManifest uploads a manifest by tag, or by digest where tag is empty.
func (s *registryServer) putManifest(repository, tag string, m manifest) (descriptor, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return descriptor{}, err
	}
	d := descriptor{MediaType: m.MediaType, Digest: digestOf(data).String(), Size: len(data)}
	if tag == "" {
		tag = d.Digest
	}
	return d, s.do(http.MethodPut, "/v2/"+repository+"/manifests/"+tag, m.MediaType, data)
}

// do asks the registry in process, without the network.
func (s *registryServer) do(method, path, contentType string, body []byte) error {
	request, err := http.NewRequest(method, "http://"+s.host+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	answer := &answer{header: http.Header{}}
	s.handler.ServeHTTP(answer, request)
	if answer.status >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: the registry answered %d: %s", method, path, answer.status, answer.body.String())
	}
	return nil
}

// get asks the registry in process for content.
func (s *registryServer) get(path string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+s.host+path, nil)
	if err != nil {
		return nil, err
	}
	answer := &answer{header: http.Header{}}
	s.handler.ServeHTTP(answer, request)
	if answer.status >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("GET %s: the registry answered %d: %s", path, answer.status, answer.body.String())
	}
	return answer.body.Bytes(), nil
}

// answer is an http.ResponseWriter that keeps what is written.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
