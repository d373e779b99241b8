package kustomize

import (
	"fmt"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/render"
)

// pluginConfig is what the built-in plugins load, whichever it is. Kustomize
// reads their fields in letters of either case, as this does.
type pluginConfig struct {
	Path           string   `json:"path"`
	Paths          []string `json:"paths"`
	TargetFilePath string   `json:"targetFilePath"`
	Files          []string `json:"files"`
	Envs           []string `json:"envs"`
	Env            string   `json:"env"`
	Patch          string   `json:"patch"`
	Patches        string   `json:"patches"`
	Replacements   []struct {
		Path string `json:"path"`
	} `json:"replacements"`
}

// inlinePlugin checks an entry that is itself the configuration of plugins,
// and tells whether it is.
func (p *plan) inlinePlugin(k *kustomization, e entry) (bool, *render.Problem) {
	if _, err := resourcesOf([]byte(e.value)); err != nil {
		return false, nil
	}
	return true, p.plugins(k, e, []byte(e.value))
}

// resourcesOf parses resources as kustomize does.
func resourcesOf(data []byte) ([]*resource.Resource, error) {
	resources, err := resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory()).NewResMapFromBytes(data)
	if err != nil {
		return nil, err
	}
	return resources.Resources(), nil
}

// plugins checks what the plugins of a file would load. They load relative to
// the kustomization that lists the file.
func (p *plan) plugins(k *kustomization, e entry, data []byte) *render.Problem {
	resources, err := resourcesOf(data)
	if err != nil {
		return nil // kustomize does not get further either
	}
	for _, r := range resources {
		if gvk := r.GetGvk(); gvk.Group != "" || gvk.Version != konfig.BuiltinPluginApiVersion {
			return &render.Problem{
				Code: CodePlugin, Severity: render.Unseen, Origin: e.origin(k),
				Message: fmt.Sprintf("%s entry is the plugin %s, which would run a program", e.field, gvk.Kind),
				Hint:    "use the built-in generators and transformers, or commit the rendered manifests",
			}
		}
		if problem := p.plugin(k, e, r); problem != nil {
			return problem
		}
	}
	return nil
}

// plugin checks what one built-in plugin would load.
func (p *plan) plugin(k *kustomization, e entry, r *resource.Resource) *render.Problem {
	if r.GetKind() == "HelmChartInflationGenerator" {
		return &render.Problem{
			Code: CodeHelm, Severity: render.Unseen, Origin: e.origin(k),
			Message: "HelmChartInflationGenerator needs a chart to be inflated by running helm, which is never done here",
			Hint:    "deploy the chart as a Helm source of its own, or commit the rendered manifests",
		}
	}
	text, err := r.AsYAML()
	if err != nil {
		return nil
	}
	var config pluginConfig
	if err := yaml.Unmarshal(text, &config); err != nil {
		// A field of another type than plugins have: look at it loosely.
		return p.loosely(k, e, text)
	}
	names := append(nonEmpty(config.Path), nonEmpty(config.TargetFilePath)...)
	for _, replacement := range config.Replacements {
		names = append(names, nonEmpty(replacement.Path)...)
	}
	for _, name := range names {
		if problem := p.follow(k, entry{field: e.field, value: name, use: useConfig, node: e.node}); problem != nil {
			return problem
		}
	}
	for _, name := range config.Paths {
		if problem := p.follow(k, entry{field: e.field, value: name, use: useInlinePatch, node: e.node}); problem != nil {
			return problem
		}
	}
	for _, source := range append(append(config.Files, config.Envs...), nonEmpty(config.Env)...) {
		if problem := p.follow(k, entry{field: e.field, value: sourcePath(source), use: useData, node: e.node}); problem != nil {
			return problem
		}
	}
	for _, text := range append([]string{config.Patch, config.Patches}, config.Paths...) {
		if problem := tooLarge(k.file, []byte(text)); problem != nil {
			problem.Origin = e.origin(k)
			return problem
		}
	}
	return nil
}

// loosely refuses a configuration of which any string is remote.
func (p *plan) loosely(k *kustomization, e entry, text []byte) *render.Problem {
	var anything any
	if yaml.Unmarshal(text, &anything) != nil {
		return nil
	}
	var walk func(value any) *render.Problem
	walk = func(value any) *render.Problem {
		switch value := value.(type) {
		case string:
			if isRemoteFile(value) || isRemoteFile(sourcePath(value)) {
				return p.remote(k, e, remote{entry: value})
			}
		case []any:
			for _, item := range value {
				if problem := walk(item); problem != nil {
					return problem
				}
			}
		case map[string]any:
			for _, item := range value {
				if problem := walk(item); problem != nil {
					return problem
				}
			}
		}
		return nil
	}
	return walk(anything)
}
