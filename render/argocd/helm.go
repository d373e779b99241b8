package argocd

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/syncgate/syncgate/render"
)

// The names of what overlays add. Nothing lists them, so no chart holds them.
const (
	valuesName = ".syncgate.application/values.yaml"
	refsName   = ".syncgate.application/refs"
)

// renderHelm renders a chart (helmTemplate of
// reposerver/repository/repository.go).
func (j *job) renderHelm(ctx context.Context) {
	h := j.source.helm
	if h == nil {
		h = &helmSource{}
	}
	if v := h.version.text; v != "" && v != "v3" && v != "v4" {
		j.fail(h.version.at, CodeField, fmt.Sprintf("helm version %q is not supported", v), "remove the field")
		return
	}
	options := render.HelmOptions{
		ReleaseName: j.spec.app.at.at("metadata", "name").text(), Namespace: j.spec.app.namespace,
		KubeVersion: j.deployer.options.KubeVersion, APIVersions: j.deployer.options.APIVersions, Skip: h.skip,
	}
	for _, set := range []struct {
		from value
		into *string
	}{{h.releaseName, &options.ReleaseName}, {h.namespace, &options.Namespace}, {h.kubeVersion, &options.KubeVersion}} {
		if set.from.text != "" {
			*set.into = set.from.text
		}
	}
	if len(h.apiVersions) > 0 {
		options.APIVersions = texts(h.apiVersions)
	}
	ok := j.valueFiles(ctx, h, &options)
	j.inlineValues(h, &options)
	j.parameters(h, &options)
	if !j.fileParameters(ctx, h, &options) || !ok {
		return
	}
	j.objects = j.with(ctx, render.Source{
		Kind: render.Helm, Path: j.dir, Helm: options, AllowRemote: j.deployer.options.Kustomize.AllowRemote,
	})
}

// inlineValues adds the values that the Application holds itself; those of
// valuesObject win over those of values as a whole.
func (j *job) inlineValues(h *helmSource, options *render.HelmOptions) {
	text := []byte(h.values.text)
	places := placesIn(h.values.at)
	if h.valuesObject.has() {
		encoded, err := encode(h.valuesObject.node)
		if err != nil {
			j.wrong(h.valuesObject, "a value")
			return
		}
		text = encoded
		in := h.valuesObject.in
		places = placesOf(h.valuesObject.node, text, in.originOf(h.valuesObject))
	}
	if len(text) == 0 {
		return
	}
	j.files.files[valuesName] = text
	j.move.files[valuesName] = places
	options.ValueFiles = append(options.ValueFiles, valuesName)
}

// parameters adds assignments. Argo CD keeps the last of each name.
func (j *job) parameters(h *helmSource, options *render.HelmOptions) {
	for i, p := range h.parameters {
		later := slices.ContainsFunc(h.parameters[i+1:], func(q parameter) bool { return q.name == p.name && q.asString == p.asString })
		if later {
			continue
		}
		assignment := p.name + "=" + escapeCommas(j.expand(p.value))
		if p.asString {
			options.SetString = append(options.SetString, assignment)
		} else {
			options.Set = append(options.Set, assignment)
		}
	}
}

// escapeCommas escapes the commas of a value that is no list, those that are
// escaped already left alone (cleanSetParameters of util/helm/cmd.go).
func escapeCommas(text string) string {
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		return text
	}
	var out strings.Builder
	before := ' '
	for _, c := range text {
		if c == ',' && before != '\\' {
			out.WriteByte('\\')
		}
		out.WriteRune(c)
		before = c
	}
	return out.String()
}

// fileParameters adds assignments whose values are files.
func (j *job) fileParameters(ctx context.Context, h *helmSource, options *render.HelmOptions) bool {
	for i, p := range h.fileParameters {
		if slices.ContainsFunc(h.fileParameters[i+1:], func(q parameter) bool { return q.name == p.name }) {
			continue
		}
		name, ok := j.resolve(ctx, p.value)
		if !ok {
			return false
		}
		options.SetFile = append(options.SetFile, p.name+"="+escapeCommas(name))
	}
	return true
}

