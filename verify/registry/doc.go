// Package registry looks images and their evidence up in OCI registries: it
// implements the gate's Resolver and two of its Stores.
//
// It speaks the OCI distribution specification itself, and leaves names,
// credentials and token exchange to go-containerregistry: a cold image has to
// cost as few requests as there are things to be read, each read has to be
// bounded and checked against its digest, and each refusal has to be told for
// what it is. Everything that comes back is untrusted.
package registry
