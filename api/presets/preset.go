package presets

// Kinds of apps that a preset makes.
const (
	KindClient          = "client"           // OpenID Connect, OAuth 2
	KindServiceProvider = "service_provider" // SAML
	KindTokenApp        = "token_app"        // signed tokens
)

// Preset is one file.
type Preset struct {
	ID       string   `json:"id" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" doc:"As the file is called."`
	Title    string   `json:"title" minLength:"1" maxLength:"100" doc:"Product, and protocol if it has several."`
	Group    string   `json:"group" enum:"generic,business,community,developer,learning" doc:"Where a list shows it."`
	Keywords []string `json:"keywords,omitempty" doc:"What people may search for beside the title."`
	Verified string   `json:"verified" format:"date" doc:"Day on which the values were last held against their sources."`

	Asks []Ask `json:"asks,omitempty" maxItems:"3" doc:"Questions, three at most."`

	Client          map[string]any `json:"client,omitempty" doc:"Body of POST /clients without claims_mapping."`
	ServiceProvider map[string]any `json:"service_provider,omitempty" doc:"Body of POST /service-providers without attributes."`
	TokenApp        map[string]any `json:"token_app,omitempty" doc:"Body of POST /token-apps without claims."`

	Mapping []map[string]any `json:"mapping,omitempty" doc:"Rows for claims_mapping, attributes or claims: what the app is told about people, and where each value comes from."`

	Where    string   `json:"where,omitempty" doc:"Where the application wants our values, as its own menus say it."`
	Handover []Row    `json:"handover" minItems:"1" doc:"Our values under the application's own names, in the order of its form."`
	Checks   []string `json:"checks,omitempty" doc:"What to look at when it is tested."`
	Notes    []Note   `json:"notes" minItems:"1" doc:"What to know, and where that comes from."`
	Unknown  []string `json:"unknown,omitempty" doc:"What could not be verified."`
}

// Ask is one question.
type Ask struct {
	ID       string `json:"id" pattern:"^[a-z][a-z0-9_]{0,30}$"`
	Label    string `json:"label" minLength:"1" maxLength:"100"`
	Help     string `json:"help,omitempty" maxLength:"500"`
	Kind     string `json:"kind,omitempty" enum:"text,lines,pairs,document" doc:"text (the default), lines: one value a line, pairs: name=value a line, document: a whole file such as metadata."`
	Example  string `json:"example" minLength:"1" doc:"An answer that works."`
	Pattern  string `json:"pattern,omitempty" doc:"Regular expression for a text, for each of lines, or for the values of pairs."`
	Default  string `json:"default,omitempty" doc:"Answer if there is none; may have placeholders of earlier asks."`
	Optional bool   `json:"optional,omitempty"`
}

// Row is one value of the hand-over sheet.
type Row struct {
	Label string `json:"label" minLength:"1" doc:"As the application calls it."`
	Value string `json:"value,omitempty" doc:"Name of a value of ours."`
	Text  string `json:"text,omitempty" doc:"What to choose there, if it is not a value of ours."`
	Note  string `json:"note,omitempty"`
}

// Note is something to know, with its source.
type Note struct {
	Text   string `json:"text" minLength:"1"`
	Source string `json:"source" minLength:"1" doc:"A guide's name or an address."`
}

// Kind is what the preset makes, "" of one that makes nothing.
func (p *Preset) Kind() string {
	switch {
	case p.Client != nil:
		return KindClient
	case p.ServiceProvider != nil:
		return KindServiceProvider
	case p.TokenApp != nil:
		return KindTokenApp
	}
	return ""
}

// Values are the names that [Row.Value] may have: those that every app has first, then
// those of the preset's kind.
func Values(kind string) []string {
	common := []string{"app", "launch_url", "signout_url", "issuer"}
	switch kind {
	case KindClient:
		return append(common,
			"discovery_url", "oauth_metadata_url", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri",
			"end_session_endpoint", "introspection_endpoint", "revocation_endpoint", "pushed_authorization_request_endpoint", "device_authorization_endpoint",
			"client_id", "client_secret", "shared_signing_key", "scope", "token_endpoint_auth_method", "id_token_signed_response_alg",
			"redirect_uris", "public_key", "initiate_login_uri")
	case KindServiceProvider:
		return append(common,
			"entity_id", "sso_url", "slo_url", "metadata_url", "certificate", "certificate_der", "certificate_line",
			"sha1", "sha1_colons", "sha256", "sha256_colons", "certificate_not_after", "signature_algorithm",
			"idp_initiated_url", "idp_initiated_html", "start_url", "nameid_format", "sp_entity_id", "acs")
	case KindTokenApp:
		return append(common, "login_url", "return_url", "start_url", "algorithm", "audience", "claims", "token_param", "public_key", "jwks_uri", "shared_key")
	}
	return nil
}
