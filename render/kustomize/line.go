package kustomize

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/render"
)

var (
	// inFile is how kustomize tells of a file that does not parse.
	inFile = regexp.MustCompile(`yaml: (?:line \d+: )?(.*) in File: (\S+)`)
	// lines are the lines that kustomize tells of what it moved or wrote anew.
	lines = regexp.MustCompile(`line \d+: | at line \d+`)
)

// relined corrects the lines in a message of kustomize, which read its files
// with the documents moved down. Where it is about a file, it returns the
// place in that too; where no line can be told, the message has none.
func (p *plan) relined(message string) (string, render.Origin) {
	if slices.ContainsFunc(p.inOrder(), func(k *kustomization) bool { return k.failure != nil }) {
		return message, render.Origin{}
	}
	match := inFile.FindStringSubmatch(message)
	if match == nil {
		return lines.ReplaceAllString(message, ""), render.Origin{}
	}
	files := p.markedAs(match[2])
	if len(files) == 0 {
		return message, render.Origin{}
	}
	told := "yaml: " + match[1] + " in File: " + match[2]
	for _, file := range files {
		_, problems := render.ParseObjects("resources.yaml", p.files.contents[file])
		for _, problem := range problems {
			if problem.Severity == render.Broken {
				told = fmt.Sprintf("yaml: line %d: %s in File: %s", problem.Origin.Line, match[1], match[2])
				origin := render.Origin{File: file, Line: problem.Origin.Line, Column: problem.Origin.Column}
				return strings.Replace(message, match[0], told, 1), origin
			}
		}
	}
	return strings.Replace(message, match[0], told, 1), render.Origin{}
}

// markedAs lists the files that were moved and that a kustomization may call
// by a name.
func (p *plan) markedAs(name string) []string {
	name = path.Clean("/" + strings.TrimLeft(name, "./"))
	var files []string
	for file := range p.tracer.marked {
		if strings.HasSuffix("/"+file, name) {
			files = append(files, file)
		}
	}
	slices.Sort(files)
	return files
}
