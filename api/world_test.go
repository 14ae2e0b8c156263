package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
	"cloudsso/idp/audit"
	"cloudsso/idp/memory"
	"cloudsso/keys"
	"cloudsso/userdir"
)

const issuer = "https://sso.example.org"

// world is one provider's admin API with everything real but SAML's parser and the
// network.
type world struct {
	t       *testing.T
	store   *memory.Store
	admin   *api.Admin
	handler http.Handler
	fetcher *fetcher
	events  *breakableEvents
	limits  limits
	token   string
	mu      sync.Mutex
	clock   time.Time
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// ring is shared by the tests: making RSA keys is slow, and nobody changes it.
var ring = sync.OnceValue(func() *keys.Ring {
	env := func(name string) string {
		if name == "CLOUDSSO_KEK" {
			return "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
		}
		return ""
	}
	k, err := keys.LoadKEK("", env)
	if err != nil {
		panic(err)
	}
	r, err := keys.Open(context.Background(), memory.New(time.Now), k, time.Now)
	if err != nil {
		panic(err)
	}
	return r
})

func newWorld(t *testing.T, change ...func(*api.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), fetcher: &fetcher{}}
	w.store = memory.New(w.now)
	w.events = &breakableEvents{Log: audit.New(w.store, slog.New(slog.DiscardHandler), w.now)}
	users := userdir.NewUsers(w.store, []userdir.Directory{userdir.NewLocal("local", w.store, w.now, nil)}, nil)
	o := api.Options{
		Issuer: issuer, Records: w.store, Sessions: w.store, Tickets: w.store, Audit: w.events, Limits: &w.limits,
		Verify: api.Verifiers{Client: unplayed[idp.Client], ServiceProvider: unplayed[idp.ServiceProvider]},
		People: users, Directories: users, Fetch: w.fetcher, Ring: ring(), Now: w.now,
		SAML: api.SAML{Find: parseSP, Entities: parseEntities, Complete: completeSP},
	}
	for _, c := range change {
		c(&o)
	}
	w.admin = api.New(o)
	w.handler = w.admin.Handler()
	tok, err := w.owner().CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 3600})
	if err != nil {
		t.Fatal(err)
	}
	w.token = tok.Secret
	return w
}

func (w *world) owner() *api.Owner { return w.admin.Local("test") }

// tokenOf makes a token of a role, even of one that this version does not know.
func (w *world) tokenOf(role string, apps ...string) string {
	w.t.Helper()
	if role != api.RoleAppAdmin {
		apps = nil
	}
	secret := "cloudsso_admin_" + idp.NewSecret()
	err := w.store.CreateAdminToken(w.t.Context(), idp.AdminToken{ID: idp.NewID(), Hash: idp.HashSecret(secret), Role: role, Apps: apps, CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour)})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// breakableEvents is the audit log, with a switch.
type breakableEvents struct {
	*audit.Log
	broken bool
}

func (b *breakableEvents) Record(ctx context.Context, e idp.Event) error {
	if b.broken {
		return fmt.Errorf("disk: %w", idp.ErrUnavailable)
	}
	return b.Log.Record(ctx, e)
}

// limits notes whose tries were forgotten.
type limits []string

func (l *limits) Unlock(_ context.Context, login string) error {
	*l = append(*l, login)
	return nil
}

// fetcher answers with one document for every address.
type fetcher struct {
	doc  string
	err  error
	urls []string
}

func (f *fetcher) Fetch(_ context.Context, url string, maxBytes int64) ([]byte, http.Header, error) {
	f.urls = append(f.urls, url)
	return []byte(f.doc), nil, f.err
}

// parseSP reads as little of a metadata document as the tests need.
func parseSP(doc []byte, q idp.MetadataQuery) (idp.MetadataFound, error) {
	var m struct {
		EntityID string `xml:"entityID,attr"`
		ACS      []struct {
			Location string `xml:"Location,attr"`
		} `xml:"SPSSODescriptor>AssertionConsumerService"`
	}
	if err := xml.Unmarshal(doc, &m); err != nil || m.EntityID == "" {
		return idp.MetadataFound{}, idp.Errorf(idp.Invalid, "Line 1: this is not SAML metadata.")
	}
	if q.EntityID != "" && q.EntityID != m.EntityID {
		return idp.MetadataFound{}, idp.Errorf(idp.Invalid, "Another entity ID.")
	}
	sp := idp.ServiceProvider{EntityID: m.EntityID, MetadataXML: doc}
	for i, e := range m.ACS {
		sp.ACS = append(sp.ACS, idp.Endpoint{Location: e.Location, Index: i})
	}
	return idp.MetadataFound{ServiceProvider: sp, Warnings: []string{"no certificate"}}, nil
}

