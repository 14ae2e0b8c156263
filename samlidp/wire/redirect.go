package wire

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
	"strings"

	"cloudsso/idp"
)

// field is one parameter of a query: as received, and decoded.
type field struct {
	raw   string // value as received
	value string
	there bool
}

// DecodeRedirect takes the message out of the raw query of an HTTP-Redirect request
// (Bindings §3.4). Errors are [idp.Invalid].
func DecodeRedirect(rawQuery string) (*Message, error) {
	if len(rawQuery) > maxQuery {
		return nil, idp.Errorf(idp.Invalid, "The query has %d bytes; at most %d are accepted. The application should send large requests by HTTP-POST.", len(rawQuery), maxQuery)
	}
	fields, err := splitQuery(rawQuery)
	if err != nil {
		return nil, err
	}
	param, err := choose(fields[paramRequest].there, fields[paramResponse].there, fields[paramArtifact].there)
	if err != nil {
		return nil, err
	}
	const deflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
	if e := fields[paramEncoding]; e.there && e.value != deflate {
		return nil, idp.Errorf(idp.Invalid, "SAMLEncoding names an encoding that is not known. Only DEFLATE is, and it is the default.").On(paramEncoding)
	}
	relay := fields[paramRelay]
	m := &Message{Binding: BindingRedirect, Response: param == paramResponse, RelayState: relay.value, Relayed: relay.there}
	if err := relayState(m.RelayState); err != nil {
		return nil, err
	}
	deflated, err := decodeBase64(param, fields[param].value)
	if err != nil {
		return nil, err
	}
	if m.XML, err = inflate(param, deflated); err != nil {
		return nil, err
	}
	if err := m.signature(param, fields); err != nil {
		return nil, err
	}
	return m, nil
}

// signature takes the detached signature. What it covers is put together from the
// octets as received (Bindings §3.4.4.1): decoding and encoding them again breaks the signatures
// of peers that write %2b for %2B, and lets a second decoder see another message (S03).
func (m *Message) signature(param string, fields map[string]field) (err error) {
	alg, sig := fields[paramSigAlg], fields[paramSignature]
	if !alg.there && !sig.there {
		return nil
	}
	if alg.value == "" || sig.value == "" {
		return idp.Errorf(idp.Invalid, "SigAlg and Signature must be sent together, or neither of them.").On(paramSignature)
	}
	m.SigAlg = alg.value
	m.Signed = param + "=" + fields[param].raw
	if m.Relayed {
		m.Signed += "&" + paramRelay + "=" + fields[paramRelay].raw
	}
	m.Signed += "&" + paramSigAlg + "=" + alg.raw
	m.Signature, err = decodeBase64(paramSignature, sig.value)
	return err
}

// splitQuery finds the binding's parameters. Others are let through, unseen; the
// binding's own must be there once, and spelt out, so that every reader finds the same
// ones (S03, CVE-2025-27773).
func splitQuery(rawQuery string) (map[string]field, error) {
	fields := make(map[string]field, 8)
	for part := range strings.SplitSeq(rawQuery, "&") {
		rawName, raw, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || !Binds(name) {
			continue
		}
		value, err := url.QueryUnescape(raw)
		switch {
		case err != nil:
			return nil, idp.Errorf(idp.Invalid, "The percent-encoding of %s is broken. Its sender must encode it.", name).On(name).Because(err)
		case name != rawName:
			return nil, idp.Errorf(idp.Invalid, "The name of the parameter %s must not be percent-encoded.", name).On(name)
		case fields[name].there:
			return nil, idp.Errorf(idp.Invalid, "%s was sent twice. Send it once.", name).On(name)
		}
		fields[name] = field{raw: raw, value: value, there: true}
	}
	return fields, nil
}

// Binds reports whether a parameter of this name belongs to the HTTP bindings.
func Binds(name string) bool {
	switch name {
	case paramRequest, paramResponse, paramRelay, paramSigAlg, paramSignature, paramEncoding, paramArtifact:
		return true
	}
	return false
}

// EncodeRedirect returns the query of a message to be sent by redirect, unsigned: param
// is SAMLRequest or SAMLResponse; relayState is left out when empty.
func EncodeRedirect(param string, doc []byte, relayState string) (string, error) {
	var deflated bytes.Buffer
	f, err := flate.NewWriter(&deflated, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	f.Write(doc) // to memory: never fails
	if err := f.Close(); err != nil {
		return "", err
	}
	query := param + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes()))
	if relayState != "" {
		query += "&" + paramRelay + "=" + url.QueryEscape(relayState)
	}
	return query, nil
}
