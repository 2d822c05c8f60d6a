package api_test

import (
	"net/http"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

func TestClientUsers(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	u := ok(c.CreateUser(ctx, &fastly.CreateUserInput{Login: new("a+b@shop.test"), Name: new("A"), Role: new("engineer")}))(t)
	if *u.Login != "a+b@shop.test" || *u.Role != "engineer" || len(*u.UserID) != 22 || *u.CustomerID != ownCustomer(t, f) {
		t.Errorf("created %+v", u)
	}
	path := "/user/" + *u.UserID
	if got := f.must(t, "GET", path); got["locked"] != nil || got["require_new_password"] != nil || got["limit_services"] != false || len(got) != 13 {
		t.Errorf("one that never called: %v", got)
	}
	if got := f.must(t, "GET", "/current_user"); got["locked"] != false || got["require_new_password"] != false || got["last_active_at"] == nil {
		t.Errorf("one that calls: %v", got)
	}
	u = ok(c.UpdateUser(ctx, &fastly.UpdateUserInput{UserID: *u.UserID, Name: new("B"), Role: new("superuser")}))(t)
	if *u.Name != "B" || *u.Role != "superuser" {
		t.Errorf("updated %+v", u)
	}
	if err := c.ResetUserPassword(ctx, &fastly.ResetUserPasswordInput{Login: "a+b@shop.test"}); err != nil {
		t.Error(err)
	}
	if list := ok(c.ListCustomerUsers(ctx, &fastly.ListCustomerUsersInput{CustomerID: *u.CustomerID}))(t); len(list) != 2 {
		t.Errorf("listed %v", list)
	}
	f.do(t, "POST", "/user", "login", "a+b@shop.test").want(t, 409, jsonError("Duplicate record", "Duplicate user: 'a+b@shop.test'"))
	f.do(t, "POST", "/user", "name", "C").want(t, 400, jsonError("Bad request", "'login' is required"))
	f.do(t, "PUT", path, "login", "c").want(t, 400, jsonError("Bad request", "Not allowed to modify field 'login'"))
	f.do(t, "PUT", path, "role", "king").want(t, 400, "")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		f.as(t, otherToken, method, path, "name", "x").want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	}
	f.as(t, readerToken, "POST", "/user", "login", "d").want(t, http.StatusForbidden, "")
	f.as(t, limitedToken, "POST", "/user", "login", "d").want(t, http.StatusForbidden, "")

	made := f.must(t, "GET", "/current_user")["id"].(string)
	f.do(t, "DELETE", "/user/"+made).want(t, 400, "")
	for _, want := range []bool{true, false} {
		err := c.DeleteUser(ctx, &fastly.DeleteUserInput{UserID: *u.UserID})
		if (err == nil) != want {
			t.Errorf("deleted %v", err)
		}
	}
}
