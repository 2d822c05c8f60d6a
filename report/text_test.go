package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCheckText(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	expires := now.Add(58 * time.Second)
	certificate := Certificate{
		Subject: "CN=origin.test", Issuer: "CN=root", Names: []string{"origin.test", "www.origin.test"}, MoreNames: 3, Key: "ECDSA P-256",
		NotBefore: now.AddDate(0, -2, 0), NotAfter: now.AddDate(0, 0, 5),
	}
	expired := certificate
	expired.NotAfter = now.AddDate(0, 0, -7)
	c := &Check{
		Service: "ID", Name: "shop", Version: 3, State: "draft",
		Backend: "origin", Host: "origin.test", Port: 443, Healthcheck: "ping",
		Took: 64.25, Problems: []string{"192.0.2.2: TLS: certificate has expired"}, Warnings: []string{"192.0.2.1: the certificate expires in 5 days"},
		Names: &Names{Step: Step{Passed: true, Took: 12.345}, Expires: &expires},
		Addresses: []Address{{
			Address: "192.0.2.1", Connect: Step{Passed: true, Took: 3.1},
			TLS: &TLS{
				Step: Step{Passed: true, Took: 8.2}, SNI: "origin.test", Name: "origin.test", Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256",
				ALPN: "http/1.1", ClientCertificate: "not wanted", Chain: []Certificate{certificate},
			},
			Probe: &Probe{Step: Step{Passed: true, Took: 20}, Request: "HEAD /ping HTTP/1.1", Status: 200, Expected: 200},
		}, {
			Address: "192.0.2.2", Connect: Step{Passed: true, Took: 3.1},
			TLS: &TLS{
				Step:    Step{Took: 8.2, Reason: "certificate has expired", Cause: "x509: certificate has expired or is not yet valid"},
				Version: "TLS 1.2", Cipher: "ECDHE", ClientCertificate: "shown", Chain: []Certificate{expired},
			},
		}},
	}
	want := `backend      origin, at origin.test port 443
service      shop (ID), version 3, draft
check        FAILED, in 64.2 ms
             192.0.2.2: TLS: certificate has expired
warning      192.0.2.1: the certificate expires in 5 days

dns          2 addresses, in 12.3 ms, good for 58s

address      192.0.2.1
connect      in 3.1 ms
TLS          in 8.2 ms: TLS 1.3, TLS_AES_128_GCM_SHA256, http/1.1
names        sent origin.test, certificate checked for origin.test
client cert. not wanted
certificate  0  CN=origin.test
                for origin.test, www.origin.test and 3 more
                by CN=root, ECDSA P-256
                2026-09-26 to 2026-12-01, 5 days left
health check HEAD /ping HTTP/1.1
             200, as expected, in 20.0 ms

address      192.0.2.2
connect      in 3.1 ms
TLS          failed, after 8.2 ms: certificate has expired
             x509: certificate has expired or is not yet valid
             agreed on TLS 1.2, ECDHE
names        sent none, certificate not checked
client cert. wanted, and shown
certificate  0  CN=origin.test
                for origin.test, www.origin.test and 3 more
                by CN=root, ECDSA P-256
                2026-09-26 to 2026-11-19, EXPIRED 7 days ago
`
	if diff := cmp.Diff(want, c.Text(now)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}
