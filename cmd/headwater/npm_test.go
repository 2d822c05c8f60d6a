package main

import (
	"os"
	"os/exec"
	"testing"
)

// npmInstall installs a package anew, and returns the directory. Where there is
// no node and npm, or no registry that has the package, only continuous
// integration must have them.
func npmInstall(t *testing.T, name string) (dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("installs a package")
	}
	missing := func(what string, err error) {
		t.Helper()
		if os.Getenv("HEADWATER_CI") == "1" {
			t.Fatal(what, err)
		}
		t.Skip(what, err)
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(tool, err)
		}
	}
	dir = t.TempDir()
	install := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix", dir, name)
	if out, err := install.CombinedOutput(); err != nil {
		missing("npm install: "+string(out), err)
	}
	return dir
}
