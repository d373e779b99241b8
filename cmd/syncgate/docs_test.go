package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy"
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
// in a script, or in the test of releases, word for word and perhaps with a
// --trusted-root after it, so that each one has been run.
func TestDocsCommands(t *testing.T) {
	var scripts strings.Builder
	names, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "release_test.go") {
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

// TestDocsNameTestsThatExist: what the documentation says of how policies are
// judged names the tests that hold it, and each of them is there.
func TestDocsNameTestsThatExist(t *testing.T) {
	named := regexp.MustCompile("`([a-z/]+): (Test\\w+)`")
	for page, text := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			files, err := filepath.Glob(filepath.Join(moduleRoot, m[1], "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, file := range files {
				source, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				found = found || bytes.Contains(source, []byte("\nfunc "+m[2]+"("))
			}
			if !found {
				t.Errorf("%s names %s of %s, which is not there", page, m[2], m[1])
			}
		}
	}
	_, judged, _ := strings.Cut(documents(t)["policy.md"], "## How it is judged\n")
	judged, _, _ = strings.Cut(judged, "\n## ")
	_, nothing, _ := strings.Cut(documents(t)["verdicts.md"], "## Nothing to check")
	rows := 0
	for line := range strings.SplitSeq(judged+nothing, "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.Contains(line, "held by |") {
			continue
		}
		if rows++; !named.MatchString(line) {
			t.Errorf("no test holds: %s", line)
		}
	}
	if rows < 30 {
		t.Errorf("%d rows that tests hold", rows)
	}
}

// TestDocsTruthTables compares the tables of docs/verdicts.md, cell by cell,
// with what is done.
func TestDocsTruthTables(t *testing.T) {
	text := documents(t)["verdicts.md"]
	for head, fold := range map[string]func(...policy.Verdict) policy.Verdict{"all of": policy.AllOf, "any of": policy.AnyOf} {
		_, table, found := strings.Cut(text, "| "+head+" |")
		table, _, _ = strings.Cut(table, "\n\n")
		lines := strings.Split(table, "\n")
		if !found || len(lines) != 5 {
			t.Fatalf("table %q has %d lines", head, len(lines))
		}
		columns := cells(t, lines[0])
		for _, line := range lines[2:] {
			row := cells(t, strings.ReplaceAll(strings.TrimPrefix(line, "| "), "**", ""))
			for i, want := range row[1:] {
				if got := fold(row[0], columns[i]); got != want {
					t.Errorf("%s %s and %s is %s, and the page says %s", head, row[0], columns[i], got, want)
				}
			}
		}
	}
}

// cells are the verdicts of one line of a table.
func cells(t *testing.T, line string) []policy.Verdict {
	t.Helper()
	var out []policy.Verdict
	for cell := range strings.SplitSeq(strings.Trim(line, "| "), "|") {
		var v policy.Verdict
		if err := v.UnmarshalText([]byte(strings.TrimSpace(cell))); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if len(out) < 3 {
		t.Fatalf("line %q has %d cells", line, len(out))
	}
	return out
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
