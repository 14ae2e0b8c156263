package samlidp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/samlidp/wire"
)

// Farewell is how one application is told that a session has ended: by Send, or by a
// frame that opens Visit, goes through the origin Through as well, and Answers.
type Farewell struct {
	App, Name string
	Send      func(ctx context.Context) error
	Visit     string
	Through   []string
	Answers   bool
}

// ticketSent waits for the answer to a LogoutRequest of ours; its ID is the request's.
const ticketSent = "saml-slo-sent"

// sentRequest is a LogoutRequest of ours that goes through a browser.
type sentRequest struct {
	Support string `json:"support,omitempty"` // of the trace
	Logout  string `json:"logout"`            // the login's name for this logout
	App     string `json:"app"`
	// For the POST binding, whose page is made when the frame opens.
	Name  *nameID `json:"name,omitempty"`
	Index string  `json:"index,omitempty"` // of every index, with blanks between
}

// requestLife is how long a LogoutRequest of ours may take to arrive.
const requestLife = 5 * time.Minute

// Farewells says how the applications that s is known to are told of its end (Profiles
// §4.4.3.2). logout names the logout in [Logout.Told]; it is empty if there is no browser. The
// application except, which asked for it, is left out. An application that cannot be told
// is among them too, with a Send that fails: nobody shall believe it was.
func (p *Provider) Farewells(ctx context.Context, logout string, s idp.Session, except string) ([]Farewell, error) {
	var list []Farewell
	done := map[string]bool{except: true}
	for i := len(s.Apps) - 1; i >= 0; i-- { // the latest name first: it is the one that the browser has
		a := s.Apps[i]
		if a.Protocol != idp.ProtocolSAML || done[a.App] {
			continue
		}
		done[a.App] = true
		sp, err := p.records.ServiceProvider(ctx, a.App)
		if errors.Is(err, idp.ErrNotFound) {
			continue // it was deleted here: there is nothing left to tell
		}
		if err != nil {
			return list, err
		}
		idp.TraceAbout(ctx, idp.About{Protocol: idp.ProtocolSAML, Subject: s.Subject})
		list = append(list, p.farewell(ctx, logout, s, a, sp))
	}
	return list, nil
}

func (p *Provider) farewell(ctx context.Context, logout string, s idp.Session, a idp.SessionApp, sp idp.ServiceProvider) Farewell {
	f := Farewell{App: sp.App, Name: sp.Name}
	e, ok := p.requestEndpoint(sp, logout != "")
	switch {
	case !ok:
		f.Send = func(context.Context) error {
			return errors.New("the application has no address at which it could be told by this way")
		}
	case e.Binding == wire.BindingSOAP:
		f.Send = func(ctx context.Context) error { return p.sendAll(ctx, e, s, sp) }
	default:
		var err error
		if f.Visit, err = p.visit(ctx, logout, e, s, a, sp); err != nil {
			return Farewell{App: sp.App, Name: sp.Name, Send: func(context.Context) error { return err }}
		}
		f.Through = []string{e.Location}
		f.Answers = len(sp.SigningCerts) > 0 // or nobody could tell its answer from a stranger's
	}
	return f
}

// visit is the address for the frame: the application's with the signed message, or ours
// that posts it.
func (p *Provider) visit(ctx context.Context, logout string, e idp.Endpoint, s idp.Session, a idp.SessionApp, sp idp.ServiceProvider) (string, error) {
	m, err := p.logoutRequest(e, sp, nameOf(a), indexesOf(s, a))
	if err != nil {
		return "", err
	}
	traceFarewell(ctx, sp, e)
	sent := sentRequest{Support: idp.RequestOf(ctx).Support, Logout: logout, App: sp.App}
	if e.Binding == wire.BindingPost {
		sent.Name, sent.Index = &m.name, strings.Join(m.indexes, " ")
	}
	data, err := json.Marshal(sent)
	if err != nil {
		return "", err
	}
	if err := p.tickets.CreateTicket(ctx, idp.Ticket{Kind: ticketSent, ID: m.id, Data: data, CreatedAt: m.at, ExpiresAt: m.at.Add(logoutTTL)}); err != nil {
		return "", err
	}
	if e.Binding == wire.BindingPost {
		return p.issuer + SLOSendPath + "?request=" + url.QueryEscape(m.id), nil
	}
	doc, err := p.document(ctx, sp, e.Binding, m.write)
	if err != nil {
		return "", err
	}
	return p.redirection(ctx, sp, e.Location, "SAMLRequest", doc, "")
}

