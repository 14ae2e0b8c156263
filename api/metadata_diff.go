package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cloudsso/idp"
)

// MetadataChange is one member of a service provider that metadata changes.
type MetadataChange struct {
	Field   string   `json:"field" doc:"As in the answer about a service provider."`
	Removed []string `json:"removed" nullable:"false"`
	Added   []string `json:"added" nullable:"false" doc:"Certificates are named by their SHA-256 fingerprint."`
}

// metadataChanges compares the parts that metadata decides.
func metadataChanges(old, new idp.ServiceProvider) []MetadataChange {
	changes := []MetadataChange{}
	for _, f := range metadataFields() {
		was, is := f.values(old), f.values(new)
		c := MetadataChange{Field: f.name, Removed: without(was, is), Added: without(is, was)}
		if len(c.Removed)+len(c.Added) > 0 {
			changes = append(changes, c)
		}
	}
	return changes
}

type metadataField struct {
	name   string
	values func(idp.ServiceProvider) []string
}

func metadataFields() []metadataField {
	return []metadataField{
		{"entity_id", func(sp idp.ServiceProvider) []string { return []string{sp.EntityID} }},
		{"acs", func(sp idp.ServiceProvider) []string { return endpointTexts(sp.ACS) }},
		{"slo", func(sp idp.ServiceProvider) []string { return endpointTexts(sp.SLO) }},
		{"sp_signing_certificates", func(sp idp.ServiceProvider) []string { return fingerprints(sp.SigningCerts) }},
		{"sp_encryption_certificates", func(sp idp.ServiceProvider) []string { return fingerprints(sp.EncryptionCerts) }},
		{"encryption_methods", func(sp idp.ServiceProvider) []string { return texts(sp.EncryptionMethods) }},
		{"signs_requests", func(sp idp.ServiceProvider) []string { return []string{strconv.FormatBool(sp.SignsRequests)} }},
		{"wants_assertions_signed", func(sp idp.ServiceProvider) []string { return []string{strconv.FormatBool(sp.WantsAssertionsSigned)} }},
		{"nameid_formats", func(sp idp.ServiceProvider) []string { return sp.NameIDFormats }},
		{"attribute_services", func(sp idp.ServiceProvider) []string { return texts(sp.AttributeServices) }},
		{"subject_id_req", func(sp idp.ServiceProvider) []string { return []string{sp.SubjectIDReq} }},
	}
}

func endpointTexts(endpoints []idp.Endpoint) (out []string) {
	for _, e := range endpoints {
		s := fmt.Sprintf("%d %s %s", e.Index, e.Binding[strings.LastIndexByte(e.Binding, ':')+1:], e.Location)
		if e.IsDefault {
			s += " default"
		}
		out = append(out, s)
	}
	return out
}

func fingerprints(ders [][]byte) (out []string) {
	for _, der := range ders {
		sum := sha256.Sum256(der)
		out = append(out, hex.EncodeToString(sum[:]))
	}
	return out
}

func texts[T any](list []T) (out []string) {
	for _, v := range list {
		out = append(out, fmt.Sprintf("%v", v))
	}
	return out
}

func without(list, others []string) []string {
	out := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" || slices.Contains(others, s) })
	return append([]string{}, out...)
}

// maxChange bounds what one change says in an Event.
const maxChange = 1000

// changeDetail is what an Event tells of changes.
func changeDetail(entityID string, changes []MetadataChange) map[string]string {
	detail := map[string]string{"entity_id": entityID}
	var names []string
	for _, c := range changes {
		names = append(names, c.Field)
		var parts []string
		for _, s := range c.Removed {
			parts = append(parts, "-"+s)
		}
		for _, s := range c.Added {
			parts = append(parts, "+"+s)
		}
		said := strings.Join(parts, "; ")
		detail[c.Field] = strings.ToValidUTF8(said[:min(len(said), maxChange)], "")
	}
	detail["changed"] = strings.Join(names, ", ")
	return detail
}
