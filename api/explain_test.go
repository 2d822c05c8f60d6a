package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	d := f.must(t, "POST", v+"/dictionary", "name", "d")["id"].(string)
	f.must(t, "POST", "/service/"+strings.Split(v, "/")[2]+"/dictionary/"+d+"/item", "item_key", "k", "item_value", "v")
	f.must(t, "POST", v+"/acl", "name", "a")
	ask := func(token, path, body string, fields ...string) reply {
		t.Helper()
		return f.send(t, "POST", path, token, strings.NewReader(body), fields...)
	}
	at := "/headwater" + v + "/explain"
	const question = `{"url":"http://shop.test/","method":"HEAD"}`
	r := ask(ownerToken, at, question)
	r.want(t, http.StatusOK, "")
	told := r.object(t)
	if s := told["service"].(map[string]any); s["name"] != "shop" || s["state"] != "draft" || s["version"] != 1.0 {
		t.Errorf("service %v", s)
	}
	if got := told["request"].(map[string]any)["method"]; got != "HEAD" {
		t.Errorf("method %v", got)
	}
	if got := told["log"].([]any); len(got) != 2 || got[0] != "acl of 0" || got[1] != "dictionary of 1" {
		t.Errorf("the edge was told of %v", got)
	}
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("Fastly-RateLimit-Remaining") != "" {
		t.Errorf("header %v", r.header)
	}

	// It only reads: a token that may do no more can ask. Text is for whoever asks
	// for it first.
	for accept, media := range map[string]string{
		"text/plain": "text/plain", "text/plain, application/json": "text/plain", "text/plain;q=0.9": "text/plain",
		"*/*": "application/json", "application/json, text/plain": "application/json", "nonsense/": "application/json",
	} {
		r := ask(readerToken, at, question, "Accept: "+accept)
		r.want(t, http.StatusOK, "")
		if got := r.header.Get("Content-Type"); got != media {
			t.Errorf("Accept: %s: %s", accept, got)
		}
		if media == "text/plain" != strings.HasPrefix(r.body, "request     HEAD http://shop.test/\nservice     shop (") {
			t.Errorf("Accept: %s: %s", accept, r.body)
		}
	}
	f.must(t, "PUT", v+"/activate")
	if got := ask(readerToken, at, question).object(t)["service"].(map[string]any)["state"]; got != "active" {
		t.Errorf("state %v", got)
	}

	ask(ownerToken, at, `{}`).want(t, http.StatusBadRequest, jsonError("Bad request", "'url' must be an absolute URL of http or https"))
	ask(ownerToken, at, ``).want(t, http.StatusBadRequest, "")
	ask(ownerToken, at, `{"url":"http://a/","x":1}`).want(t, http.StatusBadRequest, "")
	ask(ownerToken, at, `{"url":"http://a/`+strings.Repeat("a", 2<<20)+`"}`).want(t, http.StatusRequestEntityTooLarge, "")
	ask(ownerToken, "/headwater"+v[:len(v)-1]+"7/explain", question).want(t, http.StatusNotFound, "")
	ask(otherToken, at, question).want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	ask(purgeToken, at, question).want(t, http.StatusForbidden, "")
	ask("", at, question).want(t, http.StatusUnauthorized, "")
	f.edge.set(errBroken)
	ask(ownerToken, at, question).want(t, http.StatusInternalServerError, "")
}
