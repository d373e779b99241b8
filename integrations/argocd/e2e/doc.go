// Package e2e drives the plugin by the real argocd-cmp-server, over its gRPC
// protocol, as argocd-repo-server does. It is a module of its own, because Argo
// CD pins hundreds of modules to other versions than syncgate is built with.
package e2e
