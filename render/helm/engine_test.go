package helm

import (
	"context"
	"errors"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/syncgate/syncgate/render"
)

// both renders a template here and with Helm's own engine.
func both(text string) (ours, helms string, oursErr, helmsErr error) {
	scope := func() common.Values {
		return common.Values{
			"Values": common.Values{
				"a": "x", "n": 3, "f": 1.5, "list": []any{"b", "a", nil}, "null": nil, "no": false,
				"map": map[string]any{"k": "v", "deep": map[string]any{"z": int64(1)}},
				"tpl": "{{ .Values.a }}-{{ include \"part\" . }}",
			},
			"Release":      map[string]any{"Name": "r"},
			"Capabilities": common.DefaultCapabilities,
		}
	}
	load := func() *chart.Chart {
		return &chart.Chart{
			Metadata: &chart.Metadata{Name: "c", Version: "1.0.0"},
			Templates: []*common.File{
				{Name: "templates/_part.tpl", Data: []byte(`{{ define "part" }}part of {{ .Values.a }}{{ end }}`)},
				{Name: "templates/t", Data: []byte(text)},
			},
			Files: []*common.File{{Name: "f.txt", Data: []byte("one\ntwo\n")}},
		}
	}
	mine, oursErr := execute(context.Background(), load(), scope())
	// Helm's engine is not protected from what the guard stops.
	if limit, ok := errors.AsType[*render.Problem](oursErr); ok {
		return "", "", limit, limit
	}
	theirs, helmsErr := engine.Engine{}.RenderWithContext(context.Background(), load(), scope())
	return mine["c/templates/t"], theirs["c/templates/t"], oursErr, helmsErr
}

func TestTemplatesRenderAsInHelmsEngine(t *testing.T) {
	for _, text := range []string{
		`{{ .Values.a }}{{ .Values.missing }}{{ .Values.null }}{{ .Values.map.missing }}`,
		`{{ .Values.map }} {{ .Values.list }} {{ .Values.n }} {{ .Values.f }} {{ .Values.no }}`,
		`{{ $x := .Values.missing }}{{ $x }}{{ if $x }}a{{ else }}b{{ end }}{{ $x = .Values.n }}{{ $x }}`,
		`{{- with $m := .Values.map }}{{ $m.k }}{{ .deep.z }}{{ end -}}`,
		`{{ range $i, $e := .Values.list }}{{ $i }}={{ $e }},{{ else }}none{{ end }}{{ range 3 }}{{ . }}{{ break }}{{ end }}`,
		`{{ range .Values.list }}{{ if eq . "a" }}{{ continue }}{{ end }}{{ . }}{{ end }}`,
		`{{ include "part" . }} {{ tpl .Values.tpl . }} {{ tpl "{{ define \"in\" }}i{{ end }}{{ template \"in\" }}" . }}`,
		`{{ template "part" . }}{{ block "other" . }}{{ .Values.a }}{{ end }}`,
		`{{ include "missing" . }}`, `{{ tpl "{{ end }}" . }}`, `{{ tpl "{{ .x.y.z }}" . }}`,
		`{{ .Files.Get "f.txt" }}{{ range .Files.Lines "f.txt" }}[{{ . }}]{{ end }}{{ (.Files.Glob "*").AsConfig }}{{ .Files }}`,
		`{{ .Chart.Name }}{{ .Chart.IsRoot }}{{ .Template.Name }}{{ .Template.BasePath }}{{ .Subcharts }}`,
		`{{ toYaml .Values }}{{ toYamlPretty .Values }}{{ toJson .Values }}{{ toPrettyJson .Values.map }}{{ toToml .Values.map }}`,
		`{{ mustToYaml .Values.map }}{{ mustToJson .Values.list }}{{ mustToToml .Values.map }}{{ mustToToml 1 }}`,
		`{{ fromYaml "a: 1" }}{{ fromYaml "[" }}{{ fromYamlArray "[1, b]" }}{{ fromYamlArray "a: b" }}`,
		`{{ fromJson "{\"a\":1}" }}{{ fromJson "[" }}{{ fromJsonArray "[1]" }}{{ fromJsonArray "{" }}{{ fromToml "a = 1" }}{{ fromToml "=" }}`,
		`{{ mustToDuration "90s" }}{{ durationSeconds "1m30s" }} {{ durationMilliseconds 2 }} {{ durationMicroseconds 1.5 }} {{ durationNanoseconds "2.5" }}`,
		`{{ durationMinutes "1h" }} {{ durationHours "90m" }} {{ durationDays "36h" }} {{ durationWeeks "84h" }} {{ durationHours "x" }}`,
		`{{ durationRoundTo "2h13m" "1h" }} {{ durationTruncateTo "2h53m" "1h" }} {{ durationRoundTo "2h13m" "x" }}{{ durationTruncateTo nil "1h" }}`,
		`{{ mustToDuration "" }}`, `{{ mustToDuration nil }}`, `{{ mustToDuration .Values.map }}`, `{{ mustToDuration 9223372036854775807 }}`,
		`{{ required "give a" .Values.a }}{{ required "give it" .Values.missing }}`, `{{ required "give it" "" }}`, `{{ required "r" 0 }}`,
		`{{ fail "no" }}`, `{{ lookup "v1" "Pod" "ns" "name" }}{{ getHostByName "localhost" }}|`,
		`{{ print 1 2 "a" }}{{ printf "%s-%05d-%v" "a" 3 .Values.list }}{{ println "x" }}{{ html "<" }}{{ js "'" }}{{ urlquery "a b" }}`,
		`{{ and 1 0 .x.y.z }}{{ or 1 .x.y.z }}{{ not 1 }}{{ len "abc" }}{{ index .Values.list 0 }}{{ slice "abc" 1 2 }}{{ eq 1 1 2 }}{{ call .Values.a }}`,
		`{{ index .Values.list 7 }}`, `{{ .Values.a.b.c }}`, `{{ .Values.map.missing.more }}`, `{{ nil }}`, `{{ 1 | 2 }}`,
		`{{ first list }}`, `{{ repeat -1 "x" }}`, `{{ div 1 0 }}`, `{{ substr 0 9 "abc" }}`, `{{ trunc 2 "abc" }}`, `{{ set .Values "new" 1 }}`,
		`{{ repeat 3 "ab" }}{{ "a\nb" | nindent 2 }}{{ indent 1 "a\nb" }}{{ replace "a" "bb" "aXa" }}{{ replace "" "-" "ab" }}`,
		`{{ join "," (list 1 "b" nil) }}{{ join "," "x" }}{{ until 3 }}{{ untilStep 0 10 4 }}{{ untilStep 5 0 -2 }}{{ seq 3 }} {{ seq 2 5 }} {{ seq 0 2 9 }}`,
		`{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}{{ regexFindAll "[a-c]" "abcd" -1 }}{{ regexSplit "z+" "pizza" -1 }}{{ regexMatch "[" "" }}`,
		`{{ split "," "a,b" }}{{ splitList "" "abc" }}{{ wrap 3 "aaaa bbb" }}{{ wrapWith 2 "-" "abcdef" }}{{ uniq (list 1 1 2) }}{{ without (list 1 2 3) 2 3 }}`,
		`{{ merge (dict "a" 1) (dict "b" 2) }}{{ mergeOverwrite (dict "a" 1) (dict "a" 2) }}{{ deepCopy .Values.map }}{{ dig "k" "d" .Values.map }}`,
		`{{ semverCompare ">=1.2" "1.3.0" }}{{ sha256sum "x" }}{{ b64enc "x" }}{{ ternary 1 2 true }}{{ coalesce 0 "" 3 }}{{ default 4 .Values.missing }}`,
		`{{ $d := dict }}{{ $_ := set $d "self" $d }}{{ hasKey $d "self" }}{{ toYaml (dict "x" (list)) }}`,
		`{{ if }}`, `{{ undefined 1 }}`, `{{ end }}`, `{{ "unterminated }}`, "{{/* c */}}\n{{- /* d */ -}}\n x", `{{ env "HOME" }}`, `{{ expandenv "$HOME" }}`,
		`{{ .Capabilities.KubeVersion }}{{ $v := .Capabilities.KubeVersion }}{{ $v }}{{ toString .Capabilities.KubeVersion }}{{ .Capabilities.KubeVersion.Major }}`,
		`{{ $c := .Capabilities }}{{ $c.KubeVersion }}{{ $c.APIVersions.Has "apps/v1" }}{{ now.Year | kindOf }}`,
		"\n\n  {{ .Values.a.b }}", "{{ include \"part\" (dict \"Values\" 1) }}",
	} {
		t.Run(text, func(t *testing.T) {
			ours, helms, oursErr, helmsErr := both(text)
			if ours != helms || (oursErr == nil) != (helmsErr == nil) {
				t.Errorf("got %q, %v\nHelm has %q, %v", ours, oursErr, helms, helmsErr)
			}
		})
	}
}

