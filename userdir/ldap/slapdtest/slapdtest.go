// Package slapdtest is a real OpenLDAP server inside a test, on loopback ports of its
// own, with TLS. It needs the program slapd (Debian package slapd).
package slapdtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Options say what is in the server.
type Options struct {
	Dir    string // an empty folder for its files
	Base   string // suffix, such as dc=example,dc=com; cn=root below it may do everything
	Root   string // password of cn=root; "": nobody signs in as it
	Schema string // beside core, cosine and inetorgperson
	Config string // lines after those of the database: limits, access, overlays
	LDIF   string // the entries; see [Entries]
}

// Server is a running slapd.
type Server struct {
	Plain, TLS string // host:port
	CA         string // file with the authority of its certificate

	program, conf string
	cmd           *exec.Cmd
	log           bytes.Buffer
}

// Start makes a server and waits until it listens. The server ends with the process,
// or on Linux with the goroutine's thread, at the latest.
func Start(o Options) (*Server, error) {
	s := &Server{Plain: FreePort(), TLS: FreePort(), CA: filepath.Join(o.Dir, "ca.pem"), conf: filepath.Join(o.Dir, "slapd.conf")}
	var err error
	if s.program, err = exec.LookPath("slapd"); err != nil {
		s.program = "/usr/sbin/slapd" // not in everybody's PATH
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, "db"), 0o700); err != nil {
		return nil, err
	}
	if err := certificates(o.Dir); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"slapd.conf": o.conf(), "people.ldif": o.LDIF, "test.schema": o.Schema} {
		if err := os.WriteFile(filepath.Join(o.Dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	load := exec.Command(s.program, "-Tadd", "-q", "-f", s.conf, "-l", filepath.Join(o.Dir, "people.ldif"))
	if out, err := load.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("loading the people: %w: %s", err, out)
	}
	return s, s.start()
}

func (s *Server) start() error {
	s.cmd = exec.Command(s.program, "-d", "0", "-f", s.conf, "-h", "ldap://"+s.Plain+" ldaps://"+s.TLS)
	s.cmd.Stderr = &s.log
	together(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for range 200 {
		c, err := net.Dial("tcp", s.TLS)
		if err == nil {
			return c.Close()
		}
		time.Sleep(20 * time.Millisecond) // a process that starts has no clock of ours
	}
	s.Stop()
	return fmt.Errorf("slapd does not listen: %s", s.log.String())
}

// Stop ends the server.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// FreePort is a loopback address where nobody listens.
func FreePort() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (o Options) conf() string {
	root := ""
	if o.Root != "" {
		root = "rootpw " + o.Root
	}
	return fmt.Sprintf(`
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include %[1]s/test.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile %[1]s/pid
TLSCACertificateFile %[1]s/ca.pem
TLSCertificateFile %[1]s/cert.pem
TLSCertificateKeyFile %[1]s/key.pem
allow bind_anon_cred bind_anon_dn
database mdb
maxsize 10485760
suffix %[2]s
rootdn cn=root,%[2]s
%[3]s
directory %[1]s/db
%[4]s
`, o.Dir, o.Base, root, o.Config)
}

// Entries collects the LDIF of a tree.
type Entries struct{ strings.Builder }

// Add adds an entry; rows are "attribute: value".
func (l *Entries) Add(dn string, rows ...string) {
	l.row("dn", dn)
	for _, r := range rows {
		name, value, _ := strings.Cut(r, ": ")
		l.row(name, value)
	}
	l.WriteString("\n")
}

func (l *Entries) row(name, value string) {
	fmt.Fprintf(l, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}
