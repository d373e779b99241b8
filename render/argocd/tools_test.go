package argocd_test

import (
	"strings"
	"testing"
)

// TestWhichTool shows which tool renders a source that names none: the last
// file of its directory, by name, that tells one.
func TestWhichTool(t *testing.T) {
	const chart, kustomization = "apiVersion: v2\nname: c\nversion: 1.0.0\n", "resources: [pod.yaml]\nnamePrefix: built-\n"
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"nothing tells", nil, "name:pod"},
		{"kustomization.yaml", []string{"kustomization.yaml", kustomization}, "name:built-pod"},
		{"kustomization.yml", []string{"kustomization.yml", kustomization}, "name:built-pod"},
		{"Kustomization", []string{"Kustomization", kustomization}, "name:built-pod"},
		{"a chart", []string{"Chart.yaml", chart, "templates/t.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: templated}}"}, "name:templated"},
		{"both: kustomize comes last", []string{"Chart.yaml", chart, "Kustomization", kustomization}, "name:built-pod"},
		{"a file whose name ends in Chart.yaml is taken for a chart", []string{"MyChart.yaml", chart}, "broken render-failed"},
		{"kustomize comes before a name in lower case", []string{"kustomization.yaml", kustomization, "myChart.yaml", chart}, "broken render-failed"},
		{"in a directory below", []string{"sub/kustomization.yaml", kustomization}, "name:pod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := []string{"app.yaml", app("a", "path: p"), "p/pod.yaml", pod}
			for i := 0; i < len(c.files); i += 2 {
				list = append(list, "p/"+c.files[i], c.files[i+1])
			}
			got := in(files(list...)).deploy(t).text(t)
			if !strings.Contains(got, c.want) || strings.Contains(got, "name:pod") != (c.want == "name:pod") {
				t.Errorf("want %s in\n%s", c.want, got)
			}
		})
	}
}

// TestDirectoryFiles shows which files of a directory are read, that one which
// Argo CD passes over is no more than noted, and that none which it deploys is.
func TestDirectoryFiles(t *testing.T) {
	const object = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "json"}}`
	utf16 := func(text string) string {
		wide := "\xff\xfe"
		for _, c := range []byte(text) {
			wide += string([]byte{c, 0})
		}
		return wide
	}
	for _, c := range []struct{ name, file, text, want string }{
		{"marked to be skipped", "x.yaml", "# +argocd:skip-file-rendering\n" + strings.ReplaceAll(pod, "pod", "skipped"), "notice skip-marker p/x.yaml"},
		{"JSON", "x.json", object, "name:json"},
		{"JSON with a bracket too many, which Argo CD does not see", "x.json", object + "}", "broken manifest-malformed p/x.json"},
		{"JSON that does not end", "x.json", object[:20], "broken manifest-malformed p/x.json"},
		{"a List", "x.yaml", "apiVersion: v1\nkind: List\nitems: [" + object + "]", "name:json"},
		{"a List of nothing", "x.yaml", "apiVersion: v1\nkind: ConfigMapList\nitems: null", "name:pod"},
		{"UTF-16", "x.yaml", utf16(strings.ReplaceAll(pod, "pod", "wide")), "name:wide"},
		{"UTF-16 that does not parse", "x.yaml", utf16(object[:20]), "broken manifest-malformed p/x.yaml"},
		{"a manifest that does not parse", "x.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {", "broken manifest-malformed p/x.yaml"},
		{"no manifest, and it does not parse", "x.yaml", "a: {{ b }", "notice manifest-malformed p/x.yaml"},
		{"JSON in YAML with a value after it", "x.yaml", object + "\n]", "broken manifest-malformed p/x.yaml"},
		{"no manifest", "x.yaml", "a: b", "notice not-a-manifest p/x.yaml"},
		{"another kind of file", "x.txt", object, "!name:json"},
		{"a large directory", "x.yaml", "# " + strings.Repeat("long ", 2_000_001) + "\n" + object, "notice directory-too-large p/x.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := in(files("app.yaml", app("a", "path: p"), "p/pod.yaml", pod, "p/"+c.file, c.text)).deploy(t).text(t)
			want, absent := strings.CutPrefix(c.want, "!")
			if strings.Contains(got, want) == absent || !strings.Contains(got, "name:pod") || strings.Contains(got, "name:skipped") {
				t.Errorf("want %s in\n%.3000s", c.want, got)
			}
		})
	}
}

// TestBuildEnvironment shows the variables that a source may name, and that
// there is no other.
func TestBuildEnvironment(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"$ARGOCD_APP_NAME", "a"}, {"$ARGOCD_APP_NAMESPACE", "dest"}, {"$ARGOCD_APP_PROJECT_NAME", "default"},
		{"$ARGOCD_APP_REVISION", commit}, {"$ARGOCD_APP_REVISION_SHORT", commit[:7]}, {"$ARGOCD_APP_REVISION_SHORT_8", commit[:8]},
		{"$ARGOCD_APP_SOURCE_REPO_URL", self}, {"$ARGOCD_APP_SOURCE_PATH", "chart"}, {"$ARGOCD_APP_SOURCE_TARGET_REVISION", "HEAD"},
		{"x${ARGOCD_APP_NAME}y", "xay"}, {"$$ARGOCD_APP_NAME", "$ARGOCD_APP_NAME"}, {"x$HOME$PATH$KUBE_VERSION", "x"}, {"${}x", "x"},
	} {
		source := "path: chart\ntargetRevision: HEAD\nhelm: {parameters: [{name: extra, value: '" + c.text + "', forceString: true}]}"
		got := in(files(append(sources(), "app.yaml", app("a", source))...)).deploy(t).text(t)
		if !strings.Contains(got, "extra:"+c.want+" ") {
			t.Errorf("%s: want %s in\n%s", c.text, c.want, got)
		}
	}
}
