package main

import (
	"database/sql"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// services is how many services the process of BenchmarkServices has.
var services = flag.Int("services", 10_000, "services of BenchmarkServices")

// BenchmarkServices starts a process whose database has many services of a domain and
// two backends each, all active, and tells what it then takes. An op is such a start;
// activate-ms is the median of an activation, from the call to the answer.
func BenchmarkServices(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "data")
	first := startChild(b, dir)
	id := first.draftShop(b, 80)
	at := "/service/" + id + "/version/"
	first.mustCall(b, "POST", at+"1/backend", "name=second", "address=127.0.0.1", "port=81")
	first.mustCall(b, "PUT", at+"1/activate")
	first.kill()
	multiplyService(b, dir, id, *services-1)
	var c *child
	for b.Loop() {
		if c != nil {
			c.kill()
		}
		c = runChild(b, dir)
		for c.waitReady() != nil { // many services take longer than a test has patience
			if c.hasEnded() {
				b.Fatal(c.stderr)
			}
		}
	}
	b.ReportMetric(c.processorTime(b).Seconds(), "cpu-s/start")
	b.ReportMetric(memoryOf(b, c.cmd.Process.Pid, "VmRSS:"), "MiB-resident")
	b.ReportMetric(memoryOf(b, c.cmd.Process.Pid, "VmHWM:"), "MiB-peak")
	c.mustCall(b, "PUT", at+"1/clone")
	took := make([]float64, 50)
	for n := range took {
		began := time.Now()
		c.mustCall(b, "PUT", fmt.Sprintf("%s%d/activate", at, 2-n%2))
		took[n] = float64(time.Since(began).Microseconds()) / 1000
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "activate-ms")
}

func (c *child) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// multiplyService makes n more services in the database like the one that answers for
// shop.test, each with a domain of its own.
func multiplyService(b *testing.B, dir, id string, n int) {
	db, err := sql.Open("sqlite", filepath.Join(dir, "headwater.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const each = ` FROM service AS one, (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $2) SELECT n FROM c)`
	for _, insert := range []string{
		`INSERT INTO service (id, customer_id, name, comment, type, generation, created_at, updated_at)
		SELECT printf('s%d', n), customer_id, printf('s%d', n), comment, type, generation, created_at, updated_at` + each + ` WHERE id = $1`,
		`INSERT INTO version (service_id, number, active, locked, comment, revision, created_at, updated_at, size)
		SELECT printf('s%d', n), number, active, locked, v.comment, revision, v.created_at, v.updated_at, size` + each + `
		JOIN version AS v ON v.service_id = one.id WHERE id = $1`,
		`INSERT INTO object (service_id, version, kind, name, seq, body, created_at, updated_at)
		SELECT printf('s%d', n), version, kind, replace(o.name, 'shop.test', printf('s%d.test', n)), seq,
		replace(body, 'shop.test', printf('s%d.test', n)), o.created_at, o.updated_at` + each + `
		JOIN object AS o ON o.service_id = one.id WHERE id = $1`,
		`INSERT INTO domain_claim (name, service_id) SELECT printf('s%d.test', n), printf('s%d', n)` + each + ` WHERE id = $1`,
	} {
		if _, err := db.Exec(insert, id, n); err != nil {
			b.Fatal(err)
		}
	}
}
