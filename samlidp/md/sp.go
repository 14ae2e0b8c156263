package md

import (
	"errors"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// SP is what a metadata document says about one service provider.
type SP struct {
	EntityID             string
	Name                 string // MDUI display name, else the organisation's, else the service's; English first
	Logo                 string // MDUI logo, https only
	ACS                  []idp.Endpoint
	SLO                  []idp.Endpoint // Index is the position in the document
	NameIDFormats        []string
	SigningCerts         [][]byte               // DER certificates, or DER SubjectPublicKeyInfo where only a KeyValue is given
	EncryptionCerts      [][]byte               // as SigningCerts
	EncryptionMethods    []idp.EncryptionMethod // in the document's order
	AuthnRequestsSigned  bool
	WantAssertionsSigned bool
	RequestedAttributes  []RequestedAttribute // of the default AttributeConsumingService
	AttributeServices    []idp.AttributeService
	SubjectIDReq         string    // of the entity attribute subject-id:req, empty if there is none
	ValidUntil           time.Time // zero: none given
	CacheDuration        time.Duration
	Warnings             []string // whole sentences for the admin
	XML                  []byte   // the document as given, of a collection the part about it
}

// RequestedAttribute is what an AttributeConsumingService asks for.
type RequestedAttribute struct {
	Name, NameFormat, FriendlyName string
	Required                       bool
}

// ParseSP reads an EntityDescriptor, or an EntitiesDescriptor that holds exactly one
// service provider. A document whose validUntil is over at now is refused.
// Errors are [idp.Invalid] on the field metadata_xml.
func ParseSP(doc []byte, now time.Time) (*SP, error) {
	sp, err := find(doc, idp.MetadataQuery{Now: now}, wire.MetadataLimits())
	if err != nil {
		return nil, byHand(err)
	}
	return sp, nil
}

// byHand adds the way out to what is wrong: two values are enough to go on.
func byHand(err error) error {
	var e *idp.Error
	if !errors.As(err, &e) {
		return err
	}
	return idp.Errorf(e.Code, "%s Or set the application up by hand: its entity ID and its ACS URL are enough.", e.Public).On("metadata_xml").Because(e.Cause)
}

// ToServiceProvider fills the parts of the kernel's record that metadata decides. App, policy
// and versions are the caller's.
func ToServiceProvider(sp *SP) idp.ServiceProvider {
	return idp.ServiceProvider{
		EntityID:              sp.EntityID,
		Name:                  sp.Name,
		MetadataXML:           sp.XML,
		ACS:                   sp.ACS,
		SLO:                   sp.SLO,
		SigningCerts:          sp.SigningCerts,
		SignsRequests:         sp.AuthnRequestsSigned,
		WantsAssertionsSigned: sp.WantAssertionsSigned,
		NameIDFormats:         sp.NameIDFormats,
		EncryptionCerts:       sp.EncryptionCerts,
		EncryptionMethods:     sp.EncryptionMethods,
		AttributeServices:     sp.AttributeServices,
		SubjectIDReq:          sp.SubjectIDReq,
	}
}
