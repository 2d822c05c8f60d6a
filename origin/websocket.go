package origin

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// upgradeTime is how long nothing may come on an upgraded connection.
const upgradeTime = maxTime

// upgrade takes the protocol that the client asks for, and sends back what it gets
// until the client has said all.
func (c *conn) upgrade(r *request) {
	protocol, _, _ := strings.Cut(r.get("Upgrade"), ",")
	protocol = strings.TrimSpace(protocol)
	key := r.get("Sec-WebSocket-Key")
	if websocket := strings.EqualFold(protocol, "websocket"); websocket && key == "" {
		c.refuse()
		return
	}
	fmt.Fprintf(c.out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n", protocol)
	if !strings.EqualFold(protocol, "websocket") {
		c.out.WriteString("\r\n")
		c.repeat()
		return
	}
	fmt.Fprintf(c.out, "Sec-WebSocket-Accept: %s\r\n\r\n", acceptance(key))
	if c.out.Flush() == nil && c.messages() == nil {
		c.leave()
	}
}

// repeat sends back bytes as they come, and then closes its half.
func (c *conn) repeat() {
	b := make([]byte, 16<<10)
	for c.out.Flush() == nil {
		c.due = time.Now().Add(upgradeTime)
		n, err := c.in.Read(b)
		c.out.Write(b[:n])
		if err == io.EOF {
			c.leave()
		}
		if err != nil {
			return
		}
	}
}

// acceptance answers a WebSocket's key (RFC 6455 section 4.2.2).
func acceptance(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// The opcodes of RFC 6455 section 5.2 that need an answer of their own.
const (
	opcodeMask  = 0x0f
	opcodeClose = 0x8
	opcodePing  = 0x9
	opcodePong  = 0xa
)

// maxFrame is how many bytes a frame may carry.
const maxFrame = 1 << 20

var errFrame = errors.New("malformed frame")

// messages sends back the frames of messages, pongs for pings, and at last the close.
func (c *conn) messages() error {
	for {
		c.due = time.Now().Add(upgradeTime)
		first, payload, err := readFrame(c.in)
		if err != nil {
			return err
		}
		switch first & opcodeMask {
		case opcodePong:
			continue
		case opcodePing:
			first = first&^opcodeMask | opcodePong
		}
		if err := writeFrame(c.out, first, payload); err != nil {
			return err
		}
		if first&opcodeMask == opcodeClose {
			return nil
		}
	}
}

// readFrame reads one frame, which a client has to mask.
func readFrame(in *bufio.Reader) (first byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	if head[0]&0x70 != 0 || head[1]&0x80 == 0 {
		return 0, nil, errFrame
	}
	size, err := readSize(in, head[1]&0x7f)
	if err != nil {
		return 0, nil, err
	}
	var mask [4]byte
	if _, err := io.ReadFull(in, mask[:]); err != nil {
		return 0, nil, err
	}
	// It takes no more memory than has come.
	payload, err = io.ReadAll(io.LimitReader(in, size))
	if err == nil && int64(len(payload)) < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0], payload, nil
}

// readSize reads the rest of a size that a frame's second byte begins.
func readSize(in *bufio.Reader, short byte) (int64, error) {
	var long [8]byte
	size := uint64(short)
	switch short {
	case 126:
		if _, err := io.ReadFull(in, long[:2]); err != nil {
			return 0, err
		}
		size = uint64(binary.BigEndian.Uint16(long[:2]))
	case 127:
		if _, err := io.ReadFull(in, long[:]); err != nil {
			return 0, err
		}
		size = binary.BigEndian.Uint64(long[:])
	}
	if size > maxFrame {
		return 0, errFrame
	}
	return int64(size), nil
}

func writeFrame(out *bufio.Writer, first byte, payload []byte) error {
	head := []byte{first}
	switch n := len(payload); {
	case n < 126:
		head = append(head, byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(n))
	}
	out.Write(head)
	out.Write(payload)
	return out.Flush()
}
