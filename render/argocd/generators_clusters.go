package argocd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// clustersGenerator makes parameters of the clusters that are known
// (applicationset/generators/cluster.go).
func (s *set) clustersGenerator(c cursor) ([]params, bool) {
	var values []pair
	var flat bool
	failed := len(s.problems)
	s.mapping(c, fields{
		"selector": ignore, "template": ignore, "values": s.pairs(&values), "flatList": s.flag(&flat),
	})
	selector, ok := s.selector(c.at("selector"))
	if !ok || len(s.problems) > failed {
		return nil, false
	}
	if s.deployer.options.Clusters == nil {
		s.unseen(c, CodeGenerator, "the parameters of generator clusters are not in the repository: the clusters that Argo CD knows are not at hand",
			"name them in a file with --clusters FILE")
		return nil, false
	}
	var made []params
	local := len(selector.requirements) == 0 &&
		!slices.ContainsFunc(s.deployer.options.Clusters, func(c Cluster) bool { return c.Server == inCluster })
	for _, cluster := range s.deployer.options.Clusters {
		labels := maps.Clone(cluster.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		labels["argocd.argoproj.io/secret-type"] = "cluster"
		if !selector.matches(labels) {
			continue
		}
		made = append(made, s.clusterParams(cluster, labels))
	}
	if local {
		made = append(made, params{"name": "in-cluster", "nameNormalized": "in-cluster", "server": inCluster, "project": ""})
	}
	for _, p := range made {
		if err := s.addValues(p, values); err != nil {
			s.templateFailed(c, err)
			return nil, false
		}
	}
	if flat {
		list := make([]any, len(made))
		for i, p := range made {
			list[i] = map[string]any(p)
		}
		made = []params{{"clusters": list}}
	}
	return made, true
}

// clusterParams are the parameters of one cluster.
func (s *set) clusterParams(cluster Cluster, labels map[string]string) params {
	p := params{"name": cluster.Name, "nameNormalized": sanitizeName(cluster.Name), "server": cluster.Server, "project": cluster.Project}
	if s.renderer.goTemplate {
		meta := map[string]any{"labels": labels}
		if len(cluster.Annotations) > 0 {
			meta["annotations"] = cluster.Annotations
		}
		p["metadata"] = meta
		return p
	}
	for key, v := range cluster.Annotations {
		p["metadata.annotations."+key] = v
	}
	for key, v := range labels {
		p["metadata.labels."+key] = v
	}
	return p
}

// selector is a label selector, without limits on the values
// (applicationset/utils/selector.go).
type selector struct{ requirements []requirement }

// requirement is one condition of a selector.
type requirement struct {
	key, operator string
	values        []string
}

// selector reads a selector. One that is not there matches all.
func (s *set) selector(c cursor) (selector, bool) {
	var all selector
	failed := len(s.problems)
	s.mapping(c, fields{
		"matchLabels": func(c cursor) {
			var labels []pair
			s.pairs(&labels)(c)
			for _, l := range labels {
				all.requirements = append(all.requirements, requirement{l.key, "In", []string{l.value.text}})
			}
		},
		"matchExpressions": s.list(func(c cursor) {
			var r requirement
			var values []value
			s.mapping(c, fields{"key": s.str(&r.key), "operator": s.str(&r.operator), "values": s.values(&values)})
			r.values = texts(values)
			listed := r.operator == "In" || r.operator == "NotIn"
			if !listed && r.operator != "Exists" && r.operator != "DoesNotExist" || listed != (len(r.values) > 0) {
				s.fail(c, CodeTemplate, fmt.Sprintf("selector cannot be read: operator %q with %d values", r.operator, len(r.values)), "write In or NotIn with values, Exists or DoesNotExist without")
			}
			all.requirements = append(all.requirements, r)
		}),
	})
	return all, len(s.problems) == failed
}

// matches tells whether labels meet all conditions.
func (s selector) matches(labels map[string]string) bool {
	for _, r := range s.requirements {
		got, has := labels[r.key]
		in := has && slices.Contains(r.values, got)
		switch r.operator {
		case "In":
			has = in
		case "NotIn":
			has = !in
		case "DoesNotExist":
			has = !has
		}
		if !has {
			return false
		}
	}
	return true
}

// flatten returns parameters by the path of their keys, joined by dots.
func flatten(p map[string]any) map[string]string {
	flat := map[string]string{}
	var walk func(path string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, below := range v {
				walk(at+"."+key, below)
			}
		case map[string]string:
			for key, below := range v {
				walk(at+"."+key, below)
			}
		case []any:
			for i, below := range v {
				walk(fmt.Sprintf("%s.%d", at, i), below)
			}
		default:
			flat[strings.TrimPrefix(at, ".")] = fmt.Sprintf("%v", v)
		}
	}
	walk("", p)
	return flat
}
