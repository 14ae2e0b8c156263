package server

import (
	"context"
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/login"
)

// samlFarewells tells service providers that a session has ended. The login is made
// before the SAML provider, so that is looked up at each call.
type samlFarewells struct{ server *Server }

// Farewells implements [login.Farewells].
func (f samlFarewells) Farewells(ctx context.Context, id string, s idp.Session, except idp.SessionApp) ([]login.Farewell, error) {
	app := ""
	if except.Protocol == idp.ProtocolSAML {
		app = except.App
	}
	found, err := f.server.saml.Farewells(ctx, id, s, app)
	list := make([]login.Farewell, len(found))
	for i, one := range found {
		list[i] = login.Farewell{
			Protocol: idp.ProtocolSAML, App: one.App, Name: one.Name,
			Send: one.Send, Visit: one.Visit, Through: one.Through, Answers: one.Answers,
		}
	}
	return list, err
}

// samlLogout lets service providers end sessions.
type samlLogout struct{ login *login.Handler }

// Current implements [samlidp.Logout].
func (l samlLogout) Current(r *http.Request) (*idp.Session, error) { return l.login.Current(r) }

// SignOut implements [samlidp.Logout].
func (l samlLogout) SignOut(w http.ResponseWriter, r *http.Request, sid string, by idp.SessionApp, back string) error {
	return l.login.SignOut(w, r, login.Ending{Sure: true, SID: sid, By: by, Return: back, Report: back != ""})
}

// EndSession implements [samlidp.Logout].
func (l samlLogout) EndSession(ctx context.Context, s idp.Session, by idp.SessionApp) (bool, error) {
	result, err := l.login.EndSession(ctx, s, by, "application")
	return result.Complete(), err
}

// Ended implements [samlidp.Logout].
func (l samlLogout) Ended(ctx context.Context, logout string) (bool, error) {
	result, err := l.login.Ended(ctx, logout)
	return result.Complete(), err
}

// Told implements [samlidp.Logout].
func (l samlLogout) Told(ctx context.Context, logout, app string, cause error) error {
	return l.login.Told(ctx, logout, idp.ProtocolSAML, app, cause)
}
