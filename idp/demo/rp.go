package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// relyingParty signs people in by the authorization code flow with PKCE and its
// secret. It looks the provider up by discovery, as any relying party would.
type relyingParty struct {
	demo   *Demo
	visits *visits[rpVisit]

	mu       sync.Mutex
	provider *oidc.Provider
}

// rpVisit is one visitor: on the way (state, nonce, verifier) or signed in (token).
type rpVisit struct {
	state, nonce, verifier string
	token                  *rpToken
}

// rpToken is what the page shows.
type rpToken struct {
	Name, Subject              string
	Header, IDToken, UserInfo  string
	Algorithm, Expires, Scopes string
	Refresh                    bool
}

func (p *relyingParty) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.provider == nil {
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.demo.options.HTTP), p.demo.options.Issuer)
		if err != nil {
			return nil, nil, err
		}
		p.provider = found
	}
	return p.provider, &oauth2.Config{
		ClientID:     p.demo.options.ClientID,
		ClientSecret: p.demo.options.ClientSecret,
		Endpoint:     p.provider.Endpoint(),
		RedirectURL:  RedirectURI(p.demo.options.Issuer),
		Scopes:       []string{oidc.ScopeOpenID, "profile", "email", "groups", oidc.ScopeOfflineAccess},
	}, nil
}

func (p *relyingParty) login(w http.ResponseWriter, r *http.Request) {
	if iss := r.FormValue("iss"); iss != "" && iss != p.demo.options.Issuer { // OpenID Connect Core §4
		p.failed(w, http.StatusBadRequest, "This link is for the sign-in at another provider.")
		return
	}
	_, config, err := p.discover(r.Context())
	if err != nil {
		p.failed(w, http.StatusBadGateway, "The provider's discovery document could not be read: "+err.Error())
		return
	}
	v := &rpVisit{state: random(), nonce: random(), verifier: oauth2.GenerateVerifier()}
	p.visits.start(w, v)
	http.Redirect(w, r, config.AuthCodeURL(v.state, oidc.Nonce(v.nonce), oauth2.S256ChallengeOption(v.verifier)), http.StatusFound)
}

func (p *relyingParty) callback(w http.ResponseWriter, r *http.Request) {
	v, q := p.visits.of(r), r.URL.Query()
	switch {
	case v == nil || v.state == "" || q.Get("state") != v.state:
		p.failed(w, http.StatusBadRequest, "This answer does not belong to a sign-in that this browser started here.")
	case q.Get("iss") != p.demo.options.Issuer: // RFC 9207: an answer of another provider is a mix-up
		p.failed(w, http.StatusBadRequest, "The answer does not say that it comes from this provider.")
	case q.Get("error") != "":
		p.failed(w, http.StatusOK, fmt.Sprintf("The provider answered %s: %s", q.Get("error"), q.Get("error_description")))
	default:
		token, err := p.redeem(r.Context(), v, q.Get("code"))
		if err != nil {
			p.failed(w, http.StatusBadGateway, "The code could not be exchanged: "+err.Error())
			return
		}
		p.visits.end(w, r)
		p.visits.start(w, &rpVisit{token: token})
		http.Redirect(w, r, p.demo.options.Issuer+"/demo/rp/", http.StatusSeeOther)
	}
}

// redeem exchanges the code, verifies the ID token and asks userinfo.
func (p *relyingParty) redeem(ctx context.Context, v *rpVisit, code string) (*rpToken, error) {
	provider, config, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, p.demo.options.HTTP)
	tokens, err := config.Exchange(ctx, code, oauth2.VerifierOption(v.verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	verified, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if verified.Nonce != v.nonce {
		return nil, fmt.Errorf("the ID token carries another nonce")
	}
	if err := verified.VerifyAccessToken(tokens.AccessToken); err != nil {
		return nil, err
	}
	info, err := provider.UserInfo(ctx, config.TokenSource(ctx, tokens))
	if err != nil {
		return nil, err
	}
	var claims json.RawMessage
	var profile struct {
		Name string `json:"name"`
	}
	if err := info.Claims(&claims); err != nil {
		return nil, err
	}
	if err := info.Claims(&profile); err != nil {
		return nil, err
	}
	header, payload := jwtParts(raw)
	var alg struct{ Alg string }
	if err := json.Unmarshal(header, &alg); err != nil {
		return nil, err
	}
	scopes, _ := tokens.Extra("scope").(string)
	return &rpToken{
		Name: profile.Name, Subject: verified.Subject, Algorithm: alg.Alg,
		Header: pretty(header), IDToken: pretty(payload), UserInfo: pretty(claims),
		Expires: tokens.Expiry.Format("15:04:05"), Scopes: scopes, Refresh: tokens.RefreshToken != "",
	}, nil
}

func (p *relyingParty) show(w http.ResponseWriter, r *http.Request) {
	v := p.visits.of(r)
	if v == nil || v.token == nil {
		http.Redirect(w, r, p.demo.options.Issuer+"/demo/rp/login", http.StatusSeeOther)
		return
	}
	p.demo.render(w, http.StatusOK, "rp.html", v.token)
}

func (p *relyingParty) forget(w http.ResponseWriter, r *http.Request) {
	p.visits.end(w, r)
	http.Redirect(w, r, p.demo.options.Issuer+"/demo/", http.StatusSeeOther)
}

func (p *relyingParty) failed(w http.ResponseWriter, status int, text string) {
	p.demo.problem(w, status, problem{App: "Demo relying party", Title: "Not signed in", Text: text, Again: "/demo/rp/login"})
}

func jwtParts(raw string) (header, payload []byte) {
	parts := strings.SplitN(raw, ".", 3)
	if len(parts) != 3 {
		return nil, nil
	}
	header, _ = base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ = base64.RawURLEncoding.DecodeString(parts[1])
	return header, payload
}

func pretty(doc []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, doc, "", "  ") != nil {
		return string(doc)
	}
	return b.String()
}

func random() string { return rand.Text() }
