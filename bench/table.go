package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// A sample is the outcome of one run.
type sample struct {
	requests, errors int
	rate             float64       // requests a second
	cpu              time.Duration // of the proxy, a request
	p50, p99, p999   time.Duration
	peak             int // KiB
}

// spread is the median of a figure, and the least and the most of it.
func spread(all []sample, of func(sample) float64) (middle, least, most float64) {
	values := make([]float64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2], values[0], values[len(values)-1]
}

func (s sample) micros() float64     { return float64(s.cpu.Nanoseconds()) / 1000 }
func (s sample) perSecond() float64  { return s.rate }
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
func (s sample) middle() float64     { return millis(s.p50) }
func (s sample) hundredth() float64  { return millis(s.p99) }
func (s sample) thousandth() float64 { return millis(s.p999) }
func (s sample) mebibytes() float64  { return float64(s.peak) / 1024 }

func value(all []sample, of func(sample) float64) float64 {
	v, _, _ := spread(all, of)
	return v
}

// A row is what came of one proxy in one scenario.
type row struct {
	name     string
	proxy    *proxy
	scenario *scenario
	base     *row // that it is compared with, nil for none
	all      []sample
}

// best returns the least processor time of a peer, and the requests a second of that
// peer; zeros if there is no peer.
func best(rows []*row) (cpu, rate float64) {
	for _, r := range rows {
		if r.proxy.ours || r.proxy.aside {
			continue
		}
		if v := value(r.all, sample.micros); cpu == 0 || v < cpu {
			cpu, rate = v, value(r.all, sample.perSecond)
		}
	}
	return cpu, rate
}

func show(rows []*row) {
	cpu, rate := best(rows)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\trequests/s\t(least to most)\tCPU us/request\t(least to most)\tp50 ms\tp99 ms\tp99.9 ms\tpeak MiB\tCPU to best\trequests/s to it\t")
	for _, row := range rows {
		r, slowest, fastest := spread(row.all, sample.perSecond)
		c, least, most := spread(row.all, sample.micros)
		fmt.Fprintf(w, "%s\t%.0f\t(%.0f-%.0f)\t%.1f\t(%.1f-%.1f)\t%.2f\t%.2f\t%.2f\t%.1f\t%s\t%s\t\n", row.name, r, slowest, fastest, c, least, most,
			value(row.all, sample.middle), value(row.all, sample.hundredth), value(row.all, sample.thousandth), value(row.all, sample.mebibytes),
			ratio(c, cpu), ratio(r, rate))
	}
	w.Flush()
	for _, r := range rows {
		compare(r, rows)
		failed := 0
		for _, s := range r.all {
			failed += s.errors
		}
		if failed > 0 {
			fmt.Printf("%s: %d requests failed\n", r.name, failed)
		}
	}
}

// compare says what one of ours takes beside its base, and beside who is no peer.
func compare(r *row, rows []*row) {
	var with []*row
	if r.base != nil {
		with = append(with, r.base)
	}
	for _, other := range rows {
		if r.proxy.ours && other.proxy.aside {
			with = append(with, other)
		}
	}
	for _, other := range with {
		fmt.Printf("%s to %s: CPU %s, requests/s %s\n", r.name, other.name,
			ratio(value(r.all, sample.micros), value(other.all, sample.micros)),
			ratio(value(r.all, sample.perSecond), value(other.all, sample.perSecond)))
	}
}

func ratio(a, to float64) string {
	if to == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/to)
}
