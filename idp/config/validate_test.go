package config_test

import (
	"strings"
	"testing"
	"time"

	"cloudsso/idp/config"
)

func TestSDP_IDP03_Issuers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, issuer, want string }{
		{"https", "https://sso.example.org", ""},
		{"with a path", "https://example.org/sso", ""},
		{"with a port", "https://sso.example.org:8443", ""},
		{"http", "http://sso.example.org", "Expected https://. Plain http is for work on one machine, with --dev."},
		{"http on loopback without dev", "http://localhost:8080", "Expected https://. Plain http is for work on one machine, with --dev."},
		{"a trailing slash", "https://sso.example.org/", "It must not end in a slash."},
		{"a query", "https://sso.example.org?a=b", "It must not have a user name, a query or a fragment."},
		{"an empty query", "https://sso.example.org?", "It must not have a user name, a query or a fragment."},
		{"a fragment", "https://sso.example.org#a", "It must not have a user name, a query or a fragment."},
		{"a user", "https://a@sso.example.org", "It must not have a user name, a query or a fragment."},
		{"no scheme", "sso.example.org", "Expected a URL such as https://sso.example.org."},
		{"no host", "https:///x", "Expected a URL such as https://sso.example.org."},
		{"no URL", "https://[", "Expected a URL such as https://sso.example.org."},
		{"another scheme", "ftp://sso.example.org", "Expected a URL that starts with https://."},
		{"upper case", "https://SSO.example.org", "Write it as peers will compare it: https://sso.example.org."},
		{"dots in the path", "https://sso.example.org/a/../b", "Its path must be plain: no empty parts, no dots, no percent signs."},
		{"empty parts in the path", "https://sso.example.org//a", "Its path must be plain: no empty parts, no dots, no percent signs."},
		{"escapes in the path", "https://sso.example.org/a%2Fb", "Its path must be plain: no empty parts, no dots, no percent signs."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Sources{Flags: map[string]any{"issuer": c.issuer}})
			if got := sentenceOf(err, "--issuer: issuer: "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// sentenceOf is the only fault of an error, without where it was.
func sentenceOf(err error, where string) string {
	if err == nil {
		return ""
	}
	fs, ok := err.(config.Faults)
	if !ok || len(fs) != 1 {
		return err.Error()
	}
	return strings.TrimPrefix(fs[0].String(), where)
}

func TestDevIsForLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		flags map[string]any
		want  string // issuer, or the fault
	}{
		{"by itself", map[string]any{"dev": true}, "http://localhost:8080"},
		{"on another port", map[string]any{"dev": true, "listen": "127.0.0.1:9999"}, "http://localhost:9999"},
		{"on IPv6", map[string]any{"dev": true, "listen": "[::1]:9999", "issuer": "http://[::1]:9999"}, "http://[::1]:9999"},
		{"on a name below localhost", map[string]any{"dev": true, "issuer": "http://sso.localhost:8080"}, "http://sso.localhost:8080"},
		{"with an https issuer behind a proxy", map[string]any{"dev": true, "issuer": "https://sso.example.org"}, "https://sso.example.org"},
		{"implied by demo", map[string]any{"demo": true}, "http://localhost:8080"},
		{"on all addresses", map[string]any{"dev": true, "listen": ":8080"}, "With dev the server listens on loopback only. Expected 127.0.0.1, [::1] or localhost with a port."},
		{"on all IPv4 addresses", map[string]any{"dev": true, "listen": "0.0.0.0:8080"}, "With dev the server listens on loopback only. Expected 127.0.0.1, [::1] or localhost with a port."},
		{"on the network", map[string]any{"demo": true, "listen": "192.168.1.2:8080"}, "With dev the server listens on loopback only. Expected 127.0.0.1, [::1] or localhost with a port."},
		{"with an http issuer elsewhere", map[string]any{"dev": true, "issuer": "http://sso.example.org"}, "With dev, http works on loopback names only, such as http://localhost:8080. Use https:// for sso.example.org."},
		{"with a host that only looks like loopback", map[string]any{"dev": true, "issuer": "http://localhost.example.org"}, "With dev, http works on loopback names only, such as http://localhost:8080. Use https:// for localhost.example.org."},
		{"on a port to be chosen, without an issuer", map[string]any{"dev": true, "listen": "127.0.0.1:0"}, "It is missing. Give the public URL of this server, such as https://sso.example.org, or start with --dev for work on one machine."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := config.Load(config.Sources{Flags: c.flags})
			if err != nil {
				where := "--listen: listen: "
				if strings.Contains(err.Error(), "issuer: ") {
					where = "--issuer: issuer: "
				}
				if s := strings.TrimPrefix(sentenceOf(err, where), "issuer: "); s != c.want {
					t.Errorf("got %q, want %q", s, c.want)
				}
				return
			}
			if got.Issuer != c.want || !got.Dev || got.Log.Format != "text" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestTheDemoHasAFolderOfItsOwn(t *testing.T) {
	t.Parallel()
	if c := load(t, config.Sources{Flags: map[string]any{"demo": true}}); c.Data != "./data/demo" {
		t.Errorf("data %q", c.Data)
	}
	if c := load(t, config.Sources{Flags: map[string]any{"demo": true, "data": "/x"}}); c.Data != "/x" {
		t.Errorf("data %q", c.Data)
	}
}

func TestCommandsOnTheDataFolderNeedNoIssuer(t *testing.T) {
	t.Parallel()
	if c := load(t, config.Sources{DataOnly: true}); c.Issuer != "" {
		t.Errorf("issuer %q", c.Issuer)
	}
	if _, err := config.Load(config.Sources{DataOnly: true, Flags: map[string]any{"issuer": "http://x.example"}}); err == nil {
		t.Error("a wrong issuer was accepted")
	}
}

const wantStore = "Expected a URL such as postgres://user:password@db.example.org:5432/cloudsso, or nothing for SQLite in the data folder."

func TestStores(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"", ""}, {"postgres://u:p@db:5432/sso?sslmode=verify-full", "redis://u:p@r:6379/0"}, {"postgresql://db/sso", "rediss://r"},
		{"", "unix:///run/redis.sock"}, {"", "redis+sentinel://a:1,b:2/main"}, {"", "rediss+cluster://a,b"},
	} {
		if got := load(t, config.Sources{Env: []string{issuer}, Flags: map[string]any{"store": c[0], "flows": c[1]}}); got.Store != c[0] || got.Flows != c[1] {
			t.Errorf("%q: %+v", c, got)
		}
	}
}

// TestPasswordsOfStoresComeByFile: an environment can be read by more people than a file.
func TestPasswordsOfStoresComeByFile(t *testing.T) {
	t.Parallel()
	store, flows := file(t, "postgres://u:hunter2@db/sso\n"), file(t, "redis://:hunter3@r\n")
	c := load(t, config.Sources{Env: []string{issuer, "CLOUDSSO_STORE_FILE=" + store, "CLOUDSSO_FLOWS_FILE=" + flows}})
	if c.Store != "postgres://u:hunter2@db/sso" || c.Flows != "redis://:hunter3@r" {
		t.Errorf("%+v", c)
	}
	bad := file(t, "mysql://u:hunter2@db/sso\n")
	got := faults(t, config.Sources{Env: []string{issuer, "CLOUDSSO_STORE_FILE=" + bad}})
	if len(got) != 1 || got[0] != "CLOUDSSO_STORE_FILE: store: "+wantStore {
		t.Errorf("%q", got)
	}
}

func TestHowLongANodeDrains(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		src  config.Sources
		want time.Duration
	}{
		{"by default", config.Sources{Env: []string{issuer}}, 5 * time.Second},
		{"from a file", config.Sources{File: file(t, "issuer: https://sso.example.org\ndrain_delay: 1m30s\n")}, 90 * time.Second},
		{"from the environment", config.Sources{Env: []string{issuer, "CLOUDSSO_DRAIN_DELAY=250ms"}}, 250 * time.Millisecond},
		{"with dev", config.Sources{Flags: map[string]any{"dev": true}}, 0},
		{"with dev, when it is asked for", config.Sources{Flags: map[string]any{"dev": true, "drain_delay": "2s"}}, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := load(t, c.src); time.Duration(got.DrainDelay) != c.want {
				t.Errorf("%s, want %s", got.DrainDelay, c.want)
			}
		})
	}
}

func TestOtherValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		flags map[string]any
		want  string
	}{
		{"a database of another kind", map[string]any{"store": "mysql://u:hunter2@db/sso"}, "--store: store: " + wantStore},
		{"a database that is no URL", map[string]any{"store": "host=db password=hunter2"}, "--store: store: " + wantStore},
		{"flows of another kind", map[string]any{"flows": "postgres://u:hunter2@db/sso"}, "--flows: flows: Expected a URL such as redis://user:password@redis.example.org:6379 (rediss:// for TLS), or nothing for the same database."},
		{"a password that ends the URL", map[string]any{"store": "postgres://u:hunter#2@db/sso"}, "--store: store: A # stands in the URL. In a password, write the characters # / ? @ and % as %23 %2F %3F %40 and %25."},
		{"a registration page that is not https", map[string]any{"signup_url": "http://www.example.org/register"}, "--signup-url: signup_url: Expected an https address, such as https://www.example.org/register."},
		{"a scope that is no domain", map[string]any{"saml.scope": "https://example.org"}, "--saml.scope: saml.scope: Expected a domain name such as example.org."},
		{"a pool that is too small", map[string]any{"store_pool": "1"}, "--store-pool: store_pool: Expected 2 to 1000."},
		{"a pool that is no number", map[string]any{"store_pool": "x"}, "--store-pool: store_pool: Expected a whole number."},
		{"a time-out that is too short", map[string]any{"store_timeout": "1ms"}, "--store-timeout: store_timeout: Expected 100ms to 5m0s."},
		{"a delay without a unit", map[string]any{"drain_delay": "5"}, "--drain-delay: drain_delay: Expected a time such as 5s."},
		{"a delay that is too long", map[string]any{"drain_delay": "1h"}, "--drain-delay: drain_delay: Expected 0s to 5m0s."},
		{"a delay in the past", map[string]any{"drain_delay": "-1s"}, "--drain-delay: drain_delay: Expected 0s to 5m0s."},
		{"no data folder", map[string]any{"data": ""}, "--data: data: Expected the path of a folder."},
		{"a port without a colon", map[string]any{"listen": "8080"}, "--listen: listen: Expected an address to listen on, such as :8080 or 127.0.0.1:8080."},
		{"a port that is too high", map[string]any{"listen": ":99999"}, "--listen: listen: Expected an address to listen on, such as :8080 or 127.0.0.1:8080."},
		{"both listeners in one place", map[string]any{"listen": "127.0.0.1:9090"}, "ops_listen: It is the same address as listen. Give it another port."},
		{"an allowed host without a port", map[string]any{"outbound.allow_hosts": "a.lan:443,b.lan"}, "--outbound.allow-hosts: outbound.allow_hosts: Item 2: expected host:port, such as sp.intranet.example:443."},
		{"an allowed host with a star", map[string]any{"outbound.allow_hosts": "*.lan:443"}, "--outbound.allow-hosts: outbound.allow_hosts: Item 1: expected host:port, such as sp.intranet.example:443."},
		{"a CA file that is not there", map[string]any{"outbound.ca_file": "/does/not/exist"}, "--outbound.ca-file: outbound.ca_file: The file cannot be read."},
		{"a flag of another type", map[string]any{"dev": 1}, "--dev: dev: Expected true or false."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Sources{Env: []string{issuer}, Flags: c.flags})
			if got := sentenceOf(err, ""); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
