// Package dial is how an origin is reached: name, address, TCP. The edge uses
// it for traffic; probes and checks of a draft use it too, so that what a check
// reports is what traffic meets.
package dial
