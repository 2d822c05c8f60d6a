// Package metric writes what the program counts as Prometheus's text format, version
// 0.0.4. Every metric is one row of the table in table.go; who counts fills a [Reading],
// which is made anew for each time that somebody asks.
package metric