// valueFiles adds the files of values (getResolvedValueFiles).
func (j *job) valueFiles(ctx context.Context, h *helmSource, options *render.HelmOptions) bool {
	names := make([]string, len(h.valueFiles))
	explicit := map[string]bool{}
	for i, v := range h.valueFiles {
		name, ok := j.resolve(ctx, v)
		if !ok {
			return false
		}
		names[i] = name
		explicit[name] = !isGlob(name)
	}
	add := func(name string) {
		if !slices.Contains(options.ValueFiles, name) {
			options.ValueFiles = append(options.ValueFiles, name)
		}
	}
	for i, name := range names {
		if !isGlob(name) {
			if _, err := fs.Stat(j.files, name); err == nil || !h.ignoreMissing {
				add(name)
			}
			continue
		}
		matches, err := j.glob(name)
		if err != nil {
			j.fail(h.valueFiles[i].at, CodeField, fmt.Sprintf("cannot expand the pattern %q: %v", h.valueFiles[i].text, err), "correct the pattern")
			return false
		}
		if len(matches) == 0 && !h.ignoreMissing {
			j.fail(h.valueFiles[i].at, CodePath, fmt.Sprintf("values file glob %q matched no files", h.valueFiles[i].text),
				"correct the pattern, or set ignoreMissingValueFiles")
			return false
		}
		for _, match := range matches {
			if !explicit[match] {
				add(match)
			}
		}
	}
	return true
}

// isGlob tells whether a path is a pattern.
func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

// glob returns what matches a pattern, in order.
func (j *job) glob(pattern string) ([]string, error) {
	files, inside, mounted := j.files.mount(pattern)
	if !mounted {
		return doublestar.Glob(j.from.fs, pattern)
	}
	matches, err := doublestar.Glob(files, inside)
	for i := range matches {
		matches[i] = strings.TrimSuffix(pattern, inside) + matches[i]
	}
	return matches, err
}

// resolve returns the name in the overlay of a file that the Application
// names: relative to the source's directory, from the root of its repository
// with a leading slash, or in another source as $ref/path.
func (j *job) resolve(ctx context.Context, v value) (string, bool) {
	name, root, dir := v.text, ".", j.dir
	ref, rest, _ := strings.Cut(name, "/")
	_, isRef := j.spec.refs[ref]
	switch {
	case isRef:
		mount, ok := j.mount(ctx, ref, v)
		if !ok {
			return "", false
		}
		root, dir = mount, mount
		v.text = "/" + rest
	case strings.HasPrefix(name, "$") && j.spec.app.multiple:
		j.fail(v.at, CodeField, fmt.Sprintf("source referenced %q, which is not one of the available sources", ref), "add a source with ref: "+ref[1:])
		return "", false
	}
	name = j.expand(v)
	if u, err := url.Parse(name); err == nil && u.Scheme != "" {
		j.unseen(v.at, CodePath, fmt.Sprintf("%s is the URL %s, which is not fetched", v.at.name(), redact(name)), "commit the file to the repository and name its path")
		return "", false
	}
	if path.IsAbs(name) {
		dir = root
	}
	resolved := path.Join(dir, name)
	if resolved == root || root != "." && !strings.HasPrefix(resolved, root+"/") || !fs.ValidPath(resolved) {
		j.fail(v.at, CodePath, fmt.Sprintf("file %q resolved to outside repository root", v.text), "name a file of the repository")
		return "", false
	}
	return resolved, true
}

// mount makes the repository of another source visible and returns where.
func (j *job) mount(ctx context.Context, ref string, v value) (string, bool) {
	dir := refsName + "/" + strings.TrimPrefix(ref, "$")
	if _, ok := j.files.mounts[dir]; ok {
		return dir, true
	}
	s := j.spec.refs[ref]
	if s.chart.text != "" || !fs.ValidPath(dir) {
		j.fail(v.at, CodeField, "a chart cannot be referred to as "+ref, "refer to a source that is a Git repository")
		return "", false
	}
	from, problem := j.deployer.repositories.find(ctx, j.tree, s)
	if problem != nil {
		problem.Message = fmt.Sprintf("%s: %s is needed: %s", j.id, v.text, problem.Message)
		j.problems = append(j.problems, *problem)
		return "", false
	}
	j.files.mounts[dir], j.move.mounts[dir] = from.fs, from
	return dir, true
}
