package main_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"

	"cloudsso/idp/idptest"
	"cloudsso/idp/storetest/pgtest"
	"cloudsso/idp/storetest/redistest"
)

// balancer is the proxy before the nodes: round robin over those that say they are
// ready. A request that never reached a node goes to the next one, as nginx does it;
// one that was lost on the way back is answered 502.
type balancer struct {
	nodes []*node
	turn  atomic.Int64
	front *httptest.Server
}

// node is one process of the cluster.
type node struct {
	name, listen, ops string
	mu                sync.Mutex
	run               *running
	up                atomic.Bool
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for range len(b.nodes) {
		n := b.nodes[int(b.turn.Add(1))%len(b.nodes)]
		if !n.up.Load() {
			continue
		}
		out := r.Clone(r.Context())
		out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", n.listen
		resp, err := http.DefaultTransport.RoundTrip(out)
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			n.up.Store(false)
			continue
		}
		if err != nil {
			http.Error(w, "the node went away", http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for k, v := range resp.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(resp.StatusCode)
		if _, err := bytesTo(w, resp); err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	http.Error(w, "no node is ready", http.StatusBadGateway)
}

func bytesTo(w http.ResponseWriter, resp *http.Response) (int64, error) {
	buf, n := make([]byte, 32<<10), int64(0)
	for {
		k, err := resp.Body.Read(buf)
		w.Write(buf[:k])
		n += int64(k)
		if err != nil {
			if err.Error() == "EOF" {
				err = nil
			}
			return n, err
		}
	}
}

// watch asks each node for its health, as a load balancer does.
func (b *balancer) watch(ctx context.Context) {
	client := &http.Client{Timeout: time.Second}
	for ctx.Err() == nil {
		for _, n := range b.nodes {
			resp, err := client.Get("http://" + n.ops + "/readyz")
			if err == nil {
				resp.Body.Close()
			}
			n.up.Store(err == nil && resp.StatusCode == http.StatusOK)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// patient is a testing.TB for a browser that may meet faults: they end one try, not the test.
type patient struct{ testing.TB }

type gaveUp string

func (patient) Fatalf(format string, args ...any) { panic(gaveUp(fmt.Sprintf(format, args...))) }
func (patient) Fatal(args ...any)                 { panic(gaveUp(fmt.Sprint(args...))) }

// cluster is PostgreSQL, Redis, three nodes and their proxy, and what its users saw.
type cluster struct {
	t        *testing.T
	place    *place
	balancer *balancer
	base     string
	flags    []string
	visitor  *visitor
	verifier *oidc.IDTokenVerifier
	sp       *saml.ServiceProvider
	callback string
	pg       *pgtest.Server
	redis    *redistest.Server

	mu       sync.Mutex
	began    time.Time
	windows  []window
	outages  map[string]int // standard errors inside a window, by kind
	wrong    []string       // anything else
	counts   map[string]int
	users    []string
	clients  []string
	families []string // the newest refresh token of each family
}

type window struct {
	name     string
	from, to time.Time
}

func (c *cluster) count(what string) { c.mu.Lock(); c.counts[what]++; c.mu.Unlock() }

// outage notes an error. Outside the windows of the faults there must be none.
func (c *cluster) outage(kind string) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.windows {
		if now.After(w.from) && now.Before(w.to) {
			c.outages[w.name+": "+kind]++
			return
		}
	}
	c.wrong = append(c.wrong, fmt.Sprintf("%s after %s, outside every window", kind, now.Sub(c.began).Round(time.Millisecond)))
}

func (c *cluster) fail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...)+" after "+time.Since(c.began).Round(time.Millisecond).String())
}

// fault opens a window, does the damage and leaves the window open for recovery.
func (c *cluster) fault(name string, recovery time.Duration, damage func()) {
	from := time.Now()
	c.mu.Lock()
	c.windows = append(c.windows, window{name, from, from.Add(time.Hour)})
	i := len(c.windows) - 1
	c.mu.Unlock()
	damage()
	c.mu.Lock()
	c.windows[i].to = time.Now().Add(recovery)
	c.mu.Unlock()
	c.t.Logf("%s: the fault took %s, and the window stays open for %s", name, time.Since(from).Round(time.Millisecond), recovery)
}

func (c *cluster) start(n *node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	flags := append([]string{"--data", n.name, "--listen", n.listen, "--ops-listen", n.ops}, c.flags...)
	n.run = c.place.serve(flags...)
}

// TestClusterSurvives runs complete sign-ins, refreshes and SAML logins on three nodes
// while one is killed, one is drained, Redis comes back empty, PostgreSQL restarts and
// the keys rotate. No code or refresh token is accepted twice, nothing acknowledged is
// lost, no honest session is ended by a refresh, and errors are standard ones inside
// the windows of the faults.
func TestClusterSurvives(t *testing.T) {
	t.Parallel()
	unit := 10 * time.Second // the whole takes twelve
	if testing.Short() {
		unit = 3 * time.Second
	}
	c := newCluster(t)
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	c.began = time.Now()
	for i := range 4 {
		workers.Go(func() { c.work(ctx, i) })
	}
	pause := func() { time.Sleep(unit) }
	n := c.balancer.nodes
	recovery := 5 * time.Second

	pause()
	c.fault("node killed", recovery, func() {
		n[0].run.cmd.Process.Signal(syscall.SIGKILL)
		n[0].run.cmd.Wait()
	})
	pause()
	c.start(n[0])
	pause()
	c.fault("node drained", recovery, func() { n[1].run.stop(t) })
	pause()
	c.start(n[1])
	pause()
	c.fault("Redis restarted empty", 2*recovery, func() {
		if err := c.redis.Restart(); err != nil {
			c.fail("Redis: %v", err)
		}
	})
	pause()
	pause()
	c.fault("PostgreSQL restarted", 2*recovery, func() {
		if err := errors.Join(c.pg.Stop(), c.pg.Resume()); err != nil {
			c.fail("PostgreSQL: %v", err)
		}
	})
	pause()
	pause()
	c.rotateKeys()
	pause()
	pause()
	cancel()
	workers.Wait()
	c.audit()
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	pg, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close() })
	c := &cluster{t: t, pg: pg, redis: redistest.Start(t), outages: map[string]int{}, counts: map[string]int{}}
	kek := make([]byte, 32)
	rand.Read(kek)
	c.place = newPlace(t, "CLOUDSSO_KEK="+base64.StdEncoding.EncodeToString(kek), "CLOUDSSO_LIMITS_ENABLED=false", "CLOUDSSO_DRAIN_DELAY=1s")
	c.balancer = &balancer{}
	for i := range 3 {
		c.balancer.nodes = append(c.balancer.nodes, &node{
			name: fmt.Sprintf("node%d", i), listen: "127.0.0.1:" + freePort(t), ops: "127.0.0.1:" + freePort(t),
		})
	}
	c.balancer.front = httptest.NewServer(c.balancer)
	t.Cleanup(c.balancer.front.Close)
	c.base = strings.Replace(c.balancer.front.URL, "127.0.0.1", "localhost", 1)
	store := []string{"--store", pg.Database(t), "--flows", "redis://" + c.redis.Addr()}
	c.flags = append([]string{"--dev", "--issuer", c.base}, store...)

	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<p id=arrived>arrived</p>") }))
	t.Cleanup(app.Close)
	c.callback = app.URL + "/callback"
	c.start(c.balancer.nodes[0]) // the first one migrates and makes the keys
	for _, n := range c.balancer.nodes[1:] {
		c.start(n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go c.balancer.watch(ctx)
	c.register(append([]string{"--data", "node0", "--dev", "--issuer", c.base}, store...))
	c.meetSAML()
	return c
}

// register does what an admin does before the first sign-in.
func (c *cluster) register(flags []string) {
	c.t.Helper()
	client := decode[struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}](c.place.run(`{"client_name":"App","redirect_uris":["`+c.callback+`"],"grant_types":["authorization_code","refresh_token"],"require_pkce":false}`,
		append([]string{"client", "add", "--json", "--file", "-"}, flags...)...).want(0))
	c.place.run("correct horse battery\n", append([]string{"user", "add", "ada", "--email", "ada@example.com", "--password-stdin"}, flags...)...).want(0)
	token := strings.TrimSpace(c.place.do(append([]string{"token", "create"}, flags...)...).out)
	c.visitor = &visitor{base: c.base, client: client.ID, secret: client.Secret, token: token, redirect: c.callback, http: &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for !slices.ContainsFunc(c.balancer.nodes, func(n *node) bool { return n.up.Load() }) {
		time.Sleep(20 * time.Millisecond)
	}
	provider, err := oidc.NewProvider(context.Background(), c.base)
	if err != nil {
		c.t.Fatal(err)
	}
	c.verifier = provider.Verifier(&oidc.Config{ClientID: client.ID})
}

// meetSAML exchanges metadata with a service provider on crewjam/saml.
func (c *cluster) meetSAML() {
	c.t.Helper()
	at, _ := url.Parse(c.base + "/saml/metadata")
	metadata, err := samlsp.FetchMetadata(context.Background(), http.DefaultClient, *at)
	if err != nil {
		c.t.Fatal(err)
	}
	acs, _ := url.Parse(strings.Replace(c.callback, "/callback", "/acs", 1))
	c.sp = &saml.ServiceProvider{EntityID: "urn:cluster:sp", AcsURL: *acs, IDPMetadata: metadata, AuthnNameIDFormat: saml.EmailAddressNameIDFormat}
	status := c.visitor.call(http.MethodPost, "/api/v1/service-providers", fmt.Sprintf(`{"entity_id":"urn:cluster:sp","acs":[%q],"name":"SP"}`, acs), nil)
	if status != http.StatusCreated {
		c.t.Fatalf("service provider: %d", status)
	}
}

// work is one person with one browser, over and over.
func (c *cluster) work(ctx context.Context, worker int) {
	browser := idptest.NewBrowser(patient{c.t})
	for i := 0; ctx.Err() == nil; i++ {
		if i%10 == 0 {
			browser = idptest.NewBrowser(patient{c.t})
		}
		c.try(func() { c.oidc(browser, i) })
		c.try(func() { c.saml(browser) })
		c.refreshSome(worker, i)
		c.addUser(fmt.Sprintf("user-%d-%d", worker, i))
		if i%5 == 0 {
			c.addClient()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (c *cluster) try(round func()) {
	defer func() {
		if fault := recover(); fault != nil {
			if gave, ok := fault.(gaveUp); ok {
				c.outage("browser: " + string(gave)[:min(len(gave), 60)])
				return
			}
			panic(fault)
		}
	}()
	round()
}

// walk signs in where a page asks, and agrees where one asks.
func walk(page *idptest.Page) *idptest.Page {
	for range 4 {
		switch {
		case page.Has("login-submit"):
			page = page.FormWith("password").Set("username", "ada").Set("password", "correct horse battery").Submit("login-submit")
		case page.Has("consent-allow"):
			page = page.FormWith("consent").Submit("consent-allow")
		default:
			return page
		}
	}
	return page
}

func (c *cluster) oidc(b *idptest.Browser, i int) {
	q := url.Values{"response_type": {"code"}, "client_id": {c.visitor.client}, "redirect_uri": {c.callback}, "scope": {"openid offline_access"}, "state": {"s"}}
	page := walk(b.Open(c.base + "/oauth2/authorize?" + q.Encode()))
	code := page.URL.Query().Get("code")
	if code == "" {
		c.outage(fmt.Sprintf("sign-in: %d %s", page.Status, page.URL.Query().Get("error")))
		return
	}
	if i%4 == 0 {
		c.twice(code)
		return
	}
	status, answer := c.visitor.ask(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.callback}})
	if status != http.StatusOK {
		c.outage(fmt.Sprintf("exchange: %d %s", status, answer.Error))
		return
	}
	if _, err := c.verifier.Verify(context.Background(), answer.IDToken); err != nil {
		c.outage("id_token: " + err.Error()[:min(len(err.Error()), 60)])
	}
	c.count("sign-ins")
	if i%4 == 2 {
		c.spend(answer.Refresh)
		return
	}
	c.mu.Lock()
	c.families = append(c.families, answer.Refresh)
	c.mu.Unlock()
}

// spend presents a refresh token again after its successor was used: a thief's try. It
// must not be accepted, whatever happens around it.
func (c *cluster) spend(first string) {
	token := first
	for range 2 {
		status, answer := c.visitor.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
		if status != http.StatusOK {
			c.outage(fmt.Sprintf("refresh: %d %s", status, answer.Error))
			return
		}
		token = answer.Refresh
	}
	if status, _ := c.visitor.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}}); status == http.StatusOK {
		c.fail("a spent refresh token was accepted")
	}
	c.count("spent refresh tokens refused")
}

