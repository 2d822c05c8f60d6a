// Package regex matches as PCRE2 does without options: on bytes, leftmost and
// first alternative first, with look-around, back-references and recursion.
//
// A pattern is parsed once (parse.go and its neighbours) to a tree of nodes, and
// compiled to a program (program.go). A backtracking machine (machine.go) runs it,
// counts its steps, and gives up when they are spent: no subject can hold a core for
// long, and the same subject always has the same outcome.
//
// A Regex does not change after Compile, so that all cores share it without locks.
package regex
