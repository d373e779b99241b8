// Package render turns a Git revision into the Kubernetes objects that it
// would deploy, and says where each came from.
//
// A tree is cut into Units by discovery; a Renderer for each kind of Source
// (packages render/kustomize, render/helm and render/manifests) turns a unit
// into Objects; render/images finds the Images in them. Nothing here knows
// about registries, signatures or policies.
package render
