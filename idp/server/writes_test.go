package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/idp/memory"
)

// writes are the verbs that changed a store since somebody last took them.
type writes struct {
	mu   sync.Mutex
	list []string
}

func (w *writes) add(verb string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, verb)
}

func (w *writes) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := strings.Join(w.list, " ")
	w.list = nil
	return list
}

// readsOfRecords are the verbs of idp.Records that change nothing. Only they are passed
// on unseen: a new verb does not compile until it is listed here or counted below.
type readsOfRecords interface {
	Client(ctx context.Context, id string) (idp.Client, error)
	Clients(ctx context.Context, p idp.Page) ([]idp.Client, error)
	ServiceProvider(ctx context.Context, app string) (idp.ServiceProvider, error)
	ServiceProviderByEntityID(ctx context.Context, entityID string) (idp.ServiceProvider, error)
	ServiceProviders(ctx context.Context, p idp.Page) ([]idp.ServiceProvider, error)
	User(ctx context.Context, id string) (idp.User, error)
	UserByUsername(ctx context.Context, username string) (idp.User, error)
	UsersByEmail(ctx context.Context, email string) ([]idp.User, error)
	Users(ctx context.Context, p idp.Page) ([]idp.User, error)
	Group(ctx context.Context, name string) (idp.Group, error)
	Groups(ctx context.Context, p idp.Page) ([]idp.Group, error)
	SubjectOwner(ctx context.Context, subject string) (directory, directoryID string, err error)
	SubjectLinks(ctx context.Context, subject string) ([]idp.SubjectLink, error)
	PersistentIDOf(ctx context.Context, app, subject string) (idp.PersistentID, error)
	Grant(ctx context.Context, id string) (idp.Grant, error)
	Holding(ctx context.Context, clientID, grantID string) (idp.Holding, error)
	Grants(ctx context.Context, f idp.GrantFilter, p idp.Page) ([]idp.Grant, error)
	Consent(ctx context.Context, subject, clientID string) (idp.Consent, error)
	Consents(ctx context.Context, subject string) ([]idp.Consent, error)
	Keys(ctx context.Context) ([]idp.KeyRecord, error)
	SearchUsers(ctx context.Context, part string, limit int) ([]idp.User, error)
	TokenApp(ctx context.Context, app string) (idp.TokenApp, error)
	TokenApps(ctx context.Context, p idp.Page) ([]idp.TokenApp, error)
	Admin(ctx context.Context, subject string) (idp.Admin, error)
	Admins(ctx context.Context, p idp.Page) ([]idp.Admin, error)
	AdminToken(ctx context.Context, hash string) (idp.AdminToken, error)
	AdminTokens(ctx context.Context, p idp.Page) ([]idp.AdminToken, error)
	Deliveries(ctx context.Context, app string, p idp.Page) ([]idp.Delivery, error)
	Events(ctx context.Context, f idp.EventFilter, p idp.Page) ([]idp.Event, error)
	LastEvents(ctx context.Context, apps, names []string) ([]idp.Event, error)
	Ping(ctx context.Context) error
	Close() error
}

// countedRecords notes each verb that writes.
type countedRecords struct {
	readsOfRecords
	all idp.Records
	w   writes
}

func (c *countedRecords) CreateClient(ctx context.Context, v idp.Client) error {
	c.w.add("CreateClient")
	return c.all.CreateClient(ctx, v)
}

func (c *countedRecords) UpdateClient(ctx context.Context, v idp.Client) error {
	c.w.add("UpdateClient")
	return c.all.UpdateClient(ctx, v)
}

func (c *countedRecords) DeleteClient(ctx context.Context, id string, version int64) error {
	c.w.add("DeleteClient")
	return c.all.DeleteClient(ctx, id, version)
}

func (c *countedRecords) CreateServiceProvider(ctx context.Context, v idp.ServiceProvider) error {
	c.w.add("CreateServiceProvider")
	return c.all.CreateServiceProvider(ctx, v)
}

