package idp

import "time"

// ServiceProvider is a relying party that speaks SAML 2.0.
type ServiceProvider struct {
	App      string // slug: our id in URLs, never changes
	EntityID string // unique
	Name     string // shown to people
	ServiceProviderPolicy

	MetadataXML           []byte // the document as given; nil when set up by hand
	ACS                   []Endpoint
	SLO                   []Endpoint
	SigningCerts          [][]byte // DER; the keys in them verify the SP's messages, their dates do not matter (IIP-MD12)
	SignsRequests         bool     // AuthnRequestsSigned of the metadata: an unsigned request is refused
	WantsAssertionsSigned bool     // WantAssertionsSigned of the metadata
	NameIDFormats         []string // of the metadata, in its order

	Version   int64 // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Endpoint is one indexed endpoint of a service provider.
type Endpoint struct {
	Binding   string `json:"binding,omitempty" doc:"SAML binding URI. Default HTTP-POST."`
	Location  string `json:"location" format:"uri"`
	Index     int    `json:"index"`
	IsDefault bool   `json:"is_default,omitempty"`
}

// ServiceProviderPolicy is what an admin decides about a service provider: the same
// struct behind the API, files and the console.
type ServiceProviderPolicy struct {
	Sign                    string    `json:"sign,omitempty" enum:"response,assertion,both" doc:"What we sign. Default response; the assertion as well when the metadata says WantAssertionsSigned."`
	NameID                  NameIDCfg `json:"nameid,omitempty"`
	ProfileQuery            string    `json:"profile_query,omitempty" maxLength:"256" doc:"Query of the directory that gives this application's attributes, such as $/SSO/Wiki of an iMIS; default the directory's own. A directory without queries gives the usual ones."`
	Attributes              []Mapping `json:"attributes,omitempty" doc:"Default: mail, givenName, sn, displayName, uid in the urn:oid form."`
	AllowIDPInitiated       bool      `json:"allow_idp_initiated,omitempty" doc:"Off by default: an unsolicited response can be injected into a stranger's browser (login CSRF)."`
	WantAuthnRequestsSigned bool      `json:"want_authn_requests_signed,omitempty" doc:"Refuse unsigned requests even if the metadata does not promise signed ones."`
	Audiences               []string  `json:"audiences,omitempty" doc:"Further audiences beside the entity ID."`
	Lifetime                int64     `json:"lifetime,omitempty" minimum:"30" maximum:"86400" doc:"Seconds an assertion is valid. Default 300."`
	DefaultRelayState       string    `json:"default_relay_state,omitempty" maxLength:"2048" doc:"RelayState of an IdP-initiated sign-in that names none."`
	Disabled                bool      `json:"disabled,omitempty"`
}

// NameIDCfg says how a service provider hears who a person is.
type NameIDCfg struct {
	Format          string `json:"format,omitempty" doc:"unspecified, emailAddress, persistent, transient, or the full URN. Default: what the request or the metadata asks for, else persistent."`
	From            string `json:"from,omitempty" doc:"Directory attribute for unspecified and emailAddress. Default username, and email."`
	NameQualifier   string `json:"name_qualifier,omitempty"`
	SPNameQualifier string `json:"sp_name_qualifier,omitempty"`
}

// PersistentID is the pairwise NameID of one subject at one service provider: stored,
// and never given to anybody else (Core §8.3.7, IIP-IDP21).
type PersistentID struct {
	App       string
	Subject   string
	Value     string // NewID
	CreatedAt time.Time
}
