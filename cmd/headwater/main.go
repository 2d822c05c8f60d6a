// Command headwater is a self-hosted edge: an API that keeps versioned service
// configurations as Fastly's does, and a proxy that serves live traffic from the
// active version of each.
//
//	headwater serve     runs both in one process
//	headwater customer  creates and lists customers
//	headwater user      creates and lists users
//	headwater token     creates, lists and revokes API tokens
//	headwater origin    runs an origin that misbehaves as it is asked to
//	headwater version   prints the version
//	headwater help      prints this list
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// Exit codes. Scripts and supervisors tell a wrong call, which no restart mends,
// from a failure.
const (
	exitOK    = 0
	exitFail  = 1
	exitUsage = 2
)

// A process is what a command sees of the world around it, so that tests can run
// commands in their own process.
type process struct {
	args           []string // without the program's name
	lookup         func(name string) (value string, set bool)
	stdout, stderr io.Writer

	// For tests alone: plainIO keeps the edge from driving sockets by system calls
	// of its own, and drainTime is how long requests have to finish, 30 seconds
	// if it is 0.
	plainIO   bool
	drainTime time.Duration
}

// A command is one sub-command.
type command struct {
	name, help string
	run        func(ctx context.Context, p *process, args []string) error
}

var commands = []command{
	{"serve", "run the API and the edge in one process", serve},
	{"customer", "create or list customers", officeOf("customer")},
	{"user", "create or list users", officeOf("user")},
	{"token", "create, list or revoke API tokens", officeOf("token")},
	{"origin", "run an origin that misbehaves as it is asked to", serveOrigin},
	{"version", "print the version", version},
}

// errUsage marks an error as a wrong call.
var errUsage = errors.New("usage")

func main() {
	// Whoever reads our output may be gone before us, as after a Ctrl-C on a
	// pipeline. That must not keep requests from being finished.
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitFail)
	}()
	os.Exit(run(ctx, &process{
		args:   os.Args[1:],
		lookup: os.LookupEnv,
		stdout: os.Stdout,
		stderr: os.Stderr,
	}))
}

// run runs a command until it ends, or has drained after ctx ended, and returns
// the exit code.
func run(ctx context.Context, p *process) int {
	err := dispatch(ctx, p)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitOK // told to end before it was ready
	}
	// One line, whatever was joined to it on the way.
	atLast(func() { fmt.Fprintf(p.stderr, "headwater: %s\n", strings.ReplaceAll(err.Error(), "\n", "; ")) })
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFail
}

func dispatch(ctx context.Context, p *process) error {
	name, args := "help", []string(nil)
	if len(p.args) > 0 {
		name, args = p.args[0], p.args[1:]
	}
	switch name {
	case "help", "-h", "-help", "--help":
		usage(p.stdout)
		return nil
	}
	for _, c := range commands {
		if c.name == name {
			return c.run(ctx, p, args)
		}
	}
	return fmt.Errorf("%w: no command %q; \"headwater help\" lists them", errUsage, name)
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Headwater is a self-hosted edge with Fastly's configuration API.\n\nUsage:\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  headwater %-8s %s\n", c.name, c.help)
	}
	fmt.Fprint(w, "\n\"headwater COMMAND -h\" shows a command's flags.\n")
}

// version prints what the binary was built from, as far as the Go tool recorded
// it.
func version(_ context.Context, p *process, _ []string) error {
	text := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		text = info.Main.Version
	}
	_, err := fmt.Fprintf(p.stdout, "headwater %s\n", text)
	return err
}
