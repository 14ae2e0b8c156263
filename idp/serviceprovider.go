package idp

import "time"

// ServiceProvider is a relying party that speaks SAML 2.0.
type ServiceProvider struct {
	App      string // slug: our id in URLs, never changes
	EntityID string // unique
	Name     string // shown to people
	ServiceProviderPolicy

	MetadataXML           []byte // the document as given, of a collection the part about it; nil when set up by hand
	ACS                   []Endpoint
	SLO                   []Endpoint
	SigningCerts          [][]byte           // DER; the keys in them verify the SP's messages, their dates do not matter (IIP-MD12)
	SignsRequests         bool               // AuthnRequestsSigned of the metadata: an unsigned request is refused
	WantsAssertionsSigned bool               // WantAssertionsSigned of the metadata
	NameIDFormats         []string           // of the metadata, in its order
	EncryptionCerts       [][]byte           // DER; what we encrypt to
	EncryptionMethods     []EncryptionMethod // of the metadata, in its order
	AttributeServices     []AttributeService // of the metadata
	SubjectIDReq          string             // of the metadata: subject-id, pairwise-id, none or any; empty: not said
	Source                *MetadataSource    // nil: the metadata changes only by hand

	Managed   Managed
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
	// ResponseLocation takes what answers a message of ours. Empty: Location does.
	ResponseLocation string `json:"response_location,omitempty" format:"uri" doc:"Where answers to our requests go, if not to location."`
}

// EncryptionMethod is a cipher or a key transport that a service provider can read, by
// the URIs of XML Encryption.
type EncryptionMethod struct {
	Algorithm string `json:"algorithm"`
	Digest    string `json:"digest,omitempty"`
	MGF       string `json:"mgf,omitempty"`
}

// AttributeService is one AttributeConsumingService: what a service provider wants to hear
// when its request names this index.
type AttributeService struct {
	Index int      `json:"index"`
	Names []string `json:"names"` // of attributes
}

// PersistentID is the pairwise NameID of one subject at one service provider: stored,
// and never given to anybody else (Core §8.3.7, IIP-IDP21).
type PersistentID struct {
	App       string
	Subject   string
	Value     string // NewID
	CreatedAt time.Time
}
