// Package verify is the gate: it takes what a revision deploys, resolves
// every image, gathers and verifies its evidence, asks policy, and folds the
// answers into one Report.
//
// It declares the ports that the gate needs and the Report that integrations
// read. verify/registry and verify/sigstore implement the ports.
package verify
