package slapdtest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// together makes the kernel end the server when the test binary ends in whatever way,
// such as a time limit, after which nobody would stop it. The goroutine must be one that lives as long as
// the server, of TestMain or of a test: the signal is bound to the thread that starts it.
func together(cmd *exec.Cmd) {
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