func (c *countedRecords) UpdateServiceProvider(ctx context.Context, v idp.ServiceProvider) error {
	c.w.add("UpdateServiceProvider")
	return c.all.UpdateServiceProvider(ctx, v)
}

func (c *countedRecords) DeleteServiceProvider(ctx context.Context, app string, version int64) error {
	c.w.add("DeleteServiceProvider")
	return c.all.DeleteServiceProvider(ctx, app, version)
}

// PersistentID writes when the answer is new, and otherwise reads.
func (c *countedRecords) PersistentID(ctx context.Context, candidate idp.PersistentID) (idp.PersistentID, error) {
	id, err := c.all.PersistentID(ctx, candidate)
	if err != nil || id.Value == candidate.Value {
		c.w.add("PersistentID")
	}
	return id, err
}

func (c *countedRecords) CreateUser(ctx context.Context, v idp.User) error {
	c.w.add("CreateUser")
	return c.all.CreateUser(ctx, v)
}

func (c *countedRecords) UpdateUser(ctx context.Context, v idp.User) error {
	c.w.add("UpdateUser")
	return c.all.UpdateUser(ctx, v)
}

func (c *countedRecords) DeleteUser(ctx context.Context, id string, version int64) error {
	c.w.add("DeleteUser")
	return c.all.DeleteUser(ctx, id, version)
}

func (c *countedRecords) CreateGroup(ctx context.Context, v idp.Group) error {
	c.w.add("CreateGroup")
	return c.all.CreateGroup(ctx, v)
}

func (c *countedRecords) UpdateGroup(ctx context.Context, v idp.Group) error {
	c.w.add("UpdateGroup")
	return c.all.UpdateGroup(ctx, v)
}

func (c *countedRecords) DeleteGroup(ctx context.Context, name string, version int64) error {
	c.w.add("DeleteGroup")
	return c.all.DeleteGroup(ctx, name, version)
}

func (c *countedRecords) MoveSubject(ctx context.Context, directory, directoryID, subject string) error {
	c.w.add("MoveSubject")
	return c.all.MoveSubject(ctx, directory, directoryID, subject)
}

// Subject writes when the answer is new, and otherwise reads.
func (c *countedRecords) Subject(ctx context.Context, directory, directoryID, candidate string) (string, error) {
	subject, err := c.all.Subject(ctx, directory, directoryID, candidate)
	if err != nil || subject == candidate {
		c.w.add("Subject")
	}
	return subject, err
}

func (c *countedRecords) CreateGrant(ctx context.Context, g idp.Grant, e idp.Event) error {
	c.w.add("CreateGrant")
	return c.all.CreateGrant(ctx, g, e)
}

func (c *countedRecords) RedeemCode(ctx context.Context, r idp.Redemption, now time.Time) error {
	c.w.add("RedeemCode")
	return c.all.RedeemCode(ctx, r, now)
}

func (c *countedRecords) RotateRefresh(ctx context.Context, r idp.Rotation) error {
	c.w.add("RotateRefresh")
	return c.all.RotateRefresh(ctx, r)
}

func (c *countedRecords) RevokeGrant(ctx context.Context, id, reason string, now time.Time) (bool, error) {
	c.w.add("RevokeGrant")
	return c.all.RevokeGrant(ctx, id, reason, now)
}

func (c *countedRecords) RevokeGrants(ctx context.Context, f idp.GrantFilter, reason string, now time.Time) (int, error) {
	c.w.add("RevokeGrants")
	return c.all.RevokeGrants(ctx, f, reason, now)
}

func (c *countedRecords) GiveConsent(ctx context.Context, v idp.Consent) error {
	c.w.add("GiveConsent")
	return c.all.GiveConsent(ctx, v)
}

func (c *countedRecords) RevokeConsent(ctx context.Context, subject, clientID string) error {
	c.w.add("RevokeConsent")
	return c.all.RevokeConsent(ctx, subject, clientID)
}

