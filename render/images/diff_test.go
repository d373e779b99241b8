package images_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render/images"
)

// TestDiff compares what two renderings name, place by place.
func TestDiff(t *testing.T) {
	pod := func(list ...string) string {
		var b strings.Builder
		for _, image := range list {
			fmt.Fprintf(&b, "{image: '%s'}, ", image)
		}
		return of("v1", "Pod", "spec: {containers: ["+b.String()+"]}")
	}
	for _, c := range []struct{ name, before, after, want string }{
		{"the same", pod("a:1", "b:1"), pod("a:1", "b:1"), ""},
		{"changed", pod("a:1", "b:1"), pod("a:2", "b:1"), "changed a:2 a:1 spec.containers[0].image\n"},
		{"new", pod("a:1"), pod("a:1", "b:1"), "new b:1  spec.containers[1].image\n"},
		{"gone", pod("a:1", "b:1"), pod("a:1"), "removed b:1  spec.containers[1].image\n"},
		{"one before the others", pod("a:1"), pod("b:1", "a:1"), "changed b:1 a:1 spec.containers[0].image\n"},
		{"in another order", pod("a:1", "b:1"), pod("b:1", "a:1"), ""},
		{"once more", pod("a:1"), pod("a:1", "a:1"), "new a:1  spec.containers[1].image\n"},
		{"all new", "", pod("a:1"), "new a:1  spec.containers[0].image\n"},
		{"all gone", pod("a:1"), "", "removed a:1  spec.containers[0].image\n"},
		{"two objects, one change", pod("a:1") + "---\n" + of("x.io/v1", "X", "spec: {image: 'a:1'}"), pod("a:2") + "---\n" + of("x.io/v1", "X", "spec: {image: 'a:2'}"), "changed a:2 a:1 spec.containers[0].image spec.image\n"},
	} {
		before, _ := images.Extract(rendering(c.before))
		after, _ := images.Extract(rendering(c.after))
		var got strings.Builder
		for _, change := range images.Diff(before, after) {
			fmt.Fprintf(&got, "%s %s %s", change.Kind, change.Reference, change.Was)
			for _, l := range change.Locations {
				fmt.Fprintf(&got, " %s", l.Field)
			}
			got.WriteByte('\n')
		}
		if got.String() != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got.String(), c.want)
		}
	}
}
