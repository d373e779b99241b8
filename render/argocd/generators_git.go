package argocd

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/bounds"
)

// gitItem is a pattern of a git generator.
type gitItem struct {
	path    value
	exclude bool
}

// gitGenerator makes parameters of the directories or files of a repository
// (applicationset/generators/git.go).
func (s *set) gitGenerator(c cursor) ([]params, bool) {
	var from source
	var directories, files []gitItem
	var prefix string
	var values []pair
	items := func(into *[]gitItem) func(cursor) {
		return s.list(func(c cursor) {
			var item gitItem
			s.mapping(c, fields{"path": s.value(&item.path), "exclude": s.flag(&item.exclude)})
			*into = append(*into, item)
		})
	}
	failed := len(s.problems)
	s.mapping(c, fields{
		"repoURL": s.value(&from.repoURL), "revision": s.value(&from.revision),
		"directories": items(&directories), "files": items(&files),
		"pathParamPrefix": s.str(&prefix), "values": s.pairs(&values),
		"template": ignore, "requeueAfterSeconds": ignore,
	})
	if len(s.problems) > failed {
		return nil, false
	}
	g := git{set: s, at: c, prefix: prefix, values: values}
	var problem error
	if checkout, p := s.deployer.repositories.find(s.ctx, s.tree, from); p != nil {
		p.Object, p.Message = s.id, s.id.String()+": git generator: "+p.Message
		s.problems = append(s.problems, *p)
		return nil, false
	} else {
		g.from = checkout
	}
	var made []params
	switch {
	case len(directories) > 0:
		made, problem = g.directories(directories)
	case len(files) > 0:
		made, problem = g.files(files)
	default:
		problem = fmt.Errorf("git generator names neither directories nor files")
	}
	if problem != nil {
		s.templateFailed(c, problem)
	}
	return made, problem == nil
}

// git is a git generator that runs.
type git struct {
	set    *set
	at     cursor
	from   checkout
	prefix string
	values []pair
}

// walk calls f for each name of the repository.
func (g git) walk(f func(name string, entry fs.DirEntry) error) error {
	count := 0
	return fs.WalkDir(g.from.fs, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = g.set.ctx.Err()
		}
		if count++; err == nil && count > bounds.TreeFiles {
			err = unknowableError(fmt.Sprintf("the repository has more than %d files", bounds.TreeFiles))
		}
		if err != nil {
			return err
		}
		return f(name, entry)
	})
}

// directories makes parameters of directories, hidden ones left out.
func (g git) directories(items []gitItem) ([]params, error) {
	var made []params
	err := g.walk(func(name string, entry fs.DirEntry) error {
		if !entry.IsDir() || name == "." {
			return nil
		}
		if strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		include, exclude := false, false
		for _, item := range items {
			match, err := path.Match(item.path.text, name)
			if err != nil {
				return fmt.Errorf("pattern %q: %w", item.path.text, err)
			}
			include, exclude = include || match && !item.exclude, exclude || match && item.exclude
		}
		if !include || exclude {
			return nil
		}
		p, err := g.params(params{}, name, "")
		made = append(made, p)
		return err
	})
	return made, err
}

