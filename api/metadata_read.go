package api

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"cloudsso/idp"
)

// maxMetadata caps a metadata document that is fetched: a collection may be that large.
const maxMetadata = 16 << 20

// How often metadata is read again, whatever it says of itself.
const (
	usualRefresh    = 6 * time.Hour
	shortestRefresh = 15 * time.Minute
	longestRefresh  = 24 * time.Hour
)

// origin takes the source out of a body: the document's text, or where it is read again.
func (in NewServiceProvider) origin() (field string, source *idp.MetadataSource, err error) {
	source = &idp.MetadataSource{MaxValidity: in.MetadataMaxValidity}
	if source.Signers, source.SignerPins, err = readSigners(in.MetadataSigners); err != nil {
		return "", nil, err
	}
	field = "metadata_xml"
	switch {
	case in.MetadataURL != "":
		field, source.URL = "metadata_url", in.MetadataURL
	case in.MDQURL != "":
		field, source.URL, source.MDQ = "mdq_url", in.MDQURL, true
	}
	return field, source, nil
}

// readSigners sorts certificates from fingerprints.
func readSigners(given []string) (ders [][]byte, pins []string, err error) {
	for i, s := range given {
		pin := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(strings.TrimSpace(s)))
		if raw, err := hex.DecodeString(pin); err == nil && len(raw) == 32 {
			pins = append(pins, pin)
			continue
		}
		der, err := readCertificates("metadata_signers", []string{s})
		if err != nil {
			return nil, nil, idp.Errorf(idp.Invalid, "Expected an X.509 certificate in PEM form, or its SHA-256 fingerprint.").On("metadata_signers[" + itoa(i) + "]").Because(err)
		}
		ders = append(ders, der...)
	}
	return ders, pins, nil
}

// documentOf fetches what a source has about an entity.
func (o acting) documentOf(ctx context.Context, s *idp.MetadataSource, entityID string) ([]byte, error) {
	address := s.URL
	if s.MDQ {
		address = queryFor(s.URL, entityID)
	}
	doc, _, err := o.Fetch.Fetch(ctx, address, maxMetadata)
	return doc, err
}

// queryFor is the address of an entity at a metadata query service (MDQ §3.2.1, SAML-MDQ §2.1).
func queryFor(base, entityID string) string {
	if start, ok := strings.CutSuffix(base, "{sha1}"); ok {
		sum := sha1.Sum([]byte(entityID)) // a name, not a protection
		return start + "%7Bsha1%7D" + hex.EncodeToString(sum[:])
	}
	return strings.TrimSuffix(base, "/") + "/entities/" + strings.ReplaceAll(url.QueryEscape(entityID), "+", "%20")
}

// readFound reads a document and puts into source what it says about its own life.
func (o acting) readFound(doc []byte, source *idp.MetadataSource, entityID string) (idp.MetadataFound, error) {
	found, err := o.SAML.Find(doc, idp.MetadataQuery{
		EntityID: entityID, Signers: source.Signers, SignerPins: source.SignerPins, MaxValidity: source.MaxValidity, Now: o.now(),
	})
	if err != nil {
		return found, err
	}
	now := o.now()
	source.FetchedAt, source.TriedAt, source.NextAt = now, now, now.Add(refreshAfter(found, now))
	source.ValidUntil, source.Failures, source.Fault = found.ValidUntil, 0, ""
	return found, nil
}

// refreshAfter honours cacheDuration within bounds, and leaves time for another attempt
// before validUntil.
func refreshAfter(found idp.MetadataFound, now time.Time) time.Duration {
	after := usualRefresh
	if found.CacheDuration > 0 {
		after = min(max(found.CacheDuration, shortestRefresh), longestRefresh)
	}
	if !found.ValidUntil.IsZero() {
		after = min(after, max(found.ValidUntil.Sub(now)/2, shortestRefresh))
	}
	return after
}

// readMetadata makes a record of the document that a body gives or names.
func (o acting) readMetadata(ctx context.Context, in NewServiceProvider) (idp.MetadataFound, error) {
	field, source, err := in.origin()
	if err != nil {
		return idp.MetadataFound{}, err
	}
	doc := []byte(in.MetadataXML)
	if source.URL != "" {
		if doc, err = o.documentOf(ctx, source, in.EntityID); err != nil {
			return idp.MetadataFound{}, idp.AsError(err).On(field)
		}
	}
	found, err := o.readFound(doc, source, in.EntityID)
	if err != nil {
		return found, idp.AsError(err).On(field)
	}
	if source.URL != "" && !in.MetadataOnce {
		found.ServiceProvider.Source = source
	}
	return found, nil
}

// MetadataState is where a service provider's metadata is read again, and how that goes.
type MetadataState struct {
	URL         string    `json:"url"`
	MDQ         bool      `json:"mdq,omitempty"`
	Signers     []string  `json:"signers,omitempty" doc:"SHA-256 fingerprints of the certificates that may have signed it."`
	MaxValidity int       `json:"max_validity,omitempty"`
	FetchedAt   time.Time `json:"fetched_at,omitzero" doc:"When the metadata in use was last confirmed."`
	TriedAt     time.Time `json:"tried_at,omitzero"`
	NextAt      time.Time `json:"next_at,omitzero"`
	ValidUntil  time.Time `json:"valid_until,omitzero" doc:"Once this is over, sign-ins are refused if the source is a signed one."`
	Fault       string    `json:"fault,omitempty" doc:"Why the last attempt failed. What was there before is kept."`
}

func viewSource(s *idp.MetadataSource) *MetadataState {
	if s == nil {
		return nil
	}
	return &MetadataState{
		URL: s.URL, MDQ: s.MDQ, Signers: append(fingerprints(s.Signers), s.SignerPins...), MaxValidity: s.MaxValidity,
		FetchedAt: s.FetchedAt, TriedAt: s.TriedAt, NextAt: s.NextAt, ValidUntil: s.ValidUntil, Fault: s.Fault,
	}
}
