package idp

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Client is a relying party that speaks OpenID Connect or OAuth 2.
type Client struct {
	ID string // client_id
	ClientMetadata
	Secrets []ClientSecret // oldest first; any live one authenticates

	// RegistrationTokenHash is HashSecret of the registration access token (RFC 7592) of a
	// client that registered itself; empty for all others.
	RegistrationTokenHash string

	Managed   Managed
	Version   int64 // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ClientMetadata is what an admin says about a client: the same struct behind the
// API, files and the console. Names are RFC 7591's where it has one.
type ClientMetadata struct {
	ClientName      string   `json:"client_name,omitempty" maxLength:"200" doc:"Shown to people who sign in."`
	RedirectURIs    []string `json:"redirect_uris,omitempty" maxItems:"100" doc:"Compared character by character; native clients may vary the port of a loopback address (RFC 8252)."`
	ApplicationType string   `json:"application_type,omitempty" enum:"web,native" doc:"Default web."`
	GrantTypes      []string `json:"grant_types,omitempty" doc:"authorization_code, urn:ietf:params:oauth:grant-type:device_code, refresh_token beside them, client_credentials; implicit and password with their switches. Default authorization_code, and what the switches allow."`
	ResponseTypes   []string `json:"response_types,omitempty" doc:"code, none; with allow_implicit id_token, token, id_token token and the combinations of code with them. The order of words does not matter. Default: what grant_types allow."`
	Scope           string   `json:"scope,omitempty" doc:"Space-separated scopes that the client may ask for. Default: openid profile email phone address groups, and offline_access with the refresh_token grant; nothing for a client that signs nobody in."`
	Contacts        []string `json:"contacts,omitempty"`
	ClientURI       string   `json:"client_uri,omitempty"`
	LogoURI         string   `json:"logo_uri,omitempty"`
	PolicyURI       string   `json:"policy_uri,omitempty"`
	TosURI          string   `json:"tos_uri,omitempty"`

	TokenEndpointAuthMethod string `json:"token_endpoint_auth_method,omitempty" enum:"client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,none" doc:"The one way in which the client shows who it is, at every endpoint. Default client_secret_basic."`
	TokenEndpointAuthAlg    string `json:"token_endpoint_auth_signing_alg,omitempty" enum:"RS256,ES256,PS256,EdDSA,RS384,RS512,PS384,PS512,ES384,ES512,HS256,HS384,HS512" doc:"The one algorithm of the client's assertions. Default: any, HS* for client_secret_jwt and the others for private_key_jwt."`
	DefaultMaxAge           *int64 `json:"default_max_age,omitempty" minimum:"0" doc:"Seconds."`
	RequireAuthTime         bool   `json:"require_auth_time,omitempty"`

	JWKS    json.RawMessage `json:"jwks,omitempty" doc:"JSON Web Key Set of the client: public keys that its signatures are checked with. Not together with jwks_uri."`
	JWKSURI string          `json:"jwks_uri,omitempty" doc:"https address of the client's key set. It is read again when a signature names a key that is not known yet."`

	IDTokenSignedResponseAlg       string `json:"id_token_signed_response_alg,omitempty" enum:"RS256,ES256,PS256,EdDSA,RS384,RS512,PS384,PS512,ES384,ES512,HS256,HS384,HS512,none" doc:"Default RS256. HS* signs with a key that the client shares with us (hs_key); none is for confidential clients that use the code flow only."`
	UserInfoSignedResponseAlg      string `json:"userinfo_signed_response_alg,omitempty" enum:"RS256,ES256,PS256,EdDSA,RS384,RS512,PS384,PS512,ES384,ES512,HS256,HS384,HS512" doc:"Userinfo answers as a JWT signed with this. Default: plain JSON."`
	IntrospectionSignedResponseAlg string `json:"introspection_signed_response_alg,omitempty" enum:"RS256,ES256,PS256,EdDSA,RS384,RS512,PS384,PS512,ES384,ES512,HS256,HS384,HS512" doc:"For introspection answers as a JWT (RFC 9701). Default RS256."`
	HSKey                          string `json:"hs_key,omitempty" enum:"client_secret,dedicated" doc:"What HS* tokens are signed with: the client_secret (the default for clients that have one), or a key of its own, shown once as shared_signing_key."`

	SubjectType         string `json:"subject_type,omitempty" enum:"public,pairwise" doc:"Who people are to this client: public, one sub for all clients, or pairwise, a sub of its own for each sector (OpenID Connect Core section 8). Default public."`
	SectorIdentifierURI string `json:"sector_identifier_uri,omitempty" doc:"https address of a JSON array that holds every redirect URI; its host is the sector of a pairwise client. Needed when redirect URIs have several hosts."`

	RequestURIs                []string `json:"request_uris,omitempty" maxItems:"100" doc:"https addresses that request objects may be fetched from. A fragment is not compared."`
	RequestObjectSigningAlg    string   `json:"request_object_signing_alg,omitempty" enum:"RS256,ES256,PS256,EdDSA,RS384,RS512,PS384,PS512,ES384,ES512,HS256,HS384,HS512" doc:"The one algorithm of the client's request objects; HS* uses the client_secret. Default: any with a key pair."`
	RequireSignedRequestObject bool     `json:"require_signed_request_object,omitempty" doc:"Only signed request objects with iss, aud, nbf and exp (RFC 9101) start a sign-in."`
	RequirePushedRequests      bool     `json:"require_pushed_authorization_requests,omitempty" doc:"Only pushed requests (RFC 9126) start a sign-in."`

	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty" maxItems:"100" doc:"Where people may be sent after signing out (OpenID Connect RP-Initiated Logout). Compared character by character."`

	FrontchannelLogoutURI             string `json:"frontchannel_logout_uri,omitempty" doc:"Opened in a frame of our page when a session that the client knows ends (OpenID Connect Front-Channel Logout). Scheme, host and port are those of a redirect URI."`
	FrontchannelLogoutSessionRequired bool   `json:"frontchannel_logout_session_required,omitempty" doc:"Add iss and sid to it."`
	BackchannelLogoutURI              string `json:"backchannel_logout_uri,omitempty" doc:"Gets a logout token by POST when a session that the client knows ends (OpenID Connect Back-Channel Logout)."`
	BackchannelLogoutSessionRequired  bool   `json:"backchannel_logout_session_required,omitempty" doc:"The client needs sid in the logout token. It is always there."`
	InitiateLoginURI                  string `json:"initiate_login_uri,omitempty" doc:"Where the client starts a sign-in that began elsewhere, such as in our list of applications (OpenID Connect Core section 4)."`

	// Ours, for applications that cannot do better.
	AllowImplicit           bool `json:"allow_implicit,omitempty" doc:"Legacy, off by default: tokens in the front channel (implicit and hybrid response types), where they leak through histories, logs and referrers (RFC 9700 §2.1.2). OAuth 2.1 has no such grant."`
	AllowPasswordGrant      bool `json:"allow_password_grant,omitempty" doc:"Legacy, off by default: the application itself asks people for their password (RFC 9700 §2.4: must not be used). OAuth 2.1 has no such grant. People are not asked for consent: this switch is the consent."`
	AllowAccessTokenInQuery bool `json:"allow_access_token_in_query,omitempty" doc:"Legacy, off by default: userinfo takes the access token as ?access_token=, which ends in logs and histories (RFC 9700 §4.3.2)."`
	UserinfoWithoutOpenID   bool `json:"userinfo_without_openid,omitempty" doc:"For applications that speak OAuth 2 without OpenID Connect: userinfo answers access tokens that do not have the scope openid, too."`

	// Ours.
	RequirePKCE     *bool     `json:"require_pkce,omitempty" doc:"Default true. Public clients always need PKCE; false lets a confidential client do without."`
	FirstParty      bool      `json:"first_party,omitempty" doc:"The organisation's own application: people are not asked for consent."`
	ClaimsInIDToken bool      `json:"claims_in_id_token,omitempty" doc:"Put the claims of the granted scopes into the ID token too, for relying parties that never call userinfo."`
	ProfileQuery    string    `json:"profile_query,omitempty" maxLength:"256" doc:"Query of the directory that gives this client's attributes, such as $/SSO/Wiki of an iMIS; default the directory's own. A directory without queries gives the usual ones."`
	ClaimsMapping   []Mapping `json:"claims_mapping,omitempty" doc:"Claims of this client beside and above the standard ones. A dotted name becomes a nested object."`
	AccessTokenTTL  int64     `json:"access_token_ttl,omitempty" minimum:"60" maximum:"86400" doc:"Seconds. Default 3600."`
	RefreshTokenTTL int64     `json:"refresh_token_ttl,omitempty" minimum:"300" maximum:"31536000" doc:"Seconds a refresh token lives unused. Default 30 days."`
	IntrospectAll   bool      `json:"introspect_all,omitempty" doc:"A resource server: it may introspect the access tokens of all clients, not only its own."`
	Disabled        bool      `json:"disabled,omitempty"`

	Description      string      `json:"description,omitempty" maxLength:"200" doc:"One line for the page of all apps."`
	HideFromAppsPage bool        `json:"hide_from_apps_page,omitempty" doc:"Not shown on the page of all apps."`
	Preset           string      `json:"preset,omitempty" maxLength:"64" doc:"The preset that the client was made from: its hand-over sheet speaks the application's own words."`
	Assigned         *Assignment `json:"assigned,omitempty" doc:"Who may use the application. Left out: everybody; present but empty: nobody. It is asked at each sign-in, refresh and use of a token; tokens of the client's own (client_credentials) do not depend on it."`

	AccessTokenFormat string   `json:"access_token_format,omitempty" enum:"opaque,jwt" doc:"Access tokens as jwt can be read by resource servers (RFC 9068). Default opaque."`
	Resources         []string `json:"resources,omitempty" maxItems:"100" doc:"Resource servers that the client may ask access tokens for with the parameter resource (RFC 8707): absolute URIs."`
	ResourceServerFor []string `json:"resource_server_for,omitempty" maxItems:"100" doc:"A resource server: it may introspect access tokens whose audience is one of these URIs."`
}

// Public reports whether the client cannot keep a secret (RFC 6749 §2.1).
func (c *Client) Public() bool { return c.TokenEndpointAuthMethod == "none" }

// NeedsPKCE reports whether an authorization request without code_challenge is refused.
func (c *Client) NeedsPKCE() bool { return c.Public() || c.RequirePKCE == nil || *c.RequirePKCE }

// Scopes that the client may ask for.
func (c *Client) Scopes() []string { return strings.Fields(c.Scope) }

// AllowsGrant reports whether the client may use a grant type.
func (c *Client) AllowsGrant(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }

// DisplayName is what people are shown.
func (c *Client) DisplayName() string {
	if c.ClientName != "" {
		return c.ClientName
	}
	return c.ID
}
