package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// runOffice runs a sub-command to its end.
func runOffice(t *testing.T, data string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	i := launch(map[string]string{"HEADWATER_DATA": data}, nil, args...)
	code, err := i.wait()
	if err != nil {
		t.Fatal(err)
	}
	return code, strings.TrimSpace(i.stdout.String()), i.stderr.String()
}

func mustOffice(t *testing.T, data string, args ...string) string {
	t.Helper()
	code, stdout, stderr := runOffice(t, data, args...)
	if code != exitOK {
		t.Fatalf("headwater %v: code %d: %s", args, code, stderr)
	}
	return stdout
}

// A second customer, made by hand, works with its own token and sees nothing of
// the first.
func TestOffice(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first := mustOffice(t, data, "customer", "create", "first")
	customer := mustOffice(t, data, "customer", "create", "second")
	user := mustOffice(t, data, "user", "create", "-customer", customer, "-login", "a@second.test", "-role", "user")
	id, secret, _ := strings.Cut(mustOffice(t, data, "token", "create", "-customer", customer, "-user", user, "-name", "ci", "-expires", "1h"), "\t")
	reader := strings.Split(mustOffice(t, data, "token", "create", "-customer", customer, "-scope", "global:read"), "\t")[1]
	if list := mustOffice(t, data, "customer", "list"); !strings.Contains(list, first) || !strings.Contains(list, "second") {
		t.Errorf("customers %s", list)
	}
	if list := mustOffice(t, data, "user", "list", "-customer", customer); !strings.Contains(list, "a@second.test") {
		t.Errorf("users %s", list)
	}
	list := mustOffice(t, data, "token", "list", "-customer", customer)
	if !strings.Contains(list, id) || strings.Contains(list, secret) {
		t.Errorf("tokens %s", list)
	}
	if list := mustOffice(t, data, "token", "list"); strings.Contains(list, id) {
		t.Errorf("the first customer has the second's token: %s", list)
	}

	for _, bad := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"token", "create", "-customer", "absent"}, exitFail, "no customer"},
		{[]string{"token", "create", "-scope", "all"}, exitFail, "'scope' must be of"},
		{[]string{"token", "create", "-services", "absent"}, exitFail, "Cannot find service 'absent'"},
		{[]string{"token", "create", "-user", user}, exitFail, "no user"},
		{[]string{"token", "create", "-expires", "soon"}, exitUsage, "-expires"},
		{[]string{"token", "revoke"}, exitUsage, "needs the id"},
		{[]string{"token", "revoke", id}, exitFail, "no token was revoked"}, // of the first customer
		{[]string{"token", "paint"}, exitUsage, "token needs one of create, list, revoke"},
		{[]string{"user", "create", "-customer", customer, "-login", "a@second.test"}, exitFail, "Duplicate user"},
		{[]string{"customer", "create"}, exitUsage, "needs a name"},
	} {
		if code, _, stderr := runOffice(t, data, bad.args...); code != bad.code || !strings.Contains(stderr, bad.says) {
			t.Errorf("%v: code %d, %s", bad.args, code, stderr)
		}
	}

	i := launch(map[string]string{tokenVariable: testToken}, nil,
		"serve", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0", "-data", data)
	if err := i.waitReady(); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := runOffice(t, data, "token", "list"); code != exitFail || !strings.Contains(stderr, "use its API") {
		t.Errorf("with serve running: code %d, %s", code, stderr)
	}
	status := func(token, method, path string) int {
		r := ok(http.NewRequest(method, "http://"+i.api+path, nil))(t)
		r.Header.Set("Fastly-Key", token)
		return ok(exchange(http.DefaultTransport, r))(t).status
	}
	for _, tt := range []struct {
		token, method, path string
		want                int
	}{
		{secret, "POST", "/service?name=x", 400}, {reader, "GET", "/service", 200}, {reader, "POST", "/service", 403},
		{secret, "GET", "/user/" + user, 200}, {testToken, "GET", "/user/" + user, 404}, {testToken, "GET", "/customer/" + first, 200},
	} {
		if got := status(tt.token, tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, got, tt.want)
		}
	}
	if code, err := i.stop(); code != exitOK || err != nil {
		t.Fatalf("code %d, %v", code, err)
	}
	mustOffice(t, data, "token", "revoke", "-customer", customer, id)
	if list := mustOffice(t, data, "token", "list", "-customer", customer); strings.Contains(list, id) {
		t.Errorf("still there: %s", list)
	}
}
