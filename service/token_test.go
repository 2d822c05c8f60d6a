package service

import (
	"strings"
	"testing"
	"time"
)

func TestTokenRights(t *testing.T) {
	for _, tt := range []struct {
		scopes        []string
		reads, writes bool
	}{
		{nil, false, false},
		{[]string{"global"}, true, true},
		{[]string{"global:read"}, true, false},
		{[]string{"purge_all", "purge_select"}, false, false},
		{[]string{"purge_all", "global:read"}, true, false},
	} {
		token := Token{Scopes: tt.scopes}
		if token.Reads() != tt.reads || token.Writes() != tt.writes {
			t.Errorf("%v: reads %v, writes %v", tt.scopes, token.Reads(), token.Writes())
		}
	}
	if all, one := (Token{}), (Token{Services: []string{"a"}}); !all.Sees("b") || one.Sees("b") || !one.Sees("a") {
		t.Error("service limits")
	}
	now := time.Now()
	if ever, over := (Token{}), (Token{Expires: now}); ever.Expired(now) || !over.Expired(now) || over.Expired(now.Add(-1)) {
		t.Error("expiry")
	}
}

func TestRandomTexts(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id, secret := NewID(), NewSecret()
		if len(id) != 22 || strings.Trim(id, base62) != "" {
			t.Fatalf("id %q", id)
		}
		if len(secret) != 32 || CheckSecret(secret) != nil {
			t.Fatalf("secret %q", secret)
		}
		seen[id], seen[secret] = true, true
	}
	if len(seen) != 2000 {
		t.Errorf("%d distinct texts of 2000", len(seen))
	}
}
