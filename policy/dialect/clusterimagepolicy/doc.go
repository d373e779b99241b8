// Package clusterimagepolicy reads the policies of Sigstore's
// policy-controller, ClusterImagePolicy and TrustRoot of policy.sigstore.dev,
// as they are.
//
// What they mean is taken from policy-controller's own source. A field that is
// not honoured makes what holds it unknown, by name and place.
package clusterimagepolicy