// twice redeems one code from two sides at once: at the most one may win.
func (c *cluster) twice(code string) {
	var won atomic.Int32
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			status, _ := c.visitor.ask(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.callback}})
			if status == http.StatusOK {
				won.Add(1)
			}
		})
	}
	both.Wait()
	if won.Load() > 1 {
		c.fail("a code was accepted twice")
	}
	c.count("double redemptions refused")
}

func (c *cluster) saml(b *idptest.Browser) {
	request, err := c.sp.MakeAuthenticationRequest(c.sp.GetSSOBindingLocation(saml.HTTPRedirectBinding), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
	if err != nil {
		c.fail("request: %v", err)
		return
	}
	to, err := request.Redirect("relay", c.sp)
	if err != nil {
		c.fail("request: %v", err)
		return
	}
	page := walk(b.Open(to.String()))
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "SAMLResponse") {
		c.outage(fmt.Sprintf("SAML: %d", page.Status))
		return
	}
	form := url.Values{"SAMLResponse": {page.Form(0).Value("SAMLResponse")}}
	post, err := http.NewRequest(http.MethodPost, c.sp.AcsURL.String(), strings.NewReader(form.Encode()))
	if err != nil {
		c.fail("post: %v", err)
		return
	}
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := post.ParseForm(); err != nil {
		c.fail("post: %v", err)
		return
	}
	if _, err := c.sp.ParseResponse(post, []string{request.ID}); err != nil {
		c.fail("the service provider refuses a response: %v", err)
		return
	}
	c.count("SAML logins")
}

