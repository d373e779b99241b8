package argocd_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/kustomize"
)

// upstream is what of Argo CD's own manifests the installation changes.
const upstream = `apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: argocd-repo-server}}
  template:
    metadata: {labels: {app.kubernetes.io/name: argocd-repo-server}}
    spec:
      containers:
        - name: argocd-repo-server
          image: quay.io/argoproj/argocd:v3.6.1
          env: [{name: ARGOCD_RECONCILIATION_TIMEOUT, value: 180s}]
      volumes:
        - {name: var-files, emptyDir: {}}
        - {name: plugins, emptyDir: {}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cmd-params-cm}
`

// installed is the installation, added to Argo CD as the tutorial says.
func installed(t *testing.T) map[string]map[string]any {
	t.Helper()
	files := fstest.MapFS{
		"kustomization.yaml": {Data: []byte("namespace: argocd\nresources: [argocd.yaml]\ncomponents: [syncgate]\n")},
		"argocd.yaml":        {Data: []byte(upstream)},
	}
	install := os.DirFS("install")
	names, err := fs.Glob(install, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files to install: %v", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(install, name)
		if err != nil {
			t.Fatal(err)
		}
		files["syncgate/"+name] = &fstest.MapFile{Data: text}
	}
	objects, err := kustomize.New(git.Fetcher{Offline: true}).Render(t.Context(), render.Tree{FS: files}, render.Source{Kind: render.Kustomize, Path: "."})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]any{}
	for _, object := range objects {
		var fields map[string]any
		if err := object.Node.Decode(&fields); err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(object.ID.Name, "-plugin-")
		name, _, _ = strings.Cut(name, "-policy-")
		found[object.ID.Kind+" "+name] = fields
	}
	return found
}

// at is a field of an object, or nil.
func at(object any, path ...string) any {
	for _, key := range path {
		switch in := object.(type) {
		case map[string]any:
			object = in[key]
		case []any:
			i := slices.IndexFunc(in, func(item any) bool { return at(item, "name") == key })
			if i < 0 {
				return nil
			}
			object = in[i]
		default:
			return nil
		}
	}
	return object
}

func TestInstallation(t *testing.T) {
	all := installed(t)
	pod := at(all["Deployment argocd-repo-server"], "spec", "template", "spec")
	for _, want := range []struct {
		path  []string
		value any
	}{
		// Argo CD's own is left as it is.
		{[]string{"containers", "argocd-repo-server", "image"}, "quay.io/argoproj/argocd:v3.6.1"},
		{[]string{"containers", "argocd-repo-server", "env", "ARGOCD_RECONCILIATION_TIMEOUT", "value"}, "180s"},
		{[]string{"containers", "syncgate", "securityContext", "runAsUser"}, 999},
		{[]string{"containers", "syncgate", "securityContext", "readOnlyRootFilesystem"}, true},
		{[]string{"containers", "syncgate", "volumeMounts", "syncgate-policy", "mountPath"}, "/etc/syncgate/policy"},
		{[]string{"containers", "syncgate", "volumeMounts", "plugins", "mountPath"}, "/home/argocd/cmp-server/plugins"},
	} {
		if got := at(pod, want.path...); got != want.value {
			t.Errorf("%s is %v, want %v", strings.Join(want.path, "."), got, want.value)
		}
	}
	// Every volume that is mounted is there.
	for _, mount := range at(pod, "containers", "syncgate", "volumeMounts").([]any) {
		if name := at(mount, "name").(string); at(pod, "volumes", name) == nil {
			t.Errorf("volume %s is mounted and is not there", name)
		}
	}
	// ConfigMaps have a digest in their names, so that a change starts anew.
	for _, volume := range []string{"syncgate-plugin", "syncgate-policy"} {
		if name, _ := at(pod, "volumes", volume, "configMap", "name").(string); !strings.HasPrefix(name, volume+"-") {
			t.Errorf("volume %s is of %q, want a name with the digest of what it holds", volume, name)
		}
	}
	if got := at(all["ConfigMap argocd-cm"], "data", "timeout.hard.reconciliation"); got != "1h" {
		t.Errorf("timeout.hard.reconciliation is %v", got)
	}
	policy := all["ValidatingAdmissionPolicy syncgate-applications"]
	if at(policy, "spec", "failurePolicy") != "Fail" || all["ValidatingAdmissionPolicyBinding syncgate-applications"] == nil {
		t.Error("nothing keeps an Application from dropping the plugin")
	}
}

// The policy that is installed lets nobody's images pass before it is edited,
// and loads.
func TestInstalledPolicy(t *testing.T) {
	set, err := native.Load(os.DirFS("install"), "policy.yaml")
	if err != nil || len(set.Policies) != 1 {
		t.Fatalf("%d policies, %v", len(set.Policies), err)
	}
}

// Argo CD takes this file only if it is as its documentation says, and without
// discovery, which would stream each repository twice.
func TestPluginFile(t *testing.T) {
	text, err := os.ReadFile("install/plugin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var plugin map[string]any
	if err := yaml.Unmarshal(text, &plugin); err != nil {
		t.Fatal(err)
	}
	if at(plugin, "kind") != "ConfigManagementPlugin" || at(plugin, "metadata", "name") != "syncgate" || at(plugin, "spec", "discover") != nil {
		t.Errorf("plugin %v", plugin)
	}
	for _, command := range [][]string{{"generate"}, {"parameters", "dynamic"}} {
		words, _ := json.Marshal(at(plugin, append([]string{"spec"}, append(command, "command")...)...))
		if !strings.HasPrefix(string(words), `["syncgate","argocd",`) {
			t.Errorf("%v runs %s", command, words)
		}
	}
}
