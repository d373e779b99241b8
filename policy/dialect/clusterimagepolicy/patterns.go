package clusterimagepolicy

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy/document"
)

// pattern is a regular expression that may match anywhere in a text, unless it
// says otherwise.
type pattern struct {
	text
	// whole matches the same texts as a whole.
	whole *regexp.Regexp
}

// Read reads and compiles the expression.
func (p *pattern) Read(n *yaml.Node) error {
	if err := p.text.Read(n); err != nil {
		return err
	}
	// Compiled by itself first, so that no parenthesis of it closes ours.
	if _, err := regexp.Compile(p.Value); err != nil {
		return fmt.Errorf("regular expression does not compile: %s", strings.TrimPrefix(document.Printable(err.Error()), "error parsing regexp: "))
	}
	var err error
	p.whole, err = regexp.Compile(`(?s:.*)(?:` + p.Value + `)(?s:.*)`)
	return err
}

// glob is a glob of image names as policy-controller has them: "*" stops at
// "/", "**" does not.
type glob struct {
	source string
	whole  *regexp.Regexp
}

var globForm = regexp.MustCompile(`\A[a-zA-Z0-9_:/*.@-]+\z`)

// compileGlob reads a glob. Two of them stand for Docker Hub's.
func compileGlob(source string) (glob, error) {
	meant := source
	switch source {
	case "*":
		meant = "index.docker.io/library/*"
	case "*/*":
		meant = "index.docker.io/*/*"
	}
	if _, err := path.Match(meant, ""); err != nil || !globForm.MatchString(meant) {
		return glob{}, fmt.Errorf("glob %s is not well formed: want letters, digits, '-', '_', ':', '/', '.', '@', * (stops at /) and ** (does not)", document.Quote(source))
	}
	expression := strings.ReplaceAll(meant, ".", `\.`)
	expression = strings.ReplaceAll(expression, "**", "#")
	expression = strings.ReplaceAll(expression, "*", "[^/]*")
	expression = strings.ReplaceAll(expression, "#", ".*")
	whole, err := regexp.Compile("^" + expression + "$")
	if err != nil {
		return glob{}, fmt.Errorf("glob %s does not compile: %w", document.Quote(source), err)
	}
	return glob{source, whole}, nil
}
