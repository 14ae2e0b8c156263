package samlidp

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/keys"
)

// Paths below the issuer. The metadata URL is the IdP's entity ID too.
const (
	MetadataPath    = "/saml/metadata"
	SSOPath         = "/saml/sso"
	ContinuePath    = "/saml/sso/continue"
	InitPath        = "/saml/init/" // and without the last slash, with Shibboleth's parameters
	SLOPath         = "/saml/slo"
	SLOContinuePath = "/saml/slo/continue"
	SLOSendPath     = "/saml/slo/send"
	SOAPLogoutPath  = "/saml/soap/slo"
)

// Records is what is read of the registrations, and the one thing written: a persistent id.
type Records interface {
	ServiceProvider(ctx context.Context, app string) (idp.ServiceProvider, error)
	ServiceProviderByEntityID(ctx context.Context, entityID string) (idp.ServiceProvider, error)
	PersistentID(ctx context.Context, candidate idp.PersistentID) (idp.PersistentID, error)
	PersistentIDOf(ctx context.Context, app, subject string) (idp.PersistentID, error)
}

// Flows puts a request that came by POST aside until the browser comes back by GET, and
// remembers who has read our metadata.
type Flows interface {
	CreateFlow(ctx context.Context, f idp.Flow) error
	TakeFlow(ctx context.Context, id string) (idp.Flow, error)
	CreateTicket(ctx context.Context, t idp.Ticket) error
	Ticket(ctx context.Context, kind, id string) (idp.Ticket, error)
	UpdateTicket(ctx context.Context, t idp.Ticket) error
}

// Marks remembers which requests were seen.
type Marks interface {
	SeenOnce(ctx context.Context, key string, until time.Time) error
}

// Ring holds the keys and everything that metadata publishes of them.
type Ring interface {
	SAMLKey() keys.SAMLKey
	SAMLKeyOf(ctx context.Context, events keys.Recorder, app keys.SAMLApp) (keys.SAMLKey, error)
	SAMLCertificatesOf(app keys.SAMLApp) []*x509.Certificate
	SAMLDecrypters() []crypto.Decrypter
	SAMLCertificates() []*x509.Certificate
}

// Login finds out who is there.
type Login interface {
	// Begin settles f from the browser's session alone if that is enough (or if f.Ask.Passive), filling f.Answer:
	// ready, nothing stored, nothing written. Otherwise it has stored f and answered.
	Begin(w http.ResponseWriter, r *http.Request, f *idp.Flow) (ready bool, err error)
	// Resume takes the settled flow named by ?flow=… exactly once.
	Resume(w http.ResponseWriter, r *http.Request, protocol string) (idp.Flow, error)
	// Joined records in the session that an app was told about it.
	Joined(ctx context.Context, sessionID string, app idp.SessionApp) error
}

// Logout ends sessions and tells every application, of whatever protocol.
type Logout interface {
	// Current returns the browser's live session, nil if it has none.
	Current(r *http.Request) (*idp.Session, error)
	// SignOut ends the browser's session sid, tells the applications but by, and has the
	// browser go to back, a path of ours, with &logout=<id> for Ended; or stay on a page that says
	// what became of it if back is empty. It answers the browser, unless it returns an error.
	SignOut(w http.ResponseWriter, r *http.Request, sid string, by idp.SessionApp, back string) error
	// EndSession ends a session without its browser. complete: every application but by was told.
	EndSession(ctx context.Context, s idp.Session, by idp.SessionApp) (complete bool, err error)
	// Ended reports whether every application was told in a logout. ErrNotFound if there is
	// no such logout.
	Ended(ctx context.Context, logout string) (complete bool, err error)
	// Told records the answer of an application; cause nil: it ended its session.
	// ErrNotFound if it was not asked in that logout.
	Told(ctx context.Context, logout, app string, cause error) error
}

// Sessions finds the sessions of a person.
type Sessions interface {
	SessionsOf(ctx context.Context, subject string) ([]idp.Session, error)
}

