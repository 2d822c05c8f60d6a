package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

var stagingLine = regexp.MustCompile(`(?m)^headwater: the staging edge is on http://(\S+)$`)

// stagingEdge is i as its staging edge serves it.
func stagingEdge(tb testing.TB, i *instance) *instance {
	tb.Helper()
	at := stagingLine.FindStringSubmatch(i.stdout.String())
	if at == nil {
		tb.Fatalf("no staging edge in %s", i.stdout)
	}
	return &instance{api: i.api, edge: at[1]}
}

// A staged version is served on the staging edge alone, also after a restart.
func TestStagingEdge(t *testing.T) {
	old := ok(startOrigin("old", nil))(t)
	defer old.close()
	next := ok(startOrigin("next", nil))(t)
	defer next.close()
	data := filepath.Join(t.TempDir(), "data")
	begin := func(t *testing.T) *instance {
		t.Helper()
		i := launch(map[string]string{tokenVariable: testToken}, nil,
			"serve", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0", "-edge-staging", "127.0.0.1:0", "-data", data)
		t.Cleanup(func() {
			if code, err := i.stop(); code != exitOK || err != nil {
				t.Errorf("serve ended with code %d, %v: %s", code, err, i.stderr)
			}
		})
		if err := i.waitReady(); err != nil {
			t.Fatal(err)
		}
		return i
	}
	t.Run("stage", func(t *testing.T) {
		i := begin(t)
		staging := stagingEdge(t, i)
		ctx := t.Context()
		c := ok(fastly.NewClientForEndpoint(testToken, "http://"+i.api))(t)
		id := *ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("shop")}))(t).ServiceID
		ok(c.CreateDomain(ctx, &fastly.CreateDomainInput{ServiceID: id, ServiceVersion: 1, Name: new("shop.test")}))(t)
		ok(c.CreateBackend(ctx, &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: new("b"), Address: new("127.0.0.1"), Port: new(port(old))}))(t)
		ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
		ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
		ok(c.UpdateBackend(ctx, &fastly.UpdateBackendInput{ServiceID: id, ServiceVersion: 2, Name: "b", Port: new(port(next))}))(t)
		if r := fetch(t, staging, "shop.test"); r.status == http.StatusOK {
			t.Errorf("the staging edge serves what is not staged: %s", r.body)
		}
		ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 2, Environment: "staging"}))(t)
		wantBody(t, staging, "shop.test", "next")
		wantBody(t, i, "shop.test", "old")
	})
	t.Run("restart", func(t *testing.T) {
		i := begin(t)
		wantBody(t, stagingEdge(t, i), "shop.test", "next")
		wantBody(t, i, "shop.test", "old")
	})
}

// The staging edge is of the POP that the main edge is of.
func TestPOPOfTheStagingEdge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	i := start(t, func(p *process) {
		p.args = append(p.args, "-edge-staging", "127.0.0.1:0", "-pop", "IAD", "-access-log", file)
	})
	for _, edge := range []*instance{i, stagingEdge(t, i)} {
		fetch(t, edge, "unknown.test")
	}
	if code, err := i.stop(); code != exitOK || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	text := string(ok(os.ReadFile(file))(t))
	if lines, named := strings.Count(text, "\n"), strings.Count(text, `"pop":"IAD"`); lines != 2 || named != 2 {
		t.Errorf("%d lines, %d of the POP: %s", lines, named, text)
	}
}
