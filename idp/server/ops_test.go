package server_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/idp/memory"
	"cloudsso/idp/server"
	"cloudsso/keys"
)

// shaky is a store whose parts can be made to fail.
type shaky struct {
	*memory.Store
	down atomic.Bool
}

func (s *shaky) Ping(ctx context.Context) error {
	if s.down.Load() {
		return errors.Join(idp.ErrUnavailable, errors.New("dial tcp 10.1.2.3: password=hunter2"))
	}
	return s.Store.Ping(ctx)
}

func newShaky() *shaky { return &shaky{Store: memory.New(time.Now)} }

// ask returns status and text of an answer of the second listener.
func ask(t *testing.T, s *server.Server, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.OpsHandler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestReadySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	records, flows := newShaky(), newShaky()
	s := idptest.New(t, idptest.Options{Records: records, Flows: flows})
	for _, c := range []struct {
		name           string
		records, flows bool // down
		status         int
		want           string
	}{
		{"all is well", false, false, 200, "ready\n"},
		{"the database is down", true, false, 503, "store: the records do not answer\n"},
		{"Redis is down", false, true, 503, "flows: the store does not answer\n"},
		{"both are down", true, true, 503, "store: the records do not answer\nflows: the store does not answer\n"},
		{"both are back", false, false, 200, "ready\n"},
	} {
		records.down.Store(c.records)
		flows.down.Store(c.flows)
		if status, text := ask(t, s.Product, "/readyz"); status != c.status || text != c.want {
			t.Errorf("%s: %d %q, want %d %q", c.name, status, text, c.status, c.want)
		}
		if status, text := ask(t, s.Product, "/healthz"); status != 200 || text != "ok\n" {
			t.Errorf("%s: the process is not alive: %d %q", c.name, status, text)
		}
	}
	if status, _ := ask(t, s.Product, "/login"); status != 404 {
		t.Errorf("the second listener answers for the first: %d", status)
	}
	if page := idptest.NewBrowser(t).Open(s.Issuer + "/metrics"); page.Status != 404 {
		t.Errorf("the public can read the metrics: %d", page.Status)
	}
}

func TestMetricsOfASignIn(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	page = signIn(page, "ada", "wrong horse")
	page = signIn(page, "nobody-of-that-name", "wrong horse")
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	rp.subject(t, rp.finish(t, verifier))
	b.Open(s.Issuer + "/no/such/path")
	_, text := ask(t, s.Product, "/metrics")
	for _, want := range []string{
		`cloudsso_http_request_duration_seconds_count{method="POST",route="/oauth2/token",status="2xx"} 1`,
		`cloudsso_http_request_duration_seconds_count{method="POST",route="/login",status="4xx"} 2`,
		`cloudsso_http_request_duration_seconds_count{method="GET",route="none",status="4xx"} 1`,
		`cloudsso_logins_total{result="failure"} 2`, `cloudsso_logins_total{result="success"} 1`,
		`cloudsso_sign_ins_total{protocol="oidc",result="success"} 1`, `cloudsso_events_total{event="consent.given"} 1`,
		`cloudsso_directory_duration_seconds_count{directory="local",operation="authenticate",result="invalid_credentials"} 1`,
		`cloudsso_directory_duration_seconds_count{directory="local",operation="authenticate",result="not_found"} 1`,
		`cloudsso_directory_duration_seconds_count{directory="local",operation="authenticate",result="ok"} 1`,
		`cloudsso_store_up{store="records"} 1`, `cloudsso_store_up{store="flows"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			name, _, _ := strings.Cut(want, "{")
			t.Errorf("no line %s among\n%s", want, linesWith(text, name))
		}
	}
	if !strings.Contains(text, `cloudsso_key_expiry_timestamp_seconds{alg="RS256",kid=`) {
		t.Error("the end of the SAML certificate is missing")
	}
	for _, private := range []string{"ada", "nobody-of-that-name", rp.config.ClientID, "no/such/path", "127.0.0.1"} {
		if strings.Contains(text, `"`+private) {
			t.Errorf("%s is in a label", private)
		}
	}
}

func linesWith(text, part string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) && !strings.Contains(line, "_bucket") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// node is a server with its own listeners.
type node struct {
	product *server.Server
	front   string
	ops     string
	log     *idptest.Log
	tell    context.CancelFunc // to stop
	ended   chan error
}

