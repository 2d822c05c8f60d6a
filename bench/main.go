// Command bench measures Headwater beside nginx and HAProxy, and for HTTP/2 beside Caddy,
// on one machine:
//
//	go run ./bench
//
// It builds Headwater, starts an origin, and those of the others that are installed, each
// with the configuration in conf, and takes them through the scenarios in turn, round
// by round (A B C, B C A), so that whatever else the machine does hits all alike, and what
// one has still to do after its run no other more than the rest. The
// first round is not counted. For each scenario it prints requests a second, processor
// time a request (of the proxy's own processes, user and system), latency, and the
// proxy's peak of resident memory, and how they compare with the best peer.
//
// The load comes from wrk, h2load and, at a fixed rate, from this program. Everything
// shares the machine's processors: read processor time and ratios first.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Options are what to measure.
type options struct {
	scenarios []string
	rounds    int
	length    time.Duration // of one run
	rate      int           // requests a second, of the scenario at a fixed rate
	binary    string        // Headwater's; built if ""
	against   string        // another one, "" for none
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // with which the proxies ended: what failed for that says less
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	chosen, err := choose(o.scenarios)
	if err != nil {
		return err
	}
	if err := present("wrk", "nginx"); err != nil {
		return err
	}
	b := &bench{options: o}
	defer b.close()
	if err := b.start(ctx, chosen); err != nil {
		return err
	}
	b.say()
	for _, s := range chosen {
		if err := b.measure(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 7, "counted rounds")
	f.DurationVar(&o.length, "time", 2*time.Second, "length of one run")
	f.IntVar(&o.rate, "rate", 2000, "requests a second at a fixed rate")
	f.StringVar(&o.binary, "binary", "", "a headwater `binary` to measure, instead of building one")
	f.StringVar(&o.against, "against", "", "another headwater `binary` to compare with")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "usage: bench [flags] [scenario ...]\n\nThe scenarios, all of them unless some are named:")
		for _, s := range scenarios {
			fmt.Fprintf(f.Output(), "  %-10s %s\n", s.name, s.about)
		}
		fmt.Fprintln(f.Output(), "\nThe flags:")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if o.rounds < 1 || o.length < time.Second || o.rate < 1 {
		return nil, errors.New("there is at least one round, of a second, at one request a second")
	}
	o.scenarios = f.Args()
	return o, nil
}

func choose(names []string) ([]*scenario, error) {
	if len(names) == 0 {
		return scenarios, nil
	}
	var all []*scenario
	for _, name := range names {
		i := slices.IndexFunc(scenarios, func(s *scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no scenario %q; -help lists them", name)
		}
		all = append(all, scenarios[i])
	}
	return all, nil
}

// present reports what is not installed of what nothing can be measured without.
func present(programs ...string) error {
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s not found: install the packages wrk, nginx-light, haproxy, caddy and nghttp2-client", strings.Join(missing, " and "))
	}
	return nil
}

// A bench is everything that runs while measuring.
type bench struct {
	*options
	dir     string // of all files, gone afterwards
	origin  *origin
	proxies []*proxy
	started []*exec.Cmd
}

func (b *bench) start(ctx context.Context, chosen []*scenario) (err error) {
	if b.dir, err = os.MkdirTemp("", "headwater-bench-"); err != nil {
		return err
	}
	if os.Getuid() == 0 { // nginx's workers are somebody else otherwise
		os.Chmod(b.dir, 0o755)
	}
	if b.binary == "" {
		b.binary = filepath.Join(b.dir, "headwater")
		fmt.Println("building headwater ...")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.binary, "./cmd/headwater").CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	if b.origin, err = b.startOrigin(ctx); err != nil {
		return err
	}
	return b.startProxies(ctx, chosen)
}

// say prints what all figures depend on.
func (b *bench) say() {
	fmt.Printf("%s, %s, %d processors of %s, %s\n", time.Now().Format("2 January 2006"), runtime.Version(), runtime.NumCPU(), processor(), kernel())
	for _, p := range b.proxies {
		fmt.Printf("%-12s %s\n", p.name, p.version)
	}
	fmt.Printf("%d rounds of %v each, after one that is not counted\n", b.rounds, b.length)
}

func (b *bench) close() {
	if b.origin != nil {
		b.origin.close()
	}
	for _, c := range b.started {
		c.Process.Signal(syscall.SIGTERM)
	}
	for _, c := range b.started {
		c.Wait()
	}
	if b.dir != "" {
		os.RemoveAll(b.dir)
	}
}

// measure takes every proxy through a scenario, in turn, and prints the outcome.
func (b *bench) measure(ctx context.Context, s *scenario) error {
	fmt.Printf("\n%s: %s\n", s.name, s.about)
	if s.once != nil {
		return s.once(ctx, b)
	}
	if s.tool != "" && present(s.tool) != nil {
		fmt.Printf("  left out: %s is not installed\n", s.tool)
		return nil
	}
	rows := b.rows(s)
	for round := range b.rounds + 1 {
		for i := range rows {
			r := rows[(i+round)%len(rows)]
			got, err := b.sample(ctx, r.scenario, r.proxy.endpoints[r.scenario.at])
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if round > 0 {
				r.all = append(r.all, got)
			}
		}
	}
	show(rows)
	return nil
}

// rows are what a scenario is measured for.
func (b *bench) rows(s *scenario) (all []*row) {
	for _, p := range b.proxies {
		if _, able := p.endpoints[s.at]; !able {
			continue
		}
		r := &row{name: p.name, proxy: p, scenario: s}
		if all = append(all, r); s.base != nil && p.ours {
			r.base = &row{name: p.name + ", " + s.base.name, proxy: p, scenario: s.base}
			all = append(all, r.base)
		}
	}
	return all
}

// sample is one run of a scenario.
func (b *bench) sample(ctx context.Context, s *scenario, to endpoint) (sample, error) {
	forgetPeak(to.pids)
	before, err := busy(to.pids)
	if err != nil {
		return sample{}, err
	}
	got, err := s.load(ctx, b, to)
	if err != nil {
		return sample{}, err
	}
	after, err := busy(to.pids)
	if err != nil {
		return sample{}, err
	}
	if got.requests == 0 {
		return sample{}, errors.New("no request was answered")
	}
	got.cpu = (after - before) / time.Duration(got.requests)
	got.peak = resident(to.pids, "VmHWM")
	return got, nil
}
