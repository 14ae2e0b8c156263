// Command guides plays InfoSum as its SSO FAQs describe it, on coreos/go-oidc and x/oauth2:
// authorization code with PKCE (S256) and a client secret, both; the scopes openid, profile,
// email and offline_access; people told apart by email or GlobalID on the ID token; and a
// refresh in place of asking a person again. Driven by ../guides.test.js.
//
// The JSON file that is its only argument holds what InfoSum knows: its own callback, and
// what it was handed over: client id, client secret and the discovery URI.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type config struct {
	Port             int    `json:"port"`
	Certificate      string `json:"certificate"`
	Key              string `json:"key"`
	Callback         string `json:"callback"`
	Primary          string `json:"primary"` // claim that tells people apart
	ClientID         string `json:"client_id"`
	ClientSecret     string `json:"client_secret"`
	OIDCDiscoveryURI string `json:"discovery_uri"`
}

// infosum has one visitor at a time.
type infosum struct {
	config
	oauth    oauth2.Config
	provider *oidc.Provider

	mu       sync.Mutex
	state    string
	nonce    string
	verifier string
	tokens   *oauth2.Token
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	doc, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var s infosum
	if err := json.Unmarshal(doc, &s.config); err != nil {
		return err
	}
	s.provider, err = oidc.NewProvider(context.Background(), strings.TrimSuffix(s.OIDCDiscoveryURI, "/.well-known/openid-configuration"))
	if err != nil {
		return err
	}
	s.oauth = oauth2.Config{ClientID: s.ClientID, ClientSecret: s.ClientSecret, Endpoint: s.provider.Endpoint(), RedirectURL: s.Callback,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess}}
	callback, err := url.Parse(s.Callback)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", s.login)
	mux.HandleFunc("GET "+callback.Path, answered(s.signIn))
	mux.HandleFunc("GET /renew", answered(s.renew))
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
	if err != nil {
		return err
	}
	return http.ServeTLS(l, mux, s.Certificate, s.Key)
}

// answered shows what happened, to be read by a test.
func answered(serve func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		shown, err := serve(r)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			shown = map[string]string{"error": err.Error()}
			if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) {
				shown = map[string]string{"error": refused.ErrorCode, "description": refused.ErrorDescription}
			}
		}
		_ = json.NewEncoder(w).Encode(shown)
	}
}

func (s *infosum) login(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.nonce, s.verifier = oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	http.Redirect(w, r, s.oauth.AuthCodeURL(s.state, oidc.Nonce(s.nonce), oauth2.S256ChallengeOption(s.verifier)), http.StatusSeeOther)
}

// signIn takes the answer and shows whom InfoSum would let in.
func (s *infosum) signIn(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	if e := q.Get("error"); e != "" {
		return nil, &oauth2.RetrieveError{ErrorCode: e, ErrorDescription: q.Get("error_description")}
	}
	if s.state == "" || q.Get("state") != s.state {
		return nil, errors.New("nobody asked for this answer")
	}
	s.state = ""
	tokens, err := s.oauth.Exchange(r.Context(), q.Get("code"), oauth2.VerifierOption(s.verifier))
	if err != nil {
		return nil, err
	}
	claims, err := s.verify(r.Context(), tokens)
	if err != nil {
		return nil, err
	}
	if claims["nonce"] != s.nonce {
		return nil, errors.New("the ID token is of another sign-in")
	}
	s.tokens = tokens
	return map[string]any{"account": claims[s.Primary], "id_token": claims, "scope": tokens.Extra("scope"), "refreshable": tokens.RefreshToken != ""}, nil
}

// verify demands what the FAQs demand of the ID token.
func (s *infosum) verify(ctx context.Context, tokens *oauth2.Token) (map[string]any, error) {
	raw, _ := tokens.Extra("id_token").(string)
	token, err := s.provider.Verifier(&oidc.Config{ClientID: s.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return nil, err
	}
	for _, name := range []string{"email", s.Primary} {
		if v, _ := claims[name].(string); v == "" {
			return nil, fmt.Errorf("%s is not on the ID token", name)
		}
	}
	return claims, nil
}

// renew takes a new access token, as InfoSum does when the short-lived one is over, and
// shows whom it belongs to.
func (s *infosum) renew(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		return nil, errors.New("nobody is signed in")
	}
	over := *s.tokens
	over.Expiry = time.Now().Add(-time.Hour)
	tokens, err := s.oauth.TokenSource(r.Context(), &over).Token()
	if err != nil {
		return nil, err
	}
	fresh := tokens.AccessToken != s.tokens.AccessToken
	s.tokens = tokens
	person, err := s.provider.UserInfo(r.Context(), oauth2.StaticTokenSource(tokens))
	if err != nil {
		return nil, err
	}
	return map[string]any{"fresh": fresh, "sub": person.Subject, "email": person.Email}, nil
}
