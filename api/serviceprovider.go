package api

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// ServiceProviderSettings is what an admin decides and may change by PATCH.
type ServiceProviderSettings struct {
	Name string `json:"name,omitempty" maxLength:"200" doc:"Shown to people who sign in."`
	idp.ServiceProviderPolicy
}

// NewServiceProvider is the body of POST and PUT: metadata as text, or its address, or
// entity_id with acs by hand.
type NewServiceProvider struct {
	App                      string        `json:"app,omitempty" pattern:"^[a-z0-9][a-z0-9-]{0,39}$" doc:"Slug in our URLs; never changes. Default: made of the name or the entity ID."`
	MetadataXML              string        `json:"metadata_xml,omitempty" doc:"The SP's SAML metadata document; of a collection, entity_id says which entity."`
	MetadataURL              string        `json:"metadata_url,omitempty" maxLength:"2048" doc:"Where to fetch it: https, on the public internet or in outbound.allow_hosts. It is read again as its cacheDuration says, every 6 hours otherwise."`
	MDQURL                   string        `json:"mdq_url,omitempty" maxLength:"2048" doc:"Base address of a metadata query service (MDQ); entity_id is asked for there, below /entities/. An address that ends in {sha1} is asked by the hash."`
	MetadataSigners          []string      `json:"metadata_signers,omitempty" maxItems:"10" doc:"Who must have signed the document: PEM certificates, or SHA-256 fingerprints of them with or without colons."`
	MetadataMaxValidity      int           `json:"metadata_max_validity,omitempty" minimum:"0" maximum:"3650" doc:"Days. validUntil must be there and no further ahead. Default: it may be missing."`
	MetadataOnce             bool          `json:"metadata_once,omitempty" doc:"Never read metadata_url or mdq_url again by itself."`
	EntityID                 string        `json:"entity_id,omitempty" maxLength:"1024" doc:"By hand, with acs; with metadata, which entity of a collection."`
	ACS                      []ACSEndpoint `json:"acs,omitempty" maxItems:"100" doc:"By hand: where responses go. The first is the default."`
	SLO                      []SLOEndpoint `json:"slo,omitempty" maxItems:"100" doc:"By hand: where the SP is told that a session has ended."`
	SPSigningCertificates    []string      `json:"sp_signing_certificates,omitempty" maxItems:"10" doc:"By hand: PEM certificates whose keys sign the SP's requests."`
	SPEncryptionCertificates []string      `json:"sp_encryption_certificates,omitempty" maxItems:"10" doc:"By hand: PEM certificates to whose keys we encrypt; the first that can be used is."`
	ServiceProviderSettings
}

// ACSEndpoint is an assertion consumer service: an object, or just its address.
type ACSEndpoint idp.Endpoint

// SLOEndpoint is a single logout service.
type SLOEndpoint struct {
	Location         string `json:"location" minLength:"1" maxLength:"2048" format:"uri"`
	Binding          string `json:"binding,omitempty" doc:"SAML binding URI, or HTTP-Redirect (the default), HTTP-POST or SOAP."`
	ResponseLocation string `json:"response_location,omitempty" maxLength:"2048" format:"uri" doc:"Where answers to its requests go, if not to location."`
}

// Schema implements huma.SchemaProvider.
func (ACSEndpoint) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: "string", MinLength: new(1)},
		{Type: "object", AdditionalProperties: false, Required: []string{"location"}, Properties: map[string]*huma.Schema{
			"location":   {Type: "string", MinLength: new(1)},
			"binding":    {Type: "string", Description: "SAML binding URI. Default HTTP-POST."},
			"index":      {Type: "integer", Description: "Default: the position in the list."},
			"is_default": {Type: "boolean"},
		}},
	}}
}

// UnmarshalJSON implements json.Unmarshaler. An absent index becomes -1.
func (e *ACSEndpoint) UnmarshalJSON(b []byte) error {
	*e = ACSEndpoint{Index: -1}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &e.Location)
	}
	return json.Unmarshal(b, (*idp.Endpoint)(e))
}

// Certificate is an X.509 certificate as people compare it.
type Certificate struct {
	PEM          string    `json:"pem"`
	DER          []byte    `json:"der" doc:"The same as base64 in one line."`
	SHA1         string    `json:"sha1" doc:"Fingerprint, lower-case hex."`
	SHA256       string    `json:"sha256" doc:"Fingerprint, lower-case hex."`
	SHA1Colons   string    `json:"sha1_colons" doc:"The same as pairs of upper-case digits with colons."`
	SHA256Colons string    `json:"sha256_colons" doc:"The same as pairs of upper-case digits with colons."`
	NotAfter     time.Time `json:"not_after"`
}

