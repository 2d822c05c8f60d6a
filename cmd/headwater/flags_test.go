package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

// TestFlagsAreDocumented holds docs/serve.md to the flags that there are.
func TestFlagsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/serve.md")
	if err != nil {
		t.Fatal(err)
	}
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	new(serveFlags).define(fs)
	fs.VisitAll(func(f *flag.Flag) {
		row := ""
		for line := range strings.Lines(string(text)) {
			name, found := strings.CutPrefix(line, "| `--"+f.Name)
			if found && (name[0] == '`' || name[0] == ' ') {
				row = line
			}
		}
		byDefault := strings.TrimSuffix(f.DefValue, "0s") // 1m0s is written 60s
		if row == "" {
			t.Errorf("docs/serve.md has no row for --%s", f.Name)
		} else if byDefault != "" && byDefault != "false" && byDefault != "1m" && !strings.Contains(row, "`"+f.DefValue+"`") {
			t.Errorf("docs/serve.md has another default for --%s than %s", f.Name, f.DefValue)
		}
	})
}

func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{nil, exitOK, "headwater serve", ""},
		{[]string{"help"}, exitOK, "headwater serve", ""},
		{[]string{"version"}, exitOK, "headwater ", ""},
		{[]string{"serve", "-h"}, exitOK, "-access-log FILE", ""},
		{[]string{"surf"}, exitUsage, "", `no command "surf"`},
		{[]string{"serve", "-resolver", "dns.test"}, exitUsage, "", `-resolver: name server "dns.test" is no IP address`},
	} {
		i := launch(nil, nil, tt.args...)
		if code, err := i.wait(); code != tt.code || err != nil {
			t.Errorf("%q: code %d, %v", tt.args, code, err)
		}
		if out := i.stdout.String(); !strings.Contains(out, tt.stdout) || tt.stdout == "" && out != "" {
			t.Errorf("%q: stdout %q", tt.args, out)
		}
		if out := i.stderr.String(); !strings.Contains(out, tt.stderr) || tt.stderr == "" && out != "" {
			t.Errorf("%q: stderr %q", tt.args, out)
		}
	}
}
