package report

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// TestEveryFormatTellsEverything: whatever somebody reads, the findings are
// there with code, message, hint and place, and so are warnings, exceptions
// and what VEX explains away.
func TestEveryFormatTellsEverything(t *testing.T) {
	r := sample(t)
	plain := strings.NewReplacer("`", "", "\\", "", "&#xA;", "\n", "%3A", ":", "%2C", ",")
	tags := regexp.MustCompile(`<[^>]*>`)
	for _, f := range All() {
		if f.Name == "vsa" {
			continue // it says whether, and not why
		}
		t.Run(f.Name, func(t *testing.T) {
			text := written(t, f.Name, r, Options{Style: Verbose})
			text = plain.Replace(text) + tags.ReplaceAllString(text, "")
			for _, want := range []string{
				"signature-missing", "has no signature; wanted one by release", "cosign sign registry.example/acme/cart@sha256:",
				"apps/shop/production/kustomization.yaml", "apps/shop/base/worker.yaml",
				"registry.example/acme/cart", "registry.example/acme/api:1.4.0",
				"CVE-2026-31337 in golang.org/x/net v0.44.0 (critical, fixed in 0.45.0)", "CVE-2026-31338",
				"registry-rate-limited", "limits the rate (429)", "image-unmatched",
				"render-failed", "missing.yaml", "apps/broken/kustomization.yaml", "check the kustomization with kustomize build",
				"variable-undefined", "charts/billing/templates/db.yaml", "tree-unreadable",
				"kustomization-used", "was not rendered by itself", "exception-unused", "the exception old (x.yaml:1) matches nothing",
				"the exception legacy-billing (exceptions.yaml:1)", "SEC-412 (approved by jo)", "has no vulnerability report; wanted one by scanner",
				"is explained away by VEX: not_affected", "has no signature; wanted one by reviewer",
				"apps/shop/production", "broken",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not told", want)
				}
			}
		})
	}
}

func TestFormatsAreByteStable(t *testing.T) {
	at := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	for _, f := range All() {
		for name := range reports(t) {
			first, second := written(t, f.Name, reports(t)[name], Options{Time: at}), written(t, f.Name, reports(t)[name], Options{Time: at})
			if first != second {
				t.Errorf("%s of %s differs from one writing to the next", f.Name, name)
			}
		}
	}
}

// TestFormatsAreBounded: 1,000 images with 10,000 findings are written in
// little time and space.
func TestFormatsAreBounded(t *testing.T) {
	r := many(t, 1000)
	n := 0
	for _, image := range r.Images {
		n += len(image.Findings)
	}
	if n < 9000 {
		t.Fatalf("there are only %d findings", n)
	}
	for _, f := range All() {
		text := written(t, f.Name, r, Options{})
		if len(text) > 16<<20 {
			t.Errorf("%s has %d bytes", f.Name, len(text))
		}
	}
}

func TestYAMLIsTheJSONReport(t *testing.T) {
	for name, r := range reports(t) {
		var fromYAML, fromJSON any
		text := written(t, "yaml", r, Options{})
		if err := yaml.Unmarshal([]byte(text), &fromYAML); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := json.Unmarshal([]byte(written(t, "json", r, Options{})), &fromJSON); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(fromYAML)
		if err != nil {
			t.Fatal(err)
		}
		var normal any
		if err := json.Unmarshal(again, &normal); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(normal, fromJSON) {
			t.Errorf("%s: YAML and JSON differ", name)
		}
		if strings.HasPrefix(text, "verdict") || !strings.HasPrefix(text, "apiVersion: syncgate.dev/v1alpha1\nkind: Report\nverdict: ") {
			t.Errorf("%s: fields are in another order:\n%.100s", name, text)
		}
	}
}

