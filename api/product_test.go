package api_test

import (
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly/products/brotlicompression"
	"github.com/fastly/go-fastly/v12/fastly/products/ngwaf"
)

func TestClientProducts(t *testing.T) {
	f := start(t)
	c, ctx, id := client(t, f), t.Context(), f.must(t, "POST", "/service", "name", "shop")["id"].(string)

	_, err := brotlicompression.Get(ctx, c, id)
	wantHTTP(t, err, 400, "no product on service", "")
	on := ok(brotlicompression.Enable(ctx, c, id))(t)
	if on.ProductID() != "brotli_compression" || on.ServiceID() != id {
		t.Errorf("enabled %+v", on)
	}
	ok(brotlicompression.Enable(ctx, c, id))(t) // again
	ok(brotlicompression.Get(ctx, c, id))(t)
	for range 2 {
		if err := brotlicompression.Disable(ctx, c, id); err != nil {
			t.Error(err)
		}
	}
	_, err = brotlicompression.Get(ctx, c, id)
	wantHTTP(t, err, 400, "no product on service", "")
}

func TestProductConfiguration(t *testing.T) {
	f := start(t)
	c, ctx, id := client(t, f), t.Context(), f.must(t, "POST", "/service", "name", "shop")["id"].(string)

	_, err := ngwaf.GetConfiguration(ctx, c, id)
	wantHTTP(t, err, 400, "no product on service", "")
	_, err = ngwaf.UpdateConfiguration(ctx, c, id, ngwaf.ConfigureInput{TrafficRamp: "45"})
	wantHTTP(t, err, 400, "no product on service", "")
	ok(ngwaf.Enable(ctx, c, id, ngwaf.EnableInput{WorkspaceID: "w1"}))(t)
	ok(ngwaf.UpdateConfiguration(ctx, c, id, ngwaf.ConfigureInput{TrafficRamp: "45"}))(t)
	got := ok(ngwaf.GetConfiguration(ctx, c, id))(t)
	if *got.Configuration.WorkspaceID != "w1" || *got.Configuration.TrafficRamp != "45" {
		t.Errorf("configuration %+v", got.Configuration)
	}
}

// The reply to a product that is off is Fastly's, byte for byte.
func TestProductReplies(t *testing.T) {
	f := start(t)
	id := f.must(t, "POST", "/service", "name", "shop")["id"].(string)
	self := "/enabled-products/v1/ddos_protection/services/" + id
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", self, "", 400, `{"type":"","title":"no product on service","status":400,"errors":null,"detail":""}` + "\n"},
		{"PUT", self, "", 200, `{"product":{"id":"ddos_protection","object":"product"},"service":{"id":"` + id + `","object":"service"},` +
			`"_links":{"self":"` + self + `"}}`},
		{"PUT", self, "null", 200, ""},
		{"PATCH", self + "/configuration", `{"mode":"loud"}`, 400, `{"msg":"Bad request","detail":"'mode' must be one of off, log, block"}`},
		{"PATCH", self + "/configuration", `{"depth":"1"}`, 400, `{"msg":"Bad request","detail":"'depth' is no setting of ddos_protection"}`},
		{"GET", self + "/configuration", "", 200, `{"product":{"id":"ddos_protection","object":"product"},"service":{"id":"` + id + `","object":"service"},` +
			`"configuration":{"mode":"log"},"_links":{"self":"` + self + `/configuration"}}`},
		{"PATCH", self + "/configuration", `{"mode":"block"}`, 200, `{"product":{"id":"ddos_protection","object":"product"},"service":{"id":"` + id + `","object":"service"},` +
			`"configuration":{"mode":"block"},"_links":{"self":"` + self + `/configuration"}}`},
		{"DELETE", self, "", 204, ""},
		{"PUT", "/enabled-products/v1/ngwaf/services/" + id, "", 400, `{"msg":"Bad request","detail":"'workspace_id' is required"}`},
		{"GET", "/enabled-products/v1/teleport/services/" + id, "", 404, `{"msg":"Not found"}`},
		{"PUT", "/enabled-products/v1/fanout/services/none", "", 404, `{"msg":"Not found"}`},
	} {
		got := f.send(t, tt.method, tt.path, ownerToken, strings.NewReader(tt.body), "Content-Type: application/json")
		if got.status != tt.status || tt.want != "" && got.body != tt.want {
			t.Errorf("%s %s: %d %q\nwant %d %q", tt.method, tt.path, got.status, got.body, tt.status, tt.want)
		}
	}
}
