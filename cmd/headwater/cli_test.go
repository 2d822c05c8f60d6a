package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commandLine is the release of Fastly's CLI that the test runs.
const commandLine = "@fastly/cli@16.1.0"

// TestCLI runs testdata/cli/commands.txt with Fastly's own CLI, installed anew
// where that can be done, and looks whether traffic flows. At last it uploads a
// package, and removes all that it made.
func TestCLI(t *testing.T) {
	dir := npmInstall(t, commandLine)
	origin := ok(startOrigin("origin", nil))(t)
	defer origin.close()
	i := start(t, nil)
	c := &cli{T: t, path: filepath.Join(dir, "node_modules", ".bin", "fastly"), vars: map[string]string{
		"ORIGIN_HOST": "127.0.0.1", "ORIGIN_PORT": origin.port(), "PACKAGE": examplePackage(t),
	}}
	c.env = append(os.Environ(), "HOME="+t.TempDir(), "FASTLY_API_TOKEN="+testToken,
		"FASTLY_API_ENDPOINT=http://"+i.api, "FASTLY_ACCOUNT_ENDPOINT=http://"+i.api)
	c.script("testdata/cli/commands.txt")
	wantBody(t, i, "shop.test", "origin")
	c.script("testdata/cli/end.txt")
}

// A cli runs commands, and remembers what their output named.
type cli struct {
	*testing.T
	path string
	env  []string
	vars map[string]string
}

// script runs the commands of a file, which explains itself.
func (c *cli) script(name string) {
	c.Helper()
	text := ok(os.ReadFile(name))(c)
	var command, output string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		want, expects := strings.CutPrefix(line, "> ")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case !expects:
			command, output = line, c.run(line)
		default:
			c.expect(command, want, output)
		}
	}
}

func (c *cli) run(command string) (output string) {
	c.Helper()
	line, fails := strings.CutPrefix(command, "! ")
	args := strings.Fields(line)
	for i := range args {
		args[i] = os.Expand(args[i], func(name string) string { return c.vars[name] })
	}
	fastly := exec.CommandContext(c.Context(), c.path, args...)
	fastly.Env = c.env
	out, err := fastly.CombinedOutput()
	if (err != nil) != fails {
		c.Errorf("fastly %s: %v\n%s", command, err, out)
	}
	return string(out)
}

func (c *cli) expect(command, want, output string) {
	c.Helper()
	want = os.Expand(want, func(name string) string { return regexp.QuoteMeta(c.vars[name]) })
	pattern := ok(regexp.Compile(want))(c)
	found := pattern.FindStringSubmatch(output)
	if found == nil {
		c.Errorf("fastly %s: no %q in\n%s", command, want, output)
		return
	}
	for i, name := range pattern.SubexpNames() {
		if name != "" {
			c.vars[name] = found[i]
		}
	}
}

// examplePackage is one that comes with Fastly's client for Go.
func examplePackage(t *testing.T) string {
	t.Helper()
	dir := ok(exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/fastly/go-fastly/v12").Output())(t)
	return filepath.Join(strings.TrimSpace(string(dir)), "fastly", "test_assets", "package", "valid.tar.gz")
}
