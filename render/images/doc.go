// Package images finds the container images that rendered objects deploy,
// with every place that names each, parses their references, and writes
// digests into them.
//
// A PodSpec is recognised by its shape, in any object at any depth, so that
// custom resources that embed one are seen as well as Deployments. Other
// fields of custom resources are recognised by the table fields.tsv, by rules
// of the user's own, and by their names; arguments, variables, ConfigMaps,
// annotations and documents in strings by their names and by the look of their
// values.
package images
