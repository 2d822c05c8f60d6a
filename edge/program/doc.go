// Package program makes one program in VCL of a version: of its backends,
// conditions and settings, of its snippets, and of the VCL that was uploaded.
// Fastly calls the result generated VCL.
//
// The program is a tree. What a customer writes (the statement of a condition,
// the source of a header, a snippet) is parsed alone, to its end, and its nodes
// are put where they belong. No text is ever pasted into other text, so that
// nothing in it can end one construct and begin another.
//
// # Order
//
// The order of statements is what decides between objects that contradict each
// other, and is Fastly's. In vcl_recv these follow each other: the snippets, what
// has no condition, one block for each request condition (those with a lower
// priority first, so that the last one that holds has the last word), and the
// shields. The other subroutines are alike.
package program
