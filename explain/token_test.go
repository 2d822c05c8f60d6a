package explain

import (
	"strings"
	"testing"
	"time"
)

func TestToken(t *testing.T) {
	key, other := []byte("one key"), []byte("another key")
	now := time.Unix(1_800_000_000, 0)
	token := Token(key, "1hsKSmdIHKlXeLF7OUQ4VR", now.Add(time.Minute))
	if len(token) > 64 || strings.ContainsAny(token, " ,;\"") {
		t.Errorf("%s does not go well into a header", token)
	}
	if got := ServiceOf(key, token, now); got != "1hsKSmdIHKlXeLF7OUQ4VR" {
		t.Errorf("service %q", got)
	}
	for what, got := range map[string]string{
		"at its end":           ServiceOf(key, token, now.Add(time.Minute)),
		"with another key":     ServiceOf(other, token, now),
		"empty":                ServiceOf(key, "", now),
		"dots":                 ServiceOf(key, "..", now),
		"of another service":   ServiceOf(key, "2"+token[1:], now),
		"with another end":     ServiceOf(key, strings.Replace(token, ".1", ".9", 1), now),
		"cut":                  ServiceOf(key, token[:len(token)-1], now),
		"with more":            ServiceOf(key, token+"A", now),
		"without a MAC":        ServiceOf(key, token[:strings.LastIndexByte(token, '.')+1], now),
		"long":                 ServiceOf(key, strings.Repeat("a", 1000)+"."+token, now),
		"signed, and no token": ServiceOf(key, "service."+mac(key, "service"), now),
	} {
		if got != "" {
			t.Errorf("%s it is good for %q", what, got)
		}
	}
}

func FuzzServiceOf(f *testing.F) {
	key, now := []byte("key"), time.Unix(1_800_000_000, 0)
	good := Token(key, "service", now.Add(time.Minute))
	f.Add(good)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		if got := ServiceOf(key, token, now); got != "" && token != good {
			t.Errorf("%q is good for %q", token, got)
		}
	})
}
