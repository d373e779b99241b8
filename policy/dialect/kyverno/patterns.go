package kyverno

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
)

// pattern is a regular expression that may match anywhere in a text.
type pattern struct{ text }

func (p *pattern) Read(n *yaml.Node) error {
	if err := p.text.Read(n); err != nil || isVariable(p.Value) {
		return err
	}
	if _, err := regexp.Compile(p.Value); err != nil {
		return fmt.Errorf("regular expression does not compile: %s", strings.TrimPrefix(document.Printable(err.Error()), "error parsing regexp: "))
	}
	return nil
}

// whole is an expression that matches whole texts: those that match one of
// the alternatives.
func whole(alternatives ...string) *regexp.Regexp {
	expression, err := regexp.Compile(`\A(?:` + strings.Join(alternatives, "|") + `)\z`)
	if err != nil {
		// Each was compiled before: nothing matches what cannot be read.
		return regexp.MustCompile(`\z\A.`)
	}
	return expression
}

// anywhere is an expression for a text that holds what matches.
func anywhere(p pattern) string { return `(?s:.*)(?:` + p.Value + `)(?s:.*)` }

// wild is an expression for a pattern with "*" and "?".
func wild(p string) string {
	quoted := regexp.QuoteMeta(p)
	quoted = strings.ReplaceAll(quoted, `\*`, `(?s:.*)`)
	return strings.ReplaceAll(quoted, `\?`, `(?s:.)`)
}

// imageName is an image as Kyverno writes it: with its registry, docker.io by
// default, and with the digest or, without one, the tag, latest by default.
type imageName struct{ registry, path, tag, digest string }

func nameOf(s policy.Subject) imageName {
	reference, digest, _ := strings.Cut(s.Reference, "@")
	n := imageName{registry: "docker.io", path: reference, digest: digest}
	if first, rest, found := strings.Cut(reference, "/"); found &&
		(strings.ContainsAny(first, ".:") || first == "localhost" || strings.ToLower(first) != first) {
		n.registry, n.path = first, rest
	}
	if at := strings.LastIndexByte(n.path, ':'); at > strings.LastIndexByte(n.path, '/') {
		n.path, n.tag = n.path[:at], n.path[at+1:]
	}
	if n.tag == "" && n.digest == "" {
		n.tag = "latest"
	}
	return n
}

func (n imageName) String() string {
	if n.digest != "" {
		return n.registry + "/" + n.path + "@" + n.digest
	}
	return n.registry + "/" + n.path + ":" + n.tag
}

// variables are what conditions know of the image.
func (n imageName) variables() map[string]any {
	return map[string]any{
		"registry": n.registry, "path": n.path, "name": n.path[strings.LastIndexByte(n.path, '/')+1:],
		"tag": n.tag, "digest": n.digest, "reference": n.String(), "referenceWithTag": n.registry + "/" + n.path + ":" + n.tag,
	}
}
