package md

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// Find reads what a document says about one service provider: an EntityDescriptor, or an
// EntitiesDescriptor under [wire.AggregateLimits]. Who is asked to have signed it must
// have signed its root. Errors are as those of [ParseSP].
func Find(doc []byte, q idp.MetadataQuery) (*SP, error) {
	sp, err := find(doc, q, wire.AggregateLimits())
	if err != nil {
		return nil, byHand(err)
	}
	return sp, nil
}

func find(doc []byte, q idp.MetadataQuery, limits wire.Limits) (*SP, error) {
	root, err := parse(doc, limits)
	if err != nil {
		return nil, err
	}
	// The signature comes first: nothing of a document counts that a stranger may have written (S19).
	if err := signedBy(root, q.Signers, q.SignerPins); err != nil {
		return nil, err
	}
	entity, err := chosenEntity(root, q.EntityID)
	if err != nil {
		return nil, err
	}
	r := &reader{sp: &SP{XML: part(doc, root, entity)}, now: q.Now}
	if err := r.entity(entity); err != nil {
		return nil, err
	}
	if err := r.capped(root, q.MaxValidity); err != nil {
		return nil, err
	}
	return r.sp, nil
}

func parse(doc []byte, limits wire.Limits) (*wire.Element, error) {
	if webPage(doc) {
		return nil, idp.Errorf(idp.Invalid, "This is a web page, not SAML metadata: perhaps the address of the metadata asks for a sign-in first. Give the XML file itself.")
	}
	return limits.Parse(doc)
}

// part is the document, or of a collection what stands about one entity.
func part(doc []byte, root, entity *wire.Element) []byte {
	if root == entity {
		return doc
	}
	return wire.CanonicalizeInclusive(entity, nil)
}

// signedBy: the keys are known beforehand, or a certificate is whose fingerprint is (IIP-MD03).
// Everything else that a signature says about its key is its sender's word (S17).
func signedBy(root *wire.Element, signers [][]byte, pins []string) error {
	if len(signers)+len(pins) == 0 {
		return nil
	}
	var keys []crypto.PublicKey
	for _, der := range append(slices.Clone(signers), pinned(root, pins)...) {
		if key, err := dsig.PublicKey(der); err == nil {
			keys = append(keys, key)
		}
	}
	if err := dsig.Verify(root, keys); err != nil {
		return idp.Errorf(idp.Invalid, "The signature of this metadata cannot be accepted: it must cover the whole document and be made by one of the signers that are set for it.").Because(err)
	}
	return nil
}

func pinned(root *wire.Element, pins []string) (ders [][]byte) {
	signature := root.Child(wire.NSDSig, "Signature")
	if signature == nil || len(pins) == 0 {
		return nil
	}
	for e := range signature.All() {
		if !e.Is(wire.NSDSig, "X509Certificate") {
			continue
		}
		der := certificate(e)
		if sum := sha256.Sum256(der); slices.Contains(pins, hex.EncodeToString(sum[:])) {
			ders = append(ders, der)
		}
	}
	return ders
}

// chosenEntity finds the entity of this name. Two of one name are refused: readers would
// take the first or the last (S19).
func chosenEntity(root *wire.Element, entityID string) (*wire.Element, error) {
	if entityID == "" {
		return soleEntity(root)
	}
	if err := isMetadata(root); err != nil {
		return nil, err
	}
	var found *wire.Element
	for e := range entities(root) {
		if id, _ := e.Attr("entityID"); strings.TrimSpace(id) != entityID {
			continue
		}
		if found != nil {
			return nil, e.Errorf("the entity ID %.200q stands twice in this document. It cannot be said which is meant.", entityID)
		}
		found = e
	}
	if found == nil {
		return nil, idp.Errorf(idp.Invalid, "This metadata does not describe the entity ID %.200q. Compare it with the application's, letter by letter.", entityID)
	}
	return found, nil
}

// capped refuses what may be used for longer than agreed, or for ever (IIP-MD04).
func (r *reader) capped(root *wire.Element, days int) error {
	if days == 0 {
		return nil
	}
	if r.sp.ValidUntil.IsZero() {
		return root.Errorf("there is no validUntil, and this source must have one. Ask its operator for it, or leave the limit out.")
	}
	if r.sp.ValidUntil.After(r.now.Add(time.Duration(days) * 24 * time.Hour)) {
		return root.Errorf("validUntil is more than %d days ahead. Raise the limit if that is right.", days)
	}
	return nil
}

// Entities lists the service providers of a document, the first 2000.
func Entities(doc []byte) ([]idp.MetadataEntity, error) {
	root, err := parse(doc, wire.AggregateLimits())
	if err == nil {
		err = isMetadata(root)
	}
	if err != nil {
		return nil, byHand(err)
	}
	var out []idp.MetadataEntity
	for e := range entities(root) {
		role := e.Child(wire.NSMetadata, "SPSSODescriptor")
		id, _ := e.Attr("entityID")
		if role == nil || len(out) == 2000 {
			continue
		}
		r := &reader{sp: &SP{}}
		r.names(e, role)
		out = append(out, idp.MetadataEntity{EntityID: strings.TrimSpace(id), Name: r.sp.Name})
	}
	return out, nil
}
