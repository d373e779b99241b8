package report

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/syncgate/syncgate/render"
)

// rendered is what a forge makes of Markdown that may hold HTML.
func rendered(t testing.TB, markdown string) *html.Node {
	t.Helper()
	var b bytes.Buffer
	converter := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(gmhtml.WithUnsafe()))
	if err := converter.Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	node, err := html.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	return node
}

// TestMarkdownIsInert: whatever names and messages hold, a forge makes of them
// no elements, links, mentions or references.
func TestMarkdownIsInert(t *testing.T) {
	allowed := strings.Fields("html head body h2 h3 p br ul li strong em code pre a details summary")
	active := regexp.MustCompile(`(?i)(^|\W)@\w|#\d|://|\bwww\.|\bGH-\d|[$:]\w+[$:]`)
	for name, r := range reports(t) {
		var walk func(n *html.Node, inCode bool)
		walk = func(n *html.Node, inCode bool) {
			switch n.Type {
			case html.ElementNode:
				if !slices.Contains(allowed, n.Data) {
					t.Errorf("%s: <%s> in the page", name, n.Data)
				}
				for _, a := range n.Attr {
					link := n.Data == "a" && a.Key == "href" && strings.HasPrefix(a.Val, "https://github.com/acme/deploy/blob/")
					if !link && !(n.Data == "code" && a.Key == "class" && a.Val == "language-text") {
						t.Errorf("%s: <%s %s=%.200q> in the page", name, n.Data, a.Key, a.Val)
					}
				}
				inCode = inCode || n.Data == "code"
			case html.TextNode:
				if !inCode && active.MatchString(n.Data) {
					t.Errorf("%s: %.300q is no code, and a forge makes something of it", name, n.Data)
				}
			case html.CommentNode:
				t.Errorf("%s: a comment hides %.200q", name, n.Data)
			}
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				walk(c, inCode)
			}
		}
		walk(rendered(t, written(t, "markdown", r, Options{})), false)
	}
}

func TestMarkdownWithinALimit(t *testing.T) {
	for _, n := range []int{0, 1, 10, 1000} {
		r := many(t, n)
		for _, limit := range []int{2_000, 10_000, 65_536, 1 << 20} {
			text := written(t, "markdown", r, Options{Limit: limit})
			if len(text) > limit {
				t.Errorf("%d images in %d bytes: %d bytes", n, limit, len(text))
			}
			if !strings.HasPrefix(text, "## ❌ Sync blocked\n\n**"+plural(n, "image")+"**") {
				t.Errorf("the verdict is not what it begins with: %.100s", text)
			}
		}
	}
	r := many(t, 1000)
	text := written(t, "markdown", r, Options{Limit: 65_536})
	if len(text) < 50_000 {
		t.Errorf("only %d bytes are used", len(text))
	}
	left := regexp.MustCompile(`\*\*… and (\d+) more that block. The whole report has them.\*\*`).FindStringSubmatch(text)
	told := strings.Count(text, "\n### ")
	if left == nil || fmt.Sprint(r.Summary.Fail+r.Summary.Unknown-told) != left[1] {
		t.Errorf("%d images are told of %d, and %v are said to be left out", told, r.Summary.Fail+r.Summary.Unknown, left)
	}
	if !strings.Contains(text, "_Shortened to fit: ") || !strings.Contains(text, "✅ 500 images pass") {
		t.Error("what is left out is not said")
	}
	if strings.Contains(text, "### ❓") && strings.Count(text, "### ❌") < r.Summary.Fail {
		t.Error("what is unknown comes before what fails")
	}
	if _, err := Bytes(Markdown, r, Options{Limit: 50}); err == nil {
		t.Error("an impossible limit is no error")
	}
	small := written(t, "markdown", sample(t), Options{Limit: 65_536})
	if small != written(t, "markdown", sample(t), Options{}) || strings.Contains(small, "Shortened") {
		t.Error("what fits is shortened")
	}
}

func TestMarkdownWithoutHTML(t *testing.T) {
	text := written(t, "markdown", sample(t), Options{Style: NoHTML})
	if strings.ContainsAny(text, "<>") || !strings.Contains(text, "**✅ 2 images pass**") {
		t.Error(text)
	}
}

func TestLinks(t *testing.T) {
	const commit = "6454ed39b8a64b0d8b1f2a3c4d5e6f7081920a1b"
	at := render.Origin{File: "a b/(x)#y?.yaml", Line: 3, Column: 2}
	for repository, want := range map[string]string{
		"https://github.com/acme/deploy":            "https://github.com/acme/deploy/blob/" + commit + "/a%20b/%28x%29%23y%3F.yaml#L3",
		"https://github.com/acme/deploy.git":        "https://github.com/acme/deploy/blob/" + commit + "/a%20b/%28x%29%23y%3F.yaml#L3",
		"git@github.com:acme/deploy.git":            "https://github.com/acme/deploy/blob/" + commit + "/a%20b/%28x%29%23y%3F.yaml#L3",
		"ssh://git@gitlab.acme.example/a/b/c.git":   "https://gitlab.acme.example/a/b/c/-/blob/" + commit + "/a%20b/%28x%29%23y%3F.yaml#L3",
		"https://codeberg.org/acme/deploy":          "https://codeberg.org/acme/deploy/src/commit/" + commit + "/a%20b/%28x%29%23y%3F.yaml#L3",
		"https://bitbucket.org/acme/deploy":         "https://bitbucket.org/acme/deploy/src/" + commit + "/a%20b/%28x%29%23y%3F.yaml#lines-3",
		"https://dev.azure.com/acme/p/_git/deploy":  "https://dev.azure.com/acme/p/_git/deploy?path=/a+b%2F%28x%29%23y%3F.yaml&version=GC" + commit + "&line=3",
		"https://git.acme.example/deploy":           "",
		"/srv/deploy":                               "",
		"javascript:alert(1)//github.com":           "",
		"http://github.com/acme/deploy":             "",
		"https://github.com:8443/acme/deploy":       "",
		"https://github.com\"><script>/acme/deploy": "",
		"file:///srv/github.com/deploy":             "",
	} {
		if got := link(render.Revision{Repository: repository, Commit: commit}, at); got != want {
			t.Errorf("%s: link is %q, want %q", repository, got, want)
		}
	}
	if got := link(render.Revision{Repository: "https://github.com/acme/deploy"}, at); got != "" {
		t.Errorf("a directory as it is has the link %q", got)
	}
}