func parseEntities(doc []byte) ([]idp.MetadataEntity, error) {
	found, err := parseSP(doc, idp.MetadataQuery{})
	return []idp.MetadataEntity{{EntityID: found.ServiceProvider.EntityID}}, err
}

func completeSP(sp *idp.ServiceProvider, dev bool) error {
	if sp.App == "" {
		sp.App = strings.Trim(strings.NewReplacer("https://", "", ".", "-", "/", "-").Replace(sp.EntityID), "-")
	}
	if sp.Sign == "" {
		sp.Sign = "response"
	}
	for i := range sp.ACS {
		if !dev && !strings.HasPrefix(sp.ACS[i].Location, "https://") {
			return idp.Errorf(idp.Invalid, "An ACS address must be https.").On(fmt.Sprintf("acs[%d].location", i))
		}
		if sp.ACS[i].Binding == "" {
			sp.ACS[i].Binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
		}
	}
	return nil
}

func metadata(entityID, acs string) string {
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `"><SPSSODescriptor><AssertionConsumerService Location="` + acs + `"/></SPSSODescriptor></EntityDescriptor>`
}

// answer is what one call got back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// call makes one request with the owner's token. body may be a string, sent as it is.
// headers come in pairs and win over the usual ones; an empty value removes one.
func (w *world) call(method, path string, body any, headers ...string) answer {
	w.t.Helper()
	var reader io.Reader
	h := http.Header{"Authorization": {"Bearer " + w.token}}
	if body != nil {
		b, ok := body.(string)
		if !ok {
			j, err := json.Marshal(body)
			if err != nil {
				w.t.Fatal(err)
			}
			b = string(j)
		}
		reader = strings.NewReader(b)
		h.Set("Content-Type", "application/json")
		if method == http.MethodPatch {
			h.Set("Content-Type", "application/merge-patch+json")
		}
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			h.Del(headers[i])
		} else {
			h.Set(headers[i], headers[i+1])
		}
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, reader)
	r.Header = h
	r = r.WithContext(idp.WithRequest(r.Context(), &idp.Request{Support: "SUP-1"}))
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	a := answer{t: w.t, status: rec.Code, header: rec.Header(), raw: rec.Body.String()}
	if rec.Body.Len() > 0 {
		d := json.NewDecoder(bytes.NewReader(rec.Body.Bytes()))
		if err := d.Decode(&a.body); err != nil {
			w.t.Errorf("%s %s: the answer is no JSON object: %s", method, path, a.raw)
		}
	}
	conforms(w.t, method, path, a)
	return a
}

// want fails the test unless the status is this one.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	if status >= 400 {
		if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
			a.t.Errorf("Content-Type %q, want application/problem+json", ct)
		}
		if a.body["status"] != float64(status) || a.body["support_code"] != "SUP-1" || a.body["title"] != http.StatusText(status) {
			a.t.Errorf("not a complete problem: %s", a.raw)
		}
	}
	return a
}

// problem is the status, then the detail, then every place with its own sentence.
func (a answer) problem() string {
	s := fmt.Sprintf("%d %v", a.status, a.body["detail"])
	list, _ := a.body["errors"].([]any)
	for _, e := range list {
		m := e.(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if k != "detail" {
				s += fmt.Sprintf(" %s=%v", k, m[k])
			}
		}
	}
	return s
}

func (a answer) str(member string) string {
	s, _ := a.body[member].(string)
	return s
}

func (a answer) items() []map[string]any {
	a.t.Helper()
	list, ok := a.body["items"].([]any)
	if !ok {
		a.t.Fatalf("no items: %s", a.raw)
	}
	var out []map[string]any
	for _, i := range list {
		out = append(out, i.(map[string]any))
	}
	return out
}

// eventNames lists the Events so far, oldest first.
func (w *world) eventNames() []string {
	w.t.Helper()
	events, err := w.store.Events(w.t.Context(), idp.EventFilter{}, idp.Page{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, e := range slices.Backward(events) {
		names = append(names, e.Name)
	}
	return names
}

// unplayed is for tests of who may test what: nobody gets this far. idp/server tests the rest with the real one.
func unplayed[A any](context.Context, A, idp.Answer, string) (verify.Report, error) {
	return verify.Report{}, errors.New("a test sign-in began")
}
