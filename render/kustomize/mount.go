package kustomize

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// remote handles an entry that kustomize would fetch. Kustomize never does:
// the entry is refused, or the repository is fetched and mounted and the
// entry made to name the mount.
func (p *plan) remote(k *kustomization, e entry, r remote) *render.Problem {
	problem := func(code string, severity render.Severity, hint, format string, args ...any) *render.Problem {
		message := fmt.Sprintf("%s entry %s ", e.field, redact(r.entry)) + fmt.Sprintf(format, args...)
		return &render.Problem{Code: code, Severity: severity, Message: message, Hint: hint, Origin: e.origin(k)}
	}
	if why := r.refusal(); why != "" {
		return problem(CodeRemoteRefused, render.Broken, "name the repository by an https or ssh URL", "is refused: %s", why)
	}
	if !p.source.AllowRemote {
		return problem(CodeRemote, render.Unseen,
			"allow it with --allow-remote, or copy what it names into the repository", "is remote, and remote entries are not allowed")
	}
	if r.mayBeFile() || !e.use.clones() {
		return p.remoteFile(k, e, r, problem)
	}
	if p.fetcher == nil {
		return problem(CodeRemoteFailed, render.Unseen, "copy what it names into the repository", "cannot be fetched here")
	}
	// The entry is looked up anew: one of the same value may have been
	// rewritten since.
	fresh := k.entry(e.field, e.use, e.written)
	if fresh.node == nil || fresh.node.Kind != yaml.ScalarNode {
		return problem(CodeRemoteFailed, render.Unseen, "write the URL as a plain list item", "cannot be rewritten")
	}
	mount, err := p.mount(r)
	if err != nil {
		failed := problem(CodeRemoteFailed, render.Unseen, "check that the repository and the reference exist and can be read", "cannot be fetched: %s", redactAll(err.Error()))
		failed.Retryable = true
		return failed
	}
	target := path.Join(mount, r.dir)
	if climbs(mount, r.dir, mount) || !p.files.isDir(target) {
		return problem(CodeFailed, render.Broken, "check the path after the repository", "names no directory of the repository")
	}
	relative, err := filepath.Rel(k.dir, target)
	if err != nil {
		return problem(CodeRemoteFailed, render.Unseen, "", "cannot be rewritten")
	}
	fresh.node.Value, fresh.node.Style = filepath.ToSlash(relative), yaml.DoubleQuotedStyle
	p.served[k.file] = nil
	target, _, _ = p.files.resolve(target)
	return p.followDir(k, e, target)
}

// mount fetches a repository and returns where it is mounted.
func (p *plan) mount(r remote) (string, error) {
	for mount, known := range p.remotes {
		if known.repository == r.repository && known.reference == r.reference {
			return mount, nil
		}
	}
	if len(p.remotes) >= bounds.RemoteBases {
		return "", fmt.Errorf("more than %d remote repositories", bounds.RemoteBases)
	}
	ctx, cancel := context.WithTimeout(p.files.ctx, bounds.FetchTime)
	defer cancel()
	tree, commit, err := p.fetcher.Fetch(ctx, r.repository, r.reference)
	if err != nil {
		return "", err
	}
	if tree == nil || commit == "" {
		return "", fmt.Errorf("the fetcher returned no commit")
	}
	mount := path.Join(remoteMounts, strconv.Itoa(len(p.remotes)))
	p.files.mounts[mount] = tree
	p.remotes[mount] = mounted{repository: r.repository, reference: r.reference, commit: commit}
	return mount, nil
}

// rewrite makes the file that kustomize sees name the mounts of what was
// fetched, and makes sure that no remote entry is left in it.
func (p *plan) rewrite(k *kustomization) *render.Problem {
	if _, ok := p.served[k.file]; !ok {
		return nil
	}
	failed := &render.Problem{
		Code: CodeRemoteFailed, Severity: render.Unseen, Origin: render.Origin{File: k.file},
		Message: "cannot make its remote entries local",
		Hint:    "write each URL as a plain list item",
	}
	data, err := yaml.Marshal(k.root)
	if err != nil {
		return failed
	}
	local := &kustomization{}
	if err := local.decoded.Unmarshal(data); err != nil {
		return failed
	}
	local.decoded.FixKustomization()
	for _, e := range local.entries() {
		if _, remote := parseRemote(e.value); remote && (e.use.clones() || isRemoteFile(e.value)) {
			return failed
		}
	}
	p.served[k.file] = data
	return nil
}

// redactAll removes the credentials from every URL of a text.
func redactAll(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = userinfo.ReplaceAllString(word, "//")
	}
	return strings.Join(words, " ")
}
