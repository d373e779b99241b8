package git

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// linkReader looks at a name without following a link in its last part.
type linkReader interface {
	// link returns the target of a symlink, and whether the name is one.
	link(name string) (target string, isLink bool, err error)
}

// errOutside is why a name is not opened: it, or a symlink on the way, leads
// out of the tree.
var errOutside = errors.New("symlink leads out of the tree")

// errLoop is why a name is not opened.
var errLoop = errors.New("too many levels of symlinks")

// maxLinks is the number of symlinks that one name may lead through, as Linux
// has it.
const maxLinks = 40

// follow returns the name that a name stands for once symlinks are followed,
// those in its last part too. It keeps within the tree: a link with an
// absolute target leads out wherever the tree is.
func follow(links linkReader, name string) (string, error) {
	real, rest := ".", name
	for followed := 0; rest != "" && rest != "."; {
		first, after, _ := strings.Cut(rest, "/")
		switch first {
		case "", ".":
			rest = after
			continue
		case "..":
			if real == "." {
				return "", errOutside
			}
			real, rest = path.Dir(real), after
			continue
		}
		next := path.Join(real, first)
		target, isLink, err := links.link(next)
		if err != nil {
			return "", err
		}
		if !isLink {
			real, rest = next, after
			continue
		}
		if followed++; followed > maxLinks {
			return "", errLoop
		}
		if target == "" {
			return "", fs.ErrNotExist
		}
		if path.IsAbs(target) {
			return "", errOutside
		}
		rest = target
		if after != "" {
			rest += "/" + after
		}
	}
	return real, nil
}
