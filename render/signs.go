package render

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// signs are what a file shows of what it may render to, without being
// rendered.
type signs uint8

const (
	// leadsElsewhere is a symlink, an archive, what imports other files, and
	// what could render to a deployer object: all of these can use anything.
	leadsElsewhere signs = 1 << iota
	// makesData is what could render to a ConfigMap or a Secret.
	makesData
	// generates is what adds a digest to the names of what it makes.
	generates
)

// signsOf returns the signs of a text.
func signsOf(data []byte) signs {
	var s signs
	for text, sign := range map[string]signs{
		"argoproj": leadsElsewhere, "fluxcd": leadsElsewhere,
		"onfigMap": makesData, "ecret": makesData, "Generator": generates,
	} {
		if bytes.Contains(data, []byte(text)) {
			s |= sign
		}
	}
	return s
}

// packed tells of a file that holds or imports others.
func packed(name string) bool {
	return slices.Contains([]string{".tgz", ".gz", ".tar", ".zip", ".jsonnet", ".libsonnet"}, path.Ext(name))
}

// signs returns those of a file.
func (f *footprint) signs(name string) signs {
	s, known := f.read[name]
	if !known {
		s = leadsElsewhere
		if data, err := readBounded(f.survey.tree, name); err == nil && !f.links[name] && !packed(name) {
			s = signsOf(data)
		}
		f.read[name] = s
	}
	return s
}

// readable tells whether trees that were fetched show no sign of leading
// elsewhere.
func readable(ctx context.Context, trees []fs.FS) bool {
	plain := true
	for _, tree := range trees {
		err := eachFetched(ctx, tree, func(name string, data []byte) bool {
			plain = plain && !packed(name) && signsOf(data)&leadsElsewhere == 0
			return plain
		})
		if err != nil {
			return false
		}
	}
	return plain
}

// eachFetched calls a function with every file of a tree, for as long as that
// returns true. A symlink is an error.
func eachFetched(ctx context.Context, tree fs.FS, call func(name string, data []byte) bool) error {
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || ctx.Err() != nil || entry.Type()&^fs.ModeDir != 0:
			return fs.ErrInvalid
		case entry.IsDir():
			return nil
		}
		file, err := tree.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		data, err := io.ReadAll(io.LimitReader(file, bounds.FileBytes+1))
		if err != nil || len(data) > bounds.FileBytes {
			return fs.ErrInvalid
		}
		if !call(name, data) {
			return fs.SkipAll
		}
		return nil
	})
}

// mayMake tells whether what the unit reads could render to a ConfigMap or
// Secret of a name, which templates may put together from several parts: only
// where some part of it is nowhere to be read it could not.
func (c *closure) mayMake(ctx context.Context, unit Unit, name string) bool {
	var all signs
	c.each(func(_ string, s signs) bool {
		all |= s
		return true
	})
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '.' })
	missing := slices.Clone(parts)
	look := func(data []byte) {
		all |= signsOf(data)
		missing = slices.DeleteFunc(missing, func(part string) bool { return bytes.Contains(data, []byte(part)) })
	}
	look([]byte(unit.Name + "\n" + unit.Namespace + "\n" + c.text))
	for _, tree := range c.fetched {
		err := eachFetched(ctx, tree, func(_ string, data []byte) bool {
			look(data)
			return len(missing) > 0 || all&makesData == 0
		})
		if err != nil {
			return true
		}
	}
	if all&makesData == 0 {
		return false
	}
	c.each(func(name string, _ signs) bool {
		data, err := readBounded(c.survey.tree, name)
		if err != nil {
			missing = nil
			return false
		}
		look(data)
		return len(missing) > 0
	})
	if all&generates != 0 && len(parts) > 1 {
		last := parts[len(parts)-1]
		missing = slices.DeleteFunc(missing, func(part string) bool { return part == last })
	}
	return len(missing) == 0
}
