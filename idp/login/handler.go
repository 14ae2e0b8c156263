package login

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// Flows is what this package needs of [idp.Flows].
type Flows interface {
	idp.LoginFlows
	idp.Marks
	Sessions
	Tickets
}

// Sessions is what this package needs of [idp.Sessions].
type Sessions interface {
	CreateSession(ctx context.Context, s idp.Session) error
	Session(ctx context.Context, id string) (idp.Session, error)
	UpdateSession(ctx context.Context, s idp.Session) error
	DeleteSession(ctx context.Context, id string) (idp.Session, error)
}

// Consents is what people agreed to.
type Consents interface {
	GiveConsent(ctx context.Context, c idp.Consent) error
	Consent(ctx context.Context, subject, clientID string) (idp.Consent, error)
}

// People are the directories behind one door. Errors are those of package userdir.
type People interface {
	Authenticate(ctx context.Context, login, password string) (idp.Person, error)
	Person(ctx context.Context, subject string) (idp.Person, error)
	PersonFor(ctx context.Context, subject, profile string) (idp.Person, error)
	// Remembered is Person as it was some seconds ago: for showing a name, not for deciding.
	Remembered(ctx context.Context, subject string) (idp.Person, error)
}

// Apps tells what a page says about an app. ErrNotFound if there is no such app.
type Apps interface {
	App(ctx context.Context, protocol, id string) (App, error)
}

// App is an application as people see it. Addresses may be empty.
type App struct {
	Name       string
	URL        string // where the app can be opened
	LogoURL    string
	PolicyURL  string
	TermsURL   string
	FirstParty bool // the organisation's own: nobody is asked for consent

	Assigned     *idp.Assignment // who may use it; nil: everybody
	ProfileQuery string          // what the app asks directories about people; their groups too
}

// Events is the audit log.
type Events interface {
	Record(ctx context.Context, e idp.Event) error
}

// MAC signs what a browser keeps and hides names in counters.
type MAC interface {
	Sum(parts ...[]byte) []byte
	Verify(mac []byte, parts ...[]byte) bool
}

// Options of [New]. All are required but the last ones.
type Options struct {
	Issuer   string // as configured: no slash at the end
	Flows    Flows
	Consents Consents
	People   People
	Apps     Apps
	Pages    *web.Pages
	Events   Events
	MAC      MAC // of its own purpose
	Now      func() time.Time

	// Farewells are the protocols that tell apps of the end of a session, and Tickets keeps
	// what has become of that. ReturnTo says whether the plain sign-out address may lead to
	// an address; nil: to none.
	Farewells []Farewells
	Tickets   Tickets
	ReturnTo  func(ctx context.Context, address string) (bool, error)

	SignUpURL   string        // where people make an account themselves; empty: nowhere
	SessionTTL  time.Duration // from authentication to the end at the latest; default 12 h
	SessionIdle time.Duration // without any use; default 2 h
	NoLimits    bool          // no bound on password tries; for tests
}

// Handler signs people in. It is safe for concurrent use.
type Handler struct {
	flows    Flows
	consents Consents
	people   People
	apps     Apps
	pages    *web.Pages
	events   Events
	mac      MAC
	clock    func() time.Time

	farewells []Farewells
	tickets   Tickets
	returnTo  func(ctx context.Context, address string) (bool, error)

	issuer string
	signUp string
	ttl    time.Duration
	idle   time.Duration
	limits bool

	base   string // path of the issuer
	secure bool   // https issuer
	cross  *http.CrossOriginProtection
}

// New returns a Handler.
func New(o Options) *Handler {
	h := &Handler{
		flows: o.Flows, consents: o.Consents, people: o.People, apps: o.Apps, pages: o.Pages,
		events: o.Events, mac: o.MAC, clock: o.Now, limits: !o.NoLimits,
		ttl: cmp.Or(o.SessionTTL, 12*time.Hour), idle: cmp.Or(o.SessionIdle, 2*time.Hour),
		cross:  http.NewCrossOriginProtection(),
		issuer: o.Issuer, signUp: o.SignUpURL,
		farewells: o.Farewells, tickets: o.Tickets, returnTo: o.ReturnTo,
	}
	if u, err := url.Parse(o.Issuer); err == nil && u.Host != "" {
		h.base, h.secure = strings.TrimSuffix(u.Path, "/"), u.Scheme == "https"
		// Browsers without Sec-Fetch-Site are judged by their Origin. Behind a proxy
		// that rewrites Host it would not match, so our own is named.
		_ = h.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	return h
}

// now is in UTC, in the precision that stores keep.
func (h *Handler) now() time.Time { return h.clock().UTC().Truncate(time.Microsecond) }

// redirect sends the browser on by GET. path is below the issuer.
func (h *Handler) redirect(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, h.base+path, http.StatusSeeOther)
}
