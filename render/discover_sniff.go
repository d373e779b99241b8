package render

import (
	"bytes"
	"context"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// candidate is a file that may hold manifests.
type candidate struct {
	dir, file string
	// plain tells that a unit of plain manifests may read it; data that it
	// does so only if the file may name an image. Else no unit does.
	plain, data bool
	// holds and images tell that it holds an object and that it may name an
	// image.
	holds, images bool
	// template tells that it looks like a template of the chart that it is
	// below: as it is no cluster could read it.
	template bool
	err      error
}

// sniffManifests finds the files that hold plain manifests, and those that
// hold objects and that no unit reads.
func (s *survey) sniffManifests(ctx context.Context) {
	var candidates []*candidate
	for _, name := range s.names {
		for _, file := range s.dirs[name].files {
			if c := s.candidate(name, file); c != nil {
				candidates = append(candidates, c)
			}
		}
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, c := range candidates {
		group.Go(func() error {
			if c.err = ctx.Err(); c.err == nil {
				c.err = s.sniff(c)
			}
			return nil
		})
	}
	_ = group.Wait()
	for _, c := range candidates {
		s.sniffed(c)
	}
}

// candidate says what to look for in a file, or nil for nothing: a rendered
// kustomization or chart reads it.
func (s *survey) candidate(name, file string) *candidate {
	dir := s.dirs[name]
	plain := dir.kustomization == "" && dir.inChart == ""
	claim, claimed := s.claimed[path.Join(name, file)]
	switch {
	case claimed && !(claim.data && plain):
		return nil
	case file == dir.kustomization || file == dir.chart:
		return nil
	case dir.component && dir.builds && !dir.rendered:
		return nil
	case s.template(name) && s.dirs[dir.inChart].rendered:
		return nil
	}
	return &candidate{dir: name, file: file, plain: plain, data: claimed}
}

// sniffed notes what a file holds.
func (s *survey) sniffed(c *candidate) {
	dir, name := s.dirs[c.dir], path.Join(c.dir, c.file)
	switch {
	case c.err != nil:
		s.unreadable(name, c.err)
	case !c.holds && c.template && c.plain && !c.data:
		dir.templates = append(dir.templates, c.file)
	case !c.holds || c.data && !c.images:
	case c.plain:
		delete(s.claimed, name)
		dir.manifests = append(dir.manifests, c.file)
	default:
		dir.unread = append(dir.unread, c.file)
		if c.images {
			dir.images++
		}
	}
}

// sniff looks into a file. What cannot be told is taken for a plain manifest,
// so that its renderer says what is wrong with it.
func (s *survey) sniff(c *candidate) error {
	name := path.Join(c.dir, c.file)
	data, err := readBounded(s.tree, name)
	if err != nil {
		return err
	}
	words := bytes.Contains(data, []byte("apiVersion")) && bytes.Contains(data, []byte("kind"))
	hidden := hidesText(data)
	if !words && !hidden {
		return nil
	}
	c.images = bytes.Contains(data, []byte("mage")) || hidden
	c.template = bytes.Contains(data, []byte("{{")) && s.belowChart(c.dir)
	if c.plain && !c.data && !c.template && words && hasTopLevelKey(data, "apiVersion") && hasTopLevelKey(data, "kind") {
		c.holds = true
		return nil
	}
	objects, problems := ParseObjects(name, data)
	c.holds = slices.ContainsFunc(objects, deployable)
	for _, p := range problems {
		if c.plain && !c.data && !c.template {
			c.holds = c.holds || len(objects) > 0 || words && p.Severity != Notice || hidden && p.Code == CodeAmbiguous
		}
		c.holds = c.holds || p.Severity == Unseen
	}
	return nil
}

// deployable tells whether an object is one that a cluster runs: not what
// kustomize or syncgate read, and no definition of a type.
func deployable(o Object) bool {
	group, _, _ := strings.Cut(o.ID.APIVersion, "/")
	return group != "kustomize.config.k8s.io" && group != "builtin" && group != "syncgate.dev" && o.ID.Kind != "CustomResourceDefinition"
}

// hidesText tells whether a key could be in a file without its letters: in
// escapes of YAML or JSON, in base64 or in UTF-16.
func hidesText(data []byte) bool {
	for _, sign := range []string{"!binary", ":binary", "%TAG"} {
		if bytes.Contains(data, []byte(sign)) {
			return true
		}
	}
	if isUTF16(data) {
		return true
	}
	for i := 0; ; i++ {
		next := bytes.IndexByte(data[i:], '\\')
		if next < 0 || i+next+1 >= len(data) {
			return false
		}
		i += next
		if strings.IndexByte("xuU\r\n", data[i+1]) >= 0 {
			return true
		}
	}
}

// hasTopLevelKey tells whether a key stands at the start of a line.
func hasTopLevelKey(data []byte, key string) bool {
	for at := 0; ; {
		next := bytes.Index(data[at:], []byte(key))
		if next < 0 {
			return false
		}
		start, end := at+next, at+next+len(key)
		at = end
		if start > 0 && (data[start-1] == '"' || data[start-1] == '\'') && end < len(data) && data[end] == data[start-1] {
			start, end = start-1, end+1
		}
		rest := bytes.TrimLeft(data[end:], " \t")
		if (start == 0 || data[start-1] == '\n') && len(rest) > 0 && rest[0] == ':' {
			return true
		}
	}
}
