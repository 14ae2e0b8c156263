package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/web"
)

// Admins says what a signed-in person may do; api.Admin is one.
type Admins interface {
	Person(ctx context.Context, subject string) (api.Actor, error)
	// SetUpLink checks the key of a set-up link and says what it is for.
	SetUpLink(ctx context.Context, key string) (api.SetUp, error)
	// SetUp uses the link up: it makes the first owner.
	SetUp(ctx context.Context, key string, in api.FirstOwner) (subject string, err error)
}

// Login knows who is signed in, and signs people in.
type Login interface {
	// SignedIn is nil if nobody is signed in who still may be.
	SignedIn(r *http.Request) (*idp.Session, idp.Person, error)
	// Begin settles f from the browser's session, or sends the browser to the login.
	Begin(w http.ResponseWriter, r *http.Request, f *idp.Flow) (ready bool, err error)
	// Resume takes the flow with which the browser comes back.
	Resume(w http.ResponseWriter, r *http.Request, protocol string) (idp.Flow, error)
	// SignIn opens a session for somebody who has just proved who they are.
	SignIn(w http.ResponseWriter, r *http.Request, p idp.Person, amr ...string) error
}

// People says who a subject is now.
type People interface {
	Person(ctx context.Context, subject string) (idp.Person, error)
}

// MAC makes the tokens of forms.
type MAC interface {
	Sum(parts ...[]byte) []byte
	Verify(mac []byte, parts ...[]byte) bool
}

// Options of [New]. All are needed.
type Options struct {
	Issuer string
	Admins Admins
	Login  Login
	People People
	Pages  *web.Pages // for whoever is not let in
	MAC    MAC        // of its own purpose
	Now    func() time.Time
}

// Console serves the pages below /admin. It is safe for concurrent use.
type Console struct {
	Options
	base   string // path of the issuer
	cross  *http.CrossOriginProtection
	assets map[string]asset
	pages  func() (templates, error) // parsed when the first is shown
	mux    *http.ServeMux
}

// New returns a Console. An error means that the program itself is broken.
func New(o Options) (*Console, error) {
	c := &Console{Options: o, cross: http.NewCrossOriginProtection()}
	u, err := url.Parse(o.Issuer)
	if err != nil {
		return nil, err
	}
	c.base = strings.TrimSuffix(u.Path, "/")
	// Behind a proxy that rewrites Host, a form's Origin would not match it: ours is named.
	if err := c.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return nil, err
	}
	if c.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	c.pages = sync.OnceValues(c.parse)
	c.mux = c.routes()
	return c, nil
}

// ServeHTTP answers /admin and everything below it; paths come without the issuer's.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.mux.ServeHTTP(w, r) }
