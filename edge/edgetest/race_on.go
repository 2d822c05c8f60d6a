//go:build race

package edgetest

// raced tells whether the race detector watches.
const raced = true
