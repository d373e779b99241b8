package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/syncgate/syncgate/bounds"
)

// session is a connection to a server that has told its references.
//
// go-git's own remotes choose their transport from a table that every part of
// a process can change and that runs git for local paths; a session knows
// HTTP and SSH.
type session struct {
	transport.UploadPackSession
	told       *packp.AdvRefs
	advertised *advertised
}

// connect opens a session.
func (r *remote) connect(ctx context.Context) (*session, error) {
	type result struct {
		session *session
		err     error
	}
	done := make(chan result, 1)
	// Dialling over SSH takes no context.
	go func() {
		opened, err := r.dial(ctx)
		done <- result{opened, err}
	}()
	select {
	case got := <-done:
		if got.err != nil {
			return nil, r.explain(ctx, "open", got.err)
		}
		return got.session, nil
	case <-ctx.Done():
		go func() {
			if late := <-done; late.session != nil {
				_ = late.session.Close()
			}
		}()
		return nil, r.explain(ctx, "open", ctx.Err())
	}
}

func (r *remote) dial(ctx context.Context) (*session, error) {
	endpoint := r.location.endpoint // sessions change theirs on a redirect
	var client transport.Transport
	var auth transport.AuthMethod
	var err error
	if endpoint.Protocol == "ssh" {
		client = gitssh.NewClient(nil)
		var done func()
		auth, done, err = sshAuth(&endpoint)
		defer done()
	} else {
		client = githttp.NewClient(&http.Client{Transport: &boundedTransport{}})
		auth, err = r.httpAuth()
	}
	if err != nil {
		return nil, err
	}
	upload, err := client.NewUploadPackSession(&endpoint, auth)
	if err != nil {
		return nil, err
	}
	told, err := upload.AdvertisedReferencesContext(ctx)
	if err != nil {
		_ = upload.Close()
		return nil, err
	}
	return &session{UploadPackSession: upload, told: told, advertised: newAdvertised(told)}, nil
}

// fetch writes commits, and as many generations before them as depth says,
// to a bare repository. The session is used up.
func (s *session) fetch(ctx context.Context, dir string, wants []plumbing.Hash, depth int) error {
	storage := filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRU(objectCache))
	if err := storage.Init(); err != nil {
		return fmt.Errorf("make cache: %w", err)
	}
	request := packp.NewUploadPackRequestFromCapabilities(s.told.Capabilities)
	request.Wants = wants
	for _, wish := range []capability.Capability{capability.Shallow, capability.NoProgress} {
		if s.told.Capabilities.Supports(wish) {
			if err := request.Capabilities.Set(wish); err != nil {
				return err
			}
		}
	}
	if s.told.Capabilities.Supports(capability.Shallow) {
		request.Depth = packp.DepthCommits(depth)
	}
	response, err := s.UploadPack(ctx, request)
	if err != nil {
		return err
	}
	defer response.Close()
	if len(response.Shallows) > 0 {
		if err := storage.SetShallow(response.Shallows); err != nil {
			return err
		}
	}
	var pack io.Reader = response
	switch {
	case request.Capabilities.Supports(capability.Sideband64k):
		pack = sideband.NewDemuxer(sideband.Sideband64k, response)
	case request.Capabilities.Supports(capability.Sideband):
		pack = sideband.NewDemuxer(sideband.Sideband, response)
	}
	return packfile.UpdateObjectStorage(storage, &boundedReader{reader: pack, left: bounds.FetchBytes})
}

// errEndless is why a fetch ends early.
var errEndless = fmt.Errorf("the server sends more than %d MiB", bounds.FetchBytes>>20)

// boundedReader reads no more than a number of bytes.
type boundedReader struct {
	reader io.Reader
	left   int64
}

// Read implements io.Reader.
func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errEndless
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.reader.Read(p)
	b.left -= int64(n)
	return n, err
}

// boundedTransport bounds every answer of an HTTP server.
type boundedTransport struct{}

// RoundTrip implements http.RoundTripper.
func (*boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	left := int64(bounds.FetchBytes)
	if response.StatusCode != http.StatusOK {
		left = 64 << 10
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{&boundedReader{response.Body, left}, response.Body}
	return response, nil
}

// explain makes an error of a transport one that says what to do. Nothing
// that a server says gets into it without being clipped, and no credential.
func (r *remote) explain(ctx context.Context, verb string, err error) error {
	var network net.Error
	name := r.location.name
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s %s: %w", verb, name, context.Canceled)
	case ctx.Err() != nil && context.Cause(ctx) != context.DeadlineExceeded:
		return fmt.Errorf("%s %s: %w", verb, name, context.Cause(ctx))
	case ctx.Err() != nil:
		return fmt.Errorf("%s %s: it takes longer than %s: %w", verb, name, bounds.FetchTime, context.DeadlineExceeded)
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return fmt.Errorf("%s %s: the server wants a login%s", verb, name, r.loginHint())
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return fmt.Errorf("%s %s: the server refuses this login; check that it may read the repository", verb, name)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("%s %s: there is no such repository, or this login may not see it", verb, name)
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		return fmt.Errorf("%s %s: the repository is empty", verb, name)
	case errors.Is(err, pktline.ErrInvalidPktLen), errors.Is(err, packp.ErrEmptyInput), errors.Is(err, packp.ErrEmptyAdvRefs):
		return fmt.Errorf("%s %s: the server does not answer as a Git server does; check the URL", verb, name)
	case errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("%s %s: the server does not answer in time", verb, name)
	}
	text, _, _ := strings.Cut(r.redact(err.Error()), "\n")
	return fmt.Errorf("%s %s: %s", verb, name, clip(text))
}

// redact removes credentials from a text that a library wrote.
func (r *remote) redact(text string) string {
	for _, secret := range r.secrets() {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}
