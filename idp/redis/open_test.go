package redis_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/redis"
	"cloudsso/idp/storetest/redistest"
)

const secret = "s3cr3t/p@ss" // must not appear in what anybody is told

// refused wants Open to say these words, and nothing of the password, not even in the
// cause. Without a code, either will do.
func refused(t *testing.T, name, url string, o redis.Options, code idp.Code, says string) {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = impatient
	}
	start := time.Now()
	s, err := redis.Open(t.Context(), url, o, time.Now)
	if err == nil {
		_ = s.Close()
		t.Errorf("%s: it opened", name)
		return
	}
	var told *idp.Error
	if !errors.As(err, &told) || told.Code != code && code != "" || !strings.Contains(told.Public, says) || told.Field != "flows" {
		t.Errorf("%s: %v, want %s: … %s …", name, err, code, says)
	}
	if code != "" && errors.Is(err, idp.ErrUnavailable) != (code == idp.Unavailable) {
		t.Errorf("%s: %v is unavailable or is not", name, err)
	}
	if all := err.Error(); strings.Contains(all, "s3cr3t") || strings.Contains(all, "p@ss") || strings.Contains(all, "p%40ss") {
		t.Errorf("%s tells the password: %s", name, all)
	}
	if took := time.Since(start); took > 3*bound {
		t.Errorf("%s took %v", name, took)
	}
}

func TestOpenRefusesAURLThatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, url, says string }{
		{"empty", "", "is not a URL"},
		{"no scheme", "localhost:6379", "is not a URL"},
		{"another scheme", "postgres://u:s3cr3t@h/db", "a scheme that is not known"},
		{"another kind", "redis+ring://u:s3cr3t@h", "a scheme that is not known"},
		{"an empty kind", "redis+://u:s3cr3t@h", "a scheme that is not known"},
		{"no host", "redis://u:s3cr3t@", "a host that is empty"},
		{"no port", "redis://u:s3cr3t@h:", "a host that is empty"},
		{"a port that is none", "redis://u:s3cr3t@h:99999", "a host that is empty"},
		{"a comma too many", "redis+cluster://u:s3cr3t@h1,,h2", "a host that is empty"},
		{"a slash in the password", "redis://u:s3cr3t/p@ss@h:6379", "%40 %2F"},
		{"a percent sign in the password", "redis://u:s3cr3t%p@h", "cannot be read"},
		{"a fragment", "redis://u:s3cr3t@h/0#x", "cannot be read"},
		{"a database that is none", "redis://h/zero", "a database that is not a number"},
		{"a negative database", "redis://h?db=-1", "a parameter db whose value"},
		{"two hosts", "redis://h1,h2", "several hosts"},
		{"a cluster's database", "redis+cluster://h/1", "only database 0"},
		{"no master", "redis+sentinel://h1,h2", "does not name the master"},
		{"no socket", "unix://", "names no socket"},
		{"a socket on a host", "unix://host/redis.sock", "names no socket"},
		{"an unknown parameter", "redis://h?sentinel_pasword=s3cr3t", "none of db, namespace"},
		{"a time-out that is none", "redis://h?timeout=5", "a parameter timeout whose value"},
		{"no time at all", "redis://h?timeout=0s", "a parameter timeout whose value"},
		{"no connections", "redis://h?pool_size=0", "a parameter pool_size whose value"},
		{"a namespace with a colon", "redis://h?namespace=a:b", `"a:b" cannot be used`},
		{"a namespace with a brace", "redis://h?namespace={a}", `"{a}" cannot be used`},
		{"authorities that are not there", "rediss://h?ca_file=/does/not/exist.pem", "Check ca_file"},
		{"a certificate without its key", "rediss://h?cert_file=/does/not/exist.pem", "Check cert_file and key_file"},
	} {
		refused(t, row.name, row.url, redis.Options{}, idp.Invalid, row.says)
	}
}

