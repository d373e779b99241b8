package argocd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// collection is the type of a parameter, as Argo CD names it.
type collection string

const (
	text  collection = ""
	list  collection = "array"
	pairs collection = "map"
)

// announcement is one parameter that Argo CD's user interface offers, as
// cmpserver's ParameterAnnouncement has it.
type announcement struct {
	Name           string     `json:"name"`
	Title          string     `json:"title"`
	Tooltip        string     `json:"tooltip"`
	CollectionType collection `json:"collectionType,omitempty"`
}

// parameter is one that the plugin knows, and the field of the source that it
// sets.
type parameter struct {
	announcement
	tool, field string
	// as makes the field's value of the parameter's.
	as func(Parameter) (any, error)
}

// Announcements are the parameters that the plugin knows, for the user
// interface of Argo CD.
func Announcements() []any {
	var all []any
	for _, p := range parameters() {
		all = append(all, p.announcement)
	}
	return all
}

// parameters are named and work as the fields of an application's source do.
func parameters() []parameter {
	return []parameter{
		{announcement{"source", "Source", "YAML with the fields helm, kustomize or directory of an Application's source, for what has no parameter of its own", text}, "", "", nil},
		{announcement{"release-name", "Release name", "name of the Helm release; by default the application's", text}, "helm", "releaseName", asText},
		{announcement{"values-files", "Values files", "values files of the Helm chart, later ones win", list}, "helm", "valueFiles", asList},
		{announcement{"values", "Values", "values of the Helm chart, as YAML", text}, "helm", "values", asText},
		{announcement{"helm-parameters", "Helm parameters", "values of the Helm chart, as helm --set takes them", pairs}, "helm", "parameters", asNamed},
		{announcement{"skip-crds", "Skip CRDs", "true leaves out the CRDs of the Helm chart", text}, "helm", "skipCrds", asFlag},
		{announcement{"skip-tests", "Skip tests", "true leaves out the tests of the Helm chart", text}, "helm", "skipTests", asFlag},
		{announcement{"name-prefix", "Name prefix", "prefix of the names of what the kustomization holds", text}, "kustomize", "namePrefix", asText},
		{announcement{"name-suffix", "Name suffix", "suffix of the names of what the kustomization holds", text}, "kustomize", "nameSuffix", asText},
		{announcement{"images", "Images", "images of the kustomization, as NAME=NEW:TAG", list}, "kustomize", "images", asList},
		{announcement{"common-labels", "Common labels", "labels of all that the kustomization holds", pairs}, "kustomize", "commonLabels", asMap},
		{announcement{"common-annotations", "Common annotations", "annotations of all that the kustomization holds", pairs}, "kustomize", "commonAnnotations", asMap},
		{announcement{"components", "Components", "components that are added to the kustomization", list}, "kustomize", "components", asList},
		{announcement{"recurse", "Recurse", "true reads the manifests of subdirectories too", text}, "directory", "recurse", asFlag},
		{announcement{"include", "Include", "which files of the directory are read, as a glob", text}, "directory", "include", asText},
		{announcement{"exclude", "Exclude", "which files of the directory are not read, as a glob", text}, "directory", "exclude", asText},
	}
}

func asText(p Parameter) (any, error) {
	if p.String == nil {
		return nil, errors.New("want a string")
	}
	return *p.String, nil
}

func asFlag(p Parameter) (any, error) {
	if p.String == nil || *p.String != "true" && *p.String != "false" {
		return nil, errors.New("want the string true or false")
	}
	return *p.String == "true", nil
}

func asList(p Parameter) (any, error) {
	if p.String != nil || p.Map != nil {
		return nil, errors.New("want an array")
	}
	return p.Array, nil
}

func asMap(p Parameter) (any, error) {
	if p.String != nil || p.Array != nil {
		return nil, errors.New("want a map")
	}
	return p.Map, nil
}

func asNamed(p Parameter) (any, error) {
	if _, err := asMap(p); err != nil {
		return nil, err
	}
	var all []any
	for _, name := range slices.Sorted(maps.Keys(p.Map)) {
		all = append(all, map[string]any{"name": name, "value": p.Map[name]})
	}
	return all, nil
}

// source is the part of an Application's source that the parameters say.
func source(given []Parameter) (map[string]any, error) {
	out := map[string]any{}
	known := map[string]parameter{}
	for _, p := range parameters() {
		known[p.Name] = p
	}
	seen := map[string]bool{}
	for _, p := range given {
		from, ok := known[p.Name]
		switch {
		case !ok:
			return nil, fmt.Errorf("read plugin parameter %q: there is none of that name; want one of %s", p.Name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		case seen[p.Name]:
			return nil, fmt.Errorf("read plugin parameter %s: it is given twice", p.Name)
		case from.as == nil && p.String == nil:
			return nil, fmt.Errorf("read plugin parameter %s: want a string", p.Name)
		}
		seen[p.Name] = true
		if from.as == nil {
			if err := readSource(*p.String, out); err != nil {
				return nil, fmt.Errorf("read plugin parameter %s: %w", p.Name, err)
			}
		}
	}
	for _, p := range given {
		from := known[p.Name]
		if from.as == nil {
			continue
		}
		value, err := from.as(p)
		if err != nil {
			return nil, fmt.Errorf("read plugin parameter %s: %w", p.Name, err)
		}
		tool, ok := out[from.tool].(map[string]any)
		if !ok {
			tool = map[string]any{}
			out[from.tool] = tool
		}
		tool[from.field] = value
	}
	return out, nil
}

// readSource reads the parameter source. What else an Application's source has
// is Argo CD's to say.
func readSource(text string, into map[string]any) error {
	var fields map[string]any
	if err := yaml.Unmarshal([]byte(text), &fields); err != nil {
		return fmt.Errorf("want YAML: %w", err)
	}
	for name, value := range fields {
		tool, ok := value.(map[string]any)
		if !ok || name != "helm" && name != "kustomize" && name != "directory" {
			return fmt.Errorf("want a mapping with helm, kustomize or directory, not %q", name)
		}
		into[name] = tool
	}
	return nil
}
