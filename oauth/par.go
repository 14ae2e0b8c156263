package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cloudsso/idp"
)

const (
	pushedPrefix = "urn:ietf:params:oauth:request_uri:" // RFC 9126 §2.2
	pushedTTL    = 90 * time.Second
	pushedKind   = "par"
	onceParam    = "once" // our own mark among a flow's parameters; from outside it is dropped
)

// pushedAnswer is RFC 9126 §2.2.
type pushedAnswer struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"`
}

// Push is the pushed authorization request endpoint (RFC 9126 §2), for POST. The client
// authenticates as at the token endpoint, and everything that the authorization endpoint
// would refuse is refused here.
func (p *Provider) Push(w http.ResponseWriter, r *http.Request) {
	p.serve(w, r, "pushed authorization request", http.StatusCreated, func(form url.Values) (any, error) { return p.push(r.Context(), r, form) })
}

func (p *Provider) push(ctx context.Context, r *http.Request, form url.Values) (*pushedAnswer, error) {
	c, err := p.authenticate(ctx, r, form)
	if err != nil {
		return nil, err
	}
	idp.TraceAbout(ctx, idp.About{App: c.ID})
	idp.Note(ctx, slog.String("client", c.ID))
	// Neither is a parameter of the request, and neither may lie in the store.
	for _, secret := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(secret)
	}
	form.Set("client_id", c.ID)
	a, err := p.check(ctx, form, pushing)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(a.form)
	if err != nil {
		return nil, err
	}
	secret, now := idp.NewSecret(), p.now()
	err = p.Flows.CreateTicket(ctx, idp.Ticket{
		Kind: pushedKind, ID: idp.HashSecret(secret), Data: data, CreatedAt: now, ExpiresAt: now.Add(pushedTTL),
	})
	return &pushedAnswer{pushedPrefix + secret, int64(pushedTTL / time.Second)}, err
}

// openPushed takes the parameters of a pushed request. Opening it does not use it up: a
// browser that loads the address again before anybody has signed in must get no error.
// What it leads to, it leads to once ([Provider.useOnce]).
func (p *Provider) openPushed(ctx context.Context, a *authorization, uri string) error {
	id := idp.HashSecret(strings.TrimPrefix(uri, pushedPrefix))
	t, err := p.Flows.Ticket(ctx, pushedKind, id)
	if errors.Is(err, idp.ErrNotFound) {
		return refuse(invalidRequestURI, "The request_uri is unknown, has expired or was used: it works once, for %d seconds. The application must start again.", int(pushedTTL/time.Second)).because(err)
	}
	if err != nil {
		return err
	}
	form := make(url.Values)
	if err := json.Unmarshal(t.Data, &form); err != nil {
		return err
	}
	// Attack: a request_uri of another client, to be answered in its place (RFC 9126 §7.3).
	if form.Get("client_id") != a.client.ID {
		return refuse(invalidRequestURI, "The request_uri was not pushed by this client.")
	}
	// The mark outlives the login that may have begun in the last second.
	form.Add(onceParam, onceKey(pushedKind, id, t.ExpiresAt.Add(idp.FlowTTL)))
	a.form = form
	return nil
}

// onceKey names something that may lead to one answer only, by a hash, and says how long
// to remember that.
func onceKey(kind, name string, until time.Time) string {
	return kind + "/" + name + "/" + strconv.FormatInt(until.Unix(), 10)
}

// useOnce lets a pushed request, or a request object that has a jti, lead to one answer:
// of two browsers or tabs that were sent to it, the first to get through wins.
func (p *Provider) useOnce(ctx context.Context, a *authorization) error {
	for _, mark := range a.form[onceParam] {
		kind, rest, _ := strings.Cut(mark, "/")
		name, seconds, _ := strings.Cut(rest, "/")
		until, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			return err
		}
		err = p.Marks.SeenOnce(ctx, "oauth/"+kind+"/"+name, time.Unix(until, 0))
		switch {
		case errors.Is(err, idp.ErrReplayed):
			return refuse(invalidRequest, "This authorization request has already been answered: the application must make a new one.").because(err)
		case err != nil:
			return err
		}
		if kind == pushedKind {
			if _, err := p.Flows.TakeTicket(ctx, pushedKind, name); err != nil && !errors.Is(err, idp.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}
