// Package helm renders charts as helm template of Helm 4.3.1 does, which is
// what Argo CD 3.5 and Flux 2.7 render with.
//
// The result is that of
//
//	helm template RELEASE DIR -n NAMESPACE --include-crds \
//	  [--kube-version V] [--api-versions V] [-f FILE] [--set A=B]
//
// in the order in which it is printed: the files of crds/, then the manifests
// by kind, then hooks and tests. Templates whose functions are random or tell
// the time (randAlphaNum, genCA, uuidv4, now) render differently each time,
// here as there.
//
// # What is Helm's and what is not
//
// Loading of a chart's files, .helmignore, dependencies, values, their merge,
// the scope that each template sees, .Files, and the cut and order of
// manifests are Helm's SDK: its engine, loader and sorter. pkg/action is left
// out: it would bring clients of clusters and registries, and do no more. A
// program that imports this package alone has 38 MB and starts in 22 ms; with
// pkg/action it would have 82 MB and start in 30 ms.
//
// Three things are done here:
//
//   - The tree is read through an fs.FS. Subcharts are put together one by
//     one, so that each file is known by its place in the revision, and
//     archives are unpacked within bounds.
//   - Templates are executed here, on text/template, with the functions that
//     Helm's engine has, each under a guard. Helm's own engine can neither be
//     stopped nor kept from filling the memory or the stack, which would end
//     the process. See guard.
//   - Values are validated against values.schema.json with no access to the
//     host's files or the network; see validate.
//
// Nothing of the host reaches a template: there is no env, no DNS, no
// cluster, and .Files holds the chart alone.
//
// # Places
//
// The place of an image is that of the scalar which holds its repository: in
// the last value file that sets it, else in the values.yaml of the chart or
// subchart. Without one, as with --set, it is the line of the template that
// writes the key, else the template. Of what an archive in charts/ holds, it
// is the archive.
//
// # What is not bounded
//
// A render is given up after bounds.RenderTime. Templates stop then. Loading,
// merging of values and schema validation do not: they go on until they are
// done, on input that is bounded by bounds.ChartBytes. Helm writes warnings
// about values to the standard logger of package log.
package helm
