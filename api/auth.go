package api

import (
	"cmp"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"headwater/service"
)

const (
	keyHeader = "Fastly-Key"

	// How many of each are counted apart, to bound what is held of them.
	maxAddresses = 1 << 16
	maxTokens    = 1 << 20
)

// authenticate finds who calls. The header is the only place a token is taken
// from: not the query, which ends up in logs, and not cookies, which browsers
// send unasked.
func (c *call) authenticate() error {
	keys := c.r.Header[keyHeader]
	if len(keys) == 0 {
		return errNoToken
	}
	who, err := c.findToken(keys)
	if isCode(err, service.Unauthorized) {
		if c.guesses.add(network(c.r.RemoteAddr), 1, c.Now()) > c.Limits.WrongTokens {
			return &fault{status: http.StatusTooManyRequests, msg: "Too many failed authentications"}
		}
	}
	c.who = who
	if err == nil {
		c.recordUse()
	}
	return err
}

func (c *call) findToken(keys []string) (*service.Token, error) {
	if len(keys) > 1 || service.CheckSecret(keys[0]) != nil {
		return nil, errNoToken // nothing is spent on what cannot be a token
	}
	return c.Store.Authenticate(c.r.Context(), keys[0])
}

// network is the part of a client's address that it cannot change at will: an
// IPv6 host commands the whole /64.
func network(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	ip := at.Addr().Unmap()
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}

// authorize checks the token's scope and, for writes, its quota. The
// quota is told in headers, also when the call fails later.
func (c *call) authorize() error {
	allowed := c.allowed()
	if !c.changes() {
		if !allowed {
			return errForbidden
		}
		return nil
	}
	cost := 0
	if allowed {
		cost = 1
	}
	now := c.Now()
	used := c.writes.add(c.who.ID, cost, now)
	told := cmp.Or(c.WriteLimit, DefaultWriteLimit)

	// Written past Set, which would change the case that Fastly uses.
	header := c.w.Header()
	header["Fastly-RateLimit-Remaining"] = []string{strconv.Itoa(max(told-used, 0))}
	header["Fastly-RateLimit-Reset"] = []string{strconv.FormatInt(c.writes.end(now).Unix(), 10)}
	switch {
	case !allowed:
		return errForbidden
	case c.WriteLimit > 0 && used > c.WriteLimit:
		return service.Errorf(service.Exhausted, "")
	}
	return nil
}

// allowed reports whether the token's scope covers the call. Each token may ask
// what it is and end itself; a token for purges may purge.
func (c *call) allowed() bool {
	if c.who.Writes() || c.who.Reads() && !c.changes() {
		return true
	}
	path := c.r.URL.EscapedPath()
	switch {
	case path == "/tokens/self":
		return c.r.Method == http.MethodDelete || reads(c.r.Method)
	case path == "/verify":
		return reads(c.r.Method)
	case c.r.Method != http.MethodPost:
		return false
	case purgesAll.MatchString(path):
		return slices.Contains(c.who.Scopes, "purge_all")
	}
	return purges.MatchString(path) && slices.Contains(c.who.Scopes, "purge_select")
}

// The paths of purges, of all and of some.
var (
	purgesAll = regexp.MustCompile(`^/service/[^/]+/purge_all$`)
	purges    = regexp.MustCompile(`^(/service/[^/]+)?/purge(/.*)?$`)
)

// address is the client's own, without the port.
func address(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	return at.Addr().Unmap().String()
}

// useEvery is how often at most a token's use is recorded: a write for each call
// would cost more than the call.
const useEvery = time.Hour

// recordUse keeps that the token was used. It says of the token what an older
// record would not: that this call was the last.
func (c *call) recordUse() {
	last, now := c.who.Used, c.Now()
	const enough = 256
	agent := c.r.UserAgent()
	c.who.Used, c.who.IP, c.who.UserAgent = now, address(c.r.RemoteAddr), strings.ToValidUTF8(agent[:min(len(agent), enough)], "")
	if now.Sub(last) < useEvery {
		return
	}
	if err := c.Store.RecordUse(c.r.Context(), c.who, c.who.IP, c.who.UserAgent); err != nil {
		c.Log.DebugContext(c.r.Context(), "use of a token not recorded", "token", c.who.ID, "error", err)
	}
}

// reads reports whether a method changes nothing.
func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// metered reports whether a method counts against the writes of the hour.
func metered(method string) bool {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	}
	return false
}