func (c *countedRecords) CreateKey(ctx context.Context, k idp.KeyRecord) error {
	c.w.add("CreateKey")
	return c.all.CreateKey(ctx, k)
}

func (c *countedRecords) RotateKeys(ctx context.Context, made *idp.KeyRecord, moves []idp.KeyMove) error {
	c.w.add("RotateKeys")
	return c.all.RotateKeys(ctx, made, moves)
}

func (c *countedRecords) CreateAdmin(ctx context.Context, v idp.Admin) error {
	c.w.add("CreateAdmin")
	return c.all.CreateAdmin(ctx, v)
}

func (c *countedRecords) UpdateAdmin(ctx context.Context, v idp.Admin) error {
	c.w.add("UpdateAdmin")
	return c.all.UpdateAdmin(ctx, v)
}

func (c *countedRecords) DeleteAdmin(ctx context.Context, id string, version int64) error {
	c.w.add("DeleteAdmin")
	return c.all.DeleteAdmin(ctx, id, version)
}

func (c *countedRecords) CreateTokenApp(ctx context.Context, v idp.TokenApp) error {
	c.w.add("CreateTokenApp")
	return c.all.CreateTokenApp(ctx, v)
}

func (c *countedRecords) UpdateTokenApp(ctx context.Context, v idp.TokenApp) error {
	c.w.add("UpdateTokenApp")
	return c.all.UpdateTokenApp(ctx, v)
}

func (c *countedRecords) DeleteTokenApp(ctx context.Context, id string, version int64) error {
	c.w.add("DeleteTokenApp")
	return c.all.DeleteTokenApp(ctx, id, version)
}

func (c *countedRecords) CreateAdminToken(ctx context.Context, v idp.AdminToken) error {
	c.w.add("CreateAdminToken")
	return c.all.CreateAdminToken(ctx, v)
}

func (c *countedRecords) TouchAdminToken(ctx context.Context, id string, now time.Time) error {
	c.w.add("TouchAdminToken")
	return c.all.TouchAdminToken(ctx, id, now)
}

func (c *countedRecords) RevokeAdminToken(ctx context.Context, id string) error {
	c.w.add("RevokeAdminToken")
	return c.all.RevokeAdminToken(ctx, id)
}

func (c *countedRecords) CreateDeliveries(ctx context.Context, ds []idp.Delivery) error {
	c.w.add("CreateDeliveries")
	return c.all.CreateDeliveries(ctx, ds)
}

func (c *countedRecords) ClaimDeliveries(ctx context.Context, now, lease time.Time, limit int) ([]idp.Delivery, error) {
	c.w.add("ClaimDeliveries")
	return c.all.ClaimDeliveries(ctx, now, lease, limit)
}

func (c *countedRecords) SettleDelivery(ctx context.Context, d idp.Delivery) error {
	c.w.add("SettleDelivery")
	return c.all.SettleDelivery(ctx, d)
}

func (c *countedRecords) AppendEvent(ctx context.Context, e idp.Event) error {
	c.w.add("AppendEvent")
	return c.all.AppendEvent(ctx, e)
}

func (c *countedRecords) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	c.w.add("Sweep")
	return c.all.Sweep(ctx, now, limit)
}

// readsOfFlows are the verbs of idp.Flows that change nothing.
type readsOfFlows interface {
	Flow(ctx context.Context, id string) (idp.Flow, error)
	Ticket(ctx context.Context, kind, id string) (idp.Ticket, error)
	Session(ctx context.Context, id string) (idp.Session, error)
	SessionsOf(ctx context.Context, subject string) ([]idp.Session, error)
	Counted(ctx context.Context, key string) (int, error)
	Ping(ctx context.Context) error
	Close() error
}

// countedFlows notes each verb that writes.
type countedFlows struct {
	readsOfFlows
	all idp.Flows
	w   writes
}

func (c *countedFlows) CreateFlow(ctx context.Context, f idp.Flow) error {
	c.w.add("CreateFlow")
	return c.all.CreateFlow(ctx, f)
}

