package api_test

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"headwater/api"
)

const unauthorized = `{"msg":"Provided credentials are missing or invalid"}`

func TestNoTokenNoAnswer(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	paths := []string{
		"/service", v, v + "/backend", v + "/backend/b", v + "/settings", v + "/activate", v + "/validate",
		strings.TrimSuffix(v, "/1") + "/active", "/nonsense", "/", "//service", "/service/./x", "/service/../service",
		"/metrics", "/debug/pprof/", "/debug/vars", "/headwater/", "/headwater/readyz/", "/headwater/readyz;x",
		"/service/" + strings.Repeat("x", 9<<10),
		"/service?fastly_key=" + ownerToken, "/service?Fastly-Key=" + ownerToken,
	}
	for _, path := range paths {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			r := f.as(t, "", method, path)
			if r.status != http.StatusUnauthorized || method != "HEAD" && r.body != unauthorized {
				t.Errorf("%s %.60s: %d %s", method, path, r.status, r.body)
			}
			if r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %.60s: answers other origins", method, path)
			}
		}
	}
}

func TestBadTokens(t *testing.T) {
	f := start(t)
	tokens := map[string]string{
		"bad":          "not-a-token-of-anyone",
		"prefix":       ownerToken[:len(ownerToken)-1],
		"suffix":       ownerToken + "x",
		"other case":   strings.ToUpper(ownerToken),
		"one word too": "Bearer " + ownerToken,
		"60 KB":        strings.Repeat("x", 60<<10),
		"not ASCII":    ownerToken + "é",
	}
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			f.as(t, token, "GET", "/service").want(t, http.StatusUnauthorized, unauthorized)
		})
	}
	fields := map[string]string{
		"two headers": "Fastly-Key: bad\r\nFastly-Key: " + ownerToken,
		"empty":       "Fastly-Key:",
		"NUL":         "Fastly-Key: " + ownerToken + "\x00",
		"underscore":  "Fastly_Key: " + ownerToken,
		"cookie":      "Cookie: Fastly-Key=" + ownerToken,
		"bearer":      "Authorization: Bearer " + ownerToken,
	}
	for name, field := range fields {
		t.Run(name, func(t *testing.T) {
			status := raw(t, f, "GET /service HTTP/1.1\r\nHost: x\r\n"+field+"\r\n\r\n")
			if status != http.StatusUnauthorized && status != http.StatusBadRequest {
				t.Errorf("status %d", status)
			}
		})
	}
	r := f.as(t, expiredToken, "GET", "/service")
	if !regexp.MustCompile(`^{"msg":"Token [0-9A-Za-z]{22} expired at 2019-05-01T09:00:00Z"}$`).MatchString(r.body) || r.status != http.StatusUnauthorized {
		t.Errorf("expired: %d %s", r.status, r.body)
	}
	f.do(t, "GET", "/service").want(t, http.StatusOK, `[]`)
}

// raw sends bytes and returns the status of the answer.
func raw(t *testing.T, f *fixture, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", f.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	w, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	return w.StatusCode
}

// The one who guesses may share an address with honest clients: those go on.
func TestGuessingIsLimited(t *testing.T) {
	f := start(t)
	for i := range 100 {
		f.as(t, fmt.Sprintf("guess-number-%08d", i), "GET", "/service").want(t, http.StatusUnauthorized, unauthorized)
	}
	f.as(t, "guess-number-x-x-x-x", "GET", "/service").want(t, http.StatusTooManyRequests, `{"msg":"Too many failed authentications"}`)
	f.as(t, "short", "GET", "/service").want(t, http.StatusTooManyRequests, "")
	f.as(t, "", "GET", "/service").want(t, http.StatusUnauthorized, unauthorized)
	f.do(t, "GET", "/service").want(t, http.StatusOK, `[]`)
	f.now.advance(time.Minute)
	f.as(t, "guess-number-x-x-x-x", "GET", "/service").want(t, http.StatusUnauthorized, unauthorized)
}

func TestScopes(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/backend", "name", "b", "address", "a.test")
	const forbidden = `{"msg":"You are not authorized to perform this action"}`
	gets := []string{"/service", v, v + "/backend", v + "/backend/b", v + "/settings", v + "/validate"}
	for _, path := range gets {
		f.as(t, readerToken, "GET", path).want(t, http.StatusOK, "")
		f.as(t, purgeToken, "GET", path).want(t, http.StatusForbidden, forbidden)
	}
	writes := []string{
		"POST /service", "PUT " + v, "PUT " + v + "/clone", "PUT " + v + "/lock", "PUT " + v + "/activate", "PUT " + v + "/deactivate",
		"POST " + v + "/backend", "PUT " + v + "/backend/b", "DELETE " + v + "/backend/b", "PUT " + v + "/settings", "PATCH /nonsense",
		"DELETE " + strings.TrimSuffix(v, "/version/1"),
	}
	for _, write := range writes {
		method, path, _ := strings.Cut(write, " ")
		for _, token := range []string{readerToken, purgeToken} {
			r := f.as(t, token, method, path, "name", "c", "address", "c.test")
			r.want(t, http.StatusForbidden, forbidden)
			// A write that is refused costs nothing.
			if got := r.header.Get("Fastly-RateLimit-Remaining"); got != "100000" {
				t.Errorf("%s: %s writes remain, want 100000", write, got)
			}
		}
	}
	if got := len(f.do(t, "GET", v+"/backend").list(t)); got != 1 {
		t.Errorf("%d backends, want 1", got)
	}
}

