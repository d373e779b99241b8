// Package policy decides whether an image may be deployed.
//
// It is pure: no network, no files, no clock of its own. Evidence goes in,
// Findings and a Verdict come out, and the same input always gives the same
// output. Bundles, the untrusted bytes that evidence is made from, never
// reach it; verify/sigstore is the only maker of Evidence.
package policy