func (c *countedFlows) UpdateFlow(ctx context.Context, f idp.Flow) error {
	c.w.add("UpdateFlow")
	return c.all.UpdateFlow(ctx, f)
}

func (c *countedFlows) TakeFlow(ctx context.Context, id string) (idp.Flow, error) {
	c.w.add("TakeFlow")
	return c.all.TakeFlow(ctx, id)
}

func (c *countedFlows) CreateSession(ctx context.Context, s idp.Session) error {
	c.w.add("CreateSession")
	return c.all.CreateSession(ctx, s)
}

func (c *countedFlows) UpdateSession(ctx context.Context, s idp.Session) error {
	c.w.add("UpdateSession")
	return c.all.UpdateSession(ctx, s)
}

func (c *countedFlows) DeleteSession(ctx context.Context, id string) (idp.Session, error) {
	c.w.add("DeleteSession")
	return c.all.DeleteSession(ctx, id)
}

func (c *countedFlows) CreateTicket(ctx context.Context, t idp.Ticket) error {
	c.w.add("CreateTicket")
	return c.all.CreateTicket(ctx, t)
}

func (c *countedFlows) UpdateTicket(ctx context.Context, t idp.Ticket) error {
	c.w.add("UpdateTicket")
	return c.all.UpdateTicket(ctx, t)
}

func (c *countedFlows) TakeTicket(ctx context.Context, kind, id string) (idp.Ticket, error) {
	c.w.add("TakeTicket")
	return c.all.TakeTicket(ctx, kind, id)
}

func (c *countedFlows) SeenOnce(ctx context.Context, key string, until time.Time) error {
	c.w.add("SeenOnce")
	return c.all.SeenOnce(ctx, key, until)
}

func (c *countedFlows) Count(ctx context.Context, key string, window time.Duration) (int, error) {
	c.w.add("Count")
	return c.all.Count(ctx, key, window)
}

func (c *countedFlows) ClearCount(ctx context.Context, key string) error {
	c.w.add("ClearCount")
	return c.all.ClearCount(ctx, key)
}

func (c *countedFlows) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	c.w.add("Sweep")
	return c.all.Sweep(ctx, now, limit)
}

// house is a provider whose writes are counted.
type house struct {
	*idptest.Server
	records *countedRecords
	flows   *countedFlows
}

func newHouse(t *testing.T) *house {
	t.Helper()
	store := memory.New(time.Now)
	h := &house{records: &countedRecords{readsOfRecords: store, all: store}, flows: &countedFlows{readsOfFlows: store, all: store}}
	h.Server = idptest.New(t, idptest.Options{Records: h.records, Flows: h.flows})
	h.AddUser(t, ada)
	return h
}

// wrote wants exactly these writes, the verbs of each store in their order, since it was
// last asked, and says so of the step.
func (h *house) wrote(t *testing.T, step, records, flows string) {
	t.Helper()
	if r, f := h.records.w.take(), h.flows.w.take(); r != records || f != flows {
		t.Errorf("%s writes %q to Records and %q to Flows, want %q and %q", step, r, f, records, flows)
	}
}

// call sends one request and wants status 200.
func (h *house) call(t *testing.T, method, path string, form url.Values, authorize func(*http.Request)) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if authorize != nil {
		authorize(r)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", path, answer.StatusCode, body, err)
	}
	var members map[string]any
	_ = json.Unmarshal(body, &members) // metadata is XML
	return members
}

