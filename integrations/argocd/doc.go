// Package argocd is the Argo CD config-management plugin: it renders what Argo
// CD would render for an application, and says in the application's condition
// why what was rendered may not be deployed.
//
// Argo CD's side of the contract is cmpserver/plugin of argo-cd 3.6: the plugin
// is started in the directory of the application, is told of it in the
// environment, and answers with manifests on standard output. What fails is
// told by the exit code, and standard error lands in the application.
package argocd
