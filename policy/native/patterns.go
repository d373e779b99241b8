package native

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
)

// imageGlob is a glob of image names.
type imageGlob struct{ text }

func (t *imageGlob) Read(n *yaml.Node) error {
	if err := t.text.Read(n); err != nil {
		return err
	}
	if err := checkGlob(t.Value); err != nil {
		return err
	}
	image, digest, pinned := strings.Cut(t.Value, "@")
	_, repository, _ := strings.Cut(image, "/")
	repository, _, _ = strings.Cut(repository, ":")
	switch {
	case strings.Contains(t.Value, "://"):
		return fmt.Errorf("image pattern %s has a scheme: image names have none, write %s", document.Quote(t.Value), document.Quote(t.Value[strings.Index(t.Value, "://")+3:]))
	case strings.ContainsAny(t.Value, " \t\n?[]{}!\\"):
		return fmt.Errorf("image pattern %s holds a character that no image name has: only * (stops at /) and ** (does not) are special", document.Quote(t.Value))
	case strings.ToLower(repository) != repository:
		return fmt.Errorf("image pattern %s holds an upper-case letter: no image has such a name", document.Quote(t.Value))
	case pinned && !strings.Contains(digest, "*"):
		if _, err := policy.ParseDigest(digest); err != nil {
			return fmt.Errorf("image pattern %s: %w", document.Quote(t.Value), err)
		}
	}
	return nil
}

// pattern is a regular expression (RE2) for a whole text.
type pattern struct {
	place
	Value *regexp.Regexp
}

func (p *pattern) Read(n *yaml.Node) error {
	source, err := document.ReadText(n)
	if err != nil {
		return err
	}
	// Compiled by itself first, so that no parenthesis of it closes ours.
	if _, err := regexp.Compile(source); err != nil {
		return fmt.Errorf("regular expression does not compile: %s", strings.TrimPrefix(document.Printable(err.Error()), "error parsing regexp: "))
	}
	anchored, err := regexp.Compile(`\A(?:` + source + `)\z`)
	if err != nil {
		return fmt.Errorf("regular expression does not compile: %s", document.Printable(err.Error()))
	}
	p.Value = anchored
	return nil
}

// matchesAnything tells whether an expression matches texts that have nothing
// in common.
func (p pattern) matchesAnything() bool {
	if p.Value == nil {
		return false
	}
	for _, unlikely := range []string{"https://q.invalid/7/z", "7q@z.invalid", "spiffe://z.invalid/q"} {
		if !p.Value.MatchString(unlikely) {
			return false
		}
	}
	return true
}

// matchesAnything tells whether a glob matches whatever is written.
func (t glob) matchesAnything() bool {
	return t.Written() && strings.Trim(t.Value, "*/:@") == ""
}

// packageRule is a package URL with a range of versions after "@".
type packageRule struct {
	text
	rule policy.PackageRule
}

var (
	packageForm = regexp.MustCompile(`\Apkg:[a-z][a-z0-9.+-]*(?:/[^/@?#\s]+)+\z`)
	// clauseForm is one comparison of a range.
	clauseForm = regexp.MustCompile(`\A(?:<=|>=|!=|=|<|>)?[0-9A-Za-z][0-9A-Za-z.+~:_-]*\z`)
)

func (t *packageRule) Read(n *yaml.Node) error {
	if err := t.text.Read(n); err != nil {
		return err
	}
	purl, versions := t.Value, ""
	at := strings.LastIndex(purl, "@")
	if at > strings.LastIndex(purl, "/") {
		purl, versions = purl[:at], purl[at+1:]
	}
	if !packageForm.MatchString(purl) {
		return fmt.Errorf("package %s is not well formed: want a package URL without qualifiers, such as pkg:golang/golang.org/x/net@<0.38.0 or pkg:npm/%%40scope/name", document.Quote(t.Value))
	}
	for _, clause := range strings.Split(versions, ",") {
		if purl == t.Value || clauseForm.MatchString(strings.TrimSpace(clause)) {
			continue
		}
		return fmt.Errorf("package %s: version range %s is not well formed: want a version, or comparisons (<, <=, >, >=, =, !=) with commas between them", document.Quote(t.Value), document.Quote(versions))
	}
	t.rule = policy.PackageRule{Text: t.Value, PURL: purl, Range: versions}
	return nil
}

// licence is an SPDX licence id.
type licence struct{ text }

var licenceForm = regexp.MustCompile(`\A[0-9A-Za-z][0-9A-Za-z.+-]*\z`)

func (t *licence) Read(n *yaml.Node) error {
	if err := t.text.Read(n); err != nil {
		return err
	}
	if !licenceForm.MatchString(t.Value) {
		return fmt.Errorf("licence %s is not well formed: want one SPDX licence id, such as AGPL-3.0-only", document.Quote(t.Value))
	}
	return nil
}
