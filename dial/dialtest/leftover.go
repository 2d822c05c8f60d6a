package dialtest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// grace is how long goroutines that are about to end may take.
const grace = 2 * time.Second

// atOnce is how many tests that are fit for it run beside each other. They wait for
// clocks and each other more than they compute, so the number of processors, which is
// Go's own measure, has them wait in turn.
const atOnce = 8

// Run runs a package's tests and returns the exit code. It fails a run that left
// goroutines behind which run the package's code; the package is named as in stacks,
// headwater/dial.
func Run(m *testing.M, name string) (code int) {
	beside(atOnce)
	code = m.Run()
	if left := leftover(name); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
		return 1
	}
	return code
}

// beside has n tests run at once, unless the command line says how many, or fuzzes:
// there the same flag is the number of processes.
func beside(n int) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" || f.Name == "test.fuzz" })
	if !said {
		flag.Set("test.parallel", strconv.Itoa(n))
	}
}

// leftover returns the stacks of those goroutines once they have had their grace.
func leftover(name string) string {
	for due := time.Now().Add(grace); ; time.Sleep(time.Millisecond) {
		var left []string
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for stack := range strings.SplitSeq(string(stacks), "\n\n") {
			if strings.Contains(stack, name+".") && !strings.Contains(stack, name+".TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(due) {
			return strings.Join(left, "\n\n")
		}
	}
}
