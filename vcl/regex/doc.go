// Package regex matches as PCRE2 does without options: on bytes, leftmost and
// first alternative first, with look-around, back-references and recursion.
//
// # Engines
//
// A pattern is parsed once (parse.go and its neighbours) to a tree of nodes. What
// asks only whether a subject matches gets the cheapest engine that gives PCRE2's
// answer: a comparison of strings (literal.go), or a table of states made in
// advance, one look-up for each byte (dfa.go). What asks where, and patterns that
// are not regular, get a backtracking machine (machine.go) that runs a program
// (program.go), counts its steps and gives up when they are spent. A regular
// pattern that takes it many steps gets a second run that tries nothing twice.
//
// # What is supported
//
// All of PCRE2's syntax is, but for what follows. It is refused, with the place in
// the pattern:
//
//   - verbs, (*ACCEPT), (*COMMIT), (*SKIP) and their like, but for (*FAIL), and the
//     settings that a pattern may begin with, such as (*UTF) and (*CRLF);
//   - callouts, (?C), and conditions on PCRE2's version;
//   - two groups of one name, (?J);
//   - \N{U+...}, and \x{...} and \o{...} above 255: a character is a byte;
//   - \K in look-around;
//   - look-behind of which an alternative has no fixed length;
//   - properties, \p{...}, other than general categories and scripts by their names.
//
// (?i), \d, \w, \s and [:alpha:] know ASCII only; \p knows the first 256 characters
// of Unicode. $ and \Z match before a final newline, and \z does not.
//
// # Bounds
//
// A pattern has at most 8 KiB, 200 groups and 100 levels, and repeats go to 65535. Its
// program is small enough for Compile to take milliseconds and a few MB at worst.
// A match may take about a million steps, some milliseconds; after those it is
// ErrBudget, which is certain for a pattern and a subject, since no clock has a part
// in it. Where Linear is true, Match never is.
//
// A Regex does not change after Compile, so that all cores share it without locks.
// Matching allocates nothing, once there are as many machines as cores that match.
package regex
