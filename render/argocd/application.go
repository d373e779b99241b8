package argocd

import (
	"strings"

	"github.com/syncgate/syncgate/render"
)

// application is what an Application says, as far as it is rendered.
type application struct {
	id        render.ObjectID
	at        cursor
	project   string
	namespace string // of the destination
	sources   []cursor
	multiple  bool
	// hydrated tells that the source is the dry one of a hydrator.
	hydrated bool
}

// readApplication reads an Application.
func readApplication(c cursor, d *decoder) application {
	app := application{id: d.id, at: c, project: "default"}
	var single cursor
	var several []cursor
	var dry cursor
	d.mapping(c, fields{
		"apiVersion": ignore, "kind": ignore, "metadata": ignore, "status": ignore, "operation": ignore,
		"spec": func(spec cursor) {
			d.mapping(spec, fields{
				"project": d.str(&app.project),
				"destination": func(c cursor) {
					d.mapping(c, fields{"namespace": d.str(&app.namespace), "name": ignore, "server": ignore})
				},
				"source":         func(c cursor) { single = c },
				"sources":        d.list(func(c cursor) { several = append(several, c) }),
				"sourceHydrator": func(c cursor) { dry = readHydrator(c, d) },
				"syncPolicy":     ignore, "ignoreDifferences": ignore, "info": ignore, "revisionHistoryLimit": ignore,
			})
		},
	})
	switch {
	case dry.has():
		app.sources, app.hydrated = []cursor{dry}, true
	case len(several) > 0:
		app.sources, app.multiple = several, true
	case single.has():
		app.sources = []cursor{single}
	default:
		d.fail(c.at("spec"), CodeField, "spec names no source", "name a source")
	}
	return app
}

// readHydrator returns the dry source of a hydrator: the synced one is made of
// it and holds nothing that it does not render to.
func readHydrator(c cursor, d *decoder) (dry cursor) {
	d.mapping(c, fields{
		"drySource": func(c cursor) { dry = c }, "syncSource": ignore, "hydrateTo": ignore,
	})
	return dry
}

// source is one source of an Application.
type source struct {
	at                           cursor
	repoURL, path, revision      value
	chart, ref, name, tagPrefix  value
	helm                         *helmSource
	kustomize                    *kustomizeSource
	directory                    *directorySource
	plugin                       *value
	pluginAt                     cursor
	helmAt, kustomizeAt, plainAt cursor
}

// readSource reads a source.
func readSource(c cursor, d *decoder) source {
	s := source{at: c}
	d.mapping(c, fields{
		"repoURL": d.value(&s.repoURL), "path": d.value(&s.path), "targetRevision": d.value(&s.revision),
		"chart": d.value(&s.chart), "ref": d.value(&s.ref), "name": d.value(&s.name), "tagPrefix": d.value(&s.tagPrefix),
		"helm": func(c cursor) {
			s.helm, s.helmAt = readHelm(c, d), c
		},
		"kustomize": func(c cursor) {
			s.kustomize, s.kustomizeAt = readKustomize(c, d), c
		},
		"directory": func(c cursor) {
			s.directory, s.plainAt = readDirectory(c, d), c
		},
		"plugin": func(c cursor) {
			s.plugin, s.pluginAt = new(value), c
			d.mapping(c, fields{"name": d.value(s.plugin), "env": ignore, "parameters": ignore})
		},
	})
	return s
}

// tools are the tools that a source names.
func (s source) tools() []string {
	var names []string
	if s.kustomize != nil {
		names = append(names, "Kustomize")
	}
	if s.helm != nil {
		names = append(names, "Helm")
	}
	if s.directory != nil {
		names = append(names, "Directory")
	}
	if s.plugin != nil {
		names = append(names, "Plugin")
	}
	return names
}

// isOCI tells whether the source is an OCI artifact.
func (s source) isOCI() bool { return strings.HasPrefix(s.repoURL.text, "oci://") }

// onlyRef tells whether the source is there to be referred to alone.
func (s source) onlyRef() bool {
	return s.ref.text != "" && s.path.text == "" && s.chart.text == "" && !s.isOCI()
}

// parameter is an assignment to a value of a chart.
type parameter struct {
	name  string
	value value
	// asString makes every value a string.
	asString bool
}

// helmSource is how a chart is rendered.
type helmSource struct {
	releaseName, namespace, version, kubeVersion value
	valueFiles                                   []value
	values                                       value
	valuesObject                                 cursor
	parameters, fileParameters                   []parameter
	apiVersions                                  []value
	ignoreMissing                                bool
	skip                                         render.HelmSkip
}