func TestOpenRefusesAServerThatWillNotDo(t *testing.T) {
	t.Parallel()
	plain, node := redistest.Start(t), redistest.Cluster(t, 1)[0]
	locked := redistest.Start(t)
	for _, rule := range [][]string{
		{"scriptless", "~*", "&*", "+@all", "-@scripting"},
		{"readonly", "~*", "&*", "+@read", "+@scripting", "+@connection", "+info"},
		{"elsewhere", "~other:*", "&*", "+@all"},
	} {
		locked.Must(t, append([]string{"ACL", "SETUSER", rule[0], "on", ">" + secret}, rule[1:]...)...)
	}
	locked.Must(t, "ACL", "SETUSER", "default", "resetpass", ">"+secret)
	configured := func(name, value string) *redistest.Server {
		return redistest.Start(t, "--"+name, value)
	}
	full, replica := configured("maxmemory", "1"), redistest.Start(t)
	replica.Must(t, "REPLICAOF", "127.0.0.1", "1")
	gone := redistest.Start(t)
	gone.Stop()
	escaped := strings.NewReplacer("/", "%2F", "@", "%40").Replace(secret)
	as := func(user string) string { return "redis://" + user + ":" + escaped + "@" + locked.Addr() }
	old := impostor(t, "-ERR unknown command\r\n", "+PONG\r\n", info("redis_version:6.2.14\r\nrole:master"))
	web := impostor(t, "HTTP/1.1 400 Bad Request\r\n\r\n", "", "")

	for _, row := range []struct {
		name, url string
		code      idp.Code
		says      string
	}{
		{"nobody there", url(gone), idp.Unavailable, "No Redis answers at " + gone.Addr()},
		{"a host that does not exist", "redis://no-such-host.invalid", idp.Unavailable, "No Redis answers at no-such-host.invalid:6379"},
		{"no socket", "unix:///does/not/exist.sock", idp.Unavailable, "No Redis answers at /does/not/exist.sock"},
		{"something else there", "redis://" + web, idp.Unavailable, "does not talk to us as Redis"},
		{"an old server", "redis://" + old, idp.Invalid, "version 6.2.14. Use Redis 7.0 or later, or Valkey"},
		{"no password", "redis://" + locked.Addr(), idp.Invalid, "refuses the user name or the password"},
		{"the wrong password", "redis://:wrong-s3cr3t@" + locked.Addr(), idp.Invalid, "refuses the user name or the password"},
		{"a user who does not exist", as("nobody"), idp.Invalid, "refuses the user name or the password"},
		{"no permission for EVAL", as("scriptless"), idp.Invalid, "+@scripting"},
		{"no permission to write", as("readonly"), idp.Invalid, "+@write"},
		{"no permission for our keys", as("elsewhere"), idp.Invalid, "~cloudsso:*"},
		{"a database too many", url(plain) + "/99", idp.Invalid, "no database of this number"},
		{"memory that may evict anything", url(configured("maxmemory-policy", "allkeys-lru")), idp.Invalid, "maxmemory-policy noeviction"},
		{"memory that evicts what ends first", url(configured("maxmemory-policy", "volatile-ttl")), idp.Invalid, "maxmemory-policy is volatile-ttl"},
		{"memory that is full", url(full), idp.Unavailable, "no memory left"},
		{"a replica", url(replica), idp.Invalid, "is a replica"},
		{"a cluster that may evict", "redis+cluster://" + redistest.Cluster(t, 2, "--maxmemory-policy", "allkeys-lru")[0].Addr(), idp.Invalid, "maxmemory-policy noeviction"},
		{"a node of a cluster", url(node), idp.Invalid, "redis+cluster://"},
		{"no cluster", "redis+cluster://" + plain.Addr(), idp.Invalid, "not part of a cluster"},
		{"a Sentinel that is a server", "redis+sentinel://" + plain.Addr() + "/main", idp.Unavailable, "None of the Sentinels"},
	} {
		refused(t, row.name, row.url, redis.Options{}, row.code, row.says)
	}
}

