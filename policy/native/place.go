package native

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// place is where a value was written. The zero value says that it was not
// written at all.
type place struct{ node *yaml.Node }

func (p *place) put(n *yaml.Node) { p.node = n }

func (p place) written() bool { return p.node != nil }

func (p place) where() place { return p }

// located is what every schema type is: a value with its place.
type located interface {
	put(*yaml.Node)
	where() place
}

// leaf is a schema type that a scalar is read into. Its error says what was
// wanted, without the place.
type leaf interface {
	located
	read(n *yaml.Node) error
}

// text is a string that is not empty.
type text struct {
	place
	Value string
}

func (t *text) read(n *yaml.Node) error {
	value, err := readText(n)
	t.Value = value
	return err
}

func readText(n *yaml.Node) (string, error) {
	switch {
	case n.Kind != yaml.ScalarNode:
		return "", fmt.Errorf("want text, got %s", describe(n))
	case n.Tag != "!!str":
		return "", fmt.Errorf("want text, got %s: put it in quotes", describe(n))
	case strings.TrimSpace(n.Value) == "":
		return "", fmt.Errorf("want text, got an empty string")
	}
	return n.Value, nil
}

// name is text that others refer to.
type name struct{ text }

var nameForm = regexp.MustCompile(`\A[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\z`)

func (t *name) read(n *yaml.Node) error {
	if err := t.text.read(n); err != nil {
		return err
	}
	if !nameForm.MatchString(t.Value) {
		return fmt.Errorf("name %s is not well formed: want letters, digits, '-', '_' and '.', with a letter or digit at both ends", quote(t.Value))
	}
	return nil
}

// glob is a pattern in which * stops at / and ** does not.
type glob struct{ text }

func (t *glob) read(n *yaml.Node) error {
	if err := t.text.read(n); err != nil {
		return err
	}
	return checkGlob(t.Value)
}

func checkGlob(pattern string) error {
	switch {
	case strings.TrimSpace(pattern) != pattern:
		return fmt.Errorf("pattern %s begins or ends with white space", quote(pattern))
	case strings.Contains(pattern, "***"):
		return fmt.Errorf("pattern %s holds ***: want * (stops at /) or ** (does not)", quote(pattern))
	}
	return nil
}

// flag is true or false.
type flag struct {
	place
	Value bool
}

func (f *flag) read(n *yaml.Node) error {
	f.Value = strings.EqualFold(n.Value, "true")
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || !f.Value && !strings.EqualFold(n.Value, "false") {
		return fmt.Errorf("want true or false, got %s", describe(n))
	}
	return nil
}

// count is a whole number of at least one.
type count struct {
	place
	Value int
}

func (c *count) read(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
		return fmt.Errorf("want a whole number, got %s", describe(n))
	}
	value, err := strconv.Atoi(n.Value)
	if err != nil || value < 1 {
		return fmt.Errorf("want a whole number of at least 1, got %s", printable(n.Value))
	}
	c.Value = value
	return nil
}

// share is a number between 0 and 1.
type share struct {
	place
	Value float64
}

func (s *share) read(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode || (n.Tag != "!!int" && n.Tag != "!!float") {
		return fmt.Errorf("want a number between 0 and 1, got %s", describe(n))
	}
	value, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || !(value >= 0 && value <= 1) {
		return fmt.Errorf("want a number between 0 and 1, got %s", printable(n.Value))
	}
	s.Value = value
	return nil
}

// span is a duration: 90m, 24h, 7d, 2w, 1d12h.
type span struct {
	place
	Value time.Duration
}

var (
	spanForm = regexp.MustCompile(`\A(?:[0-9]{1,6}[wdhms])+\z`)
	spanPart = regexp.MustCompile(`([0-9]+)([wdhms])`)
)

func (s *span) read(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("want a duration such as 24h or 7d, got %s", describe(n))
	}
	if !spanForm.MatchString(n.Value) {
		return fmt.Errorf("duration %s is not well formed: want whole numbers with a unit (w, d, h, m, s), such as 24h, 7d or 1d12h", quote(n.Value))
	}
	units := map[string]time.Duration{"w": 7 * 24 * time.Hour, "d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}
	for _, part := range spanPart.FindAllStringSubmatch(n.Value, -1) {
		number, err := strconv.Atoi(part[1])
		unit := units[part[2]]
		if err != nil || time.Duration(number) > (longestSpan-s.Value)/unit {
			return fmt.Errorf("duration %s is too long: want at most 100 years", quote(n.Value))
		}
		s.Value += time.Duration(number) * unit
	}
	if s.Value == 0 {
		return fmt.Errorf("duration %s is zero: nothing is that young", quote(n.Value))
	}
	return nil
}

const longestSpan = 100 * 365 * 24 * time.Hour

// end is the first moment at which something no longer holds. A date holds
// through its whole day, UTC.
type end struct {
	place
	Value time.Time
}

func (e *end) read(n *yaml.Node) error {
	const want = "want a date such as 2026-12-31, which holds through that day (UTC), or a time such as 2026-12-31T18:00:00Z"
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("%s; got %s", want, describe(n))
	}
	day, err := time.Parse(time.DateOnly, n.Value)
	if err == nil {
		e.Value = day.AddDate(0, 0, 1)
		return nil
	}
	if moment, err := time.Parse(time.RFC3339, n.Value); err == nil {
		e.Value = moment.UTC()
		return nil
	}
	if strings.Contains(err.Error(), "out of range") {
		return fmt.Errorf("there is no day %s", quote(n.Value))
	}
	return fmt.Errorf("%s; got %s", want, quote(n.Value))
}

// refused is a field that others would expect and that does not load, because
// a policy without it would match other images than were meant.
type refused struct{ place }

func (*refused) read(*yaml.Node) error { return errors.New("this field is not supported yet") }

// describe says what a node is, for messages about wrong types.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!str":
		return "the text " + quote(n.Value)
	case "!!int", "!!float":
		return "the number " + printable(n.Value)
	case "!!bool":
		return "the truth value " + printable(n.Value)
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "the date " + printable(n.Value)
	}
	return "a value with the tag " + quote(n.Tag)
}
