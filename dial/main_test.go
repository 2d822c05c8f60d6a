package dial

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

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
	code := dialtest.Run(m, "headwater/dial")
	os.RemoveAll(dir)
	os.Exit(code)
}

// before is the test that there is none of yet.
type before struct{ testing.TB }

func (before) Helper()           {}
func (before) Fatal(args ...any) { panic(fmt.Sprint(args...)) }
