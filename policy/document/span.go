package document

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"
)

// Span is a duration: 90m, 24h, 7d, 2w, 1d12h.
type Span struct {
	Place
	Value time.Duration
}

var (
	spanForm = regexp.MustCompile(`\A(?:[0-9]{1,6}[wdhms])+\z`)
	spanPart = regexp.MustCompile(`([0-9]+)([wdhms])`)
)

// Read reads whole numbers with units.
func (s *Span) Read(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("want a duration such as 24h or 7d, got %s", Describe(n))
	}
	if !spanForm.MatchString(n.Value) {
		return fmt.Errorf("duration %s is not well formed: want whole numbers with a unit (w, d, h, m, s), such as 24h, 7d or 1d12h", Quote(n.Value))
	}
	units := map[string]time.Duration{"w": 7 * 24 * time.Hour, "d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}
	for _, part := range spanPart.FindAllStringSubmatch(n.Value, -1) {
		number, err := strconv.Atoi(part[1])
		unit := units[part[2]]
		if err != nil || time.Duration(number) > (longestSpan-s.Value)/unit {
			return fmt.Errorf("duration %s is too long: want at most 100 years", Quote(n.Value))
		}
		s.Value += time.Duration(number) * unit
	}
	if s.Value == 0 {
		return fmt.Errorf("duration %s is zero: nothing is that young", Quote(n.Value))
	}
	return nil
}

const longestSpan = 100 * 365 * 24 * time.Hour