// refreshSome renews one family. An answer that did not arrive is asked for again with
// the same token: that must never end the family.
func (c *cluster) refreshSome(worker, i int) {
	c.mu.Lock()
	if len(c.families) <= worker {
		c.mu.Unlock()
		return
	}
	picked, _ := rand.Int(rand.Reader, big.NewInt(int64(len(c.families))))
	slot := int(picked.Int64())
	token := c.families[slot]
	c.families[slot] = "" // nobody else takes it meanwhile
	c.mu.Unlock()
	if token == "" {
		return
	}
	for began := time.Now(); time.Since(began) < 50*time.Second; time.Sleep(100 * time.Millisecond) {
		status, answer := c.visitor.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
		if status == http.StatusOK {
			token = answer.Refresh
			c.count("refreshes")
			break
		}
		if answer.Error == "invalid_grant" {
			c.fail("an honest refresh was refused: %s", answer.Description)
			return
		}
		c.outage(fmt.Sprintf("refresh: %d %s", status, answer.Error))
	}
	c.mu.Lock()
	c.families[slot] = token
	c.mu.Unlock()
}

func (c *cluster) addUser(name string) {
	var made struct {
		ID string `json:"id"`
	}
	switch status := c.visitor.call(http.MethodPost, "/api/v1/users", fmt.Sprintf(`{"username":%q}`, name), &made); {
	case status == http.StatusCreated:
		c.mu.Lock()
		c.users = append(c.users, made.ID)
		c.mu.Unlock()
	case status == http.StatusConflict:
		c.fail("user %s was there already", name)
	default:
		c.outage(fmt.Sprintf("admin API: %d", status))
	}
}

