package dial

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"headwater/dial/dialtest"
)

// system is an authority that the machine trusts, as far as these tests can tell.
var system *dialtest.Authority

// TestMain fails a run that left goroutines of this package behind.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dial")
	if err != nil {
		panic(err)
	}
	system = dialtest.NewAuthority(before{}, "the system's authority")
	roots := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(roots, []byte(system.PEM()), 0o600); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", roots)
	os.Setenv("SSL_CERT_DIR", dir)
	code := m.Run()
	os.RemoveAll(dir)
	if left := leftover(2 * time.Second); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// before is the test that there is none of yet.
type before struct{ testing.TB }

func (before) Helper()           {}
func (before) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// leftover returns the stacks of the goroutines that run this package's code,
// once those that are about to end have had that long.
func leftover(grace time.Duration) string {
	for due := time.Now().Add(grace); ; time.Sleep(time.Millisecond) {
		var left []string
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for _, stack := range strings.Split(string(stacks), "\n\n") {
			if strings.Contains(stack, "headwater/dial.") && !strings.Contains(stack, "headwater/dial.TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(due) {
			return strings.Join(left, "\n\n")
		}
	}
}
