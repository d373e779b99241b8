// Package flux is the gate of Flux: a controller that lets a source move to a
// revision only after every image that the revision deploys is verified.
//
// An ImageGate names a candidate source, which follows a branch or a tag, and
// a target source, which the controller creates, owns, and points at one commit
// or digest. Kustomizations and HelmReleases deploy from the target, so that
// Flux itself never sees a revision that did not pass. Before the first pass
// the target does not exist, and a revision that does not pass leaves it where
// it is.
//
// What the API server says is all that the controller knows: it may be killed
// anywhere and start again. The order is always this: verify; look again
// whether the gate, the candidate, what deploys from the target, policy and
// trust are still what was verified; record the revision in the status of the
// gate; move the target. The target is written whole, and only over the
// version of it that was seen: server-side apply would leave standing what
// others added to it, such as an include.
//
// It is the only importer of controller-runtime.
package flux
