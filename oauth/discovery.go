package oauth

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"cloudsso/idp"
)

// metadata is OpenID Connect Discovery §3 and RFC 8414 §2: what is true of this version,
// and nothing else.
type metadata struct {
	Issuer                   string   `json:"issuer"`
	Authorization            string   `json:"authorization_endpoint"`
	Token                    string   `json:"token_endpoint"`
	UserInfo                 string   `json:"userinfo_endpoint"`
	PushedRequest            string   `json:"pushed_authorization_request_endpoint"`
	Registration             string   `json:"registration_endpoint,omitempty"`
	JWKS                     string   `json:"jwks_uri"`
	Introspection            string   `json:"introspection_endpoint"`
	Revocation               string   `json:"revocation_endpoint"`
	Device                   string   `json:"device_authorization_endpoint"`
	EndSession               string   `json:"end_session_endpoint,omitempty"`
	CheckSession             string   `json:"check_session_iframe,omitempty"`
	Scopes                   []string `json:"scopes_supported"`
	ResponseTypes            []string `json:"response_types_supported"`
	ResponseModes            []string `json:"response_modes_supported"`
	GrantTypes               []string `json:"grant_types_supported"`
	SubjectTypes             []string `json:"subject_types_supported"`
	IDTokenAlgs              []string `json:"id_token_signing_alg_values_supported"`
	UserInfoAlgs             []string `json:"userinfo_signing_alg_values_supported"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs            []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgs    []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAlgs        []string `json:"introspection_signing_alg_values_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs       []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	ChallengeMethods         []string `json:"code_challenge_methods_supported"`
	Contexts                 []string `json:"acr_values_supported"`
	ClaimTypes               []string `json:"claim_types_supported"`
	Claims                   []string `json:"claims_supported"`
	Prompts                  []string `json:"prompt_values_supported"`
	ClaimsParameter          bool     `json:"claims_parameter_supported"`
	RequestParameter         bool     `json:"request_parameter_supported"`
	RequestURIParameter      bool     `json:"request_uri_parameter_supported"`
	RequestURIRegistered     bool     `json:"require_request_uri_registration"`
	RequestObjectAlgs        []string `json:"request_object_signing_alg_values_supported"`
	RequirePushed            bool     `json:"require_pushed_authorization_requests"` // some clients must all the same
	RequireSigned            bool     `json:"require_signed_request_object"`         // likewise
	FrontchannelLogout       bool     `json:"frontchannel_logout_supported,omitempty"`
	FrontchannelSID          bool     `json:"frontchannel_logout_session_supported,omitempty"`
	BackchannelLogout        bool     `json:"backchannel_logout_supported,omitempty"`
	BackchannelSID           bool     `json:"backchannel_logout_session_supported,omitempty"`
	IssuerInAuthorizeAnswers bool     `json:"authorization_response_iss_parameter_supported"`
}

// document is a JSON answer made beforehand.
type document struct {
	body []byte
	etag string
}

func (p *Provider) renderDiscovery() (document, error) {
	proofs := []string{authBasic, authPost, authSecretJWT, authPrivateJWT}
	all := append(slices.Clone(proofs), authNone)
	// Not none, which a client may register for: relying parties exist that accept whatever
	// this list says, and would take a forged token.
	algs := slices.Concat(idp.AsymmetricAlgs(), idp.SymmetricAlgs())
	doc := metadata{
		Issuer:           p.Issuer,
		Authorization:    p.Issuer + "/oauth2/authorize",
		Token:            p.Issuer + "/oauth2/token",
		UserInfo:         p.Issuer + "/oauth2/userinfo",
		PushedRequest:    p.Issuer + "/oauth2/par",
		JWKS:             p.Issuer + "/oauth2/jwks",
		Introspection:    p.Issuer + "/oauth2/introspect",
		Revocation:       p.Issuer + "/oauth2/revoke",
		Device:           p.Issuer + "/oauth2/device",
		Scopes:           p.scopesSupported(),
		ResponseTypes:    []string{"code", "id_token", "token", "id_token token", "code id_token", "code token", "code id_token token", "none"},
		ResponseModes:    []string{modeQuery, modeFragment, modeFormPost},
		GrantTypes:       []string{idp.GrantCode, idp.GrantImplicit, idp.GrantRefresh, idp.GrantPassword, clientCredentials, idp.GrantDevice},
		SubjectTypes:     []string{"public", "pairwise"},
		IDTokenAlgs:      algs,
		UserInfoAlgs:     algs,
		TokenAuthMethods: all,
		TokenAuthAlgs:    algs,

		IntrospectionAuthMethods: proofs,
		IntrospectionAuthAlgs:    algs,
		IntrospectionAlgs:        algs,
		RevocationAuthMethods:    all,
		RevocationAuthAlgs:       algs,

		ChallengeMethods: []string{"S256"},
		Contexts:         everyContext(),
		ClaimTypes:       []string{"normal"},
		Claims: append([]string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "c_hash", "s_hash", "sid", "acr", "amr",
			"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
			"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
			"email", "email_verified", "phone_number", "phone_number_verified", "address", "groups",
		}, p.ownClaims()...),
		Prompts:                  p.prompts(),
		ClaimsParameter:          true,
		RequestParameter:         true,
		RequestURIParameter:      true,
		RequestURIRegistered:     true,
		RequestObjectAlgs:        algs,
		IssuerInAuthorizeAnswers: true,
	}
	if p.SignOuter != nil {
		doc.EndSession = p.Issuer + endSessionPath
		doc.FrontchannelLogout, doc.FrontchannelSID = true, true
	}
	doc.BackchannelLogout, doc.BackchannelSID = p.Outbound != nil, p.Outbound != nil
	if p.States != nil {
		doc.CheckSession = p.Issuer + checkSessionPath
	}
	if p.Registration.on() {
		doc.Registration = p.Issuer + registerPath
	}
	body, err := json.Marshal(doc)
	sum := sha256.Sum256(body)
	return document{body, `"` + encoding.EncodeToString(sum[:12]) + `"`}, err
}

// Discovery answers /.well-known/openid-configuration and, with the same document,
// /.well-known/oauth-authorization-server (RFC 8414).
func (p *Provider) Discovery(w http.ResponseWriter, r *http.Request) {
	p.discovery.serve(w, r, "public, max-age=3600")
}

// JWKS answers with the public keys. Five minutes: a key is published at least that long
// before it signs.
func (p *Provider) JWKS(w http.ResponseWriter, r *http.Request) {
	body, etag := p.Ring.JWKS()
	document{body, etag}.serve(w, r, "public, max-age=300")
}

func (d document) serve(w http.ResponseWriter, r *http.Request, cacheControl string) {
	if cors(w, r, http.MethodGet) {
		return
	}
	h := w.Header()
	h.Set("Cache-Control", cacheControl)
	h.Set("ETag", d.etag)
	if strings.Contains(r.Header.Get("If-None-Match"), d.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(d.body)
}
