package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/keys"
)

const (
	authSecretJWT  = "client_secret_jwt"
	authPrivateJWT = "private_key_jwt"

	assertionType   = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLife   = time.Hour        // the longest; its jti is remembered that long
	assertionAhead  = 60 * time.Second // how far a client's clock may be ahead of ours
	maxAssertionJTI = 256              // bytes
)

// assertion is what a client says about itself (RFC 7523 §3).
type assertion struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Expires   float64  `json:"exp"`
	NotBefore float64  `json:"nbf"`
	Issued    float64  `json:"iat"`
	ID        string   `json:"jti"`
}

// asserted reads the client_assertion far enough to know whose it says it is. Nothing of
// it is believed yet.
func asserted(r *http.Request, form url.Values) (credentials, error) {
	switch {
	case len(r.Header.Values("Authorization")) > 0 || form.Has("client_secret"):
		return credentials{}, refuse(invalidRequest, "The client authenticates in more than one way: use exactly one.")
	case form.Get("client_assertion_type") != assertionType:
		return credentials{}, refuse(invalidClient, "The parameter client_assertion_type must be %s.", assertionType)
	}
	var a assertion
	raw := form.Get("client_assertion")
	if err := unverified(raw, &a); err != nil || a.Subject == "" {
		return credentials{}, refuse(invalidClient, "The parameter client_assertion must be a signed JWT whose sub is the client_id.").because(err)
	}
	if id := form.Get("client_id"); id != "" && id != a.Subject {
		return credentials{}, refuse(invalidClient, "The client_id is not the sub of the client_assertion.")
	}
	return credentials{id: a.Subject, assertion: raw}, nil
}

// unverified reads the claims of a JWT without looking at its signature.
func unverified(raw string, claims any) error {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return errors.New("not three parts")
	}
	body, err := encoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	return json.Unmarshal(body, claims)
}

// proves checks a client_assertion (RFC 7523 §3, OpenID Connect Core §9). Until the
// signature is verified there is one answer for everything.
func (p *Provider) proves(ctx context.Context, r *http.Request, c *idp.Client, raw string) error {
	var algs []string
	switch c.TokenEndpointAuthMethod {
	case authSecretJWT:
		algs = idp.SymmetricAlgs()
	case authPrivateJWT:
		algs = idp.AsymmetricAlgs()
	default:
		return assertionRefused(errors.New("registered for " + c.TokenEndpointAuthMethod))
	}
	if c.TokenEndpointAuthAlg != "" {
		algs = []string{c.TokenEndpointAuthAlg}
	}
	claims, err := p.verifyFrom(ctx, c, raw, algs, "", "jwt", "client-authentication+jwt")
	switch {
	case errors.Is(err, keys.ErrBadJWT):
		return assertionRefused(err)
	case err != nil:
		return keysUnreadable(err)
	}
	var a assertion
	if err := json.Unmarshal(claims, &a); err != nil {
		return refuse(invalidClient, "The claims of the client_assertion have other types than expected: iss, sub and jti are strings, exp, nbf and iat are numbers.").because(err)
	}
	if err := p.checkAssertion(r, c.ID, a); err != nil {
		return err
	}
	return p.onlyOnce(ctx, c.ID, a)
}

func assertionRefused(cause error) error {
	return refuse(invalidClient, "The client is not authenticated: the client is unknown or registered for another method, or the client_assertion is not signed by one of its keys with an algorithm that it may use.").because(cause)
}

// keysUnreadable: what is wrong with a jwks_uri is the client's own matter. What exactly
// is in the log only: whoever may register an address would learn by it what our network
// answers.
func keysUnreadable(err error) error {
	var e *idp.Error
	if !errors.As(err, &e) {
		return err
	}
	return refuse(invalidClient, "The keys at the jwks_uri of the client cannot be read, so its client_assertion cannot be checked: the address must answer with a JSON Web Key Set.").because(err)
}

func (p *Provider) checkAssertion(r *http.Request, clientID string, a assertion) error {
	now := p.now()
	expires, ahead := moment(a.Expires), now.Add(assertionAhead)
	switch {
	case a.Issuer != clientID || a.Subject != clientID:
		return refuse(invalidClient, "The iss and the sub of the client_assertion must both be the client_id.")
	case len(a.Audience) == 0 || slices.ContainsFunc(a.Audience, func(aud string) bool { return !p.means(r, aud) }):
		// Attack: a provider that the client also uses names ours as its audience, and plays
		// the assertion that it gets on to us (CVE-2025-27370). Decision: whoever else is named
		// may hold it, so nobody else is.
		return refuse(invalidClient, "The aud of the client_assertion must be the issuer %s or the address of this endpoint, and nothing else.", p.Issuer)
	case a.Expires == 0 || !now.Before(expires):
		return refuse(invalidClient, "The client_assertion has expired, or has no exp: it must be a time in the future.")
	case expires.After(ahead.Add(assertionLife)):
		return refuse(invalidClient, "The exp of the client_assertion is too far ahead: it may live for one hour at most.")
	case moment(a.NotBefore).After(ahead) || moment(a.Issued).After(ahead):
		return refuse(invalidClient, "The client_assertion is from the future: its nbf or iat is more than a minute ahead.")
	case a.ID == "" || len(a.ID) > maxAssertionJTI:
		return refuse(invalidClient, "The client_assertion needs a jti of 1 to %d bytes, another one each time.", maxAssertionJTI)
	}
	return nil
}

// means reports whether an audience is this provider: the issuer, the token endpoint, or
// the endpoint that was called.
func (p *Provider) means(r *http.Request, aud string) bool {
	return aud == p.Issuer || aud == p.Issuer+"/oauth2/token" || aud == p.Issuer+r.URL.Path
}

// onlyOnce refuses an assertion that was seen before (RFC 7523 §3 rule 7). It is the last
// check: what is refused for another reason uses nothing up.
func (p *Provider) onlyOnce(ctx context.Context, clientID string, a assertion) error {
	err := p.Marks.SeenOnce(ctx, "client_assertion/"+idp.HashSecret(clientID+"\x00"+a.ID), moment(a.Expires))
	if errors.Is(err, idp.ErrReplayed) {
		return refuse(invalidClient, "The client_assertion was used before: make a new one, with another jti, for each request.").because(err)
	}
	return err
}

// moment reads a NumericDate (RFC 7519 §2). What no calendar holds is the far future.
func moment(seconds float64) time.Time {
	const most = 1 << 40
	return time.Unix(int64(min(max(seconds, 0), most)), 0).UTC()
}
