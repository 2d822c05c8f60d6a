package h2

import "encoding/binary"

// Preface is what a client sends first (RFC 9113 section 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

type frameType uint8

const (
	frameData           frameType = 0
	frameHeaders        frameType = 1
	framePriority       frameType = 2
	frameReset          frameType = 3
	frameSettings       frameType = 4
	framePush           frameType = 5
	framePing           frameType = 6
	frameGoAway         frameType = 7
	frameWindowUpdate   frameType = 8
	frameContinuation   frameType = 9
	framePriorityUpdate frameType = 16 // RFC 9218 section 7.1
)

const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

const (
	frameHead    = 9       // bytes before a frame's payload
	maxFrame     = 1 << 14 // of a payload that we take; also the most that we send
	maxStreamID  = 1<<31 - 1
	maxWindow    = 1<<31 - 1
	priorityPart = 5 // of a HEADERS frame with the old priorities
)

const (
	settingTableSize     = 1
	settingEnablePush    = 2
	settingMaxStreams    = 3
	settingInitialWindow = 4
	settingMaxFrame      = 5
	settingMaxHeaderList = 6
	settingNoPriorities  = 9 // RFC 9218 section 2.1
)

// A Code is a reason for ending a stream or a connection (RFC 9113 section 7).
type Code uint32

// The codes that we send.
const (
	NoError          Code = 0
	ProtocolError    Code = 1
	InternalError    Code = 2
	FlowControlError Code = 3
	StreamClosed     Code = 5
	FrameSizeError   Code = 6
	RefusedStream    Code = 7
	Cancel           Code = 8
	CompressionError Code = 9
	EnhanceYourCalm  Code = 11
)

// A frame is one that has come.
type frame struct {
	kind    frameType
	flags   uint8
	stream  uint32
	length  int
	payload []byte // nil for DATA and for what is skipped, which are taken as they come
}

func (f *frame) has(flag uint8) bool { return f.flags&flag != 0 }

// parseFrameHead reads the first frameHead bytes of b.
func parseFrameHead(b []byte) frame {
	return frame{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   frameType(b[3]),
		flags:  b[4],
		stream: binary.BigEndian.Uint32(b[5:]) & maxStreamID,
	}
}

func appendFrameHead(dst []byte, length int, kind frameType, flags uint8, stream uint32) []byte {
	dst = append(dst, byte(length>>16), byte(length>>8), byte(length), byte(kind), flags)
	return binary.BigEndian.AppendUint32(dst, stream)
}

func appendReset(dst []byte, stream uint32, code Code) []byte {
	dst = appendFrameHead(dst, 4, frameReset, 0, stream)
	return binary.BigEndian.AppendUint32(dst, uint32(code))
}

func appendWindowUpdate(dst []byte, stream uint32, n int) []byte {
	dst = appendFrameHead(dst, 4, frameWindowUpdate, 0, stream)
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

func appendGoAway(dst []byte, last uint32, code Code) []byte {
	dst = appendFrameHead(dst, 8, frameGoAway, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, last)
	return binary.BigEndian.AppendUint32(dst, uint32(code))
}

func appendPing(dst []byte, flags uint8, opaque []byte) []byte {
	return append(appendFrameHead(dst, 8, framePing, flags, 0), opaque...)
}

func appendSettings(dst []byte, pairs ...uint32) []byte {
	dst = appendFrameHead(dst, len(pairs)*3, frameSettings, 0, 0)
	for i := 0; i < len(pairs); i += 2 {
		dst = binary.BigEndian.AppendUint16(dst, uint16(pairs[i]))
		dst = binary.BigEndian.AppendUint32(dst, pairs[i+1])
	}
	return dst
}

// appendHeaders appends a header block as a HEADERS frame and as many
// CONTINUATION frames as it needs, which nothing may stand between.
func appendHeaders(dst, block []byte, stream uint32, last bool) []byte {
	kind, flags := frameHeaders, uint8(0)
	if last {
		flags = flagEndStream
	}
	for {
		n := min(len(block), maxFrame)
		if n == len(block) {
			flags |= flagEndHeaders
		}
		dst = append(appendFrameHead(dst, n, kind, flags, stream), block[:n]...)
		if block = block[n:]; len(block) == 0 {
			return dst
		}
		kind, flags = frameContinuation, 0
	}
}

// unpad takes the padding off a payload (RFC 9113 section 6.1).
func (f *frame) unpad(b []byte) ([]byte, bool) {
	if !f.has(flagPadded) {
		return b, true
	}
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, false
	}
	return b[1 : len(b)-int(b[0])], true
}
