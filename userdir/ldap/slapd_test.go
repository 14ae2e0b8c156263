package ldap_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir/ldap"
	"cloudsso/userdir/userdirtest"
)

const (
	base       = "dc=example,dc=com"
	people     = "ou=people," + base
	groupBase  = "ou=groups," + base
	serviceDN  = "cn=service," + base
	servicePwd = "the service's password"
	manyGroups = 57
)

// slapd is a real OpenLDAP server on loopback ports of its own.
type slapd struct {
	dir, conf   string
	plain, safe string // host:port
	ca          string // file
	cmd         *exec.Cmd
	log         bytes.Buffer
}

// shared is the one server that tests which only read use.
var shared *slapd

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "slapd")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if shared, err = startSlapd(dir); err != nil {
			fmt.Fprintln(os.Stderr, "slapd is needed for these tests (Debian package slapd):", err)
			return 1
		}
		defer shared.stop()
		return m.Run()
	}())
}

func startSlapd(dir string) (*slapd, error) {
	program, err := exec.LookPath("slapd")
	if err != nil {
		program = "/usr/sbin/slapd" // not in everybody's PATH
	}
	s := &slapd{dir: dir, conf: filepath.Join(dir, "slapd.conf"), ca: filepath.Join(dir, "ca.pem")}
	if err := os.MkdirAll(filepath.Join(dir, "db"), 0o700); err != nil {
		return nil, err
	}
	if err := certificates(dir); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"slapd.conf": config(dir), "people.ldif": tree(), "test.schema": schema} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	load := exec.Command(program, "-Tadd", "-q", "-f", s.conf, "-l", filepath.Join(dir, "people.ldif"))
	if out, err := load.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("loading the people: %w: %s", err, out)
	}
	s.plain, s.safe = freePort(), freePort()
	return s, s.start(program)
}

