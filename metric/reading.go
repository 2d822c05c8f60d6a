package metric

import (
	"io"
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

	samples map[*Metric][]sample
}

// A sample is one line, or those of a histogram. Its labels are as they are written.
type sample struct {
	labels, more string
	value        float64
	histogram    *Histogram // nil of other types
}

// Shows reports whether samples of a customer's service belong in the reading.
func (p *Reading) Shows(customer, service string) bool {
	return p.Sees == nil || p.Sees(customer, service)
}

// Add adds a sample of f, with a value for each of its labels in their order. No
// two samples of a metric may have the same.
func (p *Reading) Add(f *Metric, value float64, labels ...string) {
	Subject{reading: p}.Add(f, value, labels...)
}

// A Subject is an edge, or a service or backend there, which many samples tell of: the
// labels that name it are written once for all of them. The zero value is of no use.
type Subject struct {
	reading *Reading
	names   []string
	text    string
}

// POP returns the subject that the edge of a POP is. No two edges of a process may have
// the same code.
func (p *Reading) POP(code string) Subject { return Subject{reading: p}.part("pop", code) }

// Service returns the subject that a service is at the edge s.
func (s Subject) Service(id string) Subject { return s.part("service", id) }

// Backend returns the subject that a backend of the service s is.
func (s Subject) Backend(name string) Subject { return s.part("backend", name) }

func (s Subject) part(label, value string) Subject {
	text := written([]string{label}, []string{value})
	if s.text != "" {
		text = s.text + "," + text
	}
	return Subject{s.reading, append(slices.Clip(s.names), label), text}
}

// A Histogram is one of a metric of that type. It may not change once it is added.
type Histogram struct {
	Bounds []float64 // ascending, what each bucket goes up to
	Counts []uint64  // of all below each bound
	All    uint64    // also above the last
	Sum    float64
}

// Add adds a sample of f, with a value for each label that does not name
// the subject.
func (s Subject) Add(f *Metric, value float64, labels ...string) {
	s.add(f, sample{value: value}, labels)
}

// AddHistogram adds h to f. One of nothing is left out, as a series that did not begin.
func (s Subject) AddHistogram(f *Metric, h *Histogram, labels ...string) {
	if h.All > 0 {
		s.add(f, sample{histogram: h}, labels)
	}
}

func (s Subject) add(f *Metric, one sample, labels []string) {
	n := len(s.names)
	if len(f.Labels) != n+len(labels) || !slices.Equal(f.Labels[:n], s.names) {
		panic("metric: " + f.Name + " has other labels")
	}
	one.labels, one.more = s.text, written(f.Labels[n:], labels)
	p := s.reading
	if p.samples == nil {
		p.samples = map[*Metric][]sample{}
	}
	p.samples[f] = append(p.samples[f], one)
}

// written are labels as they stand in a line.
func written(names, values []string) string {
	var text []byte
	for i, name := range names {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, name...)
		text = append(text, `="`...)
		text = append(text, escapeLabel.Replace(strings.ToValidUTF8(values[i], "\uFFFD"))...)
		text = append(text, '"')
	}
	return string(text)
}

var (
	escapeLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
)

// Encode writes the reading as text: the metrics in the order of the table, each
// with its help and type once. It writes line by line, and ends with w's first error.
func (p *Reading) Encode(w io.Writer) error {
	var line []byte
	for _, f := range All() {
		samples := p.samples[f]
		if samples == nil {
			continue
		}
		_, err := io.WriteString(w, "# HELP "+f.Name+" "+escapeHelp.Replace(f.Help)+"\n# TYPE "+f.Name+" "+string(f.Type)+"\n")
		for i := 0; i < len(samples) && err == nil; i++ {
			line = samples[i].append(line[:0], f.Name)
			_, err = w.Write(line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sample) append(dst []byte, name string) []byte {
	h := s.histogram
	if h == nil {
		return s.appendLine(dst, name, "", "", s.value)
	}
	var room [32]byte
	for i, bound := range h.Bounds {
		dst = s.appendLine(dst, name, "_bucket", string(appendNumber(room[:0], bound)), float64(h.Counts[i]))
	}
	dst = s.appendLine(dst, name, "_bucket", "+Inf", float64(h.All))
	dst = s.appendLine(dst, name, "_sum", "", h.Sum)
	return s.appendLine(dst, name, "_count", "", float64(h.All))
}

// appendLine appends one line; a bound of "" is none.
func (s *sample) appendLine(dst []byte, name, suffix, bound string, value float64) []byte {
	dst = append(append(dst, name...), suffix...)
	before := byte('{')
	for _, labels := range [...]string{s.labels, s.more} {
		if labels != "" {
			dst = append(append(dst, before), labels...)
			before = ','
		}
	}
	if bound != "" {
		dst = append(append(append(append(dst, before), `le="`...), bound...), '"')
		before = ','
	}
	if before == ',' {
		dst = append(dst, '}')
	}
	return append(appendNumber(append(dst, ' '), value), '\n')
}

func appendNumber(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "+Inf"...)
	case math.IsInf(v, -1):
		return append(dst, "-Inf"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}
