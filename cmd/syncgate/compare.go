package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/images"
	"github.com/syncgate/syncgate/verify"
)

// compareFlags say what a report is compared to.
type compareFlags struct{ to, old string }

func (f *compareFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.to, "compare-to", "", "tell what the change since this revision brings apart from what was wrong before")
	flags.StringVar(&f.old, "old-failures", string(verify.BlockOld), "with --compare-to, what becomes of failures that were there before: block, or allow")
}

// comparable tells what cannot be asked for together.
func (f *verifyFlags) comparable() error {
	old := verify.OldFailures(f.compare.old)
	switch {
	case old != verify.BlockOld && old != verify.AllowOld:
		return fmt.Errorf("read --old-failures %q: want %s or %s", f.compare.old, verify.BlockOld, verify.AllowOld)
	case f.compare.to == "" && old == verify.AllowOld:
		return errors.New("read --old-failures: it needs --compare-to, which says before what")
	case f.compare.to != "" && f.evidence.save != "":
		return errors.New("use --compare-to: evidence that is saved holds one revision; save it in a run of its own")
	}
	return nil
}

// before reads what the change is made to. It renders only what the change can
// touch.
func (f *verifyFlags) before(ctx context.Context, tree render.Tree, rules images.Rules, used policyRecord) (verify.Before, error) {
	b := verify.Before{OldFailures: verify.OldFailures(f.compare.old)}
	source := f.source
	source.revision = f.compare.to
	old, err := source.open(ctx)
	if err != nil {
		return b, fmt.Errorf("read --compare-to: %w", err)
	}
	both, changed, err := f.source.renderBoth(ctx, old, tree)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return b, err
	}
	b.Revision, b.Changed = old.Revision, changed
	if len(changed) == 0 {
		// What is compared to itself, as on a branch that a job is started for,
		// would have nothing that is new, whatever was pushed there.
		b.OldFailures = verify.BlockOld
	}
	b.Was, b.Is = verify.Read(old.Revision, both[0], rules), verify.Read(tree.Revision, both[1], rules)
	if f.policyRevision != "" {
		b.Policies = changedPolicies(used.Files(), old.FS, tree.FS)
		return b, nil
	}
	b.Policies, err = f.policiesTouched(ctx, used, old.Revision, tree.Revision)
	return b, err
}

// changedPolicies are the files of policy that are those of the change, and not
// those before it. Policies that are of neither, such as those of the protected
// branch, are not the change's doing.
func changedPolicies(used document.Files, before, after fs.FS) []string {
	var changed []string
	for name, text := range used {
		is, err := fs.ReadFile(after, name)
		if err != nil || string(is) != string(text) {
			return nil
		}
		if was, err := fs.ReadFile(before, name); err != nil || string(was) != string(is) {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// policiesTouched are the policies of this machine's disk that are in a
// repository with both commits, and that the change touches.
func (f *verifyFlags) policiesTouched(ctx context.Context, used policyRecord, was, is render.Revision) ([]string, error) {
	names := slices.Clone(f.policies.names)
	for name := range used.Files() {
		names = append(names, name)
	}
	slices.Sort(names)
	changes := map[string]change{}
	var touched []string
	for _, name := range slices.Compact(names) {
		real, err := filepath.EvalSymlinks(name)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			continue // it is of another repository, or of a registry
		}
		for _, root := range repositories(real) {
			if _, known := changes[root]; !known {
				if changes[root], err = changeOf(ctx, root, was.Commit, is.Commit); err != nil {
					return nil, err
				}
			}
			if changes[root].touches(real) {
				touched = append(touched, name)
				break
			}
		}
	}
	return touched, nil
}

// repositories are the directories around a file or directory that have a .git. There may be
// several: a submodule is moved by the repository that it is in.
func repositories(name string) []string {
	var roots []string
	for dir := name; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			roots = append(roots, dir)
		}
		if dir == filepath.Dir(dir) {
			return roots
		}
	}
}

// change is what differs between two revisions of a repository. One that does
// not have them has none.
type change struct {
	root  string
	was   fs.FS
	paths []string
}

func changeOf(ctx context.Context, root, was, is string) (change, error) {
	c := change{root: root}
	old, err := git.Open(ctx, git.Options{Source: root, Revision: was, Offline: true})
	if err != nil {
		return c, ctx.Err()
	}
	now, err := git.Open(ctx, git.Options{Source: root, Revision: is, Offline: true})
	if err != nil {
		return c, ctx.Err()
	}
	c.was = old.FS
	c.paths, err = git.Changed(ctx, old, now)
	return c, err
}

// touches tells whether a file or directory differs: by what was committed, or
// because what is on disk is not what was there before.
func (c change) touches(name string) bool {
	path, err := filepath.Rel(c.root, name)
	if err != nil || c.was == nil {
		return false
	}
	path = filepath.ToSlash(path)
	within := func(a, b string) bool { return a == "." || a == b || strings.HasPrefix(b, a+"/") }
	if slices.ContainsFunc(c.paths, func(p string) bool { return within(p, path) || within(path, p) }) {
		return true
	}
	was, err := fs.ReadFile(c.was, path)
	if err != nil {
		return false
	}
	is, err := os.ReadFile(name)
	return err != nil || string(was) != string(is)
}
