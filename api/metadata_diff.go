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
