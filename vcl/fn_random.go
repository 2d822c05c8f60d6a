package vcl

import (
	"math/rand/v2"
	"strconv"

	"headwater/internal/message"
)

// Functions of chance. Those with a seed return the same for the same seed.

var _ = funcs(
	&function{name: "randombool", result: Boolean, params: takes(Integer, Integer), least: 2, scopes: everywhere,
		build: func(c *call) value {
			n, of := c.integer(0, 0), c.integer(1, 1)
			return ofBool(func(x *Ctx) bool { return draw(0, of(x)-1, rand.Uint64()) < n(x) })
		}},
	&function{name: "randombool_seeded", result: Boolean, params: takes(Integer, Integer, Integer), least: 3, scopes: everywhere,
		build: func(c *call) value {
			n, of, seed := c.integer(0, 0), c.integer(1, 1), c.integer(2, 0)
			return ofBool(func(x *Ctx) bool { return draw(0, of(x)-1, mix(seed(x))) < n(x) })
		}},
	&function{name: "randomint", result: Integer, params: takes(Integer, Integer), least: 2, scopes: everywhere,
		build: func(c *call) value {
			from, to := c.integer(0, 0), c.integer(1, 0)
			return ofInteger(func(x *Ctx) int64 { return draw(from(x), to(x), rand.Uint64()) })
		}},
	&function{name: "randomint_seeded", result: Integer, params: takes(Integer, Integer, Integer), least: 3, scopes: everywhere,
		build: func(c *call) value {
			from, to, seed := c.integer(0, 0), c.integer(1, 0), c.integer(2, 0)
			return ofInteger(func(x *Ctx) int64 { return draw(from(x), to(x), mix(seed(x))) })
		}},
	&function{name: "randomstr", result: String, params: takes(Integer, String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			n, set := c.integer(0, 0), c.text(1)
			return ofSetString(func(x *Ctx) string { return x.randomText(n(x), set(x)) })
		}},
	&function{name: "fastly.hash", result: Integer, params: takes(String, Integer, Integer, Integer), least: 4, scopes: everywhere,
		build: func(c *call) value {
			key, seed, from, to := c.text(0), c.integer(1, 0), c.integer(2, 0), c.integer(3, 0)
			return ofInteger(func(x *Ctx) int64 {
				return draw(from(x), to(x), xxh64(message.Bytes(key(x)))^mix(seed(x)))
			})
		}},
)

// draw is a number from one to another, both included, that random bits decide.
func draw(from, to int64, bits uint64) int64 {
	if to <= from {
		return from
	}
	width := uint64(to) - uint64(from) + 1
	if width == 0 {
		return int64(bits)
	}
	return int64(uint64(from) + bits%width)
}

// mix spreads a seed over all bits (the finalizer of SplitMix64).
func mix(seed int64) uint64 {
	z := uint64(seed) + 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

// randomText is a text of n bytes out of set.
func (x *Ctx) randomText(n int64, set string) string {
	if set == "" {
		set = alphanumeric
	}
	if n <= 0 {
		return ""
	}
	if n > maxWorkspace {
		x.arena.over = true
		return ""
	}
	out := x.arena.take(int(n))
	for i := range out {
		out[i] = set[rand.IntN(len(set))]
	}
	return message.Text(out)
}

// statusMatches reports whether a list such as "200,301" has the status; one that
// begins with ! has all others.
func statusMatches(status int64, list string) bool {
	not := list != "" && list[0] == '!'
	if not {
		list = list[1:]
	}
	for len(list) > 0 {
		var one string
		one, list = cutPart(list, ',')
		if n, err := strconv.Atoi(one); err == nil && int64(n) == status {
			return !not
		}
	}
	return not
}
