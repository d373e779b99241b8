package argocd

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// addLabels is kustomize edit add label.
func (e *editor) addLabels(k *kustomizeSource) {
	if len(k.labels) == 0 {
		return
	}
	if k.inTemplates && !k.withoutSelector {
		e.fail(e.source.kustomizeAt, CodeField, "labelIncludeTemplates needs labelWithoutSelector", "set labelWithoutSelector too")
		return
	}
	into := e.labels(k)
	for _, p := range k.labels {
		e.addPair(into, pair{p.key, value{e.expand(p.value), p.value.at}}, k.forceLabels)
	}
}

// labels returns the mapping that labels are added to.
func (e *editor) labels(k *kustomizeSource) *yaml.Node {
	if !k.withoutSelector {
		return e.pairs("commonLabels")
	}
	for _, entry := range e.list("labels") {
		selectors, templates := text(entry, "includeSelectors") == "true", text(entry, "includeTemplates") == "true"
		if pairs := get(entry, "pairs"); !selectors && templates == k.inTemplates && pairs != nil && pairs.Kind == yaml.MappingNode {
			e.changed = true
			own := copied(pairs)
			put(entry, "pairs", own)
			return own
		}
	}
	pairs := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	entry := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	put(entry, "pairs", pairs)
	if k.inTemplates {
		put(entry, "includeTemplates", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
	}
	e.add("labels", entry)
	return pairs
}

// pairs returns a mapping of the kustomization, made if there is none.
func (e *editor) pairs(key string) *yaml.Node {
	if pairs := get(e.root, key); pairs != nil && pairs.Kind == yaml.MappingNode {
		own := copied(pairs)
		e.set(key, own)
		return own
	}
	pairs := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	e.set(key, pairs)
	return pairs
}

// copied is a mapping of its own: one that was aliased is shared.
func copied(mapping *yaml.Node) *yaml.Node {
	own := *mapping
	own.Content = slices.Clone(mapping.Content)
	return &own
}

// addAnnotations is kustomize edit add annotation.
func (e *editor) addAnnotations(k *kustomizeSource) {
	if len(k.annotations) == 0 {
		return
	}
	into := e.pairs("commonAnnotations")
	for _, p := range k.annotations {
		if k.expandAnnotations {
			p.value.text = e.expand(p.value)
		}
		e.addPair(into, p, k.forceAnnotations)
	}
}

// addPair adds an entry to a mapping; one that is there is replaced by force
// alone.
func (e *editor) addPair(into *yaml.Node, p pair, force bool) {
	at := -1
	for i := 0; i+1 < len(into.Content); i += 2 {
		if into.Content[i].Value == p.key {
			at = i
		}
	}
	if at >= 0 && !force {
		e.fail(p.value.at, CodeField, fmt.Sprintf("%s is already in the kustomization file", p.key), "remove it, or force it")
		return
	}
	text := p.value.text
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	node := e.scalar(text, p.value.at)
	if at >= 0 {
		into.Content[at+1] = node
		return
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: p.key, Style: yaml.DoubleQuotedStyle}
	e.added[key] = p.value.at
	into.Content = append(into.Content, key, node)
}
