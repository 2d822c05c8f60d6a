package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fastly/go-fastly/v12/fastly"
)

// wantKeys checks that an object has these keys and no others.
func wantKeys(t *testing.T, what string, object map[string]any, want string) {
	t.Helper()
	keys := strings.Fields(want)
	for _, key := range keys {
		if _, has := object[key]; !has {
			t.Errorf("%s has no %s", what, key)
		}
	}
	if len(object) != len(keys) {
		t.Errorf("%s has %d keys, want %d: %v", what, len(object), len(keys), object)
	}
}

const tokenKeys = "id user_id customer_id name last_used_at created_at expires_at ip user_agent sudo_expires_at scopes scope services service_id"

func TestTokens(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	id := strings.Split(f.draft(t, "shop"), "/")[2]
	self := ok(c.GetTokenSelf(ctx))(t)
	if *self.Name != "operator" || string(*self.Scope) != "global" || *self.IP != "127.0.0.1" || len(*self.UserID) != 22 {
		t.Errorf("self %+v", self)
	}
	wantKeys(t, "self", f.must(t, "GET", "/tokens/self"), tokenKeys)

	scope := fastly.TokenScope("global:read")
	expires := f.now.Now().Add(time.Hour)
	made := ok(c.CreateToken(ctx, &fastly.CreateTokenInput{
		Name: new("ci"), Scope: &scope, Services: []string{id}, ExpiresAt: &expires, Username: new("u"), Password: new("p"),
	}))(t)
	if len(*made.AccessToken) != 32 || !made.ExpiresAt.Equal(expires) || len(made.Services) != 1 || made.Services[0] != id {
		t.Errorf("made %+v", made)
	}
	if r := f.as(t, *made.AccessToken, "GET", "/service/"+id); r.status != 200 {
		t.Errorf("the new token: %d %s", r.status, r.body)
	}
	f.as(t, *made.AccessToken, "PUT", "/service/"+id, "name", "x").want(t, 403, "")
	list := ok(c.ListTokens(ctx, nil))(t)
	customer := f.must(t, "GET", "/current_customer")["id"].(string)
	if all := ok(c.ListCustomerTokens(ctx, &fastly.ListCustomerTokensInput{CustomerID: customer}))(t); len(all) != len(list) || len(all) < 5 {
		t.Errorf("%d and %d tokens", len(list), len(all))
	}
	for _, r := range []reply{f.do(t, "GET", "/tokens"), f.do(t, "GET", "/customer/"+customer+"/tokens")} {
		if strings.Contains(r.body, "access_token") || strings.Contains(r.body, *made.AccessToken) || strings.Contains(r.body, ownerToken) {
			t.Errorf("a list shows secrets: %s", r.body)
		}
	}
	f.now.advance(time.Hour)
	f.as(t, *made.AccessToken, "GET", "/service/"+id).want(t, 401, `{"msg":"Token `+*made.TokenID+` expired at 2026-11-22T11:30:00Z"}`)
	wantNoError(t, c.DeleteToken(ctx, &fastly.DeleteTokenInput{TokenID: *made.TokenID}))
	f.as(t, *made.AccessToken, "GET", "/service/"+id).want(t, 401, unauthorized)
	f.do(t, "DELETE", "/tokens/"+*made.TokenID).want(t, 404, `{"msg":"Not found"}`)
}

func wantNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestTokenRevocation(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	make := func() *fastly.Token {
		return ok(c.CreateToken(ctx, &fastly.CreateTokenInput{Name: new("x")}))(t)
	}
	one, two, three := make(), make(), make()
	wantNoError(t, c.BatchDeleteTokens(ctx, &fastly.BatchDeleteTokensInput{Tokens: []*fastly.BatchToken{{ID: *one.TokenID}, {ID: *two.TokenID}}}))
	f.as(t, *one.AccessToken, "GET", "/service").want(t, 401, "")
	f.as(t, *two.AccessToken, "GET", "/service").want(t, 401, "")
	if err := c.BatchDeleteTokens(ctx, &fastly.BatchDeleteTokensInput{Tokens: []*fastly.BatchToken{{ID: *three.TokenID}, {ID: "absent"}}}); err == nil {
		t.Error("no error")
	}
	r := f.as(t, *three.AccessToken, "DELETE", "/tokens/self")
	if r.status != 204 || r.body != "" {
		t.Errorf("%d %q", r.status, r.body)
	}
	f.as(t, *three.AccessToken, "GET", "/service").want(t, 401, "")
	f.as(t, readerToken, "DELETE", "/tokens/self").want(t, 204, "")
	f.as(t, readerToken, "GET", "/service").want(t, 401, "")
	f.as(t, purgeToken, "GET", "/tokens/self").want(t, 200, "")
	f.as(t, purgeToken, "GET", "/tokens").want(t, 403, "")
}

// The services of a new token come in every way that clients know; what is not
// understood makes no token, which would be one that nothing limits.
func TestTokenServices(t *testing.T) {
	f := start(t)
	id := strings.Split(f.draft(t, "shop"), "/")[2]
	const form, json = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"
	for _, tt := range []struct {
		body, as string
		status   int
	}{
		{"services[]=" + id, form, 200},
		{"services=" + id, form, 200},
		{`{"name":"n","services":["` + id + `"]}`, json, 200},
		{`{"name":"n","services":"` + id + `"}`, json, 200},
		{`{"services":[1]}`, json, 400},
		{`{"services":{"id":"` + id + `"}}`, json, 400},
		{`{"services":7}`, json, 400},
		{`{"services":["` + id + `"],"services":[]}`, json, 400},
		{`{"scope":["global:read"]}`, json, 400},
		{"scope=global:read&scope=global", form, 400},
	} {
		got := f.send(t, "POST", "/tokens", ownerToken, strings.NewReader(tt.body), tt.as)
		if got.status != tt.status {
			t.Errorf("%s: %d %s; want %d", tt.body, got.status, got.body, tt.status)
		}
		if got.status == 200 && got.object(t)["service_id"] != id {
			t.Errorf("%s makes %s", tt.body, got.body)
		}
	}
}