func loopback(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func newKEK(t *testing.T) *keys.KEK {
	t.Helper()
	kek, err := keys.LoadKEK(t.TempDir(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

// run starts a node that is told to stop when the test ends, if not before.
func run(t *testing.T, drain time.Duration, o server.Options) *node {
	t.Helper()
	n := &node{ops: loopback(t), log: &idptest.Log{}, ended: make(chan error, 1)}
	o.Config.Listen, o.Config.OpsListen, o.Config.DrainDelay = "127.0.0.1:0", n.ops, config.Duration(drain)
	o.Config.Issuer, o.Config.Dev, o.Logger = "http://localhost:1", true, slog.New(slog.NewJSONHandler(n.log, nil))
	var err error
	if n.product, err = server.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	opened := make(chan string, 1)
	n.tell = cancel
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.ended <- n.product.Run(ctx, func(addr net.Addr) { opened <- addr.String() })
	}()
	t.Cleanup(func() { cancel(); <-ended })
	select {
	case n.front = <-opened:
	case err := <-n.ended:
		t.Fatal(err)
	}
	return n
}

func fetch(t *testing.T, url string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// TestANodeDrains: from the moment it is told to stop it says so, it still answers for as
// long as its proxies need to notice, and it finishes what it has begun.
func TestANodeDrains(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/demo/slow" {
			close(started)
			<-release
		}
		io.WriteString(w, "finished")
	})
	store := newShaky()
	const delay = 3 * time.Second
	n := run(t, delay, server.Options{Records: store, Flows: store, KEK: newKEK(t), Demo: slow})
	answer := make(chan string, 1)
	go func() {
		_, body, err := fetch(t, "http://"+n.front+"/demo/slow")
		answer <- body + errorText(err)
	}()
	<-started
	if status, text, err := fetch(t, "http://"+n.ops+"/readyz"); status != 200 {
		t.Fatalf("before: %d %q %v", status, text, err)
	}
	told := time.Now()
	n.tell()
	waitFor(t, func() bool { status, _, _ := fetch(t, "http://"+n.ops+"/readyz"); return status == 503 })
	if took := time.Since(told); took > delay/2 {
		t.Errorf("it said so after %s only", took)
	}
	if status, text, err := fetch(t, "http://"+n.ops+"/readyz"); text != "draining: this node is about to stop\n" {
		t.Errorf("%d %q %v", status, text, err)
	}
	if status, _, err := fetch(t, "http://"+n.front+"/demo/"); status != 200 {
		t.Errorf("while draining it refuses people: %d %v", status, err)
	}
	waitFor(t, func() bool { _, _, err := fetch(t, "http://"+n.front+"/demo/"); return err != nil })
	if took := time.Since(told); took < delay {
		t.Errorf("it stopped listening after %s, before the delay was over", took)
	}
	if status, _, err := fetch(t, "http://"+n.ops+"/healthz"); status != 200 {
		t.Errorf("health is gone before the requests are finished: %d %v", status, err)
	}
	select {
	case err := <-n.ended:
		t.Fatalf("it ended with a request under way: %v", err)
	default:
	}
	close(release)
	if got := <-answer; got != "finished" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-n.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen")
		}
	}
}

func TestAPortThatIsTakenEndsTheStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct{ listen, ops, want string }{
		{taken.Addr().String(), "127.0.0.1:0", "choose one with --listen"},
		{"127.0.0.1:0", taken.Addr().String(), "choose one with --ops-listen"},
	} {
		store := newShaky()
		s, err := server.New(t.Context(), server.Options{Records: store, Flows: store, KEK: newKEK(t), Config: config.Config{Issuer: "http://localhost:1", Dev: true, Listen: c.listen, OpsListen: c.ops}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestErrorsOfStoresStayInside: what a driver says may name hosts, users and passwords.
func TestErrorsOfStoresStayInside(t *testing.T) {
	t.Parallel()
	store := newShaky()
	s := idptest.New(t, idptest.Options{Records: store, Flows: store})
	store.down.Store(true)
	for _, path := range []string{"/readyz", "/metrics"} {
		if _, text := ask(t, s.Product, path); strings.Contains(text, "hunter2") || strings.Contains(text, "10.1.2.3") {
			t.Errorf("%s says %s", path, text)
		}
	}
	if strings.Contains(s.Log.String(), "hunter2") {
		t.Error("the log holds the password")
	}
}
