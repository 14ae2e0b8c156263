package config

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Config is the whole configuration of one server. It is a value: whoever got one
// from [Load] may rely on every rule that validate.go states.
type Config struct {
	Issuer         string         `json:"issuer" doc:"Public URL of this server, without a trailing slash. https; http is for dev on loopback only."`
	Listen         string         `json:"listen" default:":8080" doc:"Address that people and applications reach, host:port. With dev the default is 127.0.0.1:8080."`
	OpsListen      string         `json:"ops_listen" default:"127.0.0.1:9090" doc:"Address of the second listener: /healthz, /readyz, /metrics."`
	Data           string         `json:"data" default:"./data" doc:"Folder of the database and the key-encryption key. With demo the default is ./data/demo."`
	Store          string         `json:"store" doc:"URL of the database for what must survive: postgres://user:password@host:5432/name. Empty: SQLite in the data folder."`
	Flows          string         `json:"flows" doc:"URL of the store for what lives minutes: redis://user:password@host:6379 and its forms for TLS, Sentinel and Cluster; pool_size, timeout and namespace are parameters of the URL. Empty: the same database."`
	StorePool      int            `json:"store_pool" default:"16" doc:"PostgreSQL: how many connections this node may have open, 2 to 1000."`
	StoreTimeout   Duration       `json:"store_timeout" default:"10s" doc:"PostgreSQL: how long one statement may take, half of it waiting for a lock; 100ms to 5m."`
	DrainDelay     Duration       `json:"drain_delay" default:"5s" doc:"How long a node that was told to stop still accepts connections while /readyz says 503, so that proxies notice. With dev the default is 0s."`
	TraceTTL       Duration       `json:"trace_ttl" default:"168h" doc:"How long the trace of a sign-in is kept, for admins who are given its support code; up to 2160h. 0s: none are kept."`
	TrustedProxies []netip.Prefix `json:"trusted_proxies" doc:"Networks (CIDR) of the reverse proxies whose X-Forwarded-For is believed."`
	Outbound       Outbound       `json:"outbound"`
	Limits         Limits         `json:"limits"`
	Logout         Logout         `json:"logout"`
	SignUpURL      string         `json:"signup_url" doc:"Where people make an account themselves, for prompt=create and a link on the sign-in page. It gets return_to, the address at which the sign-in goes on."`
	SAML           SAML           `json:"saml"`
	Organisation   Organisation   `json:"organisation"`
	Dev            bool           `json:"dev" doc:"For work on one machine: http on loopback addresses. Refuses to listen anywhere else."`
	Demo           bool           `json:"demo" doc:"Dev, with a demo directory, a demo relying party and a demo service provider."`
	Log            Log            `json:"log"`
	Scopes         []Scope        `json:"scopes" doc:"Scopes beside the standard ones."`

	Registration              string   `json:"registration" default:"off" enum:"open,token,off" doc:"Who may register clients at /oauth2/register (RFC 7591): anybody, whoever has a token of the role registration, or nobody."`
	RegistrationAllowImplicit bool     `json:"registration_allow_implicit" doc:"Clients that register themselves may use the implicit and hybrid flows."`
	RegistrationResources     []string `json:"registration_resources" doc:"Resource servers (absolute URIs) that clients which register themselves may ask access tokens for."`

	Presets string `json:"presets" doc:"Folder with presets of your own, one YAML file each; one with the id of a built-in preset takes its place."`

	Directories []Directory `json:"directories" doc:"Who can sign in, asked in this order. Default: the built-in users."`
}

// Outbound says where fetches that other people's data asks for may go.
type Outbound struct {
	AllowHosts []string `json:"allow_hosts" doc:"host:port pairs that are reachable although their address is private."`
	CAFile     string   `json:"ca_file" doc:"PEM file with further certificate authorities."`
}

// SAML is what service providers see of the whole installation.
type SAML struct {
	Scope string `json:"scope" doc:"What stands behind the @ of subject identifiers (subject-id, pairwise-id), such as example.org. Never change it once service providers have seen it. Default: the host of the issuer."`
}

// Organisation is who runs this server, as SAML metadata tells service providers and their
// people. What is empty is not told.
type Organisation struct {
	Name           string `json:"name" doc:"As people know it."`
	Description    string `json:"description" doc:"One sentence."`
	URL            string `json:"url" doc:"Its home page."`
	PrivacyURL     string `json:"privacy_url" doc:"Its privacy statement."`
	SupportURL     string `json:"support_url" doc:"A page that helps people who cannot sign in (errorURL of the metadata)."`
	LogoURL        string `json:"logo_url" doc:"https address of its logo."`
	LogoWidth      int    `json:"logo_width" default:"160" doc:"Pixels."`
	LogoHeight     int    `json:"logo_height" default:"80" doc:"Pixels."`
	TechnicalEmail string `json:"technical_email" doc:"Whom administrators of service providers write to."`
}

// Limits of attempts.
type Limits struct {
	Enabled bool `json:"enabled" default:"true" doc:"Slow down guessing of passwords. Off is for load tests only."`
}

// Logout says where the plain sign-out address may lead.
type Logout struct {
	ReturnURLs []string `json:"return_urls" doc:"Addresses that /logout?return_to=… may go on to, compared character by character, beside the post_logout_redirect_uris of all clients."`
}

// Log says how the server writes its log lines.
type Log struct {
	Format string `json:"format" default:"json" enum:"json,text" doc:"With dev the default is text."`
	Level  string `json:"level" default:"info" enum:"debug,info,warn,error"`
}

// Redacted returns a copy without secrets, fit to be printed. A [Secret] hides itself.
func (c Config) Redacted() Config {
	c.Store, c.Flows = redactURL(c.Store), redactURL(c.Flows)
	return c
}

// redactURL shows where a store is and hides the rest. Whatever is not plainly a URL is
// hidden whole: a password with a # or an @ in it may lie in any part of it.
func redactURL(s string) string {
	if s == "" {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Opaque != "" || u.Fragment != "" || strings.Contains(u.Host+u.Path+u.RawQuery, "@") {
		return redacted
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(strings.ToLower(name), "pass") {
			q.Set(name, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}

// BasePath is the path of the issuer: "" or "/sso".
func (c Config) BasePath() string {
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

// LocalDirectory is the id of the directory of built-in users, "" if there is none.
func (c Config) LocalDirectory() string {
	for _, d := range c.Directories {
		if d.Kind == KindLocal {
			return d.ID
		}
	}
	return ""
}

// loopbackHost reports whether a host, as it stands in a URL or a listen address, can
// only mean this machine. RFC 6761 §6.3 gives *.localhost to loopback.
func loopbackHost(host string) bool {
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// splitAddr takes a listen address apart.
func splitAddr(addr string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", "", false
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", "", false
	}
	return host, port, true
}
