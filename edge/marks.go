package edge

import (
	"headwater/edge/h2"
	"headwater/internal/message"
)

// marks are the fields of an answer by which edges tell that it has passed them.
var marks = message.SetOf(message.Via, message.XServedBy, message.XCache, message.XCacheHits, message.XTimer)

// commonOf are the marks of an answer over HTTP/2, in the order in which it has them.
func commonOf(identity string) *h2.Common {
	return h2.NewCommon("via", viaMark, "x-served-by", identity, "x-cache", "MISS", "x-cache-hits", "0", "x-timer", "")
}

// commonIndex is which field of commonOf one is, -1 for none.
func commonIndex(id message.ID) int {
	switch id {
	case message.Via:
		return 0
	case message.XServedBy:
		return 1
	case message.XCache:
		return 2
	case message.XCacheHits:
		return 3
	case message.XTimer:
		return 4
	}
	return -1
}

// marksOf are those that an edge of that name gives an answer that no other edge has
// passed, but for X-Timer: made once, and written in one piece.
func marksOf(identity string) (fields message.Fields) {
	own := [...][2]string{{"Via", viaMark}, {"X-Served-By", identity}, {"X-Cache", "MISS"}, {"X-Cache-Hits", "0"}}
	var lines []byte
	for _, m := range own {
		lines = appendText(lines, m[0], m[1])
	}
	lines = append(lines, '\r', '\n')
	for _, m := range own {
		size := len(appendText(nil, m[0], m[1]))
		fields.PutLine(lines[:size], len(m[0]), message.Identify([]byte(m[0])))
		lines = lines[size:]
	}
	return fields
}

// addMarks adds the edge's marks to an answer, but for X-Timer, behind those that it
// has already.
func (x *exchange) addMarks(fields *message.Fields) {
	own := &x.c.edge.marks
	if !fields.May(marks) {
		fields.Append(own)
		return
	}
	var lists [4]string
	for i := range own.Len() {
		f := own.At(i)
		lists[i] = x.list(fields, f.ID, message.Text(f.Value()))
	}
	fields.UnsetAll(marks)
	for i := range own.Len() {
		f := own.At(i)
		fields.Put(f.Name(), message.Bytes(lists[i]), f.ID)
	}
}
