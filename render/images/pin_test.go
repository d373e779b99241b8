package images_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
)

// TestPin writes digests wherever an image is named, shared nodes once, and
// what it has pinned is found pinned everywhere.
func TestPin(t *testing.T) {
	r := rendering(of("v1", "Pod", "x: &c {image: 'a:1'}\nspec: {containers: [*c, *c, {image: 'b@"+sha+"', args: ['--image=q.io/c:1,q.io/c:1-x', 'q.io/c:1']}], volumes: [{image: {reference: d}}]}") +
		"---\n" + of("x.io/v1", "X", "spec: {image: {repository: q.io/e, tag: 2}}") +
		"---\n" + of("v1", "ConfigMap", "data:\n  c: |\n    image: q.io/c:1\n    other: see xq.io/c:1 there\n"))
	digests := map[string]string{}
	found, _ := images.Extract(r)
	for _, image := range found {
		digests[image.Reference] = sha
	}
	if problems := (images.Rules{}).Pin(r, digests); len(problems) != 0 {
		t.Fatal(problems)
	}
	again, _ := images.Extract(r)
	for _, image := range again {
		if parsed, err := images.ParseReference(image.Reference); err != nil || parsed.Digest != sha || strings.Count(image.Reference, "@") != 1 {
			t.Errorf("%+v", image)
		}
	}
	var out strings.Builder
	for _, object := range r.Objects {
		text, err := yaml.Marshal(object.Node)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	for _, want := range []string{"a:1@" + sha, "d@" + sha, "--image=q.io/c:1@" + sha + ",q.io/c:1-x@", `tag: "2@` + sha, "other: see xq.io/c:1 there\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %s in\n%s", want, out.String())
		}
	}
}

// TestPinTellsWhatItCannot leaves nothing unpinned without a word.
func TestPinTellsWhatItCannot(t *testing.T) {
	r := rendering(of("x.io/v1", "X", "spec: {image: {repository: q.io/e}, b: {image: 'q.io/f:1'}}"))
	problems := images.Rules{}.Pin(r, map[string]string{"q.io/e": sha})
	if len(problems) != 2 || problems[0].Code != images.CodeNotPinned || problems[0].Severity != render.Unseen ||
		!strings.Contains(problems[0].Message, "several fields") || !strings.Contains(problems[1].Message, "digest is not known") {
		t.Errorf("%+v", problems)
	}
}
