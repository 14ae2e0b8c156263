package api

import (
	"net/url"
	"time"

	"cloudsso/idp"
)

// TokenAppSettings is what an admin decides and may change by PATCH.
type TokenAppSettings struct {
	Name string `json:"name,omitempty" maxLength:"200" doc:"Shown to people who sign in."`
	idp.TokenAppPolicy
}

// NewTokenApp is the body of POST /token-apps.
type NewTokenApp struct {
	App       string `json:"app,omitempty" pattern:"^[a-z0-9][a-z0-9-]{0,39}$" doc:"Slug in our URLs; never changes. Default: made of the name."`
	SharedKey string `json:"shared_key,omitempty" minLength:"32" maxLength:"1024" writeOnly:"true" doc:"The key of HS* tokens and of discourse, if the application made it. Default: generated, 512 bits."`
	TokenAppSettings
}

// TokenApp is the answer about a signed-token app.
type TokenApp struct {
	App string `json:"app"`
	TokenAppSettings
	ManagedBy idp.Managed `json:"managed_by,omitzero" doc:"The file that keeps it: it is changed there. Absent: people keep it."`
	SharedKey string      `json:"shared_key,omitempty" doc:"The octets of this text. Shown once, in the answer to the request that made it."`
	HasKey    bool        `json:"has_shared_key" doc:"The app and we share a key."`
	LoginURL  string      `json:"login_url,omitempty" doc:"Where the app sends people to sign in."`
	LaunchURL string      `json:"launch_url,omitempty" doc:"A link that signs people in to this app."`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
	version   int64
}

// TokenAppKey is the body of POST /token-apps/{id}/key.
type TokenAppKey struct {
	SharedKey string `json:"shared_key,omitempty" minLength:"32" maxLength:"1024" writeOnly:"true" doc:"If the application made the key. Default: generated, 512 bits."`
}

func (a *core) viewTokenApp(t idp.TokenApp, shown string) TokenApp {
	v := TokenApp{
		App: t.App, TokenAppSettings: TokenAppSettings{Name: t.Name, TokenAppPolicy: t.TokenAppPolicy},
		ManagedBy: t.Managed, SharedKey: shown, HasKey: len(t.SharedKey) > 0, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, version: t.Version,
	}
	if a.Issuer != "" {
		v.LoginURL = a.tokenLoginURL(t.App)
		v.LaunchURL = a.Issuer + "/launch/" + url.PathEscape(t.App)
	}
	return v
}

func (a *core) tokenLoginURL(app string) string { return a.Issuer + "/token/" + url.PathEscape(app) }
