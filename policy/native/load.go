package native

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
)

// Problems is everything that is wrong in policy files.
type Problems = document.Problems

// Load reads policy files and directories of fsys; document.Read says which.
// Key files are read from fsys too, relative to the policy file that names
// them.
//
// The error is of type Problems and holds everything that is wrong in any of
// the files. A set without a policy is an error, and so is one that holds two
// policies or two exceptions of the same name.
func Load(fsys fs.FS, names ...string) (policy.Set, error) {
	r := NewReader(fsys, document.Names{}, &document.Budget{})
	problems := document.Read(fsys, names, r.Read)
	if len(problems) == 0 && len(r.Set.Policies) == 0 {
		problems = NoPolicy(names)
	}
	if len(problems) == 0 {
		problems = r.Finish(r.Set.Policies)
	}
	if len(problems) > 0 {
		return policy.Set{}, problems
	}
	return r.Set, nil
}

// NoPolicy is what is wrong with files that hold no policy.
func NoPolicy(names []string) Problems {
	return Problems{{Message: fmt.Sprintf("no policy in %s: only what policies refer to, and an exception passes nothing by itself", strings.Join(names, ", "))}}
}
