package h2

import "encoding/binary"

// What follows is called with c.mu held.

func (c *Conn) onPriority(f *frame) error {
	switch {
	case f.stream == 0:
		return &Fault{ProtocolError, "PRIORITY of no stream"}
	case f.length != priorityPart:
		return &Fault{FrameSizeError, "PRIORITY of another length"}
	case binary.BigEndian.Uint32(f.payload)&maxStreamID == f.stream:
		return &Fault{ProtocolError, "stream depends on itself"}
	}
	return c.pay(priceFrame)
}

// onPriorityUpdate takes what a client thinks of a stream by now. One for a stream
// to come is forgotten.
func (c *Conn) onPriorityUpdate(f *frame) error {
	if f.stream != 0 || f.length < 4 {
		return &Fault{ProtocolError, "malformed PRIORITY_UPDATE"}
	}
	id := binary.BigEndian.Uint32(f.payload) & maxStreamID
	if id == 0 {
		return &Fault{ProtocolError, "PRIORITY_UPDATE of no stream"}
	}
	if s := c.streams[id]; s != nil {
		s.priority = parsePriority(f.payload[4:])
	}
	return c.pay(priceFrame)
}

// onReset ends a stream that its client wants no more of. What we are at for it
// goes on counting until it has ended.
func (c *Conn) onReset(f *frame) error {
	switch {
	case f.stream == 0 || f.stream > c.last:
		return &Fault{ProtocolError, "RST_STREAM of no stream"}
	case f.length != 4:
		return &Fault{FrameSizeError, "RST_STREAM of another length"}
	}
	if s := c.streams[f.stream]; s != nil {
		s.fail(ErrReset)
	}
	return c.pay(priceReset)
}

func (c *Conn) onSettings(f *frame) error {
	switch {
	case f.stream != 0:
		return &Fault{ProtocolError, "SETTINGS of a stream"}
	case f.has(flagAck) && f.length != 0 || f.length%6 != 0:
		return &Fault{FrameSizeError, "SETTINGS of another length"}
	case f.has(flagAck):
		return c.pay(priceFrame)
	}
	c.greeted = true
	for b := f.payload; len(b) > 0; b = b[6:] {
		if err := c.set(binary.BigEndian.Uint16(b), binary.BigEndian.Uint32(b[2:])); err != nil {
			return err
		}
	}
	c.room()
	c.out = appendFrameHead(c.out, 0, frameSettings, flagAck, 0)
	c.fill()
	c.kick()
	return c.pay(priceSettings + f.length/60)
}

// set takes one setting. Those that would let us do more than we do are of no use.
func (c *Conn) set(id uint16, value uint32) error {
	switch id {
	case settingEnablePush:
		if value > 1 {
			return &Fault{ProtocolError, "malformed setting"}
		}
	case settingMaxFrame:
		if value < maxFrame || value > 1<<24-1 {
			return &Fault{ProtocolError, "malformed setting"}
		}
	case settingTableSize:
		c.resizeTable(value)
	case settingInitialWindow:
		return c.resize(value)
	}
	return nil
}

// resize changes the windows of all streams (RFC 9113 section 6.9.2).
func (c *Conn) resize(window uint32) error {
	if window > maxWindow {
		return &Fault{FlowControlError, "window too large"}
	}
	by := int(window) - c.initialWindow
	c.initialWindow = int(window)
	for _, s := range c.streams {
		if s.sendWindow += by; s.sendWindow > maxWindow {
			return &Fault{FlowControlError, "window too large"}
		}
	}
	return nil
}

func (c *Conn) onPing(f *frame) error {
	switch {
	case f.stream != 0:
		return &Fault{ProtocolError, "PING of a stream"}
	case f.length != 8:
		return &Fault{FrameSizeError, "PING of another length"}
	case f.has(flagAck):
		if string(f.payload) == string(farewell[:]) {
			c.bid()
		}
	default:
		c.room()
		c.out = appendPing(c.out, flagAck, f.payload)
		c.kick()
	}
	return c.pay(priceFrame)
}

// onGoAway takes a client's farewell: what it has asked for it may still get.
func (c *Conn) onGoAway(f *frame) error {
	switch {
	case f.stream != 0:
		return &Fault{ProtocolError, "GOAWAY of a stream"}
	case f.length < 8:
		return &Fault{FrameSizeError, "GOAWAY too short"}
	}
	return c.pay(priceFrame)
}

func (c *Conn) onWindowUpdate(f *frame) error {
	if f.length != 4 {
		return &Fault{FrameSizeError, "WINDOW_UPDATE of another length"}
	}
	by := int(binary.BigEndian.Uint32(f.payload) & maxWindow)
	if f.stream == 0 {
		return c.widen(by)
	}
	if f.stream > c.last {
		return &Fault{ProtocolError, "WINDOW_UPDATE of no stream"}
	}
	if s := c.streams[f.stream]; s != nil && s.err == nil {
		if by == 0 {
			return c.fault(s, ProtocolError)
		}
		if s.sendWindow += by; s.sendWindow > maxWindow {
			return c.fault(s, FlowControlError)
		}
		c.fill()
		c.kick()
	}
	return c.pay(priceFrame)
}

// widen opens the connection's window.
func (c *Conn) widen(by int) error {
	if by == 0 {
		return &Fault{ProtocolError, "WINDOW_UPDATE of nothing"}
	}
	if c.sendWindow += by; c.sendWindow > maxWindow {
		return &Fault{FlowControlError, "window too large"}
	}
	c.fill()
	c.kick()
	return c.pay(priceFrame)
}

// fault resets a stream for what its client did with it.
func (c *Conn) fault(s *Stream, code Code) error {
	c.reset(s, code, ErrReset)
	c.kick()
	return c.pay(priceFault)
}

// reset ends a stream from our side.
func (c *Conn) reset(s *Stream, code Code, why error) {
	if !c.ended {
		c.room()
		c.out = appendReset(c.out, s.id, code)
	}
	s.ours = true
	s.fail(why)
}
