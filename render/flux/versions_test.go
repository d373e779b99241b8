package flux_test

import (
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
)

// TestImagesOfVersions shows that where versions of Flux merge images
// otherwise, what any of them deploys is looked at, and nothing else is.
func TestImagesOfVersions(t *testing.T) {
	const deployment = "-- deploy/kustomization.yaml --\nresources: [app.yaml]\nimages: [{name: other.example/team/other, newName: renamed.example/other, newTag: '7'}]\n"
	for images, want := range map[string]string{
		"{newTag: '8'}":                                "renamed.example/other:8 other.example/team/other:8",
		"{newName: new.example/o}":                     "new.example/o:7 new.example/o:1",
		"{newName: new.example/o, newTag: '8'}":        "new.example/o:8",
		"{newName: new.example/o, digest: 'sha256:a'}": "new.example/o@sha256:a",
	} {
		fields := "  path: ./deploy\n  images: [" + strings.Replace(images, "{", "{name: other.example/team/other, ", 1) + "]"
		text, problems := renderedText(t, kustomizationWith("v1", fields)+deployment, "flux/kustomization/flux-system/apps", flux.Options{})
		var got []string
		for _, line := range strings.Split(text, "\n") {
			if _, image, ok := strings.Cut(line, "image: "); ok && !strings.Contains(image, "$") {
				got = append(got, image)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", images, got, want)
		}
		if told := said(problems, flux.CodeImages); (told != nil) != (len(got) > 1) || told != nil && told.Severity != render.Notice {
			t.Errorf("%s: said %v", images, told)
		}
	}
}
