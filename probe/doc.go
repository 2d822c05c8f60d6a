// Package probe is how the edge knows which backends are healthy: one running
// check a definition and endpoint, with a record of its own. Nothing is here yet:
// every backend counts as healthy.
package probe