// A private key is shown to tokens that may write, which need it to tell
// whether it changed, and to no others. Nor is it in any log.
func TestPrivateKeyIsHiddenFromReaders(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	f.must(t, "POST", v+"/backend", "name", "b", "address", "a.test", "ssl_client_key", key)
	for token, want := range map[string]any{ownerToken: key, readerToken: nil} {
		if got := f.as(t, token, "GET", v+"/backend/b").object(t)["ssl_client_key"]; got != want {
			t.Errorf("%s reads %v", token, got)
		}
		if got := f.as(t, token, "GET", v+"/backend").list(t)[0]["ssl_client_key"]; got != want {
			t.Errorf("%s lists %v", token, got)
		}
	}
	f.do(t, "POST", v+"/backend", "name", "b", "address", "a.test", "ssl_client_key", key).want(t, http.StatusConflict, "")
	r := f.do(t, "PUT", v+"/backend/b", "ssl_client_key", key[:80])
	r.want(t, http.StatusBadRequest, "")
	secret := strings.Split(key, "\n")[1]
	if strings.Contains(r.body, secret[:20]) || strings.Contains(f.log.String(), secret[:20]) {
		t.Error("the key is in an error or a log")
	}
}

// What another customer has answers as what nobody has.
func TestTenants(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/backend", "name", "b", "address", "a.test")
	id := strings.Split(v, "/")[2]
	const nobody = "0000000000000000000000"
	paths := []string{"", "/version", "/version/active", "/version/1", "/version/7", "/version/1/clone", "/version/1/lock", "/version/1/validate",
		"/version/1/activate", "/version/1/deactivate", "/version/1/backend", "/version/1/backend/b", "/version/1/settings", "/version/1/domain/x"}
	for _, path := range paths {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			form := []string{"name", "c", "address", "c.test", "comment", "mine"}
			theirs := f.as(t, otherToken, method, "/service/"+id+path, form...)
			none := f.as(t, otherToken, method, "/service/"+nobody+path, form...)
			if theirs.status != none.status || theirs.body != none.body || theirs.status < 400 {
				t.Errorf("%s %s: %d %s; a service that is not: %d %s", method, path, theirs.status, theirs.body, none.status, none.body)
			}
		}
	}
	f.as(t, otherToken, "GET", "/service").want(t, http.StatusOK, `[]`)

	owner := f.must(t, "GET", "/service/"+id)["customer_id"]
	theirs := f.as(t, otherToken, "POST", "/service", "name", "theirs", "customer_id", owner.(string)).object(t)
	if theirs["customer_id"] == owner {
		t.Errorf("a service was made for %v", owner)
	}
	f.must(t, "PUT", v+"/backend/b", "service_id", theirs["id"].(string), "customer_id", "B", "version", "9")
	if got := f.must(t, "GET", v+"/backend/b"); got["service_id"] != id || got["version"] != 1.0 {
		t.Errorf("backend moved to %v/%v", got["service_id"], got["version"])
	}
	if got := f.must(t, "GET", v); got["comment"] != "" || got["locked"] != false {
		t.Errorf("version changed: %v", got)
	}
}

func TestServiceLimits(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.as(t, limitedToken, "GET", "/service").want(t, http.StatusOK, `[]`)
	f.as(t, limitedToken, "GET", "/service/"+id).want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	f.as(t, limitedToken, "POST", "/service", "name", "more").want(t, http.StatusNotFound, jsonError("Record not found", "Cannot find 'service'"))
}

func TestWriteLimit(t *testing.T) {
	f := start(t, func(o *api.Options) { o.WriteLimit = 3 })
	reset := fmt.Sprint(time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC).Unix())
	check := func(r reply, status int, remaining string) {
		t.Helper()
		got := r.header.Get("Fastly-RateLimit-Remaining")
		if r.status != status || got != remaining || (r.header.Get("Fastly-RateLimit-Reset") == reset) != (remaining != "") {
			t.Errorf("%d %s, remaining %q, reset %q; want %d, remaining %q", r.status, r.body, got, r.header.Get("Fastly-RateLimit-Reset"), status, remaining)
		}
	}
	check(f.do(t, "POST", "/service", "name", "shop"), 200, "2")
	check(f.do(t, "POST", "/service"), 400, "1")
	check(f.do(t, "GET", "/service"), 200, "")
	check(f.do(t, "DELETE", "/nonsense"), 404, "0")
	r := f.do(t, "POST", "/service", "name", "more")
	check(r, 429, "0")
	r.want(t, 429, `{"msg":"You have exceeded your hourly rate limit. Please contact support@fastly.com if you think this is a mistake."}`)
	check(f.do(t, "GET", "/service"), 200, "")
	check(f.as(t, otherToken, "POST", "/service", "name", "theirs"), 200, "2")
	f.now.advance(30 * time.Minute)
	reset = fmt.Sprint(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Unix())
	check(f.do(t, "PUT", "/nonsense"), 404, "2")
}

// A token that ends does so on open connections as well.
func TestTokenEndsOnOpenConnection(t *testing.T) {
	f := start(t)
	for range 3 {
		f.do(t, "GET", "/service").want(t, http.StatusOK, "")
	}
	if _, err := f.db.SetOperatorToken(t.Context(), "another-token-of-the-operator"); err != nil {
		t.Fatal(err)
	}
	f.do(t, "GET", "/service").want(t, http.StatusUnauthorized, "")
}