// ServiceProvider is the answer about a service provider.
type ServiceProvider struct {
	App      string `json:"app"`
	EntityID string `json:"entity_id"`
	ServiceProviderSettings
	ACS                      []idp.Endpoint `json:"acs" nullable:"false"`
	SLO                      []idp.Endpoint `json:"slo,omitempty"`
	SPSigningCertificates    []Certificate  `json:"sp_signing_certificates,omitempty" doc:"Theirs: the keys that verify their requests."`
	SPEncryptionCertificates []Certificate  `json:"sp_encryption_certificates,omitempty" doc:"Theirs: what we encrypt to."`
	SignsRequests            bool           `json:"signs_requests" doc:"The metadata promises signed requests, so unsigned ones are refused."`
	WantsAssertionsSigned    bool           `json:"wants_assertions_signed"`
	NameIDFormats            []string       `json:"nameid_formats,omitempty" doc:"Of the metadata."`
	LaunchURL                string         `json:"launch_url,omitempty" doc:"A link that signs people in to this app. So far only for apps that allow IdP-initiated sign-in."`
	IDPInitiatedURL          string         `json:"idp_initiated_url,omitempty" doc:"Only when allow_idp_initiated is on."`
	MetadataURL              string         `json:"metadata_url,omitempty" doc:"Our metadata, for this app."`
	CertificateURL           string         `json:"certificate_url,omitempty" doc:"Ours for this app as PEM; .der and .txt (base64 in one line) beside it."`
	SigningCertificate       *Certificate   `json:"signing_certificate,omitempty" doc:"Ours: verifies what we send."`
	MetadataSource           *MetadataState `json:"metadata_source,omitempty" doc:"Where the metadata is read again, and how that goes."`
	ManagedBy                idp.Managed    `json:"managed_by,omitzero" doc:"The file that keeps it: it is changed there. Absent: people keep it."`
	Warnings                 []string       `json:"warnings,omitempty" doc:"What the metadata has that an admin should know of."`
	CreatedAt                time.Time      `json:"created_at"`
	UpdatedAt                time.Time      `json:"updated_at"`
	version                  int64
}

func (o acting) viewServiceProvider(ctx context.Context, sp idp.ServiceProvider, warnings []string) ServiceProvider {
	v := ServiceProvider{
		App: sp.App, EntityID: sp.EntityID,
		ServiceProviderSettings: ServiceProviderSettings{Name: sp.Name, ServiceProviderPolicy: sp.ServiceProviderPolicy},
		ACS:                     sp.ACS, SLO: sp.SLO, SignsRequests: sp.SignsRequests,
		WantsAssertionsSigned: sp.WantsAssertionsSigned, NameIDFormats: sp.NameIDFormats,
		ManagedBy: sp.Managed, Warnings: warnings, CreatedAt: sp.CreatedAt, UpdatedAt: sp.UpdatedAt, version: sp.Version,
	}
	v.MetadataSource = viewSource(sp.Source)
	v.SPSigningCertificates, v.SPEncryptionCertificates = viewCertificates(sp.SigningCerts), viewCertificates(sp.EncryptionCerts)
	if key, err := o.Ring.SAMLKeyOf(ctx, nil, samlApp(sp)); err != nil {
		idp.Note(ctx, slog.String("saml_key", err.Error())) // the rest of the answer is worth having
	} else if key.Certificate != nil {
		ours := viewCertificate(key.Certificate)
		v.SigningCertificate = &ours
	}
	if o.Issuer == "" {
		return v
	}
	app := url.PathEscape(sp.App)
	v.MetadataURL = o.Issuer + "/saml/metadata/" + app
	v.CertificateURL = v.MetadataURL + "/certificate.pem"
	if sp.AllowIDPInitiated && !sp.Disabled {
		v.IDPInitiatedURL = o.Issuer + "/saml/init/" + app
		v.LaunchURL = v.IDPInitiatedURL
	}
	return v
}

// viewCertificates leaves out bare keys.
func viewCertificates(ders [][]byte) (out []Certificate) {
	for _, der := range ders {
		if cert, err := x509.ParseCertificate(der); err == nil {
			out = append(out, viewCertificate(cert))
		}
	}
	return out
}

func viewCertificate(c *x509.Certificate) Certificate {
	s1, s256 := sha1.Sum(c.Raw), sha256.Sum256(c.Raw) // SHA-1 names the certificate to old products; it protects nothing here
	return Certificate{
		PEM:  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})),
		DER:  c.Raw,
		SHA1: hex.EncodeToString(s1[:]), SHA256: hex.EncodeToString(s256[:]), NotAfter: c.NotAfter.UTC(),
		SHA1Colons: colonsOf(s1[:]), SHA256Colons: colonsOf(s256[:]),
	}
}

// manual makes a record of what an admin typed in.
func (in NewServiceProvider) manual() (idp.ServiceProvider, error) {
	sp := idp.ServiceProvider{EntityID: in.EntityID}
	for i, e := range in.ACS {
		if e.Index < 0 {
			e.Index = i
		}
		sp.ACS = append(sp.ACS, idp.Endpoint(e))
	}
	for i, e := range in.SLO {
		sp.SLO = append(sp.SLO, idp.Endpoint{Binding: e.Binding, Location: e.Location, ResponseLocation: e.ResponseLocation, Index: i})
	}
	var err error
	if sp.SigningCerts, err = readCertificates("sp_signing_certificates", in.SPSigningCertificates); err != nil {
		return sp, err
	}
	sp.EncryptionCerts, err = readCertificates("sp_encryption_certificates", in.SPEncryptionCertificates)
	return sp, err
}

func readCertificates(name string, pems []string) (ders [][]byte, err error) {
	for i, text := range pems {
		block, rest := pem.Decode([]byte(text))
		field := idp.Errorf(idp.Invalid, "Expected one X.509 certificate in PEM form.").On(name + "[" + itoa(i) + "]")
		if block == nil || block.Type != "CERTIFICATE" || len(rest) > 2 {
			return nil, field
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, field.Because(err)
		}
		ders = append(ders, block.Bytes)
	}
	return ders, nil
}

// colonsOf is how openssl prints a fingerprint.
func colonsOf(sum []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}
