// Package vcl is the configuration language of a service: parse, check, compile.
// It knows nothing of HTTP servers. Nothing is here yet: the edge serves versions
// that have no VCL.
package vcl
