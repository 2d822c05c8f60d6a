// Package report is what is told of backends: how they do, which the edge knows,
// and what a check of one has found. It has the shapes, for people and for
// programs, and imports nothing: the parts that know fill them, and the API
// carries them.
package report