// A token that is limited makes none that is less so, and sees no other.
func TestTokenNoEscalation(t *testing.T) {
	f := start(t)
	mine := strings.Split(f.draft(t, "shop"), "/")[2]
	other := strings.Split(f.draft(t, "other"), "/")[2]
	foreign := f.as(t, otherToken, "POST", "/service", "name", "theirs").object(t)["id"].(string)
	limited := f.must(t, "POST", "/tokens", "services[]", mine, "expires_at", "2026-12-01T00:00:00Z")["access_token"].(string)
	child := f.as(t, limited, "POST", "/tokens", "name", "child").object(t)
	if child["service_id"] != mine || child["expires_at"] != "2026-12-01T00:00:00Z" {
		t.Errorf("child %v", child)
	}
	f.as(t, limited, "POST", "/tokens", "services[]", other).want(t, 404, "")
	f.do(t, "POST", "/tokens", "services[]", foreign).want(t, 404, "")
	for _, path := range []string{"/tokens", "/customer/" + child["customer_id"].(string) + "/tokens"} {
		if list := f.as(t, limited, "GET", path).list(t); len(list) > 1 {
			t.Errorf("%s shows %v", path, list)
		}
	}
	f.as(t, limited, "DELETE", "/tokens/"+child["id"].(string)).want(t, 404, "")
	for _, form := range [][]string{{"scope", "all"}, {"expires_at", "soon"}, {"expires_at", "2020-01-01"}, {"expires_at", "2020-01-01T00:00:00Z"}, {"name", "a\nb"}} {
		f.do(t, "POST", "/tokens", form...).want(t, 400, "")
	}
	f.as(t, readerToken, "POST", "/tokens").want(t, 403, "")
	f.send(t, "POST", "/tokens", ownerToken, strings.NewReader("[1]"), "Content-Type: application/json").want(t, 400, "")
}

func TestAutomationTokens(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	scope := fastly.TokenScope("global")
	made := ok(c.CreateAutomationToken(ctx, &fastly.CreateAutomationTokenInput{Name: "bot", Role: "engineer", Scope: &scope}))(t)
	if *made.Name != "bot" || string(*made.Role) != "engineer" || len(*made.AccessToken) != 32 {
		t.Errorf("made %+v", made)
	}
	f.as(t, *made.AccessToken, "GET", "/service").want(t, 200, "[]")
	if list := ok(c.ListAutomationTokens(ctx))(t); len(list) != 1 || *list[0].TokenID != *made.TokenID || *list[0].AccessToken != "" {
		t.Errorf("listed %+v", list)
	}
	ok(c.GetAutomationToken(ctx, &fastly.GetAutomationTokenInput{TokenID: *made.TokenID}))(t)
	got := f.must(t, "GET", "/automation-tokens/"+*made.TokenID)
	wantKeys(t, "automation token", got, "id services name role access_token scope ip created_at last_used_at expires_at user_agent")
	if got["services"] != nil || got["scope"] != "global" || got["access_token"] != "" {
		t.Errorf("got %v", got)
	}
	wantNoError(t, c.DeleteAutomationToken(ctx, &fastly.DeleteAutomationTokenInput{TokenID: *made.TokenID}))
	f.as(t, *made.AccessToken, "GET", "/service").want(t, 401, "")
	wantKeys(t, "meta", f.must(t, "GET", "/automation-tokens")["meta"].(map[string]any), "per_page current_page record_count total_pages")
}

func TestWhoAmI(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	id := strings.Split(f.draft(t, "shop"), "/")[2]
	user := ok(c.GetCurrentUser(ctx))(t)
	if got := ok(c.GetUser(ctx, &fastly.GetUserInput{UserID: *user.UserID}))(t); *got.Login != *user.Login || *got.Role != "superuser" {
		t.Errorf("user %+v", got)
	}
	if users := ok(c.ListCustomerUsers(ctx, &fastly.ListCustomerUsersInput{CustomerID: *user.CustomerID}))(t); len(users) != 1 {
		t.Errorf("%d users", len(users))
	}
	customer := f.must(t, "GET", "/current_customer")
	if customer["id"] != *user.CustomerID || customer["owner_id"] != *user.UserID || customer["name"] != "headwater" {
		t.Errorf("customer %v", customer)
	}
	f.must(t, "GET", "/customer/"+*user.CustomerID)
	v := f.must(t, "GET", "/verify")
	wantKeys(t, "verify", v, "customer user services token")
	if v["services"].(map[string]any)[id] != "shop" || v["user"].(map[string]any)["id"] != *user.UserID {
		t.Errorf("verify %v", v)
	}
	for _, path := range []string{"/user/" + *user.UserID, "/customer/" + *user.CustomerID, "/customer/" + *user.CustomerID + "/users", "/customer/" + *user.CustomerID + "/tokens", "/user/absent", "/customer/absent"} {
		f.as(t, otherToken, "GET", path).want(t, 404, `{"msg":"Not found"}`)
	}
}
