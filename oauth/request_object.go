package oauth

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/keys"
)

const (
	requestObjectType = "oauth-authz-req+jwt" // RFC 9101 §10.8
	maxRequestObject  = 64 << 10              // bytes
	objectSkew        = time.Minute           // what clocks may differ by
	objectLife        = time.Hour             // nbf to exp, where the client must sign
)

// origin is where a set of parameters comes from.
type origin int

const (
	direct  origin = iota // the browser
	pushing               // the client itself, at the PAR endpoint
	stored                // our own flow: opened and checked before
)

// openRequest replaces the parameters by those of the request object or pushed request
// that they name. Nothing is merged (RFC 9101 §6.3): what stands outside, the browser may
// have changed.
func (p *Provider) openRequest(ctx context.Context, a *authorization) error {
	if a.origin == stored {
		return nil
	}
	a.form.Del(onceParam)
	err := p.unwrap(ctx, a)
	if err != nil && a.origin == direct && checkRedirectURI(ctx, a) == nil {
		// The application is told where that is safe: an address outside counts for that if it
		// is registered. A mode that is not supported leaves the default.
		_ = checkResponseMode(ctx, a)
	}
	return err
}

func (p *Provider) unwrap(ctx context.Context, a *authorization) error {
	object, uri := a.form["request"], a.form["request_uri"]
	switch pushed := len(uri) == 1 && strings.HasPrefix(uri[0], pushedPrefix); {
	case len(object)+len(uri) > 1:
		return refuse(invalidRequest, "The parameters request and request_uri exclude each other, and each comes once.")
	case len(uri) == 1 && a.origin == pushing:
		// RFC 9126 §2.1: a pushed request is the request itself.
		return refuse(invalidRequest, "The parameter request_uri cannot be pushed: push the parameters themselves, or request.")
	case pushed:
		return p.openPushed(ctx, a, uri[0])
	case a.client.RequirePushedRequests && a.origin == direct:
		return refuse(invalidRequest, "This client must push its authorization requests (RFC 9126): send client_id and the request_uri that /oauth2/par answered with.")
	case len(uri) == 1:
		raw, err := p.fetchObject(ctx, a, uri[0])
		if err != nil {
			return err
		}
		return p.openObject(ctx, a, raw)
	case len(object) == 1:
		return p.openObject(ctx, a, object[0])
	case a.client.RequireSignedRequestObject:
		return refuse(invalidRequest, "This client must send its authorization requests as a signed request object (RFC 9101).")
	}
	return nil
}

// fetchObject gets a request object by reference (RFC 9101 §5.2). Attack: a request that
// makes this server fetch an address of somebody's choice. Decision: only addresses that
// are registered for the client, and only through the guard for outbound calls. A fragment
// is no part of the address; it may be a hash that caches know the content by.
func (p *Provider) fetchObject(ctx context.Context, a *authorization, uri string) (string, error) {
	address, ok := a.client.MatchRequestURI(uri)
	if !ok {
		return "", refuse(invalidRequestURI, "The request_uri is not registered for this client: it must be one of its request_uris, or come from the PAR endpoint.")
	}
	body, _, err := p.Fetch.Fetch(ctx, address, maxRequestObject)
	if err != nil {
		return "", refuse(invalidRequestURI, "The request object could not be fetched from the request_uri.").because(err)
	}
	return strings.TrimSpace(string(body)), nil
}

// openObject verifies a request object and takes its parameters.
func (p *Provider) openObject(ctx context.Context, a *authorization, raw string) error {
	payload, err := p.verifyObject(ctx, &a.client, raw)
	if err != nil {
		return err
	}
	members, err := members(payload)
	if err != nil {
		return badObject("it is not a JSON object whose members have one name each").because(err)
	}
	if err := p.checkObject(a, members); err != nil {
		return err
	}
	form, err := parameters(members)
	if err != nil {
		return err
	}
	form.Set("client_id", a.client.ID)
	if once := p.objectOnce(a, members); once != "" {
		form.Set(onceParam, once)
	}
	idp.Note(ctx, slog.Bool("request_object", true))
	a.form = form
	return nil
}

func badObject(why string) *fault {
	return refuse(invalidRequestObject, "The request object cannot be used: %s.", why)
}

// verifyObject checks the signature. alg, typ and key are what the client is registered
// for, never what the object says of itself (RFC 8725 §3.1, §3.11).
func (p *Provider) verifyObject(ctx context.Context, c *idp.Client, raw string) ([]byte, error) {
	payload, err := p.verifyFrom(ctx, c, raw, c.RequestObjectAlgs(), "", "jwt", requestObjectType)
	var unreadable *idp.Error
	switch {
	case errors.Is(err, keys.ErrBadJWT):
		return nil, badObject("it is not a JWT of a permitted type that is signed by a registered key of this client with a permitted algorithm").because(err)
	case errors.As(err, &unreadable):
		return nil, badObject("the keys of this client cannot be read from its jwks_uri").because(err)
	}
	return payload, err
}
