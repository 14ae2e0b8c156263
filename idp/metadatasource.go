package idp

import "time"

// MetadataSource is where a service provider's metadata is read again, and how that goes.
type MetadataSource struct {
	URL         string   `json:"url"`                    // of the document, or the base of a metadata query service
	MDQ         bool     `json:"mdq,omitempty"`          // URL is such a base: the entity ID is asked for there
	Signers     [][]byte `json:"signers,omitempty"`      // DER; one of these keys must have signed the document
	SignerPins  []string `json:"signer_pins,omitempty"`  // SHA-256 of a certificate, lower-case hex; or one of these
	MaxValidity int      `json:"max_validity,omitempty"` // days: validUntil must be there and no further off; 0: it need not be there

	FetchedAt  time.Time `json:"fetched_at,omitzero"`  // when the metadata in use was last confirmed
	TriedAt    time.Time `json:"tried_at,omitzero"`    // the last attempt
	NextAt     time.Time `json:"next_at,omitzero"`     // the next one
	ValidUntil time.Time `json:"valid_until,omitzero"` // of the metadata in use; zero: not said
	Failures   int       `json:"failures,omitempty"`   // in a row
	Fault      string    `json:"fault,omitempty"`      // why the last attempt failed, for people
}

// Signed reports whether somebody's signature vouches for the metadata.
func (s *MetadataSource) Signed() bool {
	return s != nil && len(s.Signers)+len(s.SignerPins) > 0
}

// MetadataQuery says what is looked for in a metadata document, and who must have signed it.
type MetadataQuery struct {
	EntityID    string // "": the one service provider that there is
	Signers     [][]byte
	SignerPins  []string
	MaxValidity int // days, as in [MetadataSource]
	Now         time.Time
}

// MetadataFound is what a metadata document says about one service provider.
type MetadataFound struct {
	ServiceProvider ServiceProvider // the parts that metadata decides
	Warnings        []string        // whole sentences for the admin
	ValidUntil      time.Time       // zero: not said
	CacheDuration   time.Duration   // 0: not said
}

// MetadataEntity is one service provider of a metadata document.
type MetadataEntity struct {
	EntityID string `json:"entity_id"`
	Name     string `json:"name,omitempty"`
}

// TicketMetadataFetch is the kind of ticket that holds a [MetadataFetch]; its ID is the app.
const TicketMetadataFetch = "saml-metadata-fetch"

// MetadataFetch is the last time that somebody read our metadata at an app's own address.
type MetadataFetch struct {
	At           time.Time `json:"at"`
	Certificates []string  `json:"certificates"` // SHA-256, lower-case hex, of those that were in it
}
