package oauth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
)

// Client authentication methods (RFC 7591 §2).
const (
	authBasic = "client_secret_basic"
	authPost  = "client_secret_post"
	authNone  = "none"
)

// credentials are what a client sent to show who it is.
type credentials struct {
	method    string
	id        string
	secrets   []string // the secret, in the ways it may be read
	assertion string   // instead of a secret
}

// authenticate finds out which client is asking (RFC 6749 §2.3). A client that does not
// exist, a wrong secret and another method than the registered one get the same answer.
// A client has one method: Basic and the body are told apart, although the secret is the
// same, since a secret in a body ends in more logs than its owner may know. Of the
// client's secrets in the answer, the one that was used comes first.
func (p *Provider) authenticate(ctx context.Context, r *http.Request, form url.Values) (*idp.Client, error) {
	c, _, err := p.authenticateFor(ctx, r, form, "")
	return c, err
}

// authenticateFor is authenticate for a request about a grant: what decides about that is
// read together with the client.
func (p *Provider) authenticateFor(ctx context.Context, r *http.Request, form url.Values, grantID string) (*idp.Client, idp.Holding, error) {
	sent, err := credentialsOf(r, form)
	if err != nil {
		return nil, idp.Holding{}, err
	}
	held, err := p.Records.Holding(ctx, sent.id, grantID)
	if err != nil {
		return nil, idp.Holding{}, err
	}
	c, err := p.proven(ctx, r, held.Client, sent)
	return c, held, err
}

// proven is the client c if it is who it says; nil is one that does not exist.
func (p *Provider) proven(ctx context.Context, r *http.Request, c *idp.Client, sent credentials) (*idp.Client, error) {
	switch {
	case c == nil && sent.assertion != "":
		return nil, assertionRefused(idp.ErrNotFound)
	case c == nil:
		return nil, notAuthenticated(idp.ErrNotFound)
	case c.Public() && sent.method != authNone:
		return nil, refuse(invalidClient, "This client is public: it sends its client_id in the body, and no secret.")
	case c.Public():
		return c, nil
	case sent.assertion != "":
		return c, p.proves(ctx, r, c, sent.assertion)
	}
	matching, err := p.secretMatches(c, sent.secrets)
	switch {
	case err != nil:
		return nil, err
	case matching == nil || c.TokenEndpointAuthMethod != sent.method:
		return nil, notAuthenticated(nil)
	}
	return matching, nil
}

func notAuthenticated(cause error) error {
	return refuse(invalidClient, "The client is not authenticated: the client_id is unknown, the secret is wrong or has expired, or it was not sent by the method that is registered for the client.").because(cause)
}

// credentialsOf wants exactly one method: two could name two clients (RFC 6749 §2.3).
func credentialsOf(r *http.Request, form url.Values) (credentials, error) {
	header := r.Header.Values("Authorization")
	switch {
	case form.Has("client_assertion") || form.Has("client_assertion_type"):
		return asserted(r, form)
	case len(header) > 1 || len(header) == 1 && form.Has("client_secret"):
		return credentials{}, refuse(invalidRequest, "The client authenticates in more than one way: use exactly one.")
	case len(header) == 1:
		return basic(r, form)
	case form.Get("client_id") == "":
		return credentials{}, refuse(invalidClient, "The client did not authenticate: send its client_id and secret by the method that is registered for it.")
	case form.Has("client_secret"):
		return credentials{method: authPost, id: form.Get("client_id"), secrets: []string{form.Get("client_secret")}}, nil
	}
	return credentials{method: authNone, id: form.Get("client_id")}, nil
}

// basic reads RFC 6749 §2.3.1: id and secret are form-urlencoded inside. Many clients
// forget that, so a secret is also tried as it stands; it must still be the right one.
func basic(r *http.Request, form url.Values) (credentials, error) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		return credentials{}, refuse(invalidClient, "The Authorization header is not well-formed: clients authenticate by the scheme Basic.")
	}
	id, secrets := unescaped(id)[0], unescaped(secret)
	if body := form.Get("client_id"); body != "" && body != id {
		return credentials{}, refuse(invalidClient, "The client_id in the body is not the one in the Authorization header.")
	}
	return credentials{method: authBasic, id: id, secrets: secrets}, nil
}

func unescaped(s string) []string {
	plain, err := url.QueryUnescape(s)
	if err != nil || plain == s {
		return []string{s}
	}
	return []string{plain, s}
}

// secretMatches returns the client with the secret that was presented before its others,
// nil if it has no such secret: what is signed with a secret for this request is signed
// with this one ([Provider.sharedKeys]).
func (p *Provider) secretMatches(c *idp.Client, presented []string) (*idp.Client, error) {
	for _, s := range presented {
		if s == "" || len(s) > maxSecret || strings.ContainsRune(s, 0) {
			continue // fosite takes an empty Basic password for the method none (fosite#655)
		}
		i, err := p.secrets.match(c, s, p.now())
		switch {
		case err != nil:
			return nil, err
		case i >= 0:
			return firstSecret(c, i), nil
		}
	}
	return nil, nil
}

// firstSecret is the client with secret i first; a copy if that is a change.
func firstSecret(c *idp.Client, i int) *idp.Client {
	if i == 0 {
		return c
	}
	changed := *c
	changed.Secrets = slices.Insert(slices.Delete(slices.Clone(c.Secrets), i, i+1), 0, c.Secrets[i])
	return &changed
}
