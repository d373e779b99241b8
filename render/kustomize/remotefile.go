package kustomize

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// FileFetcher fetches single files for kustomizations. It is what
// render/charts.Fetcher is.
type FileFetcher interface {
	// File returns what is at an http or https URL. It follows no redirect to
	// a private address, and stops when ctx ends. Its error holds no
	// credentials.
	File(ctx context.Context, url string) ([]byte, error)
}

// complaint makes a problem about an entry.
type complaint func(code string, severity render.Severity, hint, format string, args ...any) *render.Problem

// remoteFile fetches the file that an entry names, and makes the entry name it
// beside the kustomization, where kustomize may load it.
func (p *plan) remoteFile(k *kustomization, e entry, r remote, problem complaint) *render.Problem {
	fresh := k.entry(e.field, e.use, e.written)
	switch {
	case p.fileFetcher == nil || !isRemoteFile(r.entry):
		return problem(CodeRemoteFile, render.Unseen, "copy the file into the repository", "is a single remote file, which cannot be fetched here")
	case fresh.node == nil || fresh.node.Kind != yaml.ScalarNode:
		return problem(CodeRemoteFailed, render.Unseen, "write the URL as a plain scalar", "cannot be rewritten")
	}
	content, known := p.fetched[r.entry]
	if !known {
		if len(p.fetched)+len(p.remotes) >= bounds.RemoteBases {
			return problem(CodeRemoteFailed, render.Unseen, "copy some into the repository", "is one of more than %d remote entries", bounds.RemoteBases)
		}
		var err error
		if content, err = p.fileFetcher.File(p.files.ctx, r.entry); err != nil {
			failed := problem(CodeRemoteFailed, render.Unseen, "check that the file exists and can be read, or copy it into the repository", "cannot be fetched: %s", withoutQuery(r.entry, redactAll(err.Error())))
			failed.Retryable = true
			return failed
		}
		p.fetched[r.entry] = content
	}
	name := fmt.Sprintf("remote-%d%s", len(p.files.added), path.Ext(path.Base(r.entry)))
	file := path.Join(k.dir, name)
	for p.files.isFile(file) {
		name = "x" + name
		file = path.Join(k.dir, name)
	}
	sum := sha256.Sum256(content)
	p.files.added[file] = content
	p.urls[file] = redact(r.entry) + "#sha256:" + hex.EncodeToString(sum[:])
	fresh.node.Value, fresh.node.Style = name, yaml.DoubleQuotedStyle
	p.served[k.file] = nil
	return p.followFile(k, e, file)
}

// withoutQuery removes the query of a URL, which may hold a token, from a text.
func withoutQuery(entry, text string) string {
	if u, err := url.Parse(entry); err == nil && u.RawQuery != "" {
		text = strings.ReplaceAll(text, "?"+u.RawQuery, "")
	}
	return text
}

// addedFile is the information on a file that is in no tree.
type addedFile struct {
	name string
	size int64
}

var _ fs.FileInfo = addedFile{}

// Name implements fs.FileInfo.
func (f addedFile) Name() string { return f.name }

// Size implements fs.FileInfo.
func (f addedFile) Size() int64 { return f.size }

// Mode implements fs.FileInfo.
func (addedFile) Mode() fs.FileMode { return 0o444 }

// ModTime implements fs.FileInfo.
func (addedFile) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo.
func (addedFile) IsDir() bool { return false }

// Sys implements fs.FileInfo.
func (addedFile) Sys() any { return nil }
