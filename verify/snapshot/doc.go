// Package snapshot keeps everything that the verdicts of one run rest on in one
// file, and gives it out again where no network is: so that an auditor can
// check a past decision, and a new policy can be tried on it.
//
// The file is a tar archive with the OCI image layout of one artifact manifest,
// as the OCI image specification 1.1 describes it. Its config is the Record;
// its layers are the signature payloads, envelopes, bundles and image manifests
// as the registries had them, the trusted roots, and the files of policies and
// keys. No credential is in it. Objects that name images are, without what
// Secrets hold: it tells as much as the repository does.
//
// Signatures and digests are verified anew when it is read. That a tag named
// a digest, that nothing else was there, and which policies and trusted roots
// counted, is the word of who made it.
package snapshot
