package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestReportBackends(t *testing.T) {
	f := start(t)
	id := strings.Split(f.draft(t, "shop"), "/")[2]
	at := "/headwater/service/" + id + "/backends"
	for _, token := range []string{readerToken, ownerToken} {
		got := f.as(t, token, "GET", at).object(t)
		if got["service_id"] != id || got["backends"].([]any)[0].(map[string]any)["name"] != "origin" {
			t.Errorf("told %v", got)
		}
	}
	// What is another's is not there, whether or not it is.
	f.as(t, otherToken, "GET", at).want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	f.as(t, otherToken, "GET", "/headwater/service/none/backends").want(t, http.StatusNotFound, `{"msg":"Not found"}`)

	f.edge.set(errors.New("nothing is active"))
	f.do(t, "GET", at).want(t, http.StatusNotFound, jsonError("Record not found", "Service '"+id+"' has no active version"))
}
