// Package git turns a directory or a Git URL, and a branch, tag or commit of
// it, into a read-only tree of files.
//
// A directory without a revision is read as it is on disk, untracked and
// changed files included. A revision is read from the objects of the
// repository; no work tree is touched. A remote is fetched one commit deep
// into a cache. No git binary, hook, filter or credential helper is ever run,
// and no name leads out of the tree.
//
// It is the only package that imports go-git.
package git
