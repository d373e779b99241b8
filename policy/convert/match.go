package convert

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Matched is the field match in the making. A policy that is about more than it
// was is stricter, unless it only reports or lets images run.
type Matched struct {
	policy             *Policy
	images, exclude    []*yaml.Node
	kinds, namespaces  []string
	anyKind, anyPlaced bool
	// More tells that the policy is about more than it was.
	More bool
}

// Matching begins the field match of a policy.
func (p *Policy) Matching() *Matched { return &Matched{policy: p} }

// Left notes what is left out: the policy is about more without it.
func (m *Matched) Left(place, what string) {
	m.More = true
	m.policy.Note("%s: %s is left out: the policy is about more here.", place, what)
}

// Image adds a pattern of references in which "*" is any text, as others hold
// it against the whole reference, the tag or the digest included.
func (m *Matched) Image(place, pattern string) {
	for _, p := range names(pattern) {
		item := text(p)
		if !exact(pattern) {
			m.More = true
			Comment(item, "%s there, held against the whole reference", pattern)
		}
		m.images = append(m.images, item)
	}
}

// Exclude adds a pattern that is left out, if it can be said just as it is.
func (m *Matched) Exclude(place, pattern string) {
	if !exact(pattern) || pattern == "*" {
		m.Left(place, "the pattern "+pattern+" of images that are skipped")
		return
	}
	m.exclude = append(m.exclude, text(pattern+"*"))
}

// exact tells whether a pattern becomes a glob that matches the same images:
// all below a part of a name whose registry goes by no other.
func exact(pattern string) bool {
	head, star := strings.CutSuffix(pattern, "*")
	registry, path, found := strings.Cut(head, "/")
	return pattern == "*" || star && found && path != "" && !strings.ContainsAny(path, ":@") && !strings.ContainsAny(head, "*?[]{}!\\ ") &&
		strings.ContainsAny(registry, ".:") && !strings.HasSuffix(registry, "docker.io") && !strings.HasSuffix(registry, "docker.com") &&
		strings.ToLower(head) == head && !strings.HasSuffix(registry, ":443") && !strings.HasSuffix(registry, ".")
}

// names are the globs of names that match all that a pattern of references
// matches.
func names(pattern string) []string {
	const all = "**"
	name, rest := pattern, ""
	if at := strings.IndexByte(pattern, '@'); at >= 0 {
		name, rest = pattern[:at], pattern[at:]
	} else if at := strings.LastIndexByte(pattern, ':'); at > strings.LastIndexByte(pattern, '/') {
		name, rest = pattern[:at], pattern[at:]
	}
	chunks := strings.Split(name, "*")
	anchored := !slices.ContainsFunc(chunks[1:], func(c string) bool { return c != "" && c[0] != '/' })
	switch {
	case strings.ContainsAny(pattern, "?[]{}!\\ \t") || strings.ToLower(name) != name || !strings.Contains(name, "/") || !anchored:
		// What a star stands for may end in the tag.
		return []string{all}
	case strings.HasSuffix(name, "*") || strings.Contains(rest, "*") && strings.HasPrefix(rest, "@"):
		rest = ""
	}
	name, rest = doubled(name), doubled(rest)
	registry, path, _ := strings.Cut(name, "/")
	if strings.HasSuffix(registry, "docker.io") && !strings.Contains(path, "/") && path != all {
		return []string{name + rest, registry + "/library/" + path + rest}
	}
	return []string{name + rest}
}

// doubled has "**" for each star or run of them.
func doubled(text string) string {
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	return strings.ReplaceAll(text, "*", "**")
}

// Kinds adds kinds of objects that the policy is about, or that the cluster
// makes of others: images run in Pods, whatever made them.
func (m *Matched) Kinds(kinds ...string) {
	made := map[string][]string{"ReplicaSet": {"Deployment"}, "Job": {"CronJob"}}
	for _, kind := range kinds {
		m.anyKind = m.anyKind || kind == "Pod" || strings.ContainsAny(kind, "*?")
		m.kinds = append(append(m.kinds, kind), made[kind]...)
	}
}

// Namespaces are globs of namespaces, in which no "/" is. None, or one for all,
// leaves the field out.
func (m *Matched) Namespaces(globs ...string) {
	for _, g := range globs {
		m.anyPlaced = m.anyPlaced || strings.Trim(g, "*") == ""
		m.namespaces = append(m.namespaces, g)
	}
}

// Node is the field.
func (m *Matched) Node() *yaml.Node {
	out := Map("images", Seq(m.images...))
	if len(m.exclude) > 0 {
		add(out, "exclude", Seq(m.exclude...))
	}
	if len(m.kinds) > 0 && !m.anyKind {
		slices.Sort(m.kinds)
		add(out, "kinds", List(slices.Compact(m.kinds)...))
	}
	if len(m.namespaces) > 0 && !m.anyPlaced {
		slices.Sort(m.namespaces)
		add(out, "namespaces", List(slices.Compact(m.namespaces)...))
	}
	return out
}
