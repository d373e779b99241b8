// Package charts fetches charts from Helm repositories over HTTP and from OCI
// registries.
//
// It chooses the version that Helm 4.3.1 would: of an HTTP repository the
// first entry of the index, newest first, that satisfies the range; of a
// registry likewise among its tags, or the tag that is the version. It
// differs from Helm where Helm lets chance decide or trusts too much, and
// says so in an error instead:
//
//   - an index that lists two different archives for the version,
//   - an archive that is not what the index or the manifest says it is,
//   - an archive with links, with names that leave it, or with the same name
//     twice.
//
// # Network
//
// Hosts are spoken to over HTTPS, loopback and those that the caller names
// over plain HTTP too. A repository on a public host cannot send requests to
// addresses that are private. Logins of HTTP repositories are those in the
// URL and in the netrc file, under the name of the host; those of registries
// are what Docker is configured with, credential helpers included. A login
// goes to the host of the repository alone: not to where it redirects, not to
// another host that its index names.
//
// # Cache
//
// What was fetched is kept on disk under its digest, apart for each
// repository, and held to that digest when it is read again. A version is
// not a digest: what it stands for is asked each time. So without the network
// only what is named by digest can be had.
package charts