func (c *cluster) addClient() {
	var made struct {
		ID string `json:"client_id"`
	}
	switch status := c.visitor.call(http.MethodPost, "/api/v1/clients", `{"client_name":"More","redirect_uris":["https://more.example.com/"]}`, &made); status {
	case http.StatusCreated:
		c.mu.Lock()
		c.clients = append(c.clients, made.ID)
		c.mu.Unlock()
	default:
		c.outage(fmt.Sprintf("admin API: %d", status))
	}
}

func (c *cluster) rotateKeys() {
	if status := c.visitor.call(http.MethodPost, "/api/v1/keys/rotate", `{"use":"sig","alg":"RS256","now":true}`, nil); status/100 != 2 {
		c.fail("rotate: %d", status)
	}
}

// audit looks at what is left when all is over.
func (c *cluster) audit() {
	t := c.t
	t.Helper()
	for what, n := range c.counts {
		t.Logf("%s: %d", what, n)
	}
	for what, n := range c.outages {
		t.Logf("inside a window: %s: %d times", what, n)
	}
	for _, id := range c.users {
		if status := c.visitor.call(http.MethodGet, "/api/v1/users/"+id, "", nil); status != http.StatusOK {
			t.Errorf("user %s is lost: %d", id, status)
		}
	}
	for _, id := range c.clients {
		if status := c.visitor.call(http.MethodGet, "/api/v1/clients/"+id, "", nil); status != http.StatusOK {
			t.Errorf("client %s is lost: %d", id, status)
		}
	}
	kept := 0
	for _, token := range c.families {
		if token == "" {
			continue
		}
		kept++
		if status, answer := c.visitor.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}); status != http.StatusOK {
			t.Errorf("an acknowledged refresh token is lost: %d %s %s", status, answer.Error, answer.Description)
		}
	}
	t.Logf("acknowledged and still there: %d users, %d clients, %d refresh families with their consent", len(c.users), len(c.clients), kept)
	if created := c.events("user.created"); created < len(c.users) {
		t.Errorf("%d users were acknowledged, but only %d Events say so", len(c.users), created)
	}
	for i, wrong := range c.wrong {
		if i == 20 {
			t.Errorf("and %d more", len(c.wrong)-i)
			break
		}
		t.Error(wrong)
	}
	for _, what := range []string{"sign-ins", "SAML logins", "refreshes", "double redemptions refused", "spent refresh tokens refused"} {
		if c.counts[what] < 10 {
			t.Errorf("only %d %s: the cluster hardly worked", c.counts[what], what)
		}
	}
}

// events counts the Events of a name, over all pages.
func (c *cluster) events(name string) (n int) {
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				Name string `json:"name"`
			} `json:"items"`
			Next string `json:"next_cursor"`
		}
		q := url.Values{"limit": {"200"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		if status := c.visitor.call(http.MethodGet, "/api/v1/events?"+q.Encode(), "", &page); status != http.StatusOK {
			c.t.Fatalf("events: %d", status)
		}
		for _, e := range page.Items {
			if e.Name == name {
				n++
			}
		}
		if cursor = page.Next; cursor == "" {
			return n
		}
	}
}

// tokenAnswer is what the token endpoint says.
type tokenAnswer struct {
	Refresh     string `json:"refresh_token"`
	IDToken     string `json:"id_token"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// call asks the admin API. status 0: no answer.
func (v *visitor) call(method, path, body string, into any) int {
	req, err := http.NewRequest(method, v.base+path, strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+v.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := v.http.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if into != nil && json.NewDecoder(resp.Body).Decode(into) != nil {
		return 0
	}
	return resp.StatusCode
}
