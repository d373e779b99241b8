package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// document is a page of documentation, by its name from the root of the
// module.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	names, err := filepath.Glob(filepath.Join(moduleRoot, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, filepath.Join(moduleRoot, "README.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(name)] = string(text)
	}
	return pages
}

// TestDocsCommands finds every syncgate command that the documentation shows
// in a script, word for word and perhaps with a --trusted-root after it, so
// that each one has been run.
func TestDocsCommands(t *testing.T) {
	var scripts strings.Builder
	names, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		scripts.Write(text)
	}
	shown := regexp.MustCompile("(?m)^(?:\\$ )?(?:go run \\./cmd/)?(syncgate [^\n#]*?)\\s*(?:#.*)?$")
	fences := regexp.MustCompile("(?s)```sh\n(.*?)```")
	for page, text := range documents(t) {
		for _, block := range fences.FindAllStringSubmatch(text, -1) {
			for _, m := range shown.FindAllStringSubmatch(block[1], -1) {
				if !strings.Contains(scripts.String(), m[1]) {
					t.Errorf("%s shows %q, which no script runs", page, m[1])
				}
			}
		}
	}
}

// TestDocsLinks finds every file that the documentation links to.
func TestDocsLinks(t *testing.T) {
	links := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for page, text := range documents(t) {
		dir := filepath.Join(moduleRoot, "docs")
		if page == "README.md" {
			dir = moduleRoot
		}
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(dir, m[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
	}
}

// TestREADMEShowsTheDemo runs the demo and finds in what it prints all that
// the README says it does, in that order.
func TestREADMEShowsTheDemo(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"demo"}, terminal{out: &out, err: &errs}); code != exitPass {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	printed := anonymous(out.String())
	text := documents(t)["README.md"]
	_, block, found := strings.Cut(text, "```text\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatal("README.md has no block of text that shows a blocked sync")
	}
	for _, line := range strings.Split(anonymous(block), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line == "..." {
			continue
		}
		_, after, ok := strings.Cut(printed, line)
		if !ok {
			t.Fatalf("README.md shows a line that the demo does not print there:\n%s\nit prints:\n%s", line, printed)
		}
		printed = after
	}
}

// anonymous takes out what differs from run to run.
func anonymous(text string) string {
	for _, replace := range [][2]string{
		{`127\.0\.0\.1:\d+`, "registry.acme.example"},
		{`sha256([:-])[0-9a-f]{12}[0-9a-f…]*`, "sha256$1…"},
		{`\S*/syncgate-demo-\d+/`, ""},
		{`\b[0-9a-f]{12}\b`, "commit"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "time"},
		{`\d{4}-\d\d-\d\d \d\d:\d\d UTC`, "time"},
		{`[ ]+`, " "},
	} {
		text = regexp.MustCompile(replace[0]).ReplaceAllString(text, replace[1])
	}
	return text
}
