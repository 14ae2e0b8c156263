package md_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/md"
	"cloudsso/samlidp/wire"
)

// signedDocument is metadata of an entity, signed by our test key over the whole.
func signedDocument(t testing.TB, until time.Time) string {
	t.Helper()
	s, err := dsig.NewSigner(rsaKey(), rsaCert(), "")
	if err != nil {
		t.Fatal(err)
	}
	w := wire.NewWriter()
	arg := ""
	if !until.IsZero() {
		arg = until.Format(time.RFC3339)
	}
	w.Start("md:EntityDescriptor", wire.A("entityID", "https://sp.example/metadata"), wire.Opt("validUntil", arg), wire.A("ID", "_d"))
	p := s.Begin(w, "_d")
	w.Start("md:SPSSODescriptor", wire.A("protocolSupportEnumeration", wire.NSProtocol))
	w.Start("md:AssertionConsumerService", wire.A("Binding", wire.BindingPost), wire.A("Location", "https://sp.example/acs"), wire.A("index", "1"))
	for range 3 {
		w.End()
	}
	if err := p.Finish(); err != nil {
		t.Fatal(err)
	}
	doc, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func pin(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func aggregate(attrs string, entities ...string) string {
	return `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"` + attrs + `>` + strings.Join(entities, "") + `</md:EntitiesDescriptor>`
}

func other(id string) string { return strings.Replace(sp(""), "https://sp.example/metadata", id, 1) }

// IIP-MD02: collections of any number and depth; the entity is chosen by name.
func TestIIP_MD02_OneEntityOfACollection(t *testing.T) {
	t.Parallel()
	doc := aggregate(` cacheDuration="PT1H"`, other("urn:a"), aggregate(` validUntil="2026-12-01T00:00:00Z"`, other("urn:b"), sp("")))
	got, err := md.Find([]byte(doc), idp.MetadataQuery{EntityID: "urn:b", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if got.EntityID != "urn:b" || got.CacheDuration != time.Hour || got.ValidUntil.Month() != time.December {
		t.Errorf("%+v", got)
	}
	if again := mustParse(t, string(got.XML)); again.EntityID != "urn:b" || strings.Contains(string(got.XML), "urn:a") {
		t.Errorf("the part that is kept: %s", got.XML)
	}
	list, err := md.Entities([]byte(doc))
	if err != nil || len(list) != 3 || list[1].EntityID != "urn:b" {
		t.Errorf("%v %v", list, err)
	}
	_, err = md.Find([]byte(doc), idp.MetadataQuery{EntityID: "urn:c", Now: now})
	refused(t, err, `does not describe the entity ID "urn:c"`)
	_, err = md.Find([]byte(doc), idp.MetadataQuery{Now: now})
	refused(t, err, "this collection describes 3 service providers")
	_, err = md.Entities([]byte("<a/>"))
	refused(t, err, "SAML metadata starts with <EntityDescriptor>")
}

// IIP-MD03: the signature over the root, by a key or a fingerprint that is known beforehand.
func TestIIP_MD03_TheSignatureOfMetadata(t *testing.T) {
	t.Parallel()
	doc := signedDocument(t, time.Time{})
	for name, q := range map[string]idp.MetadataQuery{
		"a certificate, expired long ago": {Signers: [][]byte{rsaCert()}},
		"one of two":                      {Signers: [][]byte{ecCert(), rsaCert()}},
		"a fingerprint":                   {SignerPins: []string{pin(rsaCert())}},
		"nobody in particular":            {},
	} {
		q.Now = now
		if _, err := md.Find([]byte(doc), q); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// S19: whoever can answer at an address, or stand between, must not put in what they like.
func TestAttack_S19_PoisonedMetadata(t *testing.T) {
	t.Parallel()
	good, mine := signedDocument(t, time.Time{}), idp.MetadataQuery{Signers: [][]byte{rsaCert()}}
	const noSignature = "The signature of this metadata cannot be accepted"
	hidden := strings.Replace(sp(""), role, `<md:Extensions>`+other("urn:victim")+`</md:Extensions>`+role, 1)
	rows := []struct {
		name, doc string
		q         idp.MetadataQuery
		want      string
	}{
		{"not signed", sp(""), mine, noSignature},
		{"signed by somebody else", good, idp.MetadataQuery{Signers: [][]byte{ecCert()}}, noSignature},
		{"signed by somebody else, another certificate pinned", good, idp.MetadataQuery{SignerPins: []string{pin(ecCert())}}, noSignature},
		{"the pinned certificate beside a signature of another key", strings.Replace(good, b64(rsaCert()), b64(ecCert()), 1), idp.MetadataQuery{SignerPins: []string{pin(ecCert())}}, noSignature},
		{"changed after it was signed", strings.Replace(good, "https://sp.example/acs", "https://evil.example/acs", 1), mine, noSignature},
		{"the signed document wrapped in a collection", aggregate("", good), mine, noSignature},
		{"a signed child beside an evil one", aggregate("", strings.Replace(good, `ID="_d"`, `ID="_d"`, 1), other("urn:evil")), mine, noSignature},
		{"the same entity twice", aggregate("", sp(""), sp("")), idp.MetadataQuery{EntityID: "https://sp.example/metadata"}, "stands twice in this document"},
		{"an entity hidden inside an extension", hidden, idp.MetadataQuery{EntityID: "urn:victim"}, "does not describe the entity ID"},
		{"another entity's document", sp(""), idp.MetadataQuery{EntityID: "urn:victim"}, "does not describe the entity ID"},
		{"an ACS that is a script", strings.Replace(sp(""), "https://sp.example/acs", "javascript:alert(1)", 1), idp.MetadataQuery{}, "is not a complete http or https address"},
		{"a bomb of depth", strings.Repeat(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`, 40), idp.MetadataQuery{}, "Line 1"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.q.Now = now
			got, err := md.Find([]byte(row.doc), row.q)
			refused(t, err, row.want)
			if got != nil {
				t.Error("a result comes with the error")
			}
		})
	}
}

// IIP-MD04, SDP-MD03: no validUntil, one that is over, and one too far ahead.
func TestIIP_MD04_SDP_MD03_ValidUntilMayBeDemanded(t *testing.T) {
	t.Parallel()
	find := func(until time.Time, days int) error {
		_, err := md.Find([]byte(signedDocument(t, until)), idp.MetadataQuery{Signers: [][]byte{rsaCert()}, MaxValidity: days, Now: now})
		return err
	}
	refused(t, find(time.Time{}, 14), "there is no validUntil")
	refused(t, find(now.Add(15*24*time.Hour), 14), "validUntil is more than 14 days ahead")
	refused(t, find(now.Add(-3*time.Minute), 14), "this metadata expired on 21 November 2026")
	if err := find(now.Add(13*24*time.Hour), 14); err != nil {
		t.Error(err)
	}
	if err := find(time.Time{}, 0); err != nil {
		t.Error(err)
	}
}

func TestCacheDurationIsRead(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]time.Duration{
		"PT6H": 6 * time.Hour, "P1DT30M": 24*time.Hour + 30*time.Minute, "PT1.5S": time.Second, "P1M": 30 * 24 * time.Hour,
		"6 hours": 0, "PT": 0, "-PT1H": 0, "P9999Y": 100 * 365 * 24 * time.Hour,
	} {
		doc := strings.Replace(sp(""), " entityID=", ` cacheDuration="`+raw+`" entityID=`, 1)
		got, err := md.Find([]byte(doc), idp.MetadataQuery{Now: now})
		if err != nil || got.CacheDuration != want || (want == 0) != (len(got.Warnings) == 1) {
			t.Errorf("%s: %v %v", raw, got, err)
		}
	}
}

// FuzzMetadata: what comes from a network must not panic, and what is accepted names the
// entity that was asked for.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(signedDocument(f, time.Time{})), true)
	f.Add([]byte(aggregate(` cacheDuration="P1D"`, other("urn:a"), sp(""))), false)
	f.Add([]byte(everything), false)
	f.Fuzz(func(t *testing.T, doc []byte, signed bool) {
		q := idp.MetadataQuery{EntityID: "https://sp.example/metadata", Now: now}
		if signed {
			q.Signers = [][]byte{rsaCert()}
		}
		_, _ = md.Entities(doc)
		got, err := md.Find(doc, q)
		if err == nil && got.EntityID != q.EntityID {
			t.Fatalf("asked for %s, got %s", q.EntityID, got.EntityID)
		}
		if err != nil {
			refused(t, err, "")
		}
	})
}
