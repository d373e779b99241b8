// Package cases runs the cases that stand beside policies: an image with its
// evidence, and what the policies must say of it.
//
// Evidence is given as files, which are verified, or as facts, which are
// asserted: that somebody signed something is then the word of who wrote the
// case, and only what policies make of it is tested.
package cases
