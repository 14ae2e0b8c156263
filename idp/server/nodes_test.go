package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/idp/memory"
	"cloudsso/idp/postgres"
	"cloudsso/idp/redis"
	"cloudsso/idp/server"
	"cloudsso/idp/storetest/pgtest"
	"cloudsso/idp/storetest/redistest"
	"cloudsso/keys"
)

const redisPassword = "r3dis-s3cret-phrase"

// pair is two nodes on one PostgreSQL and one Redis, behind a proxy that sends each
// request to the other node than the one before.
type pair struct {
	nodes []*idptest.Server
	kek   *keys.KEK
	pg    *pgtest.Server
	redis *redistest.Server
	url   string // of the database
}

// stores opens connections of a node's own.
func (p *pair) stores(t *testing.T) (idp.Records, idp.Flows) {
	t.Helper()
	records, err := postgres.Open(t.Context(), p.url, postgres.Options{MaxConns: 8}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	flows, err := redis.Open(t.Context(), "redis://:"+redisPassword+"@"+p.redis.Addr(), redis.Options{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { flows.Close() })
	return records, flows
}

func newPair(t *testing.T) *pair {
	t.Helper()
	pg, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close() })
	p := &pair{pg: pg, redis: redistest.Start(t, "--requirepass", redisPassword), kek: newKEK(t), url: pg.Database(t)}
	var turn atomic.Int64
	var proxies [2]*httputil.ReverseProxy
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxies[turn.Add(1)%2].ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	p.nodes = make([]*idptest.Server, 2)
	var both sync.WaitGroup
	for i := range p.nodes {
		records, flows := p.stores(t)
		both.Go(func() { // on an empty database, at the same time
			p.nodes[i] = idptest.New(t, idptest.Options{Records: records, Flows: flows, KEK: p.kek, Config: func(c *config.Config) {
				c.Issuer, c.TrustedProxies = front.URL, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			}})
		})
	}
	both.Wait()
	for i, n := range p.nodes {
		own, err := url.Parse(n.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		proxies[i] = httputil.NewSingleHostReverseProxy(own)
		n.Issuer = front.URL
	}
	return p
}

// published is what a node tells applications about its keys.
func published(t *testing.T, s *server.Server) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth2/jwks", nil))
	return w.Body.String()
}

// TestTwoNodesAreOneProvider: every other request of everybody goes to the other node.
func TestTwoNodesAreOneProvider(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	one, two := p.nodes[0], p.nodes[1]

	if a, b := published(t, one.Product), published(t, two.Product); a != b || strings.Count(a, `"kid"`) != 2 {
		t.Errorf("two nodes that started together on an empty database publish\n%s\n%s", a, b)
	}
	user := one.AddUser(t, ada)
	rp, sp, b := newRelyingParty(t, one), newServiceProvider(t, two), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	page = signIn(page, "ada", "wrong horse")
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	token := rp.finish(t, verifier)
	rp.subject(t, token)
	arrived(t, b.Open(sp.front.URL+"/wiki").Form(0).Submit(""), "ada@example.com")
	for _, n := range p.nodes {
		if !strings.Contains(n.Log.String(), `"msg":"request"`) {
			t.Error("a node had nothing to do: the test proves nothing")
		}
	}
	token.Expiry = time.Now().Add(-time.Hour)
	token, err := rp.config.TokenSource(t.Context(), token).Token()
	if err != nil {
		t.Fatal(err)
	}
	rp.subject(t, token)

	// What an admin does at one node holds at the other at once.
	if _, err := one.Owner.PatchUser(t.Context(), user.ID, json.RawMessage(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	for range 2 { // at each node
		if _, err := rp.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
			t.Error("userinfo still answers")
		}
		if page, _ := rp.start(b); !page.Has("login-submit") {
			t.Errorf("the session still signs in: %s", page.URL)
		}
	}
	p.keepTheirSecrets(t, b)
}

// keepTheirSecrets takes the stores away and looks for their passwords in all that
// anybody gets to see.
func (p *pair) keepTheirSecrets(t *testing.T, b *idptest.Browser) {
	t.Helper()
	var seen strings.Builder
	if err := p.pg.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, n := range p.nodes {
		if status, text := ask(t, n.Product, "/readyz"); status != 503 || text != "store: the records do not answer\n" {
			t.Errorf("without PostgreSQL: %d %q", status, text)
		}
		for _, path := range []string{"/login", "/oauth2/authorize?client_id=x&response_type=code", "/saml/metadata"} {
			seen.WriteString(b.Open(n.Issuer + path).Text())
		}
		_, text := ask(t, n.Product, "/metrics")
		seen.WriteString(text)
	}
	for _, n := range p.nodes {
		seen.WriteString(n.Log.String())
	}
	if !strings.Contains(seen.String(), `"status":503`) {
		t.Error("nothing failed: the test proves nothing")
	}
	for _, secret := range []string{pgtest.Password, url.QueryEscape(pgtest.Password), url.PathEscape(pgtest.Password), redisPassword} {
		if strings.Contains(seen.String(), secret) {
			t.Errorf("the password %s shows", secret)
		}
	}
}

// TestANodeWithoutTheKeyDoesNotStart: it must neither make keys that the others cannot
// read nor publish a part of them.
func TestANodeWithoutTheKeyDoesNotStart(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	records, flows := p.stores(t)
	none, other := newKEK(t), newKEK(t)
	if _, err := keys.Open(t.Context(), memory.New(time.Now), other, time.Now); err != nil { // now it is on disk
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		kek        *keys.KEK
	}{
		{"no key", "put the key file of this installation back from your backup", none},
		{"another key", "is not the one that sealed the keys in this store", other},
	} {
		_, err := server.New(t.Context(), server.Options{Config: config.Config{Issuer: p.nodes[0].Issuer, Dev: true}, Records: records, Flows: flows, KEK: c.kek})
		var told *idp.Error
		if !errors.As(err, &told) || !strings.Contains(told.Public, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if rows, err := records.Keys(t.Context()); err != nil || len(rows) != 4 {
		t.Errorf("there are %d keys (%v)", len(rows), err)
	}
}

// silence records nothing.
type silence struct{}

func (silence) Record(context.Context, idp.Event) error { return nil }

// TestNodesReadKeysWithinTenSeconds: the bound that the documents state, for nodes that
// nobody tells anything.
func TestNodesReadKeysWithinTenSeconds(t *testing.T) {
	t.Parallel()
	store, kek := memory.New(time.Now), newKEK(t)
	o := server.Options{Records: store, Flows: store, KEK: kek}
	nodes := []*node{run(t, 0, o), run(t, 0, o)}
	before := published(t, nodes[0].product)
	elsewhere, err := keys.Open(t.Context(), store, kek, time.Now) // such as a command
	if err != nil {
		t.Fatal(err)
	}
	made, err := elsewhere.Rotate(t.Context(), silence{}, keys.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	changed := time.Now()
	for _, n := range nodes {
		waitFor(t, func() bool { return strings.Contains(published(t, n.product), made.KID) })
	}
	if took := time.Since(changed); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if a, b := published(t, nodes[0].product), published(t, nodes[1].product); a != b || a == before {
		t.Errorf("the nodes publish\n%s\n%s", a, b)
	}
	if _, text := ask(t, nodes[0].product, "/metrics"); !strings.Contains(text, `kid="`+made.KID+`",state="next"`) {
		t.Error("the metrics do not know the new key")
	}
}
