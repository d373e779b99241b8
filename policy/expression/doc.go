// Package expression compiles the conditions of policies, which are written in
// CEL (https://cel.dev), and is the only one that imports cel-go.
//
// In scope of an expression are
//
//	predicate          the statement's predicate, any JSON value
//	statement          _type, predicateType, subject[].digest and predicate
//	image.reference    the image as written
//	image.repository   its normalised name; image.tag, image.digest; image.pinned
//	object.unit        what deploys it; object.apiVersion, .kind, .namespace,
//	                   .name, .class and .labels of where the image runs
//
// A number of JSON is an int if it is written without fraction and exponent
// and fits, and a double if not; the two can be compared.
package expression
