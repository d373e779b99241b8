// Package e2e holds the gate of Flux to a real API server: the program itself
// runs as a process of its own, with the permissions of its installation.
//
// source-controller is played by the tests: they serve artifacts, and say in the
// status of sources what it would.
package e2e

//go:generate go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0 crd:maxDescLen=0 paths=github.com/fluxcd/source-controller/api/v1;github.com/fluxcd/kustomize-controller/api/v1;github.com/fluxcd/helm-controller/api/v2 output:crd:dir=testdata/crd
