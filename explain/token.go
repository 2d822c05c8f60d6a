package explain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// A token lets whoever sends it in the field Headwater-Trace have a request to one
// service traced, until it expires: SERVICE.EXPIRES.MAC, where EXPIRES is in seconds
// since 1970 and MAC the first half of an HMAC-SHA256 of what stands before it.

// macSize is how much of the HMAC a token has, in bytes.
const macSize = 16

// Token returns one for a service.
func Token(key []byte, service string, expires time.Time) string {
	signed := service + "." + strconv.FormatInt(expires.Unix(), 10)
	return signed + "." + mac(key, signed)
}

// ServiceOf returns the service that a token is for, "" if it is not good at that
// moment. It takes as long for each token that is not.
func ServiceOf(key []byte, token string, now time.Time) string {
	end := strings.LastIndexByte(token, '.')
	if end < 0 || len(token) > 256 {
		return ""
	}
	signed := token[:end]
	service, text, found := strings.Cut(signed, ".")
	expires, err := strconv.ParseInt(text, 10, 64)
	switch {
	case !hmac.Equal([]byte(mac(key, signed)), []byte(token[end+1:])):
		return ""
	case !found || err != nil || now.Unix() >= expires:
		return ""
	}
	return service
}

func mac(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:macSize])
}
