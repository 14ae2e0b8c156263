package oauth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ory/fosite"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/keys"
)

// Lives of what this package issues. A client may set its own for access and refresh tokens.
const (
	codeTTL     = 60 * time.Second // RFC 9700 §4.2.2
	idTokenTTL  = time.Hour
	accessTTL   = time.Hour
	frontTTL    = 15 * time.Minute // of access tokens that come through the browser
	refreshTTL  = 30 * 24 * time.Hour
	codeMemory  = 10 * time.Minute // how long an unused grant's row stays
	graceTTL    = 60 * time.Second
	maxForm     = 64 << 10 // bytes of a request's parameters
	offlineOnly = "offline_access"
)

// Records is what oauth needs of the store.
type Records interface {
	Client(ctx context.Context, id string) (idp.Client, error)
	Consent(ctx context.Context, subject, clientID string) (idp.Consent, error)
	CreateGrant(ctx context.Context, g idp.Grant, e idp.Event) error
	Grant(ctx context.Context, id string) (idp.Grant, error)
	Holding(ctx context.Context, clientID, grantID string) (idp.Holding, error)
	RedeemCode(ctx context.Context, r idp.Redemption, now time.Time) error
	RotateRefresh(ctx context.Context, r idp.Rotation) error
	RevokeGrant(ctx context.Context, id, reason string, now time.Time) (bool, error)
	Grants(ctx context.Context, f idp.GrantFilter, p idp.Page) ([]idp.Grant, error)
	CreateDeliveries(ctx context.Context, ds []idp.Delivery) error
	ClaimDeliveries(ctx context.Context, now, lease time.Time, limit int) ([]idp.Delivery, error)
	SettleDelivery(ctx context.Context, d idp.Delivery) error
	PersistentID(ctx context.Context, candidate idp.PersistentID) (idp.PersistentID, error)
	PersistentIDOf(ctx context.Context, app, subject string) (idp.PersistentID, error)
}

// Flows is what oauth needs of [idp.Flows].
type Flows interface {
	idp.Tickets
	Count(ctx context.Context, key string, window time.Duration) (int, error)
	Counted(ctx context.Context, key string) (int, error)
}

// Login finds out who the person is.
type Login interface {
	// Begin settles f from the browser's session if that is enough, or if f.Ask.Passive:
	// ready. Otherwise it has stored f and answered the browser.
	Begin(w http.ResponseWriter, r *http.Request, f *idp.Flow) (ready bool, err error)
	// Resume takes the settled flow that ?flow= names, once.
	Resume(w http.ResponseWriter, r *http.Request, protocol string) (idp.Flow, error)
	// CheckPassword is the login page's check, limits and records included, for a password
	// that an application asked for. A refusal is an idp.Error: Invalid for input that cannot
	// be right, Forbidden for what does not sign in, TooMany, Unavailable.
	CheckPassword(r *http.Request, app, username, password string) (idp.Person, error)
	// FormToken and CheckForm bind a form of ours to the browser that it was shown to and to
	// one step. CheckForm looks at the field token of r.PostForm; its errors are fit for people.
	FormToken(w http.ResponseWriter, r *http.Request, step string) string
	CheckForm(r *http.Request, step string) error
	// Joined records in the session that the app was told about it.
	Joined(ctx context.Context, sessionID string, app idp.SessionApp) error
}

// People says what the directory knows of a subject now: idp.ErrNotFound for a subject
// that never was, an error that wraps idp.ErrUnavailable when the directory is down.
type People interface {
	Person(ctx context.Context, subject string) (idp.Person, error)
	// PersonFor is Person with the attributes of the directory's query of this name.
	PersonFor(ctx context.Context, subject, profile string) (idp.Person, error)
}

// Recorder writes audit events: by itself, or around Records.CreateGrant, which appends
// what Complete returned; Logged says that it did.
type Recorder interface {
	Record(ctx context.Context, e idp.Event) error
	Complete(ctx context.Context, e idp.Event) idp.Event
	Logged(ctx context.Context, e idp.Event)
}

// Marks remembers what may be used once, and counts.
type Marks interface {
	// SeenOnce gives nil to exactly one caller, and idp.ErrReplayed to the others until then.
	SeenOnce(ctx context.Context, key string, until time.Time) error
}

// Options of [New]. All but Dev, SignOuter, SignUp, States, Outbound, NoLimits and RefreshGrace are needed.
type Options struct {
	Issuer       string // without a slash at the end
	Dev          bool   // http addresses are allowed
	Records      Records
	Flows        Flows
	Marks        Marks
	Fetch        Fetcher
	Ring         *keys.Ring
	Login        Login
	SignOuter    SignOuter // nil: there is no logout endpoint, and discovery does not name one
	SignUp       bool      // people can make an account themselves: prompt=create is obeyed
	States       States    // nil: no session management
	Outbound     Poster    // nil: clients have no back channel
	People       People
	Pages        *web.Pages
	Events       Recorder
	Now          func() time.Time
	Registration Registration
	Scopes       []Scope       // beside the standard ones
	NoLimits     bool          // no bound on trying user codes and on registrations; for tests
	RefreshGrace time.Duration // how long a refresh token may come back for the answer it already got; default 60 s
}

// Provider is the OpenID provider. Its exported methods are HTTP handlers, safe for
// concurrent use; two Providers share nothing.
type Provider struct {
	Options
	core      *fosite.Fosite
	tokens    *tokens
	secrets   *secrets
	userCodes *keys.MAC
	keySets   *keySets
	discovery document
}

// New makes a provider.
func New(o Options) (*Provider, error) {
	if o.Issuer == "" || o.Records == nil || o.Flows == nil || o.Marks == nil || o.Fetch == nil || o.Ring == nil || o.Login == nil || o.People == nil || o.Pages == nil || o.Events == nil || o.Now == nil {
		return nil, errors.New("oauth: an option is missing")
	}
	if o.RefreshGrace == 0 {
		o.RefreshGrace = graceTTL
	}
	p := &Provider{Options: o, tokens: newTokens(o.Ring), secrets: newSecrets(o.Ring), userCodes: o.Ring.MAC("oauth user code")}
	p.keySets = &keySets{fetch: o.Fetch, now: p.now, byURI: make(map[string]*keySet)}
	var err error
	if p.discovery, err = p.renderDiscovery(); err != nil {
		return nil, err
	}
	p.core = fosite.NewOAuth2Provider(storage{p}, newConfig(p))
	return p, nil
}

// now is in UTC, in the precision that stores keep.
func (p *Provider) now() time.Time { return p.Now().UTC().Truncate(time.Microsecond) }
