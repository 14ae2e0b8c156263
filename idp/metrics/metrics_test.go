package metrics_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/metrics"
)

func options() metrics.Options {
	return metrics.Options{
		Version: "v1.2.3", Revision: "abc",
		Keys:   func() []metrics.Key { return nil },
		Stores: map[string]func(context.Context) error{"records": func(context.Context) error { return nil }},
	}
}

// scrape returns the lines of an answer for Prometheus.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return "\n" + w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			t.Errorf("no line %s; of that name there are:\n%s", line, grep(text, name))
		}
	}
}

func grep(text, part string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

func TestRequestsAreCountedByPattern(t *testing.T) {
	t.Parallel()
	m := metrics.New(options())
	m.Request("/saml/metadata/:app", "GET", 200, 3*time.Millisecond)
	m.Request("/saml/metadata/:app", "GET", 204, 3*time.Second)
	m.Request("/oauth2/token", "POST", 503, time.Millisecond)
	text := scrape(t, m)
	wantLines(t, text,
		`cloudsso_http_request_duration_seconds_count{method="GET",route="/saml/metadata/:app",status="2xx"} 2`,
		`cloudsso_http_request_duration_seconds_sum{method="GET",route="/saml/metadata/:app",status="2xx"} 3.003`,
		`cloudsso_http_request_duration_seconds_bucket{method="GET",route="/saml/metadata/:app",status="2xx",le="0.005"} 1`,
		`cloudsso_http_request_duration_seconds_count{method="POST",route="/oauth2/token",status="5xx"} 1`,
	)
}

// TestStrangersMakeNoTimeSeries: each path and method that a stranger invents would stay
// in memory for good.
func TestStrangersMakeNoTimeSeries(t *testing.T) {
	t.Parallel()
	m := metrics.New(options())
	for _, method := range []string{"BREW", "PROPFIND", "get", strings.Repeat("X", 1000), "a\nb"} {
		m.Request("", method, 404, time.Millisecond)
	}
	wantLines(t, scrape(t, m), `cloudsso_http_request_duration_seconds_count{method="other",route="none",status="4xx"} 5`)
}

type recorder struct {
	got []string
	err error
}

func (r *recorder) Record(_ context.Context, e idp.Event) error {
	r.got = append(r.got, e.Name)
	return r.err
}

func (r *recorder) Complete(_ context.Context, e idp.Event) idp.Event {
	e.ID = "completed"
	return e
}

func (r *recorder) Logged(_ context.Context, e idp.Event) { r.got = append(r.got, e.ID+" "+e.Name) }

// TestEventsOfTheStoresOwnVerbsAreCounted: those that a verb appends with what they are about.
func TestEventsOfTheStoresOwnVerbsAreCounted(t *testing.T) {
	t.Parallel()
	m, log := metrics.New(options()), &recorder{}
	events := m.Events(log)
	e := events.Complete(t.Context(), idp.Event{Name: idp.EventGrantCreated})
	if text := scrape(t, m); strings.Contains(text, `{event="grant.created"}`) {
		t.Error("counted before it is on record")
	}
	events.Logged(t.Context(), e)
	if len(log.got) != 1 || log.got[0] != "completed grant.created" {
		t.Errorf("handed on: %q", log.got)
	}
	wantLines(t, scrape(t, m), `cloudsso_events_total{event="grant.created"} 1`, `cloudsso_sign_ins_total{protocol="oidc",result="success"} 1`)
}

func TestEventsAreCountedOnceTheyAreOnRecord(t *testing.T) {
	t.Parallel()
	m, log := metrics.New(options()), &recorder{}
	events := m.Events(log)
	for _, name := range []string{
		idp.EventLoginSuccess, idp.EventLoginFailure, idp.EventLoginFailure, idp.EventLoginBlocked, idp.EventGrantCreated,
		idp.EventSAMLIssued, idp.EventSAMLIssued, idp.EventSAMLRefused, idp.EventConsentDenied, idp.EventUserCreated,
	} {
		if err := events.Record(t.Context(), idp.Event{Name: name, Subject: "subject-1", App: "app-1", IP: "203.0.113.9"}); err != nil {
			t.Fatal(err)
		}
	}
	log.err = errors.New("disk full")
	if err := events.Record(t.Context(), idp.Event{Name: idp.EventLoginSuccess}); !errors.Is(err, log.err) {
		t.Errorf("the fault became %v", err)
	}
	if len(log.got) != 11 {
		t.Errorf("handed on: %q", log.got)
	}
	text := scrape(t, m)
	wantLines(t, text,
		`cloudsso_events_total{event="login.success"} 1`, `cloudsso_events_total{event="user.created"} 1`, `cloudsso_events_failed_total 1`,
		`cloudsso_logins_total{result="success"} 1`, `cloudsso_logins_total{result="failure"} 2`, `cloudsso_logins_total{result="blocked"} 1`,
		`cloudsso_sign_ins_total{protocol="oidc",result="success"} 1`, `cloudsso_sign_ins_total{protocol="oidc",result="denied"} 1`,
		`cloudsso_sign_ins_total{protocol="saml",result="success"} 2`, `cloudsso_sign_ins_total{protocol="saml",result="refused"} 1`,
	)
	for _, private := range []string{"subject-1", "app-1", "203.0.113.9"} {
		if strings.Contains(text, private) {
			t.Errorf("%s is a label", private)
		}
	}
}

// TestFailuresBeginAtZero: an alert on an increase never fires for a series that was not
// there before.
func TestFailuresBeginAtZero(t *testing.T) {
	t.Parallel()
	wantLines(t, scrape(t, metrics.New(options())),
		`cloudsso_logins_total{result="failure"} 0`, `cloudsso_logins_total{result="blocked"} 0`, `cloudsso_events_failed_total 0`,
		`cloudsso_sign_ins_total{protocol="saml",result="refused"} 0`)
}

func TestDirectoriesKeysAndBuild(t *testing.T) {
	t.Parallel()
	o, end := options(), time.Date(2036, 1, 2, 3, 4, 5, 0, time.UTC)
	o.Keys = func() []metrics.Key {
		return []metrics.Key{
			{ID: "k1", Use: "saml", Alg: "RS256", State: "active", Signing: true, Expires: end},
			{ID: "k2", Use: "sig", Alg: "ES256", State: "next"},
		}
	}
	m := metrics.New(o)
	m.Directory("staff", "authenticate", "unavailable", 2*time.Second)
	m.KeysRead(end)
	text := scrape(t, m)
	wantLines(t, text,
		`cloudsso_directory_duration_seconds_count{directory="staff",operation="authenticate",result="unavailable"} 1`,
		`cloudsso_key_expiry_timestamp_seconds{alg="RS256",kid="k1",use="saml"} 2.082855845e+09`,
		`cloudsso_key_signing{alg="RS256",kid="k1",use="saml"} 1`, `cloudsso_key_signing{alg="ES256",kid="k2",use="sig"} 0`,
		`cloudsso_key_state{alg="ES256",kid="k2",state="next",use="sig"} 1`, `cloudsso_keys_read_timestamp_seconds 2.082855845e+09`,
	)
	if strings.Contains(text, `cloudsso_key_expiry_timestamp_seconds{alg="ES256"`) {
		t.Error("a key without an end has one")
	}
	for _, part := range []string{`cloudsso_build_info{goversion="go`, `revision="abc",version="v1.2.3"} 1`, "\ngo_goroutines ", "\nprocess_open_fds "} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s", part)
		}
	}
}

func TestStoresAreAskedByEachScrape(t *testing.T) {
	t.Parallel()
	o, down := options(), false
	o.Stores["flows"] = func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("a store that hangs would hang the scrape")
		}
		if down {
			return idp.ErrUnavailable
		}
		return nil
	}
	m := metrics.New(o)
	wantLines(t, scrape(t, m), `cloudsso_store_up{store="records"} 1`, `cloudsso_store_up{store="flows"} 1`)
	down = true
	text := scrape(t, m)
	wantLines(t, text, `cloudsso_store_up{store="records"} 1`, `cloudsso_store_up{store="flows"} 0`)
	if !strings.Contains(text, `cloudsso_store_ping_seconds{store="flows"}`) {
		t.Error("how long it took is missing")
	}
}

// TestTwoServersCountApart: nothing is kept in the process-wide registry.
func TestTwoServersCountApart(t *testing.T) {
	t.Parallel()
	one, two := metrics.New(options()), metrics.New(options())
	one.Request("/login", "GET", 200, time.Millisecond)
	if strings.Contains(scrape(t, two), `route="/login"`) {
		t.Error("the other server counts this one's requests")
	}
}
