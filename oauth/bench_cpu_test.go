//go:build unix

package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/oauth"
)

// cpuTime is what this process has used so far, on all cores, the collector included. On
// a busy machine it tells more than the clock on the wall.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchCallers ask at the same time, as applications do: writes of many share a commit.
const benchCallers = 16

// chunk is how much of one kind of work is done before the other has its turn.
const chunk = 4 * benchCallers

// byMany has f done with each of forms, by many at the same time, and returns the CPU
// time of all.
func byMany(b *testing.B, forms []url.Values, f func(url.Values)) time.Duration {
	b.Helper()
	var next atomic.Int64
	var callers sync.WaitGroup
	began := cpuTime(b)
	for range benchCallers {
		callers.Go(func() {
			for i := next.Add(1); i <= int64(len(forms)); i = next.Add(1) {
				f(forms[i-1])
			}
		})
	}
	callers.Wait()
	return cpuTime(b) - began
}

// cpuPerOp runs f on what prepare made beforehand and reports the CPU time of one. Each
// beside is done as often, in turns with f: what slows the machine down for a while slows
// all of them down. It returns their shares of f's time.
func cpuPerOp(b *testing.B, prepare func() url.Values, f func(url.Values), beside ...func()) (shares []float64) {
	b.Helper()
	forms := make([]url.Values, b.N)
	for i := range forms {
		forms[i] = prepare()
	}
	var spent time.Duration
	others := make([]time.Duration, len(beside))
	b.ReportAllocs()
	b.ResetTimer()
	for part := range slices.Chunk(forms, chunk) {
		spent += byMany(b, part, f)
		b.StopTimer()
		for i, other := range beside {
			others[i] += byMany(b, part, func(url.Values) { other() })
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(spent)/float64(b.N)/1e3, "cpu-µs/op")
	for _, o := range others {
		shares = append(shares, float64(o)/float64(spent))
	}
	return shares
}

// costs is a provider whose records are in a store, with an application of each kind.
type costs struct {
	*house
	p       *oauth.Provider
	records benchRecords
}

type benchRecords interface {
	oauth.Records
	CreateClient(ctx context.Context, c idp.Client) error
}

func newCosts(b *testing.B, backend string) *costs {
	b.Helper()
	h := openHouse(b, sharedRing())
	var records benchRecords = h.store
	add := func(id string, change func(*idp.Client)) {
		c := h.client(id, func(c *idp.Client) { c.TokenEndpointAuthMethod = "client_secret_post"; change(c) })
		if backend == "memory" {
			return // it has it
		}
		if err := records.CreateClient(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	if backend == "sqlite" {
		s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "sso.db"), h.now)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		records = s
	}
	h.options = func(o *oauth.Options) { o.Records = records }
	for _, alg := range benchAlgs() {
		add(alg, func(c *idp.Client) { c.IDTokenSignedResponseAlg = alg })
	}
	add("bot", machine)
	add("api", resourceServer)
	return &costs{h, h.provider(b), records}
}

// storeAlone is the least that an exchange wants of the store: what decides in one read,
// and one durable write. Whatever a database costs, it costs here too.
func (c *costs) storeAlone(b *testing.B) {
	prepare := func() url.Values {
		id := idp.NewID()
		g := idp.Grant{ID: id, ClientID: "RS256", Subject: anna, CodeHash: id, CodeExpiresAt: c.now().Add(time.Minute), ExpiresAt: c.now().Add(time.Hour), Scopes: []string{"openid", "offline_access"}}
		if err := c.records.CreateGrant(b.Context(), g, idp.Event{}); err != nil {
			b.Fatal(err)
		}
		return url.Values{"id": {id}}
	}
	cpuPerOp(b, prepare, func(form url.Values) {
		id, now := form.Get("id"), c.now()
		h, err := c.records.Holding(b.Context(), "RS256", id)
		if err == nil && h.Grant.ID == id {
			err = c.records.RedeemCode(b.Context(), idp.Redemption{GrantID: id, CodeHash: id, RefreshSeq: 1, RefreshExpiresAt: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour)}, now)
		}
		if err != nil {
			b.Error(err)
		}
	})
}