// Post sends a body to an address of an application and returns what it answered, at most
// maxBytes.
type Post func(ctx context.Context, address string, header http.Header, body []byte, maxBytes int64) (status int, answer []byte, err error)

// People answers what the directory says about a subject right now.
type People interface {
	Person(ctx context.Context, subject string) (idp.Person, error)
	// PersonFor is Person with the attributes of the directory's query of this name.
	PersonFor(ctx context.Context, subject, profile string) (idp.Person, error)
}

// Events records what was issued and refused.
type Events interface {
	Record(ctx context.Context, e idp.Event) error
}

// MAC makes keyed hashes that nobody else can make.
type MAC interface {
	Sum(parts ...[]byte) []byte
}

// Options is all that a Provider needs. Every field but those of the last block is required.
type Options struct {
	Issuer   string // configured URL without trailing slash; all our addresses derive from it
	Records  Records
	Flows    Flows
	Tickets  idp.Tickets
	Sessions Sessions
	Marks    Marks
	Ring     Ring
	MAC      MAC
	Login    Login
	Logout   Logout
	People   People
	Pages    *web.Pages
	Events   Events

	Scope      string           // behind the @ of subject identifiers; default: the issuer's host
	About      About            // who runs it, for metadata
	Dev        bool             // answers may go to http on loopback
	Post       Post             // nil: nothing is sent by SOAP
	SessionTTL time.Duration    // longest life of a session; default 12 h
	Now        func() time.Time // nil: time.Now
}

// Provider is one SAML identity provider. Its handlers are safe for concurrent use.
type Provider struct {
	issuer   string
	entityID string
	ssoURL   string
	sloURL   string
	dev      bool
	records  Records
	flows    Flows
	tickets  idp.Tickets
	sessions Sessions
	marks    Marks
	ring     Ring
	mac      MAC
	login    Login
	logout   Logout
	people   People
	pages    *web.Pages
	events   Events
	now      func() time.Time
	newID    func() string // of messages and assertions; tests fix it

	post       Post
	sessionTTL time.Duration

	scope        string
	organisation About
	signers      signers
	metadata     atomic.Pointer[document]
}

// New returns a Provider. It fails if the options are incomplete or the key cannot sign.
func New(o Options) (*Provider, error) {
	if o.Issuer == "" || o.Records == nil || o.Flows == nil || o.Marks == nil || o.Ring == nil || o.MAC == nil ||
		o.Login == nil || o.People == nil || o.Pages == nil || o.Events == nil ||
		o.Tickets == nil || o.Sessions == nil || o.Logout == nil {
		return nil, errors.New("samlidp: a required option is missing")
	}
	if len(o.Issuer)+len(MetadataPath) > 256 { // saml2int SDP-G04
		return nil, errors.New("samlidp: the issuer is too long: our entity ID is made of it, and has at most 256 characters")
	}
	p := &Provider{
		issuer: o.Issuer, entityID: o.Issuer + MetadataPath, ssoURL: o.Issuer + SSOPath, sloURL: o.Issuer + SLOPath, dev: o.Dev,
		records: o.Records, flows: o.Flows, tickets: o.Tickets, sessions: o.Sessions, marks: o.Marks, ring: o.Ring, mac: o.MAC, login: o.Login,
		logout: o.Logout, post: o.Post, sessionTTL: cmp.Or(o.SessionTTL, 12*time.Hour),
		scope: firstOf(o.Scope, host(o.Issuer)), organisation: o.About, people: o.People, pages: o.Pages, events: o.Events, now: o.Now,
		newID: func() string { return "_" + idp.NewID() }, // xs:ID may not start with a digit
	}
	if p.now == nil {
		p.now = time.Now
	}
	_, err := p.signs()
	return p, err
}

// EntityID is the IdP's name in SAML: the URL of its metadata.
func (p *Provider) EntityID() string { return p.entityID }
