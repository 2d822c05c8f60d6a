// Package check tries a backend before anybody depends on it: it looks its name
// up, connects to each address, speaks TLS and makes one try of its health check,
// by what traffic and probes do that with ([dial], [probe]), and tells of each step
// how it went. It sends nothing but the health check's request.
//
// A check holds nothing when it returns: its connections are its own, and its hold
// on the name is given back.
package check
