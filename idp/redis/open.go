package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"regexp"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"cloudsso/idp"
)

// Options are what [Open] needs beside the URL, whose parameters of the same names win.
type Options struct {
	// Namespace begins every key and channel: 1 to 64 of a–z, 0–9, ".", "_" and "-".
	// Providers of different namespaces share a server without touching each other.
	// Default "cloudsso".
	Namespace string
	// Timeout bounds each verb as a whole: waiting for a connection, dialing, the answer.
	// Default 2 s.
	Timeout time.Duration
	// PoolSize is how many connections there may be to each server. Default 32.
	PoolSize int
	// CAFile (PEM) replaces the system's authorities for rediss://. CertFile and KeyFile
	// are our certificate, for servers that ask for one.
	CAFile, CertFile, KeyFile string
	// Note is told what is worth a line in the log at the start but no reason not to start.
	Note func(sentence string)
}

var namespaces = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

// Open connects to the Redis 7 (or later) or Valkey that rawURL names, and checks that
// it will do: version, role, eviction, permissions; it runs each verb once.
//
//	redis://[user:password@]host[:6379][/db]       one server
//	unix://[user:password@]/path/to/redis.sock     one server on this machine
//	redis+sentinel://[user:password@]h1[:26379],h2/master[/db]
//	redis+cluster://[user:password@]h1[:6379],h2
//
// With rediss in place of redis it is TLS. Parameters (?name=value&…): db, namespace,
// timeout, pool_size, ca_file, cert_file, key_file, sentinel_user, sentinel_password.
// Things expire by the clock now. Errors are [*idp.Error] values that say what to do,
// without the password; if the server cannot be used just now, they wrap [idp.ErrUnavailable].
func Open(ctx context.Context, rawURL string, o Options, now func() time.Time) (*Store, error) {
	t, err := parseURL(rawURL, o)
	if err != nil {
		return nil, err
	}
	if err := t.settle(); err != nil {
		return nil, err
	}
	options, err := t.options()
	if err != nil {
		return nil, err
	}
	s := &Store{client: t.client(options), namespace: t.o.Namespace, timeout: t.o.Timeout, now: now}
	s.closed, s.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.probe(ctx, t); err != nil {
		return nil, errors.Join(t.refusal(err), s.Close())
	}
	return s, nil
}

// settle puts defaults in.
func (t *target) settle() error {
	if t.o.Namespace == "" {
		t.o.Namespace = "cloudsso"
	}
	if !namespaces.MatchString(t.o.Namespace) {
		return idp.Errorf(idp.Invalid, "The namespace %q cannot be used in Redis. Use 1 to 64 characters of a–z, 0–9, dot, underscore and hyphen.", t.o.Namespace).On("flows")
	}
	if t.o.Timeout <= 0 {
		t.o.Timeout = 2 * time.Second
	}
	if t.o.PoolSize <= 0 {
		t.o.PoolSize = 32
	}
	if t.o.Note == nil {
		t.o.Note = func(string) {}
	}
	return nil
}

func (t *target) options() (*goredis.UniversalOptions, error) {
	o := &goredis.UniversalOptions{
		Addrs: t.addrs, MasterName: t.master, DB: t.db,
		Username: t.user.Name, Password: t.user.Password.Reveal(),
		SentinelUsername: t.sentinelUser.Name, SentinelPassword: t.sentinelUser.Password.Reveal(),
		Protocol: 2, DisableIdentity: true, // no push messages, no command that an ACL may forbid
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		MaxRetries:               -1, DialerRetries: 1, // a verb happens at most once
		ContextTimeoutEnabled: true, // the verb's deadline is the caller's to set
		DialTimeout:           t.o.Timeout, ReadTimeout: t.o.Timeout, WriteTimeout: t.o.Timeout, PoolTimeout: t.o.Timeout,
		PoolSize: t.o.PoolSize, MaxActiveConns: t.o.PoolSize,
	}
	if !t.tls {
		return o, nil
	}
	config, err := t.tlsConfig()
	o.TLSConfig = config
	return o, err
}

func (t *target) client(o *goredis.UniversalOptions) goredis.UniversalClient {
	switch t.kind {
	case "sentinel":
		return goredis.NewFailoverClient(o.Failover())
	case "cluster":
		c := o.Cluster()
		c.DisableRoutingPolicies = true // they would ask for COMMAND first
		return goredis.NewClusterClient(c)
	}
	return goredis.NewClient(o.Simple())
}

func (t *target) tlsConfig() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.o.CAFile != "" {
		pem, err := os.ReadFile(t.o.CAFile)
		if err != nil {
			return nil, idp.Errorf(idp.Invalid, "The file %s with the authorities for the TLS of Redis cannot be read. Check ca_file.", t.o.CAFile).On("flows").Because(err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, idp.Errorf(idp.Invalid, "The file %s holds no certificate in PEM. Check ca_file.", t.o.CAFile).On("flows")
		}
	}
	if t.o.CertFile != "" || t.o.KeyFile != "" {
		own, err := tls.LoadX509KeyPair(t.o.CertFile, t.o.KeyFile)
		if err != nil {
			return nil, idp.Errorf(idp.Invalid, "Our certificate for the TLS of Redis cannot be read. Check cert_file and key_file, both PEM.").On("flows").Because(err)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, nil
}
