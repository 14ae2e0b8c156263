package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a program that ends when the test binary does.
type process struct {
	pid   int
	log   *os.File
	ended chan struct{}
}

// launch starts cmd in a process group of its own. The kernel tells a child that the
// thread which started it has ended: this one ends only after the child.
func launch(cmd *exec.Cmd) (*process, error) {
	log, err := os.CreateTemp("", "pgtest-log-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(log.Name()) // it stays open, and goes with us
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pdeathsig = true, syscall.SIGQUIT
	p, started := &process{log: log, ended: make(chan struct{})}, make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in the log
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return p, nil
}

// stop sends the signal, and kills the whole group if that does not help.
func (p *process) stop(signal syscall.Signal) error {
	select {
	case <-p.ended:
		return nil
	default:
	}
	if err := syscall.Kill(p.pid, signal); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("PostgreSQL does not stop: %s", p.output()), syscall.Kill(-p.pid, syscall.SIGKILL))
	}
}

func (p *process) output() string {
	text := make([]byte, 4096)
	n, _ := p.log.ReadAt(text, 0) // what there is
	return string(text[:n])
}
