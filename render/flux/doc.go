// Package flux renders what Flux would deploy: the Kustomizations and
// HelmReleases that a revision holds become units, and their sources are
// rendered as kustomize-controller 1.10 and helm-controller 1.6 do.
//
// It is the only importer of github.com/fluxcd. Of that it uses the syntax of
// variables (envsubst) and of ignore files (sourceignore); everything else
// those controllers do on disks and clusters is done here, in memory, and held
// to their code in tests.
//
// # Which source is this tree
//
// A GitRepository whose URL is one of Options.Self, or that of the revision,
// is the tree that is rendered. So is a source called flux-system that has no
// object in the tree, as flux bootstrap makes it, and the GitRepository
// flux-system/flux-system of a tree that has no URL, or of which a file lies
// in the directory that the Kustomization of that name deploys: all three with
// a Notice. What a GitRepository pins to a tag, a reference or another commit
// is not taken for the tree. Every other source comes from Options.Map or
// Options.Fetcher, or what needs it is unseen.
//
// # What lives in the cluster
//
// ConfigMaps and Secrets that variables and values come from are looked for
// among what the same revision renders. One that is not there, or that is
// encrypted, makes the variables that it may define unknown: a scalar that
// names one of them keeps its ${...} as it is written, so that an image which
// depends on it is reported as unresolved by the variable's name. The values
// of a chart cannot be taken apart like that: a HelmRelease whose values are
// not all at hand is unseen, and rendered with those that are.
//
// # What differs from the controllers
//
// The version of a chart is not given a digest or generation as its metadata;
// it shows in the label helm.sh/chart alone. Hooks that an action would not
// run are left out only where no action runs them. Secrets that are encrypted
// with SOPS stay so in what is rendered, and so do the names that generators
// derive from them; variables and values are taken from them in clear where an
// age key is at hand.
package flux
