package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// apart gives a process a session of its own, as each service of a machine has. Where Linux
// groups what is to run by session, processes that were all started from one shell would
// share what one of them is entitled to.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// family returns the processes and all their children.
func family(pids []int) (all []int) {
	for _, pid := range pids {
		all = append(all, pid)
		lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, list := range lists {
			text, _ := os.ReadFile(list)
			var children []int
			for _, field := range strings.Fields(string(text)) {
				if child, err := strconv.Atoi(field); err == nil {
					children = append(children, child)
				}
			}
			all = append(all, family(children)...)
		}
	}
	return all
}

// busy is the processor time that the processes have had, user and system, by the
// scheduler's own account (proc(5), schedstat).
func busy(pids []int) (total time.Duration, err error) {
	for _, pid := range family(pids) {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		if len(threads) == 0 {
			return 0, fmt.Errorf("process %d is gone, or tells no times", pid)
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if err != nil {
				continue // a thread that has ended
			}
			first, _, _ := strings.Cut(string(text), " ")
			n, _ := strconv.ParseInt(first, 10, 64)
			total += time.Duration(n)
		}
	}
	return total, nil
}

// resident is one of the sizes in /proc/PID/status, in KiB, of all together.
func resident(pids []int, field string) (kib int) {
	for _, pid := range family(pids) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.Lines(string(text)) {
			if rest, found := strings.CutPrefix(line, field+":"); found {
				n, _ := strconv.Atoi(strings.Fields(rest)[0])
				kib += n
			}
		}
	}
	return kib
}

// forgetPeak has the peak of resident memory begin anew. Only root may.
func forgetPeak(pids []int) {
	for _, pid := range family(pids) {
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "an unknown kind"
}

func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return "Linux " + strings.TrimSpace(string(text))
}
