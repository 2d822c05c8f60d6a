package api_test

import (
	"net/http"
	"strings"
	"testing"

	"headwater/service"
)

func TestGeneratedVCL(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/vcl", "name", "main", "main", "1", "content", "one\ntwo")
	got := f.must(t, "GET", v+"/generated_vcl")
	if got["name"] != "default" || got["main"] != true || got["content"] != "# <main>\none\ntwo" || got["version"] != 1.0 ||
		got["service_id"] != strings.Split(v, "/")[2] || got["created_at"] == "" || got["deleted_at"] != nil {
		t.Errorf("got %v", got)
	}
	if _, has := f.must(t, "GET", v+"/generated_vcl?no_content=1")["content"]; has {
		t.Error("no_content=1 answers the content")
	}
	for query, want := range map[string]string{
		"":             "<pre># &lt;main&gt;\none\ntwo</pre>",
		"?lineno=true": `<pre><span class="lineno">    1 </span># &lt;main&gt;` + "\n" + `<span class="lineno">    2 </span>one` + "\n" + `<span class="lineno">    3 </span>two</pre>`,
	} {
		if got := f.must(t, "GET", v+"/generated_vcl/content"+query)["content"]; got != want {
			t.Errorf("content%s: %s", query, got)
		}
	}
	f.edge.set(service.Errorf(service.Invalid, "Syntax error"))
	f.do(t, "GET", v+"/generated_vcl").want(t, http.StatusBadRequest, jsonError("Bad request", "Syntax error"))
	id := strings.Split(v, "/")[2]
	f.do(t, "GET", "/service/"+id+"/vcl/diff/from/1/to/1").want(t, http.StatusBadRequest,
		jsonError("Bad request", "Version '1' has no program: Syntax error"))
	f.as(t, otherToken, "GET", v+"/generated_vcl").want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	f.do(t, "GET", v[:len(v)-1]+"9/generated_vcl").want(t, http.StatusNotFound, "")
}

func TestLint(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.must(t, "POST", v+"/backend", "name", "b", "address", "b.test")
	f.must(t, "POST", v+"/vcl", "name", "main", "main", "1", "content", "wrong")
	lint := func(path, token, text string) reply {
		return f.send(t, "POST", path, token, strings.NewReader(`{"vcl":"`+text+`"}`), "Content-Type: application/json")
	}
	const (
		good = `{"data":{"attributes":{"status":"ok","msg":null,"errors":[],"warnings":["%"],"messages":[]}}}`
		bad  = `{"data":{"attributes":{"status":"error","msg":"first\nat: (input Line 1 Pos 1)","errors":["first\nat: (input Line 1 Pos 1)","second"],"warnings":[],"messages":[]}}}`
	)
	// Of itself, or with what the service has; in the place of its main program.
	lint("/vcl_lint", ownerToken, "right").want(t, http.StatusOK, strings.Replace(good, "%", "0 backends", 1))
	lint("/service/"+id+"/lint", ownerToken, "right").want(t, http.StatusOK, strings.Replace(good, "%", "1 backends", 1))
	lint("/vcl_lint", ownerToken, "wrong").want(t, http.StatusOK, bad)

	// It changes nothing: whoever may read may ask, and it is no write.
	r := lint("/service/"+id+"/lint", readerToken, "wrong")
	r.want(t, http.StatusOK, bad)
	if got := r.header.Get("Fastly-RateLimit-Remaining"); got != "" {
		t.Errorf("%s writes remain", got)
	}
	if got := f.must(t, "GET", v+"/vcl/main")["content"]; got != "wrong" {
		t.Errorf("the version has %v", got)
	}
	lint("/service/"+id+"/lint", otherToken, "right").want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	lint("/vcl_lint", purgeToken, "right").want(t, http.StatusForbidden, "")
	f.as(t, readerToken, "POST", "/service", "name", "x").want(t, http.StatusForbidden, "")
	f.do(t, "POST", "/vcl_lint", "content", "right").want(t, http.StatusBadRequest, jsonError("Bad request", "'vcl' is required"))
}

// A version with several things wrong tells all of them.
func TestSeveralProblems(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	refusal := service.Errorf(service.Invalid, "first")
	refusal.More = []string{"second", "third"}
	f.edge.set(refusal)
	f.do(t, "GET", v+"/validate").want(t, http.StatusOK,
		`{"status":"error","msg":"first","errors":["first","second","third"],"warnings":[],"messages":[]}`)
	f.do(t, "PUT", v+"/activate").want(t, http.StatusBadRequest, `{"msg":"Bad request","detail":"first\n\nsecond\n\nthird"}`)
}
