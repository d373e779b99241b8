package native

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy/document"
)

// The schema types that every language of policies has.
type (
	place = document.Place
	text  = document.Text
	flag  = document.Flag
	span  = document.Span
)

// name is text that others refer to.
type name struct{ text }

func (t *name) Read(n *yaml.Node) error {
	t.Value = n.Value
	return document.CheckName(n)
}

// glob is a pattern in which * stops at / and ** does not.
type glob struct{ text }

func (t *glob) Read(n *yaml.Node) error {
	if err := t.text.Read(n); err != nil {
		return err
	}
	return checkGlob(t.Value)
}

func checkGlob(pattern string) error {
	switch {
	case strings.TrimSpace(pattern) != pattern:
		return fmt.Errorf("pattern %s begins or ends with white space", document.Quote(pattern))
	case strings.Contains(pattern, "***"):
		return fmt.Errorf("pattern %s holds ***: want * (stops at /) or ** (does not)", document.Quote(pattern))
	}
	return nil
}

// count is a whole number of at least one.
type count struct {
	place
	Value int
}

func (c *count) Read(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
		return fmt.Errorf("want a whole number, got %s", document.Describe(n))
	}
	value, err := strconv.Atoi(n.Value)
	if err != nil || value < 1 {
		return fmt.Errorf("want a whole number of at least 1, got %s", document.Printable(n.Value))
	}
	c.Value = value
	return nil
}

// share is a number between 0 and 1.
type share struct {
	place
	Value float64
}

func (s *share) Read(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode || (n.Tag != "!!int" && n.Tag != "!!float") {
		return fmt.Errorf("want a number between 0 and 1, got %s", document.Describe(n))
	}
	value, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || !(value >= 0 && value <= 1) {
		return fmt.Errorf("want a number between 0 and 1, got %s", document.Printable(n.Value))
	}
	s.Value = value
	return nil
}

// end is the first moment at which something no longer holds. A date holds
// through its whole day, UTC.
type end struct {
	place
	Value time.Time
}

func (e *end) Read(n *yaml.Node) error {
	day, moment, err := readTime(n, "which holds through that day (UTC)")
	e.Value = moment
	if !day.IsZero() {
		e.Value = day.AddDate(0, 0, 1)
	}
	return err
}

// start is the first moment at which something holds. A date holds from its
// beginning, UTC.
type start struct {
	place
	Value time.Time
}

func (s *start) Read(n *yaml.Node) error {
	day, moment, err := readTime(n, "which holds from the beginning of that day (UTC)")
	s.Value = moment
	if !day.IsZero() {
		s.Value = day
	}
	return err
}

// readTime reads a date or a time; one of them is zero.
func readTime(n *yaml.Node, held string) (day, moment time.Time, err error) {
	want := "want a date such as 2026-12-31, " + held + ", or a time such as 2026-12-31T18:00:00Z"
	if n.Kind != yaml.ScalarNode {
		return day, moment, fmt.Errorf("%s; got %s", want, document.Describe(n))
	}
	if day, err = time.Parse(time.DateOnly, n.Value); err == nil {
		return day, moment, nil
	}
	if moment, failed := time.Parse(time.RFC3339, n.Value); failed == nil {
		return time.Time{}, moment.UTC(), nil
	}
	if strings.Contains(err.Error(), "out of range") {
		return day, moment, fmt.Errorf("there is no day %s", document.Quote(n.Value))
	}
	return day, moment, fmt.Errorf("%s; got %s", want, document.Quote(n.Value))
}

// repository is the full name of a repository.
type repository struct{ text }

// repositoryForm asks for the registry too: a name without one could be meant
// for several.
const repositoryForm = `^(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?|[A-Za-z0-9-]+:[0-9]{1,5})(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`

var repositoryPattern = regexp.MustCompile(repositoryForm)

func (r *repository) Read(n *yaml.Node) error {
	if err := r.text.Read(n); err != nil {
		return err
	}
	if !repositoryPattern.MatchString(r.Value) {
		return fmt.Errorf("%s is no repository: want its full name without a tag, such as ghcr.io/acme/signatures", document.Quote(r.Value))
	}
	return nil
}

// tagPrefix is what tags begin with.
type tagPrefix struct{ text }

// tagPrefixForm leaves room in a tag for "sha256-", the digest and ".sig".
const tagPrefixForm = `^[A-Za-z0-9_][A-Za-z0-9._-]{0,51}$`

var tagPrefixPattern = regexp.MustCompile(tagPrefixForm)

func (p *tagPrefix) Read(n *yaml.Node) error {
	if err := p.text.Read(n); err != nil {
		return err
	}
	if !tagPrefixPattern.MatchString(p.Value) {
		return fmt.Errorf("%s is no beginning of a tag: want up to 52 letters, digits, '_', '.' and '-', a letter, digit or '_' first", document.Quote(p.Value))
	}
	return nil
}

// refused is a field that others would expect and that does not load, because
// a policy without it would match other images than were meant.
type refused struct{ place }

func (*refused) Read(*yaml.Node) error { return errors.New("this field is not supported yet") }
