package main_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cloudsso/idp/storetest/pgtest"
	"cloudsso/idp/storetest/redistest"
)

const redisPassword = "r3dis-s3cret-phrase"

// outside is a PostgreSQL and a Redis, both with passwords.
type outside struct {
	pg    *pgtest.Server
	redis *redistest.Server
}

func newOutside(t *testing.T) outside {
	t.Helper()
	pg, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close() })
	return outside{pg, redistest.Start(t, "--requirepass", redisPassword)}
}

func (o outside) flows() string { return "redis://:" + redisPassword + "@" + o.redis.Addr() }

// silent fails if a password is in what the program wrote.
func silent(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for _, secret := range []string{pgtest.Password, url.PathEscape(pgtest.Password), url.QueryEscape(pgtest.Password), redisPassword} {
			if strings.Contains(text, secret) {
				t.Errorf("the password %s shows: %s", secret, text)
			}
		}
	}
}

const testKEK = "CLOUDSSO_KEK=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// TestNodesOnPostgreSQLAndRedis: the URLs come from files, as in containers.
func TestNodesOnPostgreSQLAndRedis(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	files := t.TempDir()
	p := newPlace(t, testKEK, "CLOUDSSO_STORE_FILE="+filepath.Join(files, "store"), "CLOUDSSO_FLOWS_FILE="+filepath.Join(files, "flows"))
	at := &place{t: t, dir: files}
	at.write("store", o.pg.Database(t)+"\n")
	at.write("flows", o.flows()+"\n")

	if r := p.do("migrate", "status"); !strings.Contains(r.out, "not yet") {
		t.Errorf("an empty database: %s", r.out)
	}
	issuer := "http://localhost:1"
	one := p.serve("--dev", "--issuer", issuer)
	two := p.serve("--dev", "--issuer", issuer)
	if r := p.do("migrate", "up"); strings.Contains(r.out, "not yet") || !strings.Contains(r.out, "0001_") {
		t.Errorf("after the start: %s", r.out)
	}
	token := strings.TrimSpace(p.do("token", "create").out)
	p.do("user", "add", "ada")
	for _, n := range []*running{one, two} {
		if code, body := get(t, n.url+"/api/v1/users", token); code != 200 || !strings.Contains(body, `"username":"ada"`) {
			t.Errorf("%d %s", code, body)
		}
		if code, body := get(t, "http://"+n.ops+"/metrics", ""); code != 200 || !strings.Contains(body, `cloudsso_store_up{store="flows"} 1`) {
			t.Errorf("%d %s", code, body)
		}
	}
	first, second := one.stop(t), two.stop(t)
	third := p.serve("--dev", "--issuer", issuer).stop(t) // somebody has begun by then
	if !strings.Contains(first, "first start") || !strings.Contains(second, "with the same configuration") || strings.Contains(third, "first start") {
		t.Errorf("greetings %q, %q, %q", first, second, third)
	}
	printed := p.do("config", "print", "--dev").out
	if !strings.Contains(printed, "store: postgres://"+pgtest.User+":xxxxx@127.0.0.1") {
		t.Errorf("printed %s", printed)
	}
	if found, err := filepath.Glob(filepath.Join(p.dir, "*")); err != nil || len(found) != 0 {
		t.Errorf("a node without anything of its own wrote %q (%v)", found, err)
	}

	p.env = p.env[:0:0]
	p.env = append(p.env, "CLOUDSSO_STORE_FILE="+filepath.Join(files, "store"))
	keyless := p.run("", "serve", "--dev", "--listen", "127.0.0.1:"+freePort(t), "--ops-listen", "127.0.0.1:"+freePort(t)).want(1)
	if !strings.Contains(keyless.err, "put the key file of this installation back from your backup") {
		t.Errorf("a node without the key-encryption key: %q", keyless.err)
	}
	silent(t, one.output.String(), two.output.String(), first, second, printed, keyless.err)
}

func TestStoresThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	good := o.pg.Database(t)
	change := func(f func(u *url.URL)) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		f(u)
		return u.String()
	}
	nobody := "127.0.0.1:" + freePort(t)
	for _, c := range []struct{ name, store, flows, want string }{
		{"a wrong password of the database", change(func(u *url.URL) { u.User = url.UserPassword(pgtest.User, "x"+pgtest.Password) }), "", "password"},
		{"a database that is not there", change(func(u *url.URL) { u.Path = "/elsewhere" }), "", "elsewhere"},
		{"no PostgreSQL there", change(func(u *url.URL) { u.Host = nobody }), "", nobody},
		{"a URL that PostgreSQL does not understand", change(func(u *url.URL) { u.RawQuery = "sslmode=sometimes" }), "", "postgres://user:password@host:5432/database"},
		{"a wrong password of Redis", good, "redis://:x" + redisPassword + "@" + o.redis.Addr(), "password"},
		{"no Redis there", good, "redis://:" + redisPassword + "@" + nobody, nobody},
		{"a URL that Redis does not understand", good, o.flows() + "/0?pool=many&secret=" + redisPassword, "redis://user:password@host:6379/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, testKEK, "CLOUDSSO_STORE="+c.store, "CLOUDSSO_FLOWS="+c.flows)
			for _, args := range []string{"serve --dev", "token create"} {
				r := p.run("", strings.Fields(args)...).want(1)
				if !strings.HasPrefix(r.err, "cloudsso: ") || !strings.Contains(r.err, c.want) {
					t.Errorf("%s: %q", args, r.err)
				}
				silent(t, r.err, r.out)
			}
		})
	}
}

func TestToldToStopTwiceItEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve("--dev", "--drain-delay", "1m")
	tell := func() {
		t.Helper()
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	tell()
	for code := 0; code != 503; code, _ = get(t, "http://"+s.ops+"/readyz", "") {
		time.Sleep(20 * time.Millisecond)
	}
	tell()
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on draining")
	}
	if err := s.cmd.Wait(); err == nil || s.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", err)
	}
}
