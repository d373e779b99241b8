// Package origin reads policies from elsewhere: another Git repository at a
// commit, or an artifact of a registry by its digest or by who signed it.
// Nothing is read before that is known to be what was meant.
package origin

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

// Files are those of one origin. Nothing outside of it can be named.
type Files struct {
	fs.FS
	// Names are the policies among them.
	Names []string
}

// Origins opens origins.
type Origins struct {
	// Git is how repositories are read, without Source and Revision.
	Git git.Options
	// Registry is where artifacts are.
	Registry *registry.Client
	// Signed verifies an artifact that is not named by its digest, or is to be
	// signed all the same. Nil is that nobody was named who must have signed.
	Signed func(ctx context.Context, reference string) error
}

// Elsewhere tells whether a --policy names an origin, and no file.
func Elsewhere(name string) bool {
	return strings.HasPrefix(name, "git+") || strings.HasPrefix(name, "oci://")
}

// Open reads what a --policy names: git+URL@COMMIT, oci://REPOSITORY@DIGEST or
// oci://REPOSITORY:TAG, each with //PATH after it if that is not the root.
func (o Origins) Open(ctx context.Context, name string) (Files, error) {
	files, err := o.open(ctx, name)
	if err != nil {
		return Files{}, fmt.Errorf("read policy %s: %w", name, err)
	}
	return files, nil
}

func (o Origins) open(ctx context.Context, name string) (Files, error) {
	if url, ok := strings.CutPrefix(name, "git+"); ok {
		return o.repository(ctx, url)
	}
	reference, inside, _ := strings.Cut(strings.TrimPrefix(name, "oci://"), "//")
	return o.artifact(ctx, reference, inside)
}

var commitForm = regexp.MustCompile(`\A(?:[0-9a-f]{40}|[0-9a-f]{64})\z`)

// repository opens a Git repository at a commit. A branch would be whatever
// its repository says today.
func (o Origins) repository(ctx context.Context, written string) (Files, error) {
	scheme, rest, found := strings.Cut(written, "://")
	rest, inside, _ := strings.Cut(rest, "//")
	at := strings.LastIndexByte(rest, '@')
	if !found || at < 0 || !commitForm.MatchString(rest[at+1:]) {
		return Files{}, fmt.Errorf("want git+https://HOST/PATH@COMMIT//DIRECTORY with a full commit id: a branch is whatever it is today")
	}
	options := o.Git
	options.Source, options.Revision = scheme+"://"+rest[:at], rest[at+1:]
	tree, err := git.Open(ctx, options)
	if err != nil {
		return Files{}, err
	}
	_, location, _ := strings.Cut(rest, "@") // without a user's name
	if location == rest[at+1:] {
		location = rest
	}
	return mount(tree.FS, strings.Trim(location, "/"), inside)
}

// artifact opens an artifact of a registry.
func (o Origins) artifact(ctx context.Context, reference, inside string) (Files, error) {
	subject, err := o.Registry.Resolve(ctx, reference, verify.Want{Existence: true})
	if err != nil {
		return Files{}, err
	}
	pinned := subject.Repository + "@" + subject.Digest.String()
	switch {
	case o.Signed != nil:
		if err := o.Signed(ctx, pinned); err != nil {
			return Files{}, err
		}
	case !subject.Pinned:
		return Files{}, fmt.Errorf("a tag is whatever the registry says today: name the artifact by its digest (oci://%s), or say who must have signed it with --policy-key or --policy-identity and --policy-issuer", pinned)
	}
	layers, err := o.Registry.Artifact(ctx, subject.Repository, subject.Digest, bounds.PolicySetBytes)
	if err != nil {
		return Files{}, err
	}
	files, err := unpack(layers)
	if err != nil {
		return Files{}, err
	}
	return mount(files, pinned, inside)
}

// mounted is a file system whose names begin with where it comes from, so that
// messages and reports say so.
type mounted struct {
	files  fs.FS
	prefix string
}

// Open opens a file. Names outside of the origin are none.
func (m mounted) Open(name string) (fs.File, error) {
	inside, ok := strings.CutPrefix(name, m.prefix+"/")
	if name == m.prefix {
		inside, ok = ".", true
	}
	if !ok || !fs.ValidPath(inside) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return m.files.Open(inside)
}

// mount makes the files of an origin. Without a directory there, the names are
// those of all policies at its root.
func mount(files fs.FS, location, inside string) (Files, error) {
	location = path.Clean(strings.ReplaceAll(location, "//", "/"))
	m := mounted{files, location}
	inside = path.Clean("/" + inside)[1:]
	if list, ok := files.(document.Files); ok {
		return listed(m, list, inside)
	}
	return Files{m, []string{path.Join(location, inside)}}, nil
}

// listed names the policies of a list of files, which has no directories.
func listed(m mounted, list document.Files, inside string) (Files, error) {
	out := Files{FS: m}
	for _, name := range sorted(list) {
		extension := path.Ext(name)
		policies := (extension == ".yaml" || extension == ".yml") && !document.IsTest(name) && !strings.HasPrefix(path.Base(name), ".")
		if name == inside || policies && path.Dir(name) == path.Clean(inside) {
			out.Names = append(out.Names, m.prefix+"/"+name)
		}
	}
	if len(out.Names) == 0 {
		return out, fmt.Errorf("no policy in it: no file in its directory %q ends in .yaml or .yml; it holds %s", "/"+inside, strings.Join(sorted(list), ", "))
	}
	return out, nil
}

// Signers are those who may sign an artifact: one key or one identity.
func Signers(key *policy.Key, issuer, subject string) []policy.SignerRule {
	if key != nil {
		return []policy.SignerRule{{Name: "--policy-key", Key: key}}
	}
	return []policy.SignerRule{{Name: "--policy-identity", Keyless: &policy.Keyless{Issuer: issuer, Subject: subject}}}
}
