package ldap_test

import (
	"os/exec"
	"runtime"
	"syscall"
)

// together makes the kernel end the server when the test binary ends in whatever way,
// such as a time limit, after which nobody would stop it. It must be called from TestMain's
// goroutine: the signal is bound to the thread that starts the process.
func together(cmd *exec.Cmd) {
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
