package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestHTMLNeedsNothingElse: the page loads nothing, and runs and styles only
// what its policy names by its hash.
func TestHTMLNeedsNothingElse(t *testing.T) {
	for name, r := range reports(t) {
		node, err := html.Parse(strings.NewReader(written(t, "html", r, Options{})))
		if err != nil {
			t.Fatal(err)
		}
		var policy string
		scripts, styles := 0, 0
		for n := range node.Descendants() {
			if n.Type == html.CommentNode {
				t.Errorf("%s: a comment holds %.200q", name, n.Data)
			}
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "meta":
				if attribute(n, "http-equiv") == "Content-Security-Policy" {
					policy = attribute(n, "content")
				}
			case "script", "style":
				if !strings.Contains(policy, n.Data+"-src '"+sourceHash(n.FirstChild.Data)+"'") {
					t.Errorf("%s: the policy does not allow its %s: %s", name, n.Data, policy)
				}
				if n.Data == "script" {
					scripts++
				} else {
					styles++
				}
			case "img", "iframe", "object", "embed", "form", "base", "audio", "video", "frame":
				t.Errorf("%s: <%s> in the page", name, n.Data)
			}
			for _, a := range n.Attr {
				link := a.Key == "href" && (strings.HasPrefix(a.Val, "#") || n.Data == "link" && strings.HasPrefix(a.Val, "data:image/svg+xml,") || strings.HasPrefix(a.Val, "https://github.com/acme/deploy/blob/"))
				if a.Key == "style" || a.Key == "src" || strings.HasPrefix(a.Key, "on") || (a.Key == "href" && !link) {
					t.Errorf("%s: <%s %s=%.200q> in the page", name, n.Data, a.Key, a.Val)
				}
			}
		}
		if scripts != 1 || styles != 1 || !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %d scripts, %d styles, policy %s", name, scripts, styles, policy)
		}
	}
}

func attribute(n *html.Node, key string) string {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
	if i < 0 {
		return ""
	}
	return n.Attr[i].Val
}

// TestHTMLMatrix: each image has its row, with a cell for each requirement.
func TestHTMLMatrix(t *testing.T) {
	text := written(t, "html", sample(t), Options{Version: "v1.2.3"})
	for _, want := range []string{
		`<title>Sync blocked: https://github.com/acme/deploy at 6454ed39b8a6</title>`,
		`data-cells="ffpp-"`, `data-cells="pppf-"`, `data-cells="uuuu-"`, `data-cells="-----"`, `data-cells="pppl-"`, `data-cells="ppppw"`,
		`title="production/no-known-holes: lifted by an exception"`, `title="trial/reviewed: fail, only warns"`,
		`3 of 6 images fail, 1 could not be checked, 3 problems beside them.`,
		`Met: production/signed-by-us, production/built-by-us (SLSA build level 3), production/known-contents`, `the signature is not of this payload`,
	} {
		if !strings.Contains(text, want) && !strings.Contains(text, strings.ReplaceAll(want, `"`, "&#34;")) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	if n := len(regexp.MustCompile(`<li class="(?:fail|unknown|pass)[^"]*" id="i\d+"`).FindAllString(text, -1)); n != 6 {
		t.Errorf("%d rows", n)
	}
	if i, j := strings.Index(text, "ghcr.io/acme/<"), strings.LastIndex(text, `<li class="fail`); i < j {
		t.Error("what fails does not come first")
	}
}

func TestHTMLWithManyRequirements(t *testing.T) {
	r := sample(t)
	image := &r.Images[0]
	for range 60 {
		q := image.Requirements[0]
		q.Requirement += strings.Repeat("x", len(image.Requirements))
		image.Requirements = append(image.Requirements, q)
	}
	text := written(t, "html", r, Options{})
	if n := strings.Count(text, `class="col"`); n != pageColumnLimit {
		t.Errorf("%d columns", n)
	}
	if !strings.Contains(text, image.Requirements[len(image.Requirements)-1].Requirement) {
		t.Error("a requirement without a column is not told")
	}
}