// impostor answers HELLO, PING and INFO as given.
func impostor(t *testing.T, hello, answer, info string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewScanner(c); in.Scan(); {
					switch strings.ToUpper(in.Text()) {
					case "INFO":
						fmt.Fprint(c, info)
					case "PING":
						fmt.Fprint(c, answer)
					case "HELLO":
						fmt.Fprint(c, hello)
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func info(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// A user with just the permissions that the refusal names is enough; one that may not
// even look is told about, and starts.
func TestOpenIsContentWithFewPermissions(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	few := []string{"~cloudsso:*", "&cloudsso:*", "+@connection", "+@read", "+@write", "+@scripting", "+@pubsub", "+info", "+cluster"}
	server.Must(t, append([]string{"ACL", "SETUSER", "few", "on", ">" + secret}, few...)...)
	server.Must(t, "ACL", "SETUSER", "fewer", "on", ">"+secret, "~cloudsso:*", "+@connection", "+@read", "+@write", "+evalsha", "+eval")
	for user, want := range map[string]int{"few": 0, "fewer": 2} {
		var notes []string
		o := redis.Options{Note: func(sentence string) { notes = append(notes, sentence) }}
		s := open(t, "redis://"+user+":s3cr3t%2Fp%40ss@"+server.Addr()+"/3", o, time.Now)
		fill(t, s, user, time.Now().Add(time.Hour))
		if len(notes) != want || strings.Contains(strings.Join(notes, ""), "s3cr3t") {
			t.Errorf("%s: notes %q", user, notes)
		}
	}
}

func TestOpenByASocket(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, "unix://"+server.Dir+"/redis.sock?db=2", redis.Options{}, time.Now)
	fill(t, s, "id", time.Now().Add(time.Hour))
}

func TestOpenByTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	newAuthority(t, dir, "other")
	ca.issue(t, dir, "server", "127.0.0.1")
	ca.issue(t, dir, "client", "client.example")
	ca.issue(t, dir, "wrong", "127.0.0.2")
	file := func(name string) string { return filepath.Join(dir, name+".pem") }
	serve := func(certificate, clients string) *redistest.Server {
		return redistest.Start(t, "--port", "0", "--tls-port", "{port}", "--tls-ca-cert-file", file("ca"),
			"--tls-cert-file", file(certificate), "--tls-key-file", file(certificate+"-key"), "--tls-auth-clients", clients)
	}
	server, strict, misnamed := serve("server", "no"), serve("server", "yes"), serve("wrong", "no")
	plain := redistest.Start(t)

	s := open(t, "rediss://"+server.Addr()+"?ca_file="+file("ca"), redis.Options{}, time.Now)
	fill(t, s, "id", time.Now().Add(time.Hour))
	own := redis.Options{CAFile: file("ca"), CertFile: file("client"), KeyFile: file("client-key")}
	fill(t, open(t, "rediss://"+strict.Addr(), own, time.Now), "id", time.Now().Add(time.Hour))

	for _, row := range []struct {
		name, url string
		o         redis.Options
		code      idp.Code
		says      string
	}{
		{"the system does not know the authority", "rediss://" + server.Addr(), redis.Options{}, idp.Invalid, "TLS with the Redis"},
		{"another authority", "rediss://" + server.Addr(), redis.Options{CAFile: file("other")}, idp.Invalid, "TLS with the Redis"},
		{"another name", "rediss://" + misnamed.Addr(), redis.Options{CAFile: file("ca")}, idp.Invalid, "TLS with the Redis"},
		// In TLS 1.3 the server's "certificate required" races with its closing of the connection.
		{"no certificate of ours", "rediss://" + strict.Addr(), redis.Options{CAFile: file("ca")}, "", "cert_file"},
		{"no TLS there", "rediss://" + plain.Addr(), redis.Options{}, idp.Unavailable, "redis:// without the second s"},
		{"TLS there", "redis://" + server.Addr(), redis.Options{}, idp.Unavailable, "whether it wants TLS"},
		{"a file that holds no certificate", "rediss://" + server.Addr(), redis.Options{CAFile: file("server-key")}, idp.Invalid, "no certificate in PEM"},
	} {
		row.o.Timeout = bound // a handshake on a busy machine
		refused(t, row.name, row.url, row.o, row.code, row.says)
	}
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, dir, name string) authority {
	return authority{}.issue(t, dir, name, name)
}

// issue writes a certificate and its key as PEM files.
func (a authority) issue(t *testing.T, dir, file, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	wants(t, err, nil)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: a.key == nil,
	}
	if ip := net.ParseIP(name); ip != nil {
		c.IPAddresses, c.DNSNames = []net.IP{ip}, nil
	}
	if a.key == nil {
		a = authority{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.certificate, &key.PublicKey, a.key)
	wants(t, err, nil)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	wants(t, err, nil)
	for name, block := range map[string]*pem.Block{file: {Type: "CERTIFICATE", Bytes: der}, file + "-key": {Type: "PRIVATE KEY", Bytes: private}} {
		wants(t, os.WriteFile(filepath.Join(dir, name+".pem"), pem.EncodeToMemory(block), 0o600), nil)
	}
	parsed, err := x509.ParseCertificate(der)
	wants(t, err, nil)
	return authority{parsed, key}
}
