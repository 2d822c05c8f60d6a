// Package regex matches as PCRE2 does without options: on bytes, leftmost and
// first alternative first, with look-around, back-references and recursion.
//
// A pattern is parsed once (parse.go and its neighbours) to a tree of nodes. What
// asks only whether a subject matches gets the cheapest engine that gives PCRE2's
// answer: a comparison of strings (literal.go), or a table of states made in
// advance, one look-up for each byte (dfa.go). What asks where, and patterns that
// are not regular, get a backtracking machine (machine.go) that counts its steps
// and gives up when they are spent: no subject can hold a core for long, and the
// same subject always has the same outcome.
//
// A Regex does not change after Compile, so that all cores share it without locks.
package regex
