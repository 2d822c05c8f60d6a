package metric

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// system adds what the kernel knows of the process. What cannot be read is left
// out.
func system(p *Reading) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		p.Add(CPUSeconds, seconds(usage.Utime)+seconds(usage.Stime))
	}
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := bytes.Fields(statm); len(fields) > 1 {
			if pages, err := strconv.ParseUint(string(fields[1]), 10, 64); err == nil {
				p.Add(ResidentBytes, float64(pages)*float64(os.Getpagesize()))
			}
		}
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		p.Add(OpenFDs, float64(len(open)-1)) // without the one that reads this
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		p.Add(MaxFDs, float64(limit.Cur))
	}
}

func seconds(t syscall.Timeval) float64 {
	return float64(t.Sec) + float64(t.Usec)/1e6
}
