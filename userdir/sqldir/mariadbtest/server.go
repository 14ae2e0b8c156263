// Package mariadbtest starts a MariaDB server of its own on a loopback port, for tests.
package mariadbtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const patience = time.Minute // for starting and stopping

// Password of the superuser cloudsso, who may come from 127.0.0.1 only.
const Password = "maria-s3cret/%"

// Server is a MariaDB server on loopback.
type Server struct {
	Addr string // host:port

	dir   string
	pid   int
	log   *os.File
	ended chan struct{}
}

// Start starts a server; the error says what is missing.
func Start() (*Server, error) {
	program, err := exec.LookPath("mariadbd")
	if err != nil {
		if program = "/usr/sbin/mariadbd"; !executable(program) {
			return nil, errors.New("MariaDB is needed for this test (Debian package mariadb-server-core)")
		}
	}
	s := &Server{ended: make(chan struct{})}
	if s.dir, err = os.MkdirTemp("", "mariadbtest-"); err != nil {
		return nil, err
	}
	err = s.start(program)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}

// boot makes the system tables and the superuser. These are what mariadb-install-db runs.
func (s *Server) boot(program string) error {
	var script strings.Builder
	script.WriteString("create database mysql;\nuse mysql;\n")
	for _, name := range []string{"mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"} {
		b, err := os.ReadFile(filepath.Join("/usr/share/mysql", name))
		if err != nil {
			return err
		}
		script.Write(b)
		script.WriteByte('\n')
	}
	script.WriteString("flush privileges;\ncreate user 'cloudsso'@'127.0.0.1' identified by '" + Password + "';\ngrant all on *.* to 'cloudsso'@'127.0.0.1';\n")
	cmd := exec.Command(program, append(s.options(), "--bootstrap", "--skip-grant-tables")...)
	cmd.Stdin = strings.NewReader(script.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadbd --bootstrap: %w: %s", err, out)
	}
	return nil
}

func (s *Server) options() []string {
	o := []string{
		"--no-defaults", "--datadir=" + filepath.Join(s.dir, "data"), "--tmpdir=" + s.dir, "--lc-messages-dir=/usr/share/mysql",
		"--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0", "--innodb-use-native-aio=0", "--aria-pagecache-buffer-size=2M", "--key-buffer-size=1M",
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--performance-schema=0", "--max-connections=60",
	}
	if os.Geteuid() == 0 {
		o = append(o, "--user=root")
	}
	return o
}

func (s *Server) start(program string) error {
	if err := os.Mkdir(filepath.Join(s.dir, "data"), 0o700); err != nil {
		return err
	}
	if err := s.boot(program); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(s.Addr)
	if err := l.Close(); err != nil {
		return err
	}
	if s.log, err = os.Create(filepath.Join(s.dir, "log")); err != nil {
		return err
	}
	cmd := exec.Command(program, append(s.options(), "--bind-address=127.0.0.1", "--port="+port, "--socket="+filepath.Join(s.dir, "s"), "--pid-file="+filepath.Join(s.dir, "pid"), "--skip-name-resolve")...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	// The server ends with us: the kernel tells it when the thread that started it is gone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		if err == nil {
			s.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in the log
			close(s.ended)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	return s.await()
}

// await waits until the server greets.
func (s *Server) await() error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.ended:
			return fmt.Errorf("MariaDB ended while starting: %s", s.said())
		default:
		}
		c, err := net.DialTimeout("tcp", s.Addr, time.Second)
		if err != nil {
			continue
		}
		greeting := make([]byte, 1)
		_ = c.SetDeadline(time.Now().Add(time.Second))
		_, err = c.Read(greeting)
		if c.Close(); err == nil {
			return nil
		}
	}
	return errors.Join(errors.New("MariaDB does not start: "+s.said()), s.Close())
}

func (s *Server) said() string {
	b, _ := os.ReadFile(s.log.Name())
	return string(b[max(0, len(b)-2048):])
}

// Close stops the server and deletes its data.
func (s *Server) Close() error {
	select {
	case <-s.ended:
	default:
		if err := syscall.Kill(s.pid, syscall.SIGTERM); err != nil {
			return err
		}
		select {
		case <-s.ended:
		case <-time.After(patience):
			return errors.Join(errors.New("MariaDB does not stop"), syscall.Kill(s.pid, syscall.SIGKILL))
		}
	}
	return errors.Join(s.log.Close(), os.RemoveAll(s.dir))
}

// URL of a database for the superuser, in the form of the configuration.
func (s *Server) URL(database string) string {
	return "mysql://cloudsso:" + strings.NewReplacer("/", "%2F", "%", "%25").Replace(Password) + "@" + s.Addr + "/" + database + "?tls=false"
}
