package api

import (
	"context"
	"crypto/x509"
	"net/http"
	"strings"
	"sync"
	"time"

	"cloudsso/api/presets"
	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/idp/web"
	"cloudsso/keys"
)

// Records is what the admin operations need of the store.
type Records interface {
	idp.Clients
	idp.ServiceProviders
	idp.TokenApps
	idp.Users
	idp.Admins
	idp.AdminTokens
	idp.Groups
	idp.Subjects
	RevokeGrants(ctx context.Context, f idp.GrantFilter, reason string, now time.Time) (int, error)
	Grants(ctx context.Context, f idp.GrantFilter, p idp.Page) ([]idp.Grant, error)
	Consents(ctx context.Context, subject string) ([]idp.Consent, error)
	RevokeConsent(ctx context.Context, subject, clientID string) error
	Deliveries(ctx context.Context, app string, p idp.Page) ([]idp.Delivery, error)
	Events(ctx context.Context, f idp.EventFilter, p idp.Page) ([]idp.Event, error)
	LastEvents(ctx context.Context, apps, names []string) ([]idp.Event, error)
	Consent(ctx context.Context, subject, clientID string) (idp.Consent, error)
}

// Sessions is what ending somebody's access needs.
type Sessions interface {
	SessionsOf(ctx context.Context, subject string) ([]idp.Session, error)
	DeleteSession(ctx context.Context, id string) (idp.Session, error)
}

// SignOuts tells apps that people were signed out.
type SignOuts interface {
	// Farewell tells the apps of a session that has ended.
	Farewell(ctx context.Context, ended idp.Session)
	// AccessEnded tells the apps of somebody whose access is about to end of the sessions
	// that they may still have; told are the SIDs of those that they have heard of.
	AccessEnded(ctx context.Context, subject string, told []string) error
}

// Audit puts Events on record.
type Audit interface {
	Record(ctx context.Context, e idp.Event) error
}

// Fetcher gets a document from an address that somebody typed in; it must guard
// against addresses inside our own network.
type Fetcher interface {
	Fetch(ctx context.Context, url string, maxBytes int64) ([]byte, http.Header, error)
}

// Ring shows and changes the keys, and seals what must be recoverable.
type Ring interface {
	Keys() []keys.Info
	SAMLKey() keys.SAMLKey
	SAMLKeyOf(ctx context.Context, events keys.Recorder, app keys.SAMLApp) (keys.SAMLKey, error)
	SAMLKeyID(app keys.SAMLApp) string
	SAMLCertificatesOf(app keys.SAMLApp) []*x509.Certificate
	CheckSAMLPin(app keys.SAMLApp) error
	ImportSAML(ctx context.Context, events keys.Recorder, in keys.Import) (keys.Info, error)
	Deactivate(ctx context.Context, events keys.Recorder, id string) (keys.Info, error)
	Publish(ctx context.Context, events keys.Recorder, id string) (keys.Info, error)
	Ensure(ctx context.Context, events keys.Recorder, algs ...string) error
	JWKS() (body []byte, etag string)
	Placeholders() []string
	DropPlaceholders(ctx context.Context, events keys.Recorder, used []string) error
	Seal(purpose string, plain []byte) ([]byte, error)
	Open(purpose string, sealed []byte) ([]byte, error)
	Rotate(ctx context.Context, events keys.Recorder, p keys.Plan) (keys.Info, error)
	Activate(ctx context.Context, events keys.Recorder, id string, force bool) (keys.Info, error)
	Retire(ctx context.Context, events keys.Recorder, id string, force bool) (keys.Info, error)
}

// SAML reads and completes service providers.
type SAML struct {
	// Find reads what a metadata document says about one service provider.
	Find func(metadataXML []byte, q idp.MetadataQuery) (idp.MetadataFound, error)
	// Entities lists the service providers of a metadata document.
	Entities func(metadataXML []byte) ([]idp.MetadataEntity, error)
	// Complete fills in defaults, the slug too, and checks everything.
	Complete func(sp *idp.ServiceProvider, dev bool) error
}

// Previews say what an app would be told about a subject who signed in now.
type Previews struct {
	Client          func(ctx context.Context, c idp.Client, subject string) (mapping.Preview, error)
	ServiceProvider func(ctx context.Context, sp idp.ServiceProvider, subject string) (mapping.Preview, error)
	TokenApp        func(ctx context.Context, a idp.TokenApp, subject string) (mapping.Preview, error)
}

// Options of an [Admin]. All are needed unless a comment says otherwise.
type Options struct {
	Issuer         string // may be empty in commands: answers then have no links
	Dev            bool   // http on loopback is fine in addresses
	LocalDirectory string // id of the directory of built-in users; default "local"
	Records        Records
	Sessions       Sessions
	SignOuts       SignOuts // nil, as in commands: apps are not told
	Audit          Audit
	Tickets        Tickets
	People         People   // nil in commands: they open no directories, and make no previews
	Limits         Unlocker // nil in commands
	Fetch          Fetcher
	Ring           Ring
	SAML           SAML
	Directories    Directories      // nil in commands
	Previews       Previews         // of the server that issues
	Verify         Verifiers        // of the server that issues
	Presets        *presets.Catalog // nil: those that are part of the program
	Pages          *web.Pages       // nil in commands
	Probe          Prober           // nil in commands
	Now            func() time.Time
}

// Admin is the logic of the admin API. It is safe for concurrent use.
type Admin struct{ *core }

// core is what operations work with.
type core struct {
	Options
	schemas *schemas
	catalog func() *presets.Catalog
}

// New returns an Admin.
func New(o Options) *Admin {
	if o.LocalDirectory == "" {
		o.LocalDirectory = "local"
	}
	o.Issuer = strings.TrimSuffix(o.Issuer, "/")
	return &Admin{&core{Options: o, schemas: newSchemas(), catalog: sync.OnceValue(o.presets)}}
}

// presets are those of the options, or those that are part of the program, which its own
// tests have read.
func (o Options) presets() *presets.Catalog {
	if o.Presets != nil {
		return o.Presets
	}
	c, err := presets.New()
	if err != nil {
		return &presets.Catalog{}
	}
	return c
}

// now is as exact as stores are, so that an answer shows what the next read will.
func (a *core) now() time.Time { return a.Now().UTC().Truncate(time.Microsecond) }