func benchAlgs() []string { return []string{"RS256", "PS256", "ES256", "EdDSA"} }

func as(id string, pairs ...string) url.Values {
	return with(url.Values{"client_id": {id}, "client_secret": {secretOf(id)}}, pairs...)
}

// post calls a handler and wants a word in the answer.
func (c *costs) post(b *testing.B, handler http.HandlerFunc, form url.Values, want string) string {
	body := handle(b, handler, form)
	if !strings.Contains(body, want) {
		b.Error(body)
	}
	return body
}

func (c *costs) exchangeOf(b *testing.B, alg string) url.Values {
	at, err := url.Parse(c.post(b, c.p.Authorize, request(alg, "scope", "openid offline_access"), "code="))
	if err != nil {
		b.Fatal(err)
	}
	return exchangeForm(at.Query().Get("code"), "client_id", alg, "client_secret", secretOf(alg))
}

// BenchmarkCPU is what each request to an application's doors costs, and what the
// signature alone and the store alone cost that are in it. raw/op is the part of the CPU
// time that the signature is: the higher, the less is spent on anything else.
func BenchmarkCPU(b *testing.B) {
	for _, backend := range []string{"memory", "sqlite"} {
		c := newCosts(b, backend)
		b.Run(backend+"/store alone", c.storeAlone)
		for _, alg := range benchAlgs() {
			c.post(b, c.p.Token, c.exchangeOf(b, alg), "id_token") // the first use of an algorithm makes its key
			claims := make([]byte, 300)
			sign := func() {
				if _, err := c.ring.SignJWT(alg, "JWT", claims); err != nil {
					b.Error(err)
				}
			}
			b.Run(backend+"/"+alg+"/signature alone", func(b *testing.B) {
				cpuPerOp(b, func() url.Values { return nil }, func(url.Values) { sign() })
			})
			b.Run(backend+"/"+alg+"/exchange", func(b *testing.B) {
				shares := cpuPerOp(b, func() url.Values { return c.exchangeOf(b, alg) }, func(form url.Values) { c.post(b, c.p.Token, form, "id_token") }, sign)
				b.ReportMetric(shares[0], "raw/op")
			})
			b.Run(backend+"/"+alg+"/refresh", func(b *testing.B) {
				shares := cpuPerOp(b, func() url.Values {
					refresh := refreshFrom(b, c.post(b, c.p.Token, c.exchangeOf(b, alg), "refresh_token"))
					return as(alg, "grant_type", "refresh_token", "refresh_token", refresh)
				}, func(form url.Values) { c.post(b, c.p.Token, form, "refresh_token") }, sign)
				b.ReportMetric(shares[0], "raw/op")
			})
		}
		b.Run(backend+"/client credentials", func(b *testing.B) {
			cpuPerOp(b, func() url.Values { return as("bot", "grant_type", "client_credentials") }, func(form url.Values) { c.post(b, c.p.Token, form, "access_token") })
		})
		token := accessFrom(b, c.post(b, c.p.Token, c.exchangeOf(b, "ES256"), "access_token"))
		b.Run(backend+"/introspect its own", func(b *testing.B) {
			cpuPerOp(b, func() url.Values { return as("ES256", "token", token) }, func(form url.Values) { c.post(b, c.p.Introspect, form, `"active":true`) })
		})
		b.Run(backend+"/introspect by a resource server", func(b *testing.B) {
			cpuPerOp(b, func() url.Values { return as("api", "token", token) }, func(form url.Values) { c.post(b, c.p.Introspect, form, `"active":true`) })
		})
		b.Run(backend+"/userinfo", func(b *testing.B) {
			cpuPerOp(b, func() url.Values { return url.Values{"access_token": {token}} }, func(form url.Values) { c.post(b, c.p.UserInfo, form, `"sub"`) })
		})
	}
}

func accessFrom(b *testing.B, body string) string {
	_, rest, _ := strings.Cut(body, `"access_token":"`)
	token, _, ok := strings.Cut(rest, `"`)
	if !ok {
		b.Fatal(body)
	}
	return token
}
