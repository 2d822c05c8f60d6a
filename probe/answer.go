package probe

import (
	"errors"
	"io"
)

// maxHead bounds what an origin may send before a blank line: about what Fastly
// takes from origins.
const maxHead = 64 << 10

var (
	errNoHTTP  = errors.New("the answer is not HTTP/1")
	errTooLong = errors.New("the answer's head does not end")
	errCutOff  = errors.New("the connection ended before the answer did")
)

// A head looks for the end of an answer's head in what comes, and keeps of it what
// tells the status.
type head struct {
	start [13]byte // of the first line
	kept  int      // bytes of start
	size  int      // bytes so far
	line  int      // bytes of the line that has begun, but for CR
	first bool     // the first line has ended
}

// take reads on in b and returns what is behind the blank line, once that has come.
func (h *head) take(b []byte) (rest []byte, ended bool) {
	for i, c := range b {
		switch {
		case c == '\n' && h.line == 0:
			h.size += i + 1
			return b[i+1:], true
		case c == '\n':
			h.first, h.line = true, 0
			continue
		case c != '\r':
			h.line++
		}
		if !h.first && h.kept < len(h.start) {
			h.start[h.kept] = c
			h.kept++
		}
	}
	h.size += len(b)
	return nil, false
}

// wrong reports whether the first line has come far enough to see that it is none.
func (h *head) wrong() bool {
	if h.first || h.kept == len(h.start) {
		_, valid := h.status()
		return !valid
	}
	const name = "HTTP/1."
	return string(h.start[:min(h.kept, len(name))]) != name[:min(h.kept, len(name))]
}

// status reads "HTTP/1.1 200", with a blank, or the line's end, behind it.
func (h *head) status() (status int, valid bool) {
	s := h.start[:h.kept]
	if len(s) < 12 || string(s[:7]) != "HTTP/1." || !digit(s[7]) || s[8] != ' ' {
		return 0, false
	}
	for _, c := range s[9:12] {
		if !digit(c) {
			return 0, false
		}
		status = 10*status + int(c-'0')
	}
	return status, status >= 100 && (len(s) == 12 || s[12] == ' ' || s[12] == '\r')
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// readStatus reads an answer from r through buf, up to where its head ends, and
// returns its status. Interim answers are passed over, unless their status is the
// one that is expected. It reads maxHead bytes at most, and what buf holds.
func readStatus(r io.Reader, buf []byte, expected int) (int, error) {
	var h head
	for {
		n, err := r.Read(buf)
		for b := buf[:n]; len(b) > 0; {
			rest, ended := h.take(b)
			if h.wrong() || ended && !h.first {
				return 0, errNoHTTP
			}
			if h.size > maxHead {
				return 0, errTooLong
			}
			if !ended {
				break
			}
			if status, _ := h.status(); status == expected || status == 101 || status >= 200 {
				return status, nil
			}
			h, b = head{size: h.size}, rest
		}
		if err == io.EOF {
			return 0, errCutOff
		}
		if err != nil {
			return 0, err
		}
	}
}
