// Package sandbox runs the programs that policies of other tools hold (CUE,
// Rego, JMESPath, CEL) in a process of its own.
//
// No interpreter of these languages can be stopped from within at every point
// or be held to an amount of memory: a policy of ten lines can ask for 2^40
// values. A process can be stopped. It is this program again, started with
// nothing but a pipe in and a pipe out: no arguments, no environment, no
// network and no files are handed to it. It ends by itself when it holds more
// than bounds.ProgramMemory, is killed when one evaluation takes more than
// bounds.ProgramTime, and what it was asked then has no answer.
//
// Evaluation stays pure: the same program and input give the same answer, or
// none.
package sandbox
