package redis

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloudsso/idp"
)

// target is what a URL names.
type target struct {
	kind               string // "", "sentinel" or "cluster"
	tls                bool
	addrs              []string // host:port, or one path of a socket
	master             string   // Sentinel's name for the group
	db                 int
	user, sentinelUser Credential
	o                  Options
}

// Credential is a Redis user (ACL) and its password.
type Credential struct {
	Name     string // "" is the default user
	Password idp.Secret
}

const forms = "The forms are redis://user:password@host:6379/0, rediss:// for TLS, unix:///path/to/redis.sock, " +
	"redis+sentinel://user:password@host1:26379,host2:26379/master and redis+cluster://user:password@host1,host2; " +
	"characters like @ / ? # % in a password are written as %40 %2F %3F %23 %25."

// unfit never repeats the URL, which may hold a password; nor does it keep what the URL
// parser said, which repeats it.
func unfit(format string, args ...any) error {
	return idp.Errorf(idp.Invalid, "%s %s", fmt.Sprintf(format, args...), forms).On("flows")
}

// parseURL reads the URL; what it says wins over o.
func parseURL(raw string, o Options) (target, error) {
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return target{}, unfit("The address of Redis is not a URL.")
	}
	t := target{o: o}
	network, kind, _ := strings.Cut(scheme, "+")
	t.kind, t.tls = kind, network == "rediss"
	port := "6379"
	if kind == "sentinel" {
		port = "26379"
	}
	socket := scheme == "unix"
	if !socket && (network != "redis" && network != "rediss" || !slices.Contains([]string{"", "sentinel", "cluster"}, kind) || strings.HasSuffix(scheme, "+")) {
		return target{}, unfit("The URL of Redis begins with a scheme that is not known.")
	}
	// net/url refuses lists of hosts: it gets the rest.
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	hosts := authority[strings.LastIndexByte(authority, '@')+1:]
	u, err := url.Parse("redis://" + strings.TrimSuffix(authority, hosts) + "host" + rest[len(authority):])
	if err != nil || u.Fragment != "" {
		return target{}, unfit("The URL of Redis cannot be read.")
	}
	t.user = credential(u.User)
	if err := t.query(u.Query()); err != nil {
		return target{}, err
	}
	if socket {
		if hosts != "" || len(u.Path) < 2 {
			return target{}, unfit("The URL of Redis names no socket.")
		}
		t.addrs = []string{u.Path}
		return t, nil
	}
	if t.addrs, err = addresses(hosts, port); err != nil {
		return target{}, err
	}
	return t, t.path(strings.Trim(u.Path, "/"))
}

func credential(u *url.Userinfo) Credential {
	password, _ := u.Password()
	return Credential{u.Username(), idp.Secret(password)}
}

func addresses(hosts, port string) (list []string, err error) {
	for host := range strings.SplitSeq(hosts, ",") {
		name, number, err := net.SplitHostPort(host)
		if err != nil { // no port
			name, number = strings.Trim(host, "[]"), port
		}
		if n, err := strconv.ParseUint(number, 10, 16); err != nil || n == 0 || name == "" || strings.ContainsAny(name, " []") ||
			strings.Contains(name, ":") && net.ParseIP(name) == nil {
			return nil, unfit("The URL of Redis has a host that is empty or not of the form host:port.")
		}
		list = append(list, net.JoinHostPort(name, number))
	}
	return list, nil
}

// path is /db, /master or /master/db, as the kind has it.
func (t *target) path(path string) (err error) {
	if t.kind == "sentinel" {
		t.master, path, _ = strings.Cut(path, "/")
		if t.master == "" {
			return unfit("The URL of Redis does not name the master that the Sentinels watch.")
		}
	}
	if path != "" {
		if t.db, err = strconv.Atoi(path); err != nil || t.db < 0 {
			return unfit("The URL of Redis ends in a database that is not a number.")
		}
	}
	switch {
	case t.kind == "cluster" && t.db != 0:
		return unfit("A Redis Cluster has only database 0.")
	case t.kind == "" && len(t.addrs) > 1:
		return unfit("The URL of Redis names several hosts, which only redis+sentinel:// and redis+cluster:// may.")
	}
	return nil
}

// query reads what follows the question mark.
func (t *target) query(query url.Values) error {
	for name, values := range query {
		value := values[len(values)-1]
		var err error
		switch name {
		case "db":
			t.db, err = strconv.Atoi(value)
			if t.db < 0 {
				err = strconv.ErrRange
			}
		case "namespace":
			t.o.Namespace = value
		case "timeout":
			t.o.Timeout, err = time.ParseDuration(value)
			err = errors.Join(err, positive(t.o.Timeout > 0))
		case "pool_size":
			t.o.PoolSize, err = strconv.Atoi(value)
			err = errors.Join(err, positive(t.o.PoolSize > 0))
		case "ca_file":
			t.o.CAFile = value
		case "cert_file":
			t.o.CertFile = value
		case "key_file":
			t.o.KeyFile = value
		case "sentinel_user":
			t.sentinelUser.Name = value
		case "sentinel_password":
			t.sentinelUser.Password = idp.Secret(value)
		default:
			return unfit("The URL of Redis has a parameter %q, which is none of db, namespace, timeout, pool_size, ca_file, cert_file, key_file, sentinel_user and sentinel_password.", name)
		}
		if err != nil {
			return unfit("The URL of Redis has a parameter %s whose value cannot be read.", name)
		}
	}
	return nil
}

func positive(ok bool) error {
	if !ok {
		return strconv.ErrRange
	}
	return nil
}
