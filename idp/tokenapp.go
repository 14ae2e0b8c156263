package idp

import (
	"cmp"
	"time"
)

// TokenApp is a relying party that takes a signed token in its address or by a form, in a
// scheme of its own: inSided's, Zendesk's, DiscourseConnect.
type TokenApp struct {
	App  string // slug: our id in URLs, never changes
	Name string // shown to people
	TokenAppPolicy

	SharedKey []byte // of HS* algorithms, sealed; nil without one

	Managed   Managed
	Version   int64 // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Schemes of signed-token apps.
const (
	SchemeJWT       = "jwt"       // a JWT of ours goes to return_url, asked for or not
	SchemeDiscourse = "discourse" // DiscourseConnect: the app asks with sso and sig, and is answered so
)

// TokenAppPolicy is what an admin decides about a signed-token app: the same struct
// behind the API, files and the console.
type TokenAppPolicy struct {
	Scheme        string    `json:"scheme,omitempty" enum:"jwt,discourse" doc:"jwt (the default): a signed JWT goes to return_url. discourse: DiscourseConnect, where the app asks with sso and sig and is answered the same way; algorithm, method and token_param are its own then."`
	ReturnURL     string    `json:"return_url,omitempty" format:"uri" maxLength:"2048" doc:"Where the token goes. With discourse, the one return_sso_url that is answered: the forum's /session/sso_login."`
	Method        string    `json:"method,omitempty" enum:"get,post" doc:"How it goes there: in the address, or by a form. Default get."`
	Algorithm     string    `json:"algorithm,omitempty" enum:"RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA,HS256,HS384,HS512" doc:"What signs the token. Default RS256. The HS* ones sign with a key of this app's own."`
	Audience      string    `json:"audience,omitempty" maxLength:"256" doc:"aud of the token. Default: the origin of return_url. Never the name of another app."`
	Claims        []Mapping `json:"claims,omitempty" doc:"What the token says about the person, beside iss, sub, aud, iat, exp and jti. Names are as the app wants them; with discourse: email, external_id (default: our subject), username, name, groups, admin, moderator, custom.x."`
	ProfileQuery  string    `json:"profile_query,omitempty" maxLength:"256" doc:"Query of the directory that gives this app's attributes; default the directory's own."`
	Lifetime      int64     `json:"lifetime,omitempty" minimum:"30" maximum:"3600" doc:"Seconds that the token is valid. Default 300."`
	TokenParam    string    `json:"token_param,omitempty" maxLength:"64" doc:"Name of the parameter that carries the token. Default token."`
	ReturnToParam string    `json:"return_to_param,omitempty" maxLength:"64" doc:"Name of the parameter, of our link and of return_url, that says where in the app the person wants to go. It is passed on only if it leads to the origin of return_url or one of return_origins."`
	ReturnOrigins []string  `json:"return_origins,omitempty" maxItems:"20" doc:"Further origins that return_to_param may lead to, such as https://help.example.com."`
	StateParam    string    `json:"state_param,omitempty" maxLength:"64" doc:"Name of a parameter of our link that goes back with the token as it came."`
	NonceParam    string    `json:"nonce_param,omitempty" maxLength:"64" doc:"Name of a parameter of our link that becomes the claim nonce, so that the app knows the answer to its own question. Links without it are refused."`
	StartURL      string    `json:"start_url,omitempty" maxLength:"2048" doc:"Where the app starts a sign-in itself; /launch/{app} goes there. With discourse and a return_url that ends in /session/sso_login it is made of that."`

	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty" maxItems:"100" doc:"Where our sign-out address may send people on to. Compared character by character."`

	LogoURI          string      `json:"logo_uri,omitempty" maxLength:"2048" doc:"Shown to people who sign in."`
	Description      string      `json:"description,omitempty" maxLength:"200" doc:"One line for the page of all apps."`
	HideFromAppsPage bool        `json:"hide_from_apps_page,omitempty" doc:"Not shown on the page of all apps."`
	Disabled         bool        `json:"disabled,omitempty"`
	Preset           string      `json:"preset,omitempty" maxLength:"64" doc:"The preset that the app was made from: its hand-over sheet speaks the application's own words."`
	Assigned         *Assignment `json:"assigned,omitempty" doc:"Who may use the application. Left out: everybody; present but empty: nobody. It is asked at each sign-in."`
}

// KeyBytes is how long the shared key must be at least, 0 if there is none: as long as the
// hash (RFC 7518 §3.2).
func (p *TokenAppPolicy) KeyBytes() int {
	if p.Scheme == SchemeDiscourse {
		return 32
	}
	return map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[p.Algorithm]
}

// KeyPurpose binds the sealed shared key to its place: moved to another app, it does not open.
func (a *TokenApp) KeyPurpose() string { return "token app key\x00" + a.App }

// AudienceOf is the aud of the app's tokens.
func (p *TokenAppPolicy) AudienceOf() string { return cmp.Or(p.Audience, Origin(p.ReturnURL)) }
