package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A loader puts load on an endpoint for the length of a run, and says what came of it.
type loader func(ctx context.Context, b *bench, to endpoint) (sample, error)

// wrk loads with so many connections, each of which sends a request as soon as the
// last one is answered.
func wrk(connections int, path string, args ...string) loader {
	return func(ctx context.Context, b *bench, to endpoint) (sample, error) {
		return b.wrk(ctx, to, connections, path, args)
	}
}

// posting is wrk with requests that have a body of n bytes.
func posting(connections, n int) loader {
	return func(ctx context.Context, b *bench, to endpoint) (sample, error) {
		return b.wrk(ctx, to, connections, "/upload", nil, "BENCH_BODY="+strconv.Itoa(n))
	}
}

// visiting is wrk with requests to any of so many hosts.
func visiting(connections, hosts int, path string) loader {
	return func(ctx context.Context, b *bench, to endpoint) (sample, error) {
		return b.wrk(ctx, to, connections, path, nil, "BENCH_HOSTS="+strconv.Itoa(hosts))
	}
}

func (b *bench) wrk(ctx context.Context, to endpoint, connections int, path string, args []string, variables ...string) (sample, error) {
	lua := filepath.Join(b.dir, "report.lua")
	text, err := conf.ReadFile("conf/report.lua")
	if err != nil {
		return sample{}, err
	}
	if err := os.WriteFile(lua, text, 0o644); err != nil {
		return sample{}, err
	}
	// A single thread has no time left where each connection is new, and what is measured then is wrk.
	threads := min(runtime.NumCPU(), connections)
	all := append([]string{"-t" + strconv.Itoa(threads), "-c" + strconv.Itoa(connections), "-d" + b.length.String(), "-s" + lua, "-HHost: " + to.host}, args...)
	out, err := output(ctx, variables, "wrk", append(all, to.url+path)...)
	if err != nil {
		return sample{}, err
	}
	return readFigures(out)
}

// readFigures reads what report.lua writes.
func readFigures(out string) (s sample, err error) {
	_, line, found := strings.Cut(out, "figures ")
	if !found {
		return s, fmt.Errorf("wrk said\n%s", out)
	}
	var took, p50, p99, p999 int64
	if _, err := fmt.Sscan(line, &s.requests, &s.errors, &took, &p50, &p99, &p999); err != nil {
		return s, err
	}
	s.p50, s.p99, s.p999 = micros(p50), micros(p99), micros(p999)
	s.rate = float64(s.requests) / micros(took).Seconds()
	return s, nil
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// h2load loads with HTTP/2 over TLS: so many connections with so many streams each.
func h2load(connections, streams int, path string) loader {
	return func(ctx context.Context, b *bench, to endpoint) (sample, error) {
		scheme, address, _ := strings.Cut(to.url, "://")
		_, port, _ := strings.Cut(address, ":")
		out, err := output(ctx, nil, "h2load", "-t1", "-c"+strconv.Itoa(connections), "-m"+strconv.Itoa(streams),
			"-D"+b.length.String(), "--connect-to="+address, scheme+"://"+to.host+":"+port+path)
		if err != nil {
			return sample{}, err
		}
		return readH2load(out, b.length)
	}
}

// readH2load reads its summary, which has no percentiles: p50 is the mean.
func readH2load(out string, length time.Duration) (s sample, err error) {
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "requests:") && len(words) > 11:
			s.requests = number(words[7])
			s.errors = number(words[9]) + number(words[11])
		case strings.HasPrefix(line, "time for request:") && len(words) > 5:
			if s.p50, err = time.ParseDuration(words[5]); err != nil {
				return s, err
			}
		}
	}
	if s.requests == 0 {
		return s, fmt.Errorf("h2load said\n%s", out)
	}
	s.rate = float64(s.requests) / length.Seconds()
	return s, nil
}

func number(word string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(word, ","))
	return n
}

func output(ctx context.Context, variables []string, program string, args ...string) (string, error) {
	var out, failed bytes.Buffer
	c := exec.CommandContext(ctx, program, args...)
	c.Env = append(os.Environ(), variables...)
	c.Stdout, c.Stderr = &out, &failed
	apart(c)
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", program, err, out.String(), failed.String())
	}
	return out.String(), nil
}
