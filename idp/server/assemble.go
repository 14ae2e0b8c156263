package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"cloudsso/api"
	"cloudsso/api/console"
	"cloudsso/idp"
	"cloudsso/idp/audit"
	"cloudsso/idp/config"
	"cloudsso/idp/login"
	"cloudsso/idp/outbound"
	"cloudsso/idp/tokenapp"
	"cloudsso/idp/web"
	"cloudsso/oauth"
	"cloudsso/samlidp"
)

// assemble plugs the parts into each other, lowest layer first.
func (s *Server) assemble() error {
	o := s.options
	s.events = s.metrics.Events(announcing{audit.New(o.Records, s.logger, s.now), s})
	s.traces = newTraces(o.Flows, s.now, time.Duration(o.Config.TraceTTL))
	var err error
	if s.pages, err = web.New(web.Options{BasePath: s.basePath, Scopes: s.scopeTexts()}); err != nil {
		return err
	}
	if s.users, err = s.people(); err != nil {
		return err
	}
	s.login = login.New(login.Options{
		Issuer: o.Config.Issuer, Flows: o.Flows, Consents: o.Records, People: s.users, Apps: apps{o.Records},
		Pages: s.pages, Events: s.events, MAC: s.ring.MAC("login"), Now: s.now, NoLimits: !o.Config.Limits.Enabled,
		Farewells: []login.Farewells{clientFarewells{s}, samlFarewells{s}}, Tickets: o.Flows, ReturnTo: s.mayReturn, SignUpURL: o.Config.SignUpURL,
	})
	fetch, err := outbound.New(outbound.Options{
		AllowHosts: o.Config.Outbound.AllowHosts, CAFile: o.Config.Outbound.CAFile, Dev: o.Config.Dev,
	})
	if err != nil {
		return err
	}
	scopes, err := s.scopes()
	if err != nil {
		return err
	}
	if s.oauth, err = oauth.New(oauth.Options{
		Issuer: o.Config.Issuer, Dev: o.Config.Dev, Records: o.Records, Flows: o.Flows, Marks: o.Flows, Fetch: fetch, Ring: s.ring,
		Login: s.login, NoLimits: !o.Config.Limits.Enabled,
		SignOuter: signOuter{s.login}, SignUp: o.Config.SignUpURL != "", States: s.login, Outbound: fetch, People: s.users, Pages: s.pages, Events: s.events, Now: s.now,
		Registration: s.registration(), Scopes: scopes,
	}); err != nil {
		return err
	}
	if s.saml, err = samlidp.New(samlidp.Options{
		Issuer: o.Config.Issuer, Scope: o.Config.SAML.Scope, About: about(o.Config.Organisation), Dev: o.Config.Dev, Records: o.Records, Flows: o.Flows, Marks: o.Flows, Ring: s.ring, MAC: s.ring.MAC("saml session index"),
		Login: s.login, People: s.users, Pages: s.pages, Events: s.events, Now: s.now,
		Tickets: o.Flows, Sessions: o.Flows, Logout: samlLogout{s.login}, Post: fetch.PostWith,
	}); err != nil {
		return err
	}
	s.tokens = tokenapp.New(tokenapp.Options{
		Issuer: o.Config.Issuer, Records: o.Records, Marks: o.Flows, Ring: s.ring, Login: s.login, People: s.users, Pages: s.pages, Events: s.events, Now: s.now,
	})
	catalog, err := s.catalog()
	if err != nil {
		return err
	}
	s.admin = api.New(api.Options{
		Presets: catalog, Pages: s.pages, Probe: prober{fetch},
		Issuer: o.Config.Issuer, Dev: o.Config.Dev, LocalDirectory: o.Config.LocalDirectory(),
		Records: o.Records, Sessions: o.Flows, SignOuts: signOuts{s}, Tickets: o.Flows, Limits: s.login, Audit: s.events, Fetch: fetch, Ring: s.ring,
		Directories: s.users, SAML: api.SAML{Find: samlidp.FindServiceProvider, Entities: samlidp.MetadataEntities, Complete: samlidp.CompleteServiceProvider}, Now: s.now,
		People: s.users, Previews: api.Previews{Client: s.oauth.Preview, ServiceProvider: s.saml.Preview, TokenApp: s.tokens.Preview}, Verify: s.verifiers(),
	})
	s.console, err = console.New(console.Options{
		Issuer: o.Config.Issuer, Admins: s.admin, Login: s.login, People: s.users, Pages: s.pages, MAC: s.ring.MAC("console"), Now: s.now,
	})
	return err
}