func nameOf(a idp.SessionApp) nameID {
	return nameID{Value: a.NameID, Format: a.NameIDFormat, NameQualifier: a.NameQualifier, SPNameQualifier: a.SPNameQualifier}
}

func (p *Provider) logoutRequest(e idp.Endpoint, sp idp.ServiceProvider, name nameID, indexes []string) (*logoutRequest, error) {
	if name.Value == "" {
		return nil, errors.New("the application was told no name, so that it cannot be told whose session has ended")
	}
	now := p.now().UTC()
	m := &logoutRequest{id: p.newID(), destination: e.Location, at: now, notOnOrAfter: now.Add(requestLife), name: name, indexes: indexes}
	var err error
	if sp.NameID.Encrypt {
		m.sealer, err = sealer(sp)
	}
	return m, err
}

// SLOSend is the page in a frame that posts a LogoutRequest of ours (?request=…). It asks
// for no cookie: the browser may hold cookies back in a frame. The id is the message's,
// unguessable, and what it opens was meant for this browser and is signed for that application alone.
func (p *Provider) SLOSend(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("request")
	sent, sp, err := p.sent(r.Context(), id)
	if err == nil && sent.Name == nil {
		err = errNoSuchLogout
	}
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	e, ok := p.sloEndpoint(sp, wire.BindingPost)
	if !ok {
		p.pages.Error(w, r, errNoSuchLogout.Because(errors.New("the registration has no address for this any more")))
		return
	}
	m, err := p.logoutRequest(e, sp, *sent.Name, strings.Fields(sent.Index))
	var doc []byte
	if err == nil {
		m.id = id
		doc, err = p.document(r.Context(), sp, e.Binding, m.write)
	}
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	p.pages.AutoPost(w, r, web.AutoPost{Action: e.Location, App: sp.Name, Framed: true, Fields: postFields("SAMLRequest", doc, "")})
}

var errNoSuchLogout = idp.Errorf(idp.Expired, "This message belongs to no sign-out that is going on here.")

// sent looks up a request of ours.
func (p *Provider) sent(ctx context.Context, id string) (s sentRequest, sp idp.ServiceProvider, err error) {
	t, err := p.tickets.Ticket(ctx, ticketSent, id)
	if err == nil {
		if err = json.Unmarshal(t.Data, &s); err != nil {
			return s, sp, err
		}
		sp, err = p.records.ServiceProvider(ctx, s.App)
	}
	if errors.Is(err, idp.ErrNotFound) {
		err = errNoSuchLogout.Because(err)
	}
	return s, sp, err
}

// sendAll tells sp by SOAP, under every name that the session has had there.
func (p *Provider) sendAll(ctx context.Context, e idp.Endpoint, s idp.Session, sp idp.ServiceProvider) error {
	var faults []error
	told := map[nameID]bool{}
	for i := len(s.Apps) - 1; i >= 0 && len(told) < maxNames; i-- {
		a := s.Apps[i]
		if a.Protocol != idp.ProtocolSAML || a.App != sp.App || told[nameOf(a)] {
			continue
		}
		told[nameOf(a)] = true
		if err := p.send(ctx, e, nameOf(a), indexesOf(s, a), sp); err != nil {
			faults = append(faults, err)
		}
	}
	err := errors.Join(faults...)
	if err != nil {
		idp.Note(ctx, slog.String("app", sp.App))
	}
	return err
}

// maxNames bounds the messages to one application about one session.
const maxNames = 8
