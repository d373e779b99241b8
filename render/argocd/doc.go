// Package argocd renders what Argo CD Applications and ApplicationSets deploy,
// as Argo CD 3.6 does with the files of a repository alone.
//
// Applications among rendered objects become units; ApplicationSets are
// expanded into Applications first. A source is rendered as the repository
// server would: the overrides in .argocd-source.yaml are merged, the tool is
// chosen, and its options applied in Argo CD's order
// (reposerver/repository/repository.go, util/kustomize, util/helm).
//
// What lives only in a cluster cannot be known: settings in argocd-cm, plugins
// and their discovery (an Application that names no tool could be captured by
// a plugin), clusters, pull requests and SCM organisations. What an
// Application says of those is an Unseen problem that names it. A field that
// this package does not know is one too: it could change what is deployed.
//
// # Which revision is rendered
//
// A source in the tree's own repository is rendered from the tree if it
// follows HEAD or a branch: that is what the tree will deploy once it is the
// head of that branch. One that names another commit, a tag or a range of
// versions is rendered from that, if it can be fetched.
//
// A branch is told from a tag by its name alone: what looks like a version is
// taken for a tag. Options.Branches says which branches the tree stands for;
// without it, all.
//
// # What differs from Argo CD
//
// The order of assignments to Helm is that of the Application; Argo CD's is
// random. An Application that is not synced automatically is rendered all the
// same, as are sources that Argo CD's caches would keep for a while.
package argocd
