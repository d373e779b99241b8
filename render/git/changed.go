package git

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/syncgate/syncgate/render"
)

// Changed returns the paths at which two trees of a repository differ: files
// and symlinks whose content differs, and files and directories, without those
// below, that only one has. Of two revisions it reads no file; directories that
// are alike are not looked into.
func Changed(ctx context.Context, a, b render.Tree) ([]string, error) {
	c := comparison{ctx: ctx, a: a.FS, b: b.FS}
	x, isSnapshot := a.FS.(*snapshot)
	y, both := b.FS.(*snapshot)
	if isSnapshot && both {
		c.snapshots(x, y, ".")
	} else {
		c.directories(".")
	}
	if c.err != nil {
		return nil, fmt.Errorf("compare revisions: %w", c.err)
	}
	return c.changed, nil
}

// comparison compares two trees.
type comparison struct {
	ctx     context.Context
	a, b    fs.FS
	changed []string
	err     error
}

// snapshots compares a directory of two revisions by the ids of what is in it.
func (c *comparison) snapshots(x, y *snapshot, dir string) {
	if c.err = c.ctx.Err(); c.err != nil {
		return
	}
	left, right := x.dirs[dir], y.dirs[dir]
	for len(left) > 0 || len(right) > 0 {
		switch {
		case len(right) == 0 || len(left) > 0 && left[0].name < right[0].name:
			c.changed = append(c.changed, path.Join(dir, left[0].name))
			left = left[1:]
		case len(left) == 0 || right[0].name < left[0].name:
			c.changed = append(c.changed, path.Join(dir, right[0].name))
			right = right[1:]
		default:
			name, l, r := path.Join(dir, left[0].name), left[0], right[0]
			left, right = left[1:], right[1:]
			switch {
			case l.mode == r.mode && l.hash == r.hash:
			case l.mode == filemode.Dir && r.mode == filemode.Dir:
				c.snapshots(x, y, name)
			default:
				c.changed = append(c.changed, name)
			}
		}
	}
}

// directories compares a directory by the content of what is in it. What
// cannot be read counts as changed.
func (c *comparison) directories(dir string) {
	if c.err = c.ctx.Err(); c.err != nil {
		return
	}
	left, errLeft := fs.ReadDir(c.a, dir)
	right, errRight := fs.ReadDir(c.b, dir)
	if errLeft != nil || errRight != nil {
		c.changed = append(c.changed, dir)
		return
	}
	types := map[string]fs.FileMode{}
	for _, entry := range left {
		types[entry.Name()] = entry.Type()
	}
	for _, entry := range right {
		name := path.Join(dir, entry.Name())
		kind, both := types[entry.Name()]
		delete(types, entry.Name())
		switch {
		case !both || kind != entry.Type():
			c.changed = append(c.changed, name)
		case entry.IsDir():
			c.directories(name)
		case kind&fs.ModeSymlink != 0 && !c.sameLink(name), kind&fs.ModeSymlink == 0 && !c.sameFile(name):
			c.changed = append(c.changed, name)
		}
	}
	for name := range types {
		c.changed = append(c.changed, path.Join(dir, name))
	}
}

func (c *comparison) sameLink(name string) bool {
	left, errLeft := fs.ReadLink(c.a, name)
	right, errRight := fs.ReadLink(c.b, name)
	return errLeft == nil && errRight == nil && left == right
}

func (c *comparison) sameFile(name string) bool {
	left, errLeft := fs.ReadFile(c.a, name)
	right, errRight := fs.ReadFile(c.b, name)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}
