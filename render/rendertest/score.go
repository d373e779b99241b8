package rendertest

import (
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
)

// Score counts the distinct references of units: how many of those that must
// be found were, and how many of those found as text are right.
type Score struct {
	// Known are the references of PodSpecs and known fields that were found,
	// of KnownAll; Rest and RestAll are those of arguments, ConfigMaps and so
	// on.
	Known, KnownAll, Rest, RestAll int
	// Right are the references found as text that the corpus has too, of Text.
	Right, Text int
	// Notes are a line for each reference that was missed, that the corpus
	// lacks, or whose row is held to be wrong.
	Notes []string
}

// Add counts the references of a unit.
func (s *Score) Add(unit string, wants []WantImage, found []render.Image) error {
	got, wanted := map[string]bool{}, map[string]bool{}
	for _, image := range found {
		reference, err := normal(image.Reference)
		if err != nil {
			return err
		}
		got[reference] = true
	}
	for _, want := range wants {
		if reason := Wrong(unit, want.Normal); reason != "" {
			s.note("%s: %s is held to be wrong: %s", unit, want.Normal, reason)
			continue
		}
		if wanted[want.Normal] {
			continue
		}
		wanted[want.Normal] = true
		s.count(unit, want, got[want.Normal])
	}
	for _, image := range found {
		if image.Class != render.ClassText {
			continue
		}
		s.Text++
		reference, _ := normal(image.Reference)
		if wanted[reference] || Wrong(unit, reference) != "" {
			s.Right++
		} else {
			s.note("%s: not in the corpus: %s at %s %s", unit, reference, image.Locations[0].Object, image.Locations[0].Field)
		}
	}
	return nil
}

func (s *Score) count(unit string, want WantImage, found bool) {
	hit := 0
	if found {
		hit = 1
	} else {
		s.note("%s: missing: %s (%s)", unit, want.Normal, want.Class)
	}
	if want.Known() {
		s.Known, s.KnownAll = s.Known+hit, s.KnownAll+1
	} else {
		s.Rest, s.RestAll = s.Rest+hit, s.RestAll+1
	}
}

func (s *Score) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// Good tells whether all of the known fields were found, 98% of the rest, and
// 95% of what was found as text is right.
func (s *Score) Good() bool {
	return s.Known == s.KnownAll && s.Rest*100 >= s.RestAll*98 && s.Right*100 >= s.Text*95
}

// String tells the figures in one line.
func (s *Score) String() string {
	return fmt.Sprintf("known fields %d of %d, the rest %d of %d; %d of %d found as text are right",
		s.Known, s.KnownAll, s.Rest, s.RestAll, s.Right, s.Text)
}

// normal is a reference in the form of the corpus.
func normal(reference string) (string, error) {
	parsed, err := images.ParseReference(reference)
	if err != nil {
		return "", fmt.Errorf("%q: %w", reference, err)
	}
	if parsed.Tag+parsed.Digest == "" {
		parsed.Tag = "latest"
	}
	return strings.Replace(parsed.String(), "index.docker.io/", "docker.io/", 1), nil
}
