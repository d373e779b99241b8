// Package images finds the container images that rendered objects deploy,
// with every place that names each, and parses their references.
//
// A PodSpec is recognised by its shape, in any object at any depth, so that
// custom resources that embed one are seen as well as Deployments.
package images