func about(o config.Organisation) samlidp.About {
	return samlidp.About{
		Name: o.Name, Description: o.Description, URL: o.URL, PrivacyURL: o.PrivacyURL, SupportURL: o.SupportURL,
		Logo: o.LogoURL, LogoWidth: o.LogoWidth, LogoHeight: o.LogoHeight, TechnicalEmail: o.TechnicalEmail,
	}
}

// signOuter lets an OpenID Connect application end a session.
type signOuter struct{ login *login.Handler }

// SignOut implements [oauth.SignOuter].
func (s signOuter) SignOut(w http.ResponseWriter, r *http.Request, o oauth.SignOut) error {
	return s.login.SignOut(w, r, login.Ending{Sure: o.Sure, SID: o.SID, Subject: o.Subject, By: idp.SessionApp{Protocol: idp.ProtocolOIDC, App: o.App}, Return: o.Return})
}

// apps tells the pages about an application of any protocol.
type apps struct {
	records interface {
		Client(ctx context.Context, id string) (idp.Client, error)
		ServiceProvider(ctx context.Context, app string) (idp.ServiceProvider, error)
		TokenApp(ctx context.Context, app string) (idp.TokenApp, error)
	}
}

// App implements [login.Apps].
func (a apps) App(ctx context.Context, protocol, id string) (login.App, error) {
	switch protocol {
	case idp.ProtocolOIDC:
		return a.client(ctx, id)
	case idp.ProtocolSAML:
		return a.serviceProvider(ctx, id)
	case idp.ProtocolToken:
		return a.tokenApp(ctx, id)
	case idp.ProtocolVerify: // all apps share one namespace
		for _, kind := range []string{idp.ProtocolOIDC, idp.ProtocolSAML, idp.ProtocolToken} {
			if app, err := a.App(ctx, kind, id); !errors.Is(err, idp.ErrNotFound) {
				return app, err
			}
		}
	}
	return login.App{}, idp.ErrNotFound
}

func (a apps) client(ctx context.Context, id string) (login.App, error) {
	c, err := a.records.Client(ctx, id)
	if err != nil {
		return login.App{}, err
	}
	return login.App{
		Name: c.DisplayName(), URL: c.ClientURI, LogoURL: c.LogoURI, PolicyURL: c.PolicyURI, TermsURL: c.TosURI,
		FirstParty: c.FirstParty, Assigned: c.Assigned, ProfileQuery: c.ProfileQuery,
	}, nil
}

func (a apps) tokenApp(ctx context.Context, id string) (login.App, error) {
	t, err := a.records.TokenApp(ctx, id)
	if err != nil {
		return login.App{}, err
	}
	return login.App{Name: t.Name, URL: t.StartURL, LogoURL: t.LogoURI, Assigned: t.Assigned, ProfileQuery: t.ProfileQuery, FirstParty: true}, nil
}

func (a apps) serviceProvider(ctx context.Context, id string) (login.App, error) {
	sp, err := a.records.ServiceProvider(ctx, id)
	if err != nil {
		return login.App{}, err
	}
	return login.App{
		Name: sp.Name, URL: sp.StartURL, Assigned: sp.Assigned, ProfileQuery: sp.ProfileQuery,
		FirstParty: true, // SAML asks for no consent
	}, nil
}
