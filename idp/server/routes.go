package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"cloudsso/idp"
)

const (
	get         = http.MethodGet
	post        = http.MethodPost
	getAndPost  = get + " " + post
	withOptions = " " + http.MethodOptions // CORS preflight
)

// route is one line of the list below. Paths are below the issuer.
type route struct {
	methods string
	path    string
	handler http.HandlerFunc
}

// table is the one list of what this server answers, sorted by who asks.
func (s *Server) table() []route {
	return []route{
		// Relying parties
		{get + withOptions, "/.well-known/openid-configuration", s.oauth.Discovery},
		{get + withOptions, "/.well-known/oauth-authorization-server", s.oauth.Discovery},
		{get + withOptions, "/oauth2/jwks", s.oauth.JWKS},
		{getAndPost, "/oauth2/authorize", s.oauth.Authorize},
		{get, "/oauth2/authorize/continue", s.oauth.AuthorizeContinue},
		{getAndPost + withOptions, "/oauth2/par", s.oauth.Push},
		{post + withOptions, "/oauth2/register", s.oauth.Register},
		{"GET PUT DELETE" + withOptions, "/oauth2/register/:client_id", s.oauth.RegisteredClient},
		{getAndPost + withOptions, "/oauth2/token", s.oauth.Token},
		{getAndPost + withOptions, "/oauth2/userinfo", s.oauth.UserInfo},
		{getAndPost + withOptions, "/oauth2/introspect", s.oauth.Introspect},
		{getAndPost + withOptions, "/oauth2/revoke", s.oauth.Revoke},
		{post + withOptions, "/oauth2/device", s.oauth.Device},
		{getAndPost, "/oauth2/logout", s.oauth.EndSession},
		{get, "/oauth2/check_session", s.oauth.CheckSession},

		// Service providers
		{get, "/saml/metadata", s.saml.Metadata},
		{get, "/saml/metadata/:app", s.saml.AppMetadata},
		{get, "/saml/metadata/:app/:file", s.saml.Certificate},
		{getAndPost, "/saml/sso", s.saml.SSO},
		{get, "/saml/sso/continue", s.saml.SSOContinue},
		{get, "/saml/init", s.saml.InitByName},
		{get, "/saml/init/:app", s.saml.Init},
		{getAndPost, "/saml/slo", s.saml.SLO},
		{get, "/saml/slo/continue", s.saml.SLOContinue},
		{get, "/saml/slo/send", s.saml.SLOSend},
		{post, "/saml/soap/slo", s.saml.SOAPLogout},

		// Signed-token apps
		{get, "/token/:app", s.tokens.Start},
		{get, "/token/:app/continue", s.tokens.Continue},

		// People
		{get, "/", s.home()},
		{get, "/login", s.login.Login},
		{post, "/login", s.login.LoginPost},
		{post, "/login/consent", s.login.ConsentPost},
		{post, "/login/select", s.login.SelectPost},
		{getAndPost, "/login/link", s.login.Link},
		{post, "/login/noaccess", s.login.NoAccessPost},
		{get, "/device", s.oauth.DevicePage},
		{post, "/device", s.oauth.DevicePost},
		{get, "/device/continue", s.oauth.DeviceContinue},
		{get, "/logout", s.login.Logout},
		{post, "/logout", s.login.Logout},
		{get, "/logout/progress", s.login.LogoutProgress},
		{get, "/logout/end", s.login.LogoutEnd},
		{get, "/apps", s.appsPage},
		{get, "/apps/continue", s.appsContinue},
		{get, "/launch/:app", s.launch},
		{get, "/assets/*", s.pages.Assets().ServeHTTP},

		// Whoever has the link
		{get, "/handover/:token", s.admin.HandoverPage},
		{get, "/handover/secret/:token", s.admin.SecretLinkPage},
		{post, "/handover/secret/:token", s.admin.SecretLinkPost},

		// Admins
		{"GET POST PUT PATCH DELETE", "/api/v1/*", s.admin.Handler().ServeHTTP},
		{getAndPost, "/admin", s.console.ServeHTTP},
		{getAndPost, "/admin/*", s.console.ServeHTTP},
	}
}

// routes builds the front door. echo matches paths and nothing more: handlers are
// plain http.Handler, and path variables reach them by Request.PathValue.
func (s *Server) routes() (http.Handler, error) {
	e := echo.New()
	for _, line := range s.table() {
		for method := range strings.FieldsSeq(line.methods) {
			e.Add(method, line.path, plain(line.handler))
			if method == get {
				e.Add(http.MethodHead, line.path, plain(line.handler)) // net/http drops the body
			}
		}
	}
	if s.options.Demo != nil {
		e.Any("/demo/*", plain(s.options.Demo.ServeHTTP))
	}
	e.HTTPErrorHandler = s.unrouted
	return s.middleware(s.below(e)), nil
}

// plain adapts a handler to echo.
func plain(h http.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		for i, name := range c.ParamNames() {
			r.SetPathValue(name, c.ParamValues()[i])
		}
		w := c.Response().Writer
		named(w, c.Path())
		h(w, r)
		return nil
	}
}

// below strips the issuer's path, so that one host can carry several issuers behind a
// proxy. RFC 8414 §3 puts its well-known path before the issuer's.
func (s *Server) below(next http.Handler) http.Handler {
	if s.basePath == "" {
		return next
	}
	const metadata = "/.well-known/oauth-authorization-server"
	strip := http.StripPrefix(s.basePath, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == metadata+s.basePath:
			named(w, metadata)
			s.oauth.Discovery(w, r)
		case r.URL.Path == s.basePath:
			http.Redirect(w, r, s.basePath+"/", http.StatusSeeOther)
		case strings.HasPrefix(r.URL.Path, s.basePath+"/"):
			strip.ServeHTTP(w, r)
		default:
			s.pages.Error(w, r, notHere)
		}
	})
}

var notHere = idp.Errorf(idp.NotFound, "There is no page at this address. Please check the link.")

// unrouted answers for paths and methods that the list does not have.
func (s *Server) unrouted(err error, c echo.Context) {
	w, r := c.Response().Writer, c.Request()
	if allow := w.Header().Get(echo.HeaderAllow); err == echo.ErrMethodNotAllowed && allow != "" {
		http.Error(w, "This address answers "+allow+" only.", http.StatusMethodNotAllowed)
		return
	}
	s.pages.Error(w, r, notHere)
}

func (s *Server) home() http.HandlerFunc {
	if s.options.Demo == nil {
		return s.login.Home
	}
	return func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.options.Config.Issuer+"/demo/", http.StatusSeeOther)
	}
}
