// Package predicate parses in-toto predicates into normalised facts:
// provenance, software bills of materials, vulnerability reports and VEX.
//
// It is a leaf: it knows neither policies nor signatures. The real libraries
// of each format parse it, and no other package imports them. What a
// predicate says is only as good as who signed it.
package predicate
