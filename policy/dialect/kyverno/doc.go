// Package kyverno reads Kyverno's policies on images as they are: the
// verifyImages rules of ClusterPolicy and Policy of kyverno.io, and
// ImageValidatingPolicy of policies.kyverno.io.
//
// What they mean is taken from Kyverno's own source. A field that is not
// honoured makes what holds it unknown, by name and place.
package kyverno
