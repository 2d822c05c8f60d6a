package service

import (
	"errors"
	"strings"
	"testing"
)

// TestConditionsCompile writes conditions: one that cannot compile is refused, with
// its name and the place.
func TestConditionsCompile(t *testing.T) {
	tests := []struct {
		name, kind, statement string
		want                  string // of the error; "" if there is none
	}{
		{"a comparison", "REQUEST", `req.url ~ "^/api/" && req.http.X-Beta`, ""},
		{"two lines", "REQUEST", "req.url ~ \"^/api/\" &&\n  !req.http.X-Beta", ""},
		{"a table of the version", "REQUEST", `table.contains(redirects, req.url.path)`, ""},
		{"an ACL of the version", "REQUEST", `client.ip ~ office`, ""},
		{"the answer, once there is one", "CACHE", `beresp.status == 404`, ""},
		{"the answer, before it is sent", "RESPONSE", `resp.status == 404`, ""},
		{"what goes to the origin", "PREFETCH", `bereq.url == "/"`, ""},
		{"as recorded", "REQUEST", `req.url~+"index.html"`, ""},

		{"the answer too early", "REQUEST", `beresp.status == 404`, `condition "c", line 1, column 1`},
		{"not the whole", "REQUEST", `req.url) { error 600; } if (req.url`, `condition "c", line 1, column 8`},
		{"in the second line", "REQUEST", "req.url &&\n  req.nothing", `condition "c", line 2, column 3`},
		{"a comment", "REQUEST", `req.url # always`, `cannot hold a comment`},
		{"no condition", "REQUEST", `"text"`, `condition "c", line 1, column 1`},
		{"a pattern", "REQUEST", `req.url ~ "("`, `condition "c", line 1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ConditionKind.Create(form("name=c", "type="+tt.kind, "statement="+tt.statement))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Code != Invalid || !strings.Contains(e.Detail, tt.want) {
				t.Errorf("got %v, want an invalid one that says %q", err, tt.want)
			}
		})
	}
}

// TestConditionUpdate updates a condition that was stored before it could not
// compile: only a new statement has to.
func TestConditionUpdate(t *testing.T) {
	old := &Condition{Base: Base{Name: "c"}, Type: "REQUEST", Statement: "(", Priority: 100}
	if _, err := ConditionKind.Update(old, form("priority=1")); err != nil {
		t.Errorf("another priority: %v", err)
	}
	if _, err := ConditionKind.Update(old, form("statement=((")); err == nil {
		t.Error("a statement that cannot compile is stored")
	}
}
