package oauth

import (
	"cmp"
	"context"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
)

// introspectionType is RFC 9701 §4, introspectionAlg its default (§6).
const (
	introspectionType = "token-introspection+jwt"
	introspectionAlg  = "RS256"
)

// introspection is RFC 7662 §2.2. Of a dead token it says nothing but that.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	Issued    int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  any    `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	SID       string `json:"sid,omitempty"`
}

// Introspect is the introspection endpoint (RFC 7662 §2), for POST.
func (p *Provider) Introspect(w http.ResponseWriter, r *http.Request) {
	form, err := postForm(w, r, "introspection")
	if err != nil {
		p.fail(w, r, err)
		return
	}
	caller, held, err := p.introspector(r.Context(), r, form)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	idp.Note(r.Context(), slog.String("client", caller.ID))
	found, err := p.introspect(r.Context(), caller, held, form.Get("token"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.writeIntrospection(w, r, caller, found)
}

// introspect answers about a token as it is now. token_type_hint is not needed: the
// token says what it is (RFC 7662 §2.1 lets us ignore it).
func (p *Provider) introspect(ctx context.Context, caller *idp.Client, held idp.Holding, token string) (introspection, error) {
	t, err := p.lookUp(ctx, held, token)
	if err == nil {
		err = mayIntrospect(caller, t)
	}
	if err == nil {
		err = p.alive(ctx, t)
	}
	switch {
	case isFault(err, invalidToken):
		// One answer for every reason: it must not tell what became of the person (§2.2).
		return introspection{}, nil
	case err != nil:
		return introspection{}, err
	}
	return p.describeToken(caller, t), nil
}

// mayIntrospect: a client sees its own tokens. A resource server sees the access tokens
// that are meant for it, or of all. Attack: a refresh token, held up as a bearer token to a resource server that
// asks for nothing but "active", opens it for months. Decision: to anybody but its own
// client it is no token.
func mayIntrospect(caller *idp.Client, t *presented) error {
	switch {
	case t.grant.ClientID == caller.ID:
		t.client = client{Client: caller}
		return nil
	case caller.IntrospectAll && t.access:
		return nil
	case t.access && len(among(t.audience, caller.ResourceServerFor)) > 0:
		return nil // meant for it
	}
	return tokenDead(nil)
}

func (p *Provider) describeToken(caller *idp.Client, t *presented) introspection {
	out := introspection{
		Active: true, Scope: strings.Join(t.scopes, " "), ClientID: t.grant.ClientID,
		Expires: t.expires.Unix(), Subject: t.subject(), Audience: oneOrMany(t.audience), Issuer: p.Issuer, SID: t.grant.SID,
	}
	if t.access {
		out.TokenType, out.Issued = "Bearer", t.issued.Unix()
	}
	// The login name is a claim of the scope profile (preferred_username): a client that
	// was not given it does not get it by this door. A resource server has an
	// administrator's word.
	if caller.IntrospectAll || slices.Contains(t.scopes, "profile") {
		out.Username = t.person.Login
	}
	return out
}

// introspector authenticates the caller. Attack: with a stolen token and any client_id
// one could ask what it is good for (RFC 7662 §2.1, §4). Decision: only clients that
// have proven who they are, and that may work at all.
func (p *Provider) introspector(ctx context.Context, r *http.Request, form url.Values) (*idp.Client, idp.Holding, error) {
	c, held, err := p.authenticateFor(ctx, r, form, p.grantIn(form.Get("token")))
	switch {
	case err != nil:
		return c, held, err
	case c.Public():
		return c, held, refuse(invalidClient, "This client is public: only a client that authenticates may ask about tokens.")
	case c.Disabled:
		return c, held, refuse(invalidClient, "This application has been switched off by an administrator.")
	}
	return c, held, present(form, "token")
}

// writeIntrospection answers in JSON, or signed if the caller wants that (RFC 9701 §4, §5).
func (p *Provider) writeIntrospection(w http.ResponseWriter, r *http.Request, caller *idp.Client, found introspection) {
	if !wantsJWT(r) {
		writeJSON(w, http.StatusOK, found)
		return
	}
	token, err := p.sign(r.Context(), caller, cmp.Or(caller.IntrospectionSignedResponseAlg, introspectionAlg), introspectionType, map[string]any{
		"iss": p.Issuer, "aud": caller.ID, "iat": p.now().Unix(), "token_introspection": found,
	})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	writeJWT(w, "application/"+introspectionType, token)
}

func wantsJWT(r *http.Request) bool {
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		if kind, _, err := mime.ParseMediaType(accepted); err == nil && kind == "application/"+introspectionType {
			return true
		}
	}
	return false
}
