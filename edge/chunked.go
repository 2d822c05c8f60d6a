package edge

import "headwater/internal/message"

// Bounds of a chunked body's framing over the whole message: what a sender may
// say besides data.
const (
	maxChunkExtensions = 4 << 10
	maxTrailer         = 8 << 10
)

var (
	errChunkSize = &malformed{400, "malformed chunk size"}
	errChunkEnd  = &malformed{400, "chunk does not end in CR LF"}
	errChunkExt  = &malformed{400, "chunk extensions too long"}
	errTrailer   = &malformed{400, "malformed trailer"}
)

type chunkState uint8

const (
	chunkSizeFirst chunkState = iota // at the first digit of a size
	chunkSize
	chunkExtension
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	chunkTrailer
	chunkDone
)

// A chunkReader takes the framing off a chunked body (RFC 9112 section 7.1),
// strictly: every line ends in CR LF, sizes are plain hexadecimal, extensions
// are dropped. It never reads past the end of the body.
type chunkReader struct {
	state   chunkState
	left    int64 // of the current chunk
	digits  int
	extra   int    // bytes of extensions so far
	trailer []byte // the trailer section's lines, CR LF included
	scan    headScan
}

func (c *chunkReader) reset() {
	c.state, c.left, c.digits, c.extra = 0, 0, 0, 0
	c.trailer, c.scan = c.trailer[:0], headScan{}
}

func (c *chunkReader) done() bool { return c.state == chunkDone }

// decode moves the data bytes of b to its front and returns how many they are
// and how many bytes of b it used: all of them, unless the body ended before.
func (c *chunkReader) decode(b []byte) (data, used int, err error) {
	for used < len(b) {
		switch c.state {
		case chunkData:
			n := int64(len(b) - used)
			if n > c.left {
				n = c.left
			}
			copy(b[data:], b[used:used+int(n)])
			data, used = data+int(n), used+int(n)
			if c.left -= n; c.left == 0 {
				c.state = chunkDataCR
			}
		case chunkTrailer:
			n, err := c.readTrailer(b[used:])
			used += n
			if err != nil {
				return data, used, err
			}
		case chunkDone:
			return data, used, nil
		default:
			if err := c.frame(b[used]); err != nil {
				return data, used, err
			}
			used++
		}
	}
	return data, used, nil
}

// frame takes one byte of what stands between chunks.
func (c *chunkReader) frame(b byte) error {
	switch c.state {
	case chunkSizeFirst, chunkSize:
		return c.size(b)
	case chunkExtension:
		c.extra++
		if c.extra > maxChunkExtensions {
			return errChunkExt
		}
		if b == '\r' {
			c.state = chunkSizeLF
		} else if byteClass[b]&valueByte == 0 {
			return errChunkSize
		}
	case chunkSizeLF:
		if b != '\n' {
			return errChunkSize
		}
		c.state, c.digits = chunkData, 0
		if c.left == 0 {
			c.state = chunkTrailer
		}
	case chunkDataCR:
		if b != '\r' {
			return errChunkEnd
		}
		c.state = chunkDataLF
	case chunkDataLF:
		if b != '\n' {
			return errChunkEnd
		}
		c.state = chunkSizeFirst
	}
	return nil
}

func (c *chunkReader) size(b byte) error {
	switch {
	case byteClass[b]&hexByte != 0:
		c.digits++
		if c.digits > 15 { // 60 bits: no overflow
			return errChunkSize
		}
		c.left = c.left<<4 | int64(hexValue(b))
		c.state = chunkSize
	case c.state == chunkSizeFirst:
		return errChunkSize
	case b == ';':
		c.state = chunkExtension
	case b == '\r':
		c.state = chunkSizeLF
	default:
		return errChunkSize
	}
	return nil
}

// readTrailer collects the trailer section up to its blank line.
func (c *chunkReader) readTrailer(b []byte) (used int, err error) {
	have := len(c.trailer)
	if room := maxTrailer - have; len(b) > room {
		b = b[:room]
	}
	c.trailer = append(c.trailer, b...)
	end, err := c.scan.end(c.trailer)
	if err != nil {
		return 0, err
	}
	if end == 0 {
		if len(c.trailer) == maxTrailer {
			return 0, errTrailer
		}
		return len(b), nil
	}
	c.trailer = c.trailer[:end-2] // without the blank line
	c.state = chunkDone
	return end - have, c.eachTrailer(func(*message.Field) {})
}

// eachTrailer calls f for each field of the trailer section.
func (c *chunkReader) eachTrailer(f func(*message.Field)) error {
	for rest := c.trailer; len(rest) > 0; {
		var one message.Fields
		var room [1]message.Field
		one.Use(room[:])
		h := head{length: -1}
		used, err := h.parseField(rest, &one)
		if err != nil {
			return errTrailer
		}
		f(one.At(0))
		rest = rest[used:]
	}
	return nil
}

// appendTrailer appends the trailer fields that may travel on: those that say
// nothing of framing, routing or the connection (RFC 9110 section
// 6.5.1). The section's blank line is the caller's to add.
func (c *chunkReader) appendTrailer(dst []byte) []byte {
	c.eachTrailer(func(f *message.Field) { // decode has found them well-formed
		if f.ID.Passes() {
			dst = appendField(dst, f.Name(), f.Value())
		}
	})
	return dst
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// chunkRoom is what a chunk's size line can take at most: 15 digits and CR LF.
const chunkRoom = 17

// putChunkSize writes the size line of a chunk of n bytes so that it ends at
// b[end], and returns where it begins. b must have chunkRoom bytes there.
func putChunkSize(b []byte, end int, n int) int {
	const digits = "0123456789abcdef"
	b[end-1], b[end-2] = '\n', '\r'
	at := end - 2
	for {
		at--
		b[at] = digits[n&15]
		if n >>= 4; n == 0 {
			return at
		}
	}
}

// appendChunk appends data as one chunk, and nothing for no data: an empty
// chunk would end the body.
func appendChunk(dst, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	var line [chunkRoom]byte
	at := putChunkSize(line[:], chunkRoom, len(data))
	dst = append(dst, line[at:]...)
	dst = append(dst, data...)
	return append(dst, '\r', '\n')
}

func appendField(dst, name, value []byte) []byte {
	dst = append(dst, name...)
	dst = append(dst, ':', ' ')
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}
