package metric

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ContentType is the media type of a reading.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// A Reading is the samples of one moment, for one reader. It is for one goroutine.
type Reading struct {
	// Sees tells which services, each of a customer, the reader may see; nil is all.
	Sees func(customer, service string) bool

	// Whole is whether the reader may see what is no service's.
	Whole bool

	samples map[*Metric]*bytes.Buffer
}

// Shows reports whether samples of a customer's service belong in the reading.
func (p *Reading) Shows(customer, service string) bool {
	return p.Sees == nil || p.Sees(customer, service)
}

// Add adds a sample of f, with a value for each of its labels in their order. No
// two samples of a metric may have the same.
func (p *Reading) Add(f *Metric, value float64, labels ...string) {
	p.sample(f, "", value, f.Labels, labels)
}

// A Histogram is one of a metric of that type.
type Histogram struct {
	Bounds []float64 // ascending, what each bucket goes up to
	Counts []uint64  // of all below each bound
	All    uint64    // also above the last
	Sum    float64
}

// AddHistogram adds h to f.
func (p *Reading) AddHistogram(f *Metric, h Histogram, labels ...string) {
	names := append(slices.Clone(f.Labels), "le")
	for i, bound := range h.Bounds {
		p.sample(f, "_bucket", float64(h.Counts[i]), names, append(slices.Clone(labels), number(bound)))
	}
	p.sample(f, "_bucket", float64(h.All), names, append(slices.Clone(labels), "+Inf"))
	p.sample(f, "_sum", h.Sum, f.Labels, labels)
	p.sample(f, "_count", float64(h.All), f.Labels, labels)
}

func (p *Reading) sample(f *Metric, suffix string, value float64, names, labels []string) {
	if len(names) != len(labels) {
		panic("metric: " + f.Name + " has other labels")
	}
	if p.samples == nil {
		p.samples = map[*Metric]*bytes.Buffer{}
	}
	b := p.samples[f]
	if b == nil {
		b = new(bytes.Buffer)
		p.samples[f] = b
	}
	b.WriteString(f.Name + suffix)
	for i, name := range names {
		if i == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(name + `="`)
		escapeLabel.WriteString(b, strings.ToValidUTF8(labels[i], "\uFFFD"))
		b.WriteByte('"')
	}
	if len(names) > 0 {
		b.WriteByte('}')
	}
	b.WriteString(" " + number(value) + "\n")
}

var (
	escapeLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
)

func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// Text returns the reading: the metrics in the order of the table, each with its help
// and type once.
func (p *Reading) Text() []byte {
	var b bytes.Buffer
	for _, f := range All() {
		samples := p.samples[f]
		if samples == nil {
			continue
		}
		b.WriteString("# HELP " + f.Name + " " + escapeHelp.Replace(f.Help) + "\n")
		b.WriteString("# TYPE " + f.Name + " " + string(f.Type) + "\n")
		b.Write(samples.Bytes())
	}
	return b.Bytes()
}