func (s *slapd) start(program string) error {
	s.cmd = exec.Command(program, "-d", "0", "-f", s.conf, "-h", "ldap://"+s.plain+" ldaps://"+s.safe)
	s.cmd.Stderr = &s.log
	together(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for range 200 {
		c, err := net.Dial("tcp", s.safe)
		if err == nil {
			return c.Close()
		}
		time.Sleep(20 * time.Millisecond) // a process that starts has no clock of ours
	}
	s.stop()
	return fmt.Errorf("slapd does not listen: %s", s.log.String())
}

func (s *slapd) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func freePort() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// certificates makes an authority, and the server's certificate for 127.0.0.1.
func certificates(dir string) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	caDER, err := x509.CreateCertificate(rand.Reader, template, template, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: template.NotBefore, NotAfter: template.NotAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, template, key.Public(), caKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name, kind string
		der        []byte
	}{{"ca.pem", "CERTIFICATE", caDER}, {"cert.pem", "CERTIFICATE", der}, {"key.pem", "PRIVATE KEY", keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, f.name), pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const schema = `
attributetype ( 1.3.6.1.4.1.4203.666.1.90 NAME 'csMember' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 )
attributetype ( 1.3.6.1.4.1.4203.666.1.91 NAME 'csLevel' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.92 NAME 'csAccess' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.93 NAME 'csAddress' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.94 NAME 'csState' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.95 NAME 'csGroup' SUP distinguishedName )
objectclass ( 1.3.6.1.4.1.4203.666.3.90 NAME 'csPerson' SUP top AUXILIARY MAY ( csMember $ csLevel $ csAccess $ csAddress $ csState $ csGroup ) )
`

func config(dir string) string {
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
directory %[1]s/db
limits dn.exact="%[3]s" size.soft=20 size.hard=20 size.pr=20 size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="%[3]s" read by self read by * none
overlay ppolicy
ppolicy_use_lockout
`, dir, base, serviceDN)
}

type ldif struct{ strings.Builder }

func (l *ldif) entry(dn string, rows ...string) {
	l.row("dn", dn)
	for _, r := range rows {
		name, value, _ := strings.Cut(r, ": ")
		l.row(name, value)
	}
	l.WriteString("\n")
}

func (l *ldif) row(name, value string) {
	fmt.Fprintf(l, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}

func tree() string {
	var l ldif
	l.entry(base, "objectClass: dcObject", "objectClass: organization", "o: Example", "dc: example")
	l.entry(people, "objectClass: organizationalUnit", "ou: people")
	l.entry(groupBase, "objectClass: organizationalUnit", "ou: groups")
	l.entry(serviceDN, "objectClass: organizationalRole", "objectClass: simpleSecurityObject", "cn: service", "userPassword: "+servicePwd)
	l.entry("cn=policy,"+base, "objectClass: pwdPolicy", "objectClass: device", "cn: policy", "pwdAttribute: userPassword", "pwdLockout: TRUE", "pwdMaxFailure: 3", "pwdMustChange: TRUE")
	l.entry("cn=old,"+base, "objectClass: pwdPolicy", "objectClass: device", "cn: old", "pwdAttribute: userPassword", "pwdMaxAge: 60")
	for _, p := range userdirtest.People() {
		l.person(p)
	}
	l.entry("cn=staff,"+groupBase, "objectClass: groupOfNames", "cn: staff", "member: "+dnOf("ann"))
	l.entry("cn=editors,"+groupBase, "objectClass: groupOfNames", "cn: editors", "member: "+dnOf("ann"))
	special(&l)
	return l.String()
}

// dnOf is where a person of the suite is: by user name, which RFC 4514 lets stand as it is here.
func dnOf(uid string) string { return "uid=" + uid + "," + people }

func (l *ldif) person(p userdirtest.Person, more ...string) {
	rows := []string{"objectClass: inetOrgPerson", "objectClass: csPerson", "uid: " + p.Username, "cn: " + p.Username, "sn: Test", "mail: " + p.Email, "employeeNumber: " + p.ID}
	if p.Password != "" {
		rows = append(rows, "userPassword: "+p.Password)
	}
	if p.Disabled {
		rows = append(rows, "csState: Disabled")
	}
	for name, values := range p.Attributes {
		from := map[string]string{"given_name": "givenName", "member": "csMember", "level": "csLevel", "df_access": "csAccess", "address": "csAddress"}[name]
		for _, v := range values {
			text := idp.Text(v)
			switch v := v.(type) {
			case bool:
				text = strings.ToUpper(text)
			case map[string]any:
				b, err := json.Marshal(v)
				if err != nil {
					panic(err)
				}
				text = string(b)
			}
			if from != "" {
				rows = append(rows, from+": "+text)
			}
		}
	}
	l.entry(dnOf(p.Username), append(rows, more...)...)
}

// special are the people and groups of single tests.
func special(l *ldif) {
	add := func(id, name string, more ...string) {
		l.person(userdirtest.Person{ID: id, Username: name, Email: name + "@special.example", Password: name + "'s password"}, more...)
	}
	add("20", "nina")
	for n, members := range map[string]string{"inner": dnOf("nina"), "middle": "cn=inner," + groupBase, "outer": "cn=middle," + groupBase} {
		rows := []string{"objectClass: groupOfNames", "cn: " + n, "member: " + members}
		if n == "inner" {
			rows = append(rows, "member: cn=outer,"+groupBase) // a cycle
		}
		l.entry("cn="+n+","+groupBase, rows...)
	}
	add("21", "mona", "csGroup: cn=outer,"+groupBase, "csGroup: cn=admins,ou=self-service,"+base)
	add("22", "many")
	for i := range manyGroups {
		l.entry(fmt.Sprintf("cn=many%02d,%s", i, groupBase), "objectClass: groupOfNames", fmt.Sprintf("cn: many%02d", i), "member: "+dnOf("many"))
	}
	add("23", "olga", "pwdPolicySubentry: cn=old,"+base, "pwdChangedTime: 20200101000000Z")
	add("24", "lars", "pwdAccountLockedTime: 000001010000Z", "pwdPolicySubentry: cn=policy,"+base)
	add("25", "rita", "pwdReset: TRUE", "pwdPolicySubentry: cn=policy,"+base)
	add("26", "guesses", "pwdPolicySubentry: cn=policy,"+base)
	add("27", "bad", "csLevel: not a number")
	add("28", "photo", "jpegPhoto: \xff\xd8\xff\x00")
	add("29", "twice", "employeeNumber: 30")
	// Names that are syntax in a DN.
	l.entry(`uid=o\2c hara\2bx \22q\22 \3c\3e\3b\5c\23,`+people, "objectClass: inetOrgPerson", "objectClass: csPerson", "uid: "+odd, "cn: x", "sn: x", "employeeNumber: 40", "userPassword: odd's password")
}

const odd = `o, hara+x "q" <>;\#`

// options are those of the suite; tests change what they are about.
func options() ldap.Options {
	return ldap.Options{
		ID: "corp", URLs: []string{"ldaps://" + shared.safe}, CAFile: shared.ca, BindDN: serviceDN, BindPassword: servicePwd, BaseDN: people,
		IDAttribute: "employeeNumber", DisabledAttribute: "csState", DisabledValues: []string{"disabled"},
		Attributes: []ldap.Attribute{
			{From: "givenName", Name: "given_name"}, {From: "csMember", Name: "member", Type: "boolean"}, {From: "csLevel", Name: "level", Type: "number"},
			{From: "csAccess", Name: "df_access"}, {From: "csAddress", Name: "address", Type: "json"}, {From: "givenName", Name: "urn:oid:2.5.4.42"},
		},
		Groups: ldap.Groups{BaseDN: groupBase, Filter: "(&(objectClass=groupOfNames)(member={dn}))"}, PageSize: 20,
	}
}

func open(t testing.TB, change func(*ldap.Options)) *ldap.Directory {
	t.Helper()
	o := options()
	if change != nil {
		change(&o)
	}
	d, err := ldap.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