// TestErrorsAreHelms wants, of messages on one line, Helm's own text.
func TestErrorsAreHelms(t *testing.T) {
	for _, text := range []string{
		`{{ fail "no" }}`, `{{ required "give it" .Values.missing }}`, `{{ undefined 1 }}`, "a\n{{ if }}", `{{ "x }}`,
	} {
		_, _, ours, helms := both(text)
		if ours == nil || helms == nil || ours.Error() != helms.Error() {
			t.Errorf("%s: got the message %v, Helm has %v", text, ours, helms)
		}
	}
}

// TestFunctionsAreThoseOfHelm reads the names of Helm's functions in its
// source: what it adds must be added here.
func TestFunctionsAreThoseOfHelm(t *testing.T) {
	dir, err := build.Import("helm.sh/helm/v4/pkg/engine", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir.Dir, "funcs.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours := functions(newGuard(context.Background()))
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, ok := pair.Key.(*ast.BasicLit)
		if !ok {
			return true
		}
		name, err := strconv.Unquote(key.Value)
		if err != nil || slices.Contains([]string{"include", "tpl"}, name) {
			return true
		}
		found++
		if ours[name] == nil {
			t.Errorf("Helm's function %s is missing", name)
		}
		return true
	})
	if found < 20 {
		t.Errorf("found %d functions in Helm's source: it is written in another way now", found)
	}
	for _, name := range []string{"env", "expandenv"} {
		if ours[name] != nil {
			t.Errorf("%s lets templates see the environment", name)
		}
	}
}

// FuzzTemplates wants no panic, and what Helm's engine renders.
func FuzzTemplates(f *testing.F) {
	for _, seed := range []string{
		`{{ .Values.a | quote }}`, `{{ range $k, $v := .Values.map }}{{ $k }}{{ end }}`,
		`{{ tpl .Values.tpl . | nindent 4 }}`, `{{ printf "%*d" 5 1 }}`, `{{ fail "x" }}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ours, helms, oursErr, helmsErr := both(text)
		if (oursErr == nil) != (helmsErr == nil) {
			t.Fatalf("got the error %v, Helm has %v", oursErr, helmsErr)
		}
		if oursErr == nil && ours != helms {
			t.Errorf("got %q, Helm has %q", ours, helms)
		}
	})
}
