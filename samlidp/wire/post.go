package wire

import (
	"bytes"
	"net/url"

	"cloudsso/idp"
)

// DecodePost takes the message out of the form of an HTTP-POST request
// (Bindings §3.5): [http.Request.PostForm], which holds the body's fields only. Errors
// are [idp.Invalid].
func DecodePost(form url.Values) (*Message, error) {
	for _, name := range []string{paramRequest, paramResponse, paramRelay} {
		if len(form[name]) > 1 {
			return nil, idp.Errorf(idp.Invalid, "%s was sent twice. Send it once.", name).On(name)
		}
	}
	// HTTP-POST-SimpleSign: ignoring its signature would treat a signed message as unsigned (S02).
	if form.Has(paramSignature) || form.Has(paramSigAlg) {
		return nil, idp.Errorf(idp.Invalid, "The form is signed with HTTP-POST-SimpleSign, which is not supported. Sign inside the XML message, or use HTTP-Redirect.").On(paramSignature)
	}
	param, err := choose(form.Has(paramRequest), form.Has(paramResponse), form.Has(paramArtifact))
	if err != nil {
		return nil, err
	}
	m := &Message{Binding: BindingPost, Response: param == paramResponse, RelayState: form.Get(paramRelay), Relayed: form.Has(paramRelay)}
	if err := relayState(m.RelayState); err != nil {
		return nil, err
	}
	if m.XML, err = postedXML(param, form.Get(param)); err != nil {
		return nil, err
	}
	return m, nil
}

// postedXML decodes base64. node-saml deflates by default even what it posts, so
// that is undone; no confusion is possible, since the bytes either start as XML does or
// do not, and exactly one reading is tried.
func postedXML(param, encoded string) ([]byte, error) {
	if len(encoded) > 2*maxMessage {
		return nil, tooLarge(param)
	}
	raw, err := decodeBase64(param, encoded)
	if err != nil {
		return nil, err
	}
	if trimmed := bytes.TrimLeft(raw, "\xef\xbb\xbf \t\r\n"); len(trimmed) > 0 && trimmed[0] != '<' {
		return inflate(param, raw)
	}
	if len(raw) > maxMessage {
		return nil, tooLarge(param)
	}
	return raw, nil
}

func tooLarge(param string) error {
	return idp.Errorf(idp.Invalid, "%s is larger than the %d bytes that are accepted.", param, maxMessage).On(param)
}