// files makes parameters of files and their contents.
func (g git) files(items []gitItem) ([]params, error) {
	var names []string
	patterns := make([]*regexp.Regexp, len(items))
	for i, item := range items {
		pattern, err := pathspec(item.path.text)
		if err != nil {
			return nil, err
		}
		patterns[i] = pattern
	}
	err := g.walk(func(name string, entry fs.DirEntry) error {
		include, exclude := false, false
		if entry.IsDir() {
			if name == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		for i, item := range items {
			match := patterns[i].MatchString(name)
			include, exclude = include || match && !item.exclude, exclude || match && item.exclude
		}
		if include && !exclude {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var made []params
	for _, name := range names {
		more, err := g.file(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.from.show(name), err)
		}
		made = append(made, more...)
	}
	return made, nil
}

// pathspec compiles a pattern as git ls-files takes it: a file, a directory
// with all below, or a pattern in which * and ? match slashes too.
func pathspec(pattern string) (*regexp.Regexp, error) {
	if strings.HasPrefix(pattern, ":") {
		return nil, unknowableError(fmt.Sprintf("pattern %q has magic that is not known", pattern))
	}
	pattern = path.Clean(strings.TrimPrefix(pattern, "./"))
	literal := "^" + regexp.QuoteMeta(pattern) + "(/.*)?$"
	if pattern == "." {
		return regexp.MustCompile(""), nil
	}
	var glob strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			glob.WriteString(".*")
		case c == '?':
			glob.WriteString(".")
		case c == '\\' && i+1 < len(pattern):
			i++
			glob.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case c == '[' && strings.Contains(pattern[i+1:], "]"):
			end := i + 1 + strings.Index(pattern[i+1:], "]")
			class := pattern[i+1 : end]
			if inverted, ok := strings.CutPrefix(class, "!"); ok {
				class = "^" + inverted
			}
			glob.WriteString("[" + class + "]")
			i = end
		default:
			glob.WriteString(regexp.QuoteMeta(string(rune(c))))
			if c >= 0x80 {
				return nil, unknowableError(fmt.Sprintf("pattern %q is not ASCII", pattern))
			}
		}
	}
	compiled, err := regexp.Compile("(?s)" + literal + "|^" + glob.String() + "$")
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return compiled, nil
}

// file makes the parameters of one file: of a mapping, or of each of a list of
// mappings.
func (g git) file(name string) ([]params, error) {
	file, err := g.from.fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, bounds.PolicyBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > bounds.PolicyBytes {
		return nil, unknowableError(fmt.Sprintf("file has more than %d bytes", bounds.PolicyBytes))
	}
	single := map[string]any{}
	all := []map[string]any{single}
	if err := sigsyaml.Unmarshal(data, &single); err == nil {
		all = []map[string]any{single}
	} else if err := sigsyaml.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("unable to parse file: %s", firstLine(err))
	}
	var made []params
	for _, content := range all {
		p := params{}
		if g.set.renderer.goTemplate {
			maps.Copy(p, content)
		} else {
			for key, text := range flatten(content) {
				p[key] = text
			}
		}
		p, err := g.params(p, path.Dir(name), path.Base(name))
		if err != nil {
			return nil, err
		}
		made = append(made, p)
	}
	return made, nil
}

// params adds what a path says to parameters, and the values.
func (g git) params(p params, dir, file string) (params, error) {
	base := path.Base(dir)
	if g.set.renderer.goTemplate {
		at := map[string]any{"path": dir, "basename": base, "basenameNormalized": sanitizeName(base), "segments": strings.Split(dir, "/")}
		if file != "" {
			at["filename"], at["filenameNormalized"] = file, sanitizeName(file)
		}
		if g.prefix != "" {
			p[g.prefix] = map[string]any{"path": at}
		} else {
			p["path"] = at
		}
		return p, g.set.addValues(p, g.values)
	}
	key := "path"
	if g.prefix != "" {
		key = g.prefix + ".path"
	}
	p[key], p[key+".basename"], p[key+".basenameNormalized"] = dir, base, sanitizeName(base)
	if file != "" {
		p[key+".filename"], p[key+".filenameNormalized"] = file, sanitizeName(file)
	}
	for i, segment := range strings.Split(dir, "/") {
		p[key+"["+strconv.Itoa(i)+"]"] = segment
	}
	return p, g.set.addValues(p, g.values)
}

// addValues adds the values of a generator to parameters, which may be put
// into them.
func (s *set) addValues(p params, values []pair) error {
	made := map[string]string{}
	for _, v := range values {
		text, err := s.renderer.text(v.value.text, p)
		if err != nil {
			return err
		}
		made[v.key] = text
	}
	if len(made) == 0 {
		return nil
	}
	if s.renderer.goTemplate {
		p["values"] = made
		return nil
	}
	for key, text := range made {
		p["values."+key] = text
	}
	return nil
}