// TestAtMostOneWritePerStep: every write is a round trip to a store that all nodes share,
// and a commit there. In the steady state (a live session that was used in the last
// minutes, consent given) each step of OpenID Connect takes one at most.
func TestAtMostOneWritePerStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	rp, b := newRelyingParty(t, h.Server), idptest.NewBrowser(t)
	bot := h.AddClient(t, idp.ClientMetadata{ClientName: "Bot", GrantTypes: []string{"client_credentials"}})
	page, verifier := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	subject := rp.subject(t, rp.finish(t, verifier))
	if first := h.records.w.take() + " " + h.flows.w.take(); !strings.Contains(first, "GiveConsent") || !strings.Contains(first, "CreateSession") {
		t.Fatalf("signing in wrote %q: nothing is counted", first)
	}

	other := newRelyingParty(t, h.Server) // that this session knows nothing of
	if err := h.Records.GiveConsent(t.Context(), idp.Consent{Subject: subject, ClientID: other.config.ClientID, Scopes: other.config.Scopes}); err != nil {
		t.Fatal(err)
	}
	h.records.w.take()
	page, _ = other.start(b)
	arrived(t, page, "arrived")
	h.wrote(t, "authorize by single sign-on, at a client that is new to the session", "CreateGrant", "CreateTicket")
	page, verifier = rp.start(b)
	arrived(t, page, "arrived")
	h.wrote(t, "authorize by single sign-on", "CreateGrant", "CreateTicket")
	token := rp.finish(t, verifier)
	h.wrote(t, "the exchange of a code", "RedeemCode", "")

	basic := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	wiki := basic(rp.config.ClientID, rp.config.ClientSecret)
	access := h.call(t, http.MethodPost, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}}, wiki)["access_token"]
	h.wrote(t, "refresh", "RotateRefresh", "")
	h.call(t, http.MethodPost, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, basic(bot.ClientID, bot.ClientSecret))
	h.wrote(t, "client credentials", "CreateGrant", "")

	bearer := fmt.Sprint(access)
	h.call(t, http.MethodGet, "/oauth2/userinfo", nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+bearer) })
	h.wrote(t, "userinfo", "", "")
	if told := h.call(t, http.MethodPost, "/oauth2/introspect", url.Values{"token": {bearer}}, wiki); told["active"] != true {
		t.Errorf("introspection says %v: this proves nothing", told)
	}
	h.wrote(t, "introspection", "", "")
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth2/jwks", "/saml/metadata"} {
		h.call(t, http.MethodGet, path, nil, nil)
		h.wrote(t, path, "", "")
	}

	// The Event that is written with the grant is there, and told of as any other.
	list, err := h.Records.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 1})
	if err != nil || len(list) != 1 || list[0].Name != idp.EventGrantCreated || list[0].App != bot.ClientID || list[0].Support == "" || list[0].IP != "127.0.0.1" || list[0].Time.IsZero() {
		t.Errorf("the newest Event is %+v (%v)", list, err)
	}
	if _, text := ask(t, h.Product, "/metrics"); !strings.Contains(text, `cloudsso_events_total{event="grant.created"} 4`) {
		t.Error("the metrics do not count four grants")
	}
	if n := strings.Count(h.Log.String(), `"event":"grant.created"`); n != 4 {
		t.Errorf("the log tells of %d grants", n)
	}
}

// TestWritesOfASAMLSignIn: one HTTP request carries two steps of the protocol, and each
// writes once, to a store of its own: the request is accepted (its replay mark, in Flows)
// and the answer is issued (its Event, in Records, before it is handed out). The two
// cannot be one: what must survive and what may be lost are different stores.
func TestWritesOfASAMLSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	sp, b := newServiceProvider(t, h.Server), idptest.NewBrowser(t)
	arrived(t, signIn(b.Open(sp.front.URL+"/wiki"), "ada", password).Form(0).Submit(""), "ada@example.com")
	h.records.w.take()
	h.flows.w.take()

	// As a browser that the application has forgotten and the provider has not.
	b.SetCookie(sp.front.URL, &http.Cookie{Name: "token", Path: "/", MaxAge: -1})
	page := b.Open(sp.front.URL + "/wiki")
	h.wrote(t, "a SAML sign-in by single sign-on", "AppendEvent", "SeenOnce CreateTicket")
	arrived(t, page.Form(0).Submit(""), "ada@example.com")
	h.wrote(t, "the way from there to the application", "", "")
}
