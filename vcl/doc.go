// Package vcl is the configuration language of a service: it checks programs and
// runs them. It speaks Fastly's dialect of VCL, and knows nothing of HTTP servers.
//
// # Life of a program
//
//	syntax.ParseUnit -> a tree, from text or made by hand
//	Compile          -> names resolved, types checked, constants folded, each
//	                    expression and statement one Go function: a *Program
//	Program.Run      -> one subroutine on one request, a *Ctx
//
// A Program is immutable and may be run by any number of goroutines. What changes
// without a new program, the contents of dictionaries and ACLs, lies behind the
// atomic pointers of [Table] and [ACL].
//
// # Cost
//
// A run allocates nothing of its own: texts are made in memory that belongs to the
// Ctx and is used again for the next request. There is no interface between a
// program and a message, and no value is boxed; a type of the language is a type of
// function (see value).
//
// # Bounds
//
// Programs and requests are hostile. Compiling is linear in the source and stops at
// [syntax.MaxErrors] problems. A run is bounded in statements, in memory and by the
// regular expressions' own count of steps; it has no loops, since goto leads
// forward only and subroutines may not call themselves.
package vcl
