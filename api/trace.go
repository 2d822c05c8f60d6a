package api

import (
	"strconv"
	"time"

	"headwater/explain"
	"headwater/service"
)

// Bounds of how long a token has requests traced, in seconds.
const (
	usualTraceTime = 600
	maxTraceTime   = 86400
)

// traceField is the field of a request that carries the token.
const traceField = "Headwater-Trace"

// createTraceToken answers a token with which requests to the service are traced.
func (c *call) createTraceToken() ([]byte, error) {
	in, err := c.input(func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	lifetime := usualTraceTime
	if v, sent := in["lifetime"]; sent {
		if lifetime, err = strconv.Atoi(v.Text); err != nil || lifetime < 1 || lifetime > maxTraceTime {
			return nil, service.Errorf(service.Invalid, "'lifetime' must be a whole number from 1 to %d", maxTraceTime)
		}
	}
	if err := c.mayTrace(); err != nil {
		return nil, err
	}
	expires := c.Now().Add(time.Duration(lifetime) * time.Second)
	return encode(struct {
		Token   string `json:"token"`
		Header  string `json:"header"`
		Expires string `json:"expires_at"`
	}{explain.Token(c.TraceKey, c.at.Service, expires), traceField, timestamp(expires)}), nil
}

// mayTrace fails unless the caller sees the service, and there are traces at all.
func (c *call) mayTrace() error {
	if _, err := c.Store.Service(c.r.Context(), c.who, c.at.Service); err != nil {
		return err
	}
	if c.TraceKey == nil {
		return service.Errorf(service.Missing, "Requests are not traced here")
	}
	return nil
}

func (c *call) listTraces() ([]byte, error) {
	if err := c.mayTrace(); err != nil {
		return nil, err
	}
	return encode(c.Edge.Traces(c.at.Service)), nil
}

func (c *call) getTrace() ([]byte, error) {
	if err := c.mayTrace(); err != nil {
		return nil, err
	}
	kept := c.Edge.Trace(c.at.Service, c.id)
	if kept == nil {
		return nil, service.Errorf(service.Missing, "Couldn't find Trace '{ id => %s, service => %s }'", c.id, c.at.Service)
	}
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	told := *kept // which others read too
	told.Service.Name = s.Name
	return c.told(&told), nil
}
