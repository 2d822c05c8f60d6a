// Package syntax is the grammar of the language: source files and positions,
// the tree that a program is, the parser that makes it and the printer that
// writes it down again.
//
// A tree is made by [ParseUnit], [ParseStmts] and [ParseExpr] from text, or by
// hand: what a configuration says without any VCL is built from the same nodes and
// never goes through text, so that nothing a user writes can end one construct and
// begin another. [Print], [PrintStmts] and [PrintExpr] write both sorts down.
//
// The parser takes hostile input. Its depth, the number of tokens and the length
// of names are bounded, it takes time in proportion to the text, and it never
// panics.
package syntax