func readHelm(c cursor, d *decoder) *helmSource {
	h := &helmSource{}
	skips := map[string]*bool{"skipCrds": new(bool), "skipTests": new(bool), "skipSchemaValidation": new(bool)}
	d.mapping(c, fields{
		"releaseName": d.value(&h.releaseName), "namespace": d.value(&h.namespace), "version": d.value(&h.version),
		"kubeVersion": d.value(&h.kubeVersion), "apiVersions": d.values(&h.apiVersions),
		"valueFiles": d.values(&h.valueFiles), "values": d.value(&h.values),
		"valuesObject": func(c cursor) { h.valuesObject = c },
		"parameters": d.list(func(c cursor) {
			var p parameter
			d.mapping(c, fields{"name": d.str(&p.name), "value": d.value(&p.value), "forceString": d.flag(&p.asString)})
			h.parameters = append(h.parameters, p)
		}),
		"fileParameters": d.list(func(c cursor) {
			var p parameter
			d.mapping(c, fields{"name": d.str(&p.name), "path": d.value(&p.value)})
			h.fileParameters = append(h.fileParameters, p)
		}),
		"ignoreMissingValueFiles": d.flag(&h.ignoreMissing), "passCredentials": ignore,
		"skipCrds": d.flag(skips["skipCrds"]), "skipTests": d.flag(skips["skipTests"]),
		"skipSchemaValidation": d.flag(skips["skipSchemaValidation"]),
	})
	for name, bit := range map[string]render.HelmSkip{
		"skipCrds": render.SkipCRDs, "skipTests": render.SkipTests, "skipSchemaValidation": render.SkipSchema,
	} {
		if *skips[name] {
			h.skip |= bit
		}
	}
	return h
}

// replica is a number of replicas for a workload.
type replica struct {
	name  string
	count cursor
}

// kustomizeSource is how a kustomization is edited before it is built.
type kustomizeSource struct {
	namePrefix, nameSuffix, namespace, version value
	images                                     []value
	replicas                                   []replica
	labels, annotations                        []pair
	forceLabels, withoutSelector, inTemplates  bool
	forceAnnotations, expandAnnotations        bool
	patches                                    []cursor
	components                                 []value
	ignoreMissing                              bool
}

func readKustomize(c cursor, d *decoder) *kustomizeSource {
	k := &kustomizeSource{}
	d.mapping(c, fields{
		"namePrefix": d.value(&k.namePrefix), "nameSuffix": d.value(&k.nameSuffix),
		"namespace": d.value(&k.namespace), "version": d.value(&k.version), "images": d.values(&k.images),
		"replicas": d.list(func(c cursor) {
			r := replica{count: c.at("count")}
			d.mapping(c, fields{"name": d.str(&r.name), "count": ignore})
			k.replicas = append(k.replicas, r)
		}),
		"commonLabels": d.pairs(&k.labels), "forceCommonLabels": d.flag(&k.forceLabels),
		"labelWithoutSelector": d.flag(&k.withoutSelector), "labelIncludeTemplates": d.flag(&k.inTemplates),
		"commonAnnotations": d.pairs(&k.annotations), "forceCommonAnnotations": d.flag(&k.forceAnnotations),
		"commonAnnotationsEnvsubst": d.flag(&k.expandAnnotations),
		"patches": d.list(func(c cursor) {
			readPatch(c, d)
			k.patches = append(k.patches, c)
		}),
		"components": d.values(&k.components), "ignoreMissingComponents": d.flag(&k.ignoreMissing),
		// They are for charts that kustomize inflates, which is never done.
		"kubeVersion": ignore, "apiVersions": ignore,
	})
	return k
}

// readPatch checks the fields of a patch, which kustomize reads.
func readPatch(c cursor, d *decoder) {
	d.mapping(c, fields{
		"path": ignore, "patch": ignore, "options": ignore,
		"target": func(c cursor) {
			d.mapping(c, fields{
				"group": ignore, "version": ignore, "kind": ignore, "name": ignore, "namespace": ignore,
				"annotationSelector": ignore, "labelSelector": ignore,
			})
		},
	})
}

// variable is a variable of Jsonnet.
type variable struct {
	name  string
	value value
	code  bool
}

// directorySource is which files of a directory are read, and how.
type directorySource struct {
	recurse, anyExtension bool
	include, exclude      value
	extVars, tlas         []variable
	libs                  []value
}

func readDirectory(c cursor, d *decoder) *directorySource {
	s := &directorySource{}
	variables := func(into *[]variable) func(cursor) {
		return d.list(func(c cursor) {
			var v variable
			d.mapping(c, fields{"name": d.str(&v.name), "value": d.value(&v.value), "code": d.flag(&v.code)})
			*into = append(*into, v)
		})
	}
	d.mapping(c, fields{
		"recurse": d.flag(&s.recurse), "disableExtensionFilter": d.flag(&s.anyExtension),
		"include": d.value(&s.include), "exclude": d.value(&s.exclude),
		"jsonnet": func(c cursor) {
			d.mapping(c, fields{"extVars": variables(&s.extVars), "tlas": variables(&s.tlas), "libs": d.values(&s.libs)})
		},
	})
	return s
}