func TestSARIF(t *testing.T) {
	var log sarifLog
	if err := json.Unmarshal([]byte(written(t, "sarif", sample(t), Options{Version: "v1"})), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	levels := map[string]string{}
	for _, result := range run.Results {
		if got := run.Tool.Driver.Rules[result.RuleIndex].ID; got != result.RuleID {
			t.Errorf("result of %s points at the rule %s", result.RuleID, got)
		}
		l := result.Locations[0].Physical
		levels[fmt.Sprintf("%s %s:%d:%d", result.RuleID, l.Artifact.URI, l.Region.StartLine, l.Region.StartColumn)] = result.Level
	}
	for place, level := range map[string]string{
		"signature-missing apps/shop/production/kustomization.yaml:12:13": "error",
		"signature-missing apps/shop/base/worker.yaml:30:13":              "error",
		"vulnerability-denied charts/billing/values.yaml:2:13":            "error",
		"registry-rate-limited charts/billing/templates/mail.yaml:18:13":  "warning",
		"variable-undefined charts/billing/templates/db.yaml:7:3":         "warning",
		"render-failed apps/broken/kustomization.yaml:1:0":                "error",
		"kustomization-used apps/shop/base/kustomization.yaml:1:0":        "note",
		"image-unmatched charts/billing:1:0":                              "error",
		"tree-unreadable revision:1:0":                                    "warning",
		"report-missing charts/billing/values.yaml:5:13":                  "note",
	} {
		if levels[place] != level {
			t.Errorf("%s has level %q, want %q", place, levels[place], level)
		}
	}
	for _, result := range run.Results {
		if result.RuleID == string(policy.CodeVEXSilenced) || result.RuleID == string(policy.CodeExceptionApplied) {
			t.Errorf("%s explains a pass and would be an alert", result.RuleID)
		}
		if result.RuleID == string(policy.CodeVulnerabilityDenied) && !strings.Contains(result.Message.Text, "CVE-2026-31337") {
			t.Errorf("message is %q", result.Message.Text)
		}
	}
	if run.Provenance[0].RepositoryURI != "https://github.com/acme/deploy" || run.Invocations[0].ExitCode != 1 {
		t.Errorf("%+v %+v", run.Provenance, run.Invocations)
	}
	if len(run.Results) != len(levels) {
		t.Errorf("%d results at %d places: of several under one rule at one line GitHub keeps one", len(run.Results), len(levels))
	}
}

// TestFingerprintsAreStable: lines move, digests change and ages grow, and a
// finding is the same one still; another image is another.
func TestFingerprintsAreStable(t *testing.T) {
	prints := func(change func(*verify.ImageResult)) []string {
		r := sample(t)
		change(&r.Images[0])
		change(&r.Images[1])
		var log sarifLog
		if err := json.Unmarshal([]byte(written(t, "sarif", r, Options{})), &log); err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, result := range log.Runs[0].Results {
			list = append(list, result.PartialFingerprints["syncgate/v1"])
		}
		return list
	}
	base := prints(func(*verify.ImageResult) {})
	moved := prints(func(i *verify.ImageResult) {
		i.Reference = repositoryOf(i.Reference) + ":9@" + digestOf(t, 99).String()
		for k := range i.Locations {
			i.Locations[k].Line += 7
		}
		for k := range i.Findings {
			i.Findings[k].Message = strings.ReplaceAll(i.Findings[k].Message, "0.44.0", "0.43.0")
		}
	})
	if !reflect.DeepEqual(base, moved) {
		t.Errorf("fingerprints changed:\n%v\n%v", base, moved)
	}
	other := prints(func(i *verify.ImageResult) { i.Reference = "registry.example/acme/other" })
	if reflect.DeepEqual(base, other) {
		t.Error("another image has the same fingerprints")
	}
}

func TestLimitsLeaveOutWhatMattersLeast(t *testing.T) {
	r := many(t, 1000)
	for format, limit := range map[string]int{"sarif": 600_000, "gitlab": 100_000} {
		text := written(t, format, r, Options{Limit: limit})
		if len(text) > limit || len(text) < limit*8/10 {
			t.Errorf("%s has %d bytes of %d", format, len(text), limit)
		}
		if strings.Contains(text, `"level": "note",`+"\n          \"message\"") || strings.Contains(text, `"severity": "info"`) {
			t.Errorf("%s keeps notes and leaves out failures", format)
		}
	}
	if _, err := Bytes(SARIF, r, Options{Limit: 100}); err == nil {
		t.Error("an impossible limit is no error")
	}
}

// runner reads a log as the runner of GitHub Actions does: a line that begins
// with :: is a command, unless commands are stopped.
func runner(t *testing.T, log string) (commands []string) {
	t.Helper()
	stopped := ""
	for _, line := range regexp.MustCompile(`\r\n|\n|\r`).Split(log, -1) {
		line = strings.TrimLeft(line, " \t\u00a0\ufeff\u2028\u2029\u0085\v\f")
		switch {
		case stopped != "":
			if line == "::"+stopped+"::" {
				stopped = ""
			}
		case strings.HasPrefix(line, "::stop-commands::"):
			stopped = strings.TrimPrefix(line, "::stop-commands::")
		case strings.HasPrefix(line, "::") || strings.Contains(line, "##["):
			commands = append(commands, line)
		}
	}
	return commands
}

func TestGitHubAnnotations(t *testing.T) {
	commands := runner(t, written(t, "github", sample(t), Options{}))
	want := "::error file=apps/shop/production/kustomization.yaml,line=12,col=13,title=syncgate%3A There is no signature of the image. (signature-missing)::"
	found := false
	for _, c := range commands {
		found = found || strings.HasPrefix(c, want)
	}
	if !found {
		t.Errorf("no command is %q:\n%s", want, strings.Join(commands, "\n"))
	}
	for name, r := range reports(t) {
		count := map[string]int{}
		for _, c := range runner(t, written(t, "github", r, Options{})) {
			m := regexp.MustCompile(`^::(error|warning|notice) ((?:file|line|col|title)=[^,:\r\n]*(?:,(?:line|col|title)=[^,:\r\n]*)*)::[^\r\n]*$`).FindStringSubmatch(c)
			if m == nil {
				t.Fatalf("%s: %.300q is no annotation", name, c)
			}
			if strings.Contains(m[2], "title=forged") {
				t.Errorf("%s: %q", name, c)
			}
			count[m[1]]++
		}
		for kind, n := range count {
			if n > annotationsPerStep {
				t.Errorf("%s: %d of type %s, and GitHub shows %d", name, n, kind, annotationsPerStep)
			}
		}
	}
	rest := strings.Join(runner(t, written(t, "github", many(t, 100), Options{})), "\n")
	if !regexp.MustCompile(`::error title=syncgate::and \d{3,} more of this kind`).MatchString(rest) {
		t.Errorf("the rest is not counted:\n%s", rest)
	}
}

// TestTextIssuesNoCommands: in the log of any CI system, text of a hostile
// repository stays text.
func TestTextIssuesNoCommands(t *testing.T) {
	text := written(t, "text", hostile(t), Options{Style: Verbose})
	if commands := runner(t, text); commands != nil {
		t.Errorf("commands: %.500q", commands)
	}
	for _, bad := range []string{"##vso[", "\x1b", "\x07", "\u202e", "\r", "\x00"} {
		if strings.Contains(text, bad) {
			t.Errorf("text holds %q", bad)
		}
	}
}

// TestJUnitVerdict: a CI system that counts failures and errors comes to the
// verdict of the report.
func TestJUnitVerdict(t *testing.T) {
	for name, r := range reports(t) {
		text := written(t, "junit", r, Options{})
		m := regexp.MustCompile(`<testsuites name="syncgate" tests="(\d+)" failures="(\d+)" errors="(\d+)">`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("%.300s", text)
		}
		failed := m[2] != "0" || m[3] != "0"
		if failed != (r.Verdict != policy.Pass) {
			t.Errorf("%s: verdict is %s, with %s failures and %s errors", name, r.Verdict, m[2], m[3])
		}
		if n := strings.Count(text, "<testcase "); strconv.Itoa(n) != m[1] {
			t.Errorf("%s: %d cases, counted as %s", name, n, m[1])
		}
	}
}

// TestEveryCodeHasItsMeaning finds each code that the program can report on
// the page of findings, and none there that it cannot.
func TestEveryCodeHasItsMeaning(t *testing.T) {
	codes := map[string]string{}
	err := fs.WalkDir(os.DirFS("../.."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../..", name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			for i := 0; ok && i < len(spec.Names) && i < len(spec.Values); i++ {
				value, literal := spec.Values[i].(*ast.BasicLit)
				if literal && regexp.MustCompile(`^Code[A-Z]`).MatchString(spec.Names[i].Name) {
					code, _ := strconv.Unquote(value.Value)
					codes[code] = name
				}
			}
			return true
		})
		return nil
	})
	if err != nil || len(codes) < 80 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}
	for code, file := range codes {
		r, ok := rules()[policy.Code(code)]
		if !ok || r.title == "" || r.help == "" || strings.Contains(r.title, "\n") {
			t.Errorf("%s: code %s: findings.md does not say in one sentence what it means, and then what to do", file, code)
		}
	}
	for code := range rules() {
		if codes[string(code)] == "" {
			t.Errorf("findings.md tells of %s, which nothing reports", code)
		}
	}
}
