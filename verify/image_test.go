package verify

import (
	"testing"

	"github.com/syncgate/syncgate/render"
)

// TestTheImpliedTagIsOne: a policy that names the tag "latest" is about an image
// that is written without any, before its registry is asked as well as after.
func TestTheImpliedTagIsOne(t *testing.T) {
	for reference, want := range map[string]string{
		"nginx": "latest", "nginx:1": "1", "nginx@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03": "",
	} {
		s, err := subjectOf(render.Image{Reference: reference})
		if err != nil || s.Tag != want {
			t.Errorf("%s has the tag %q, want %q (%v)", reference, s.Tag, want, err)
		}
	}
}
