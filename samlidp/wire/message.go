package wire

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"

	"cloudsso/idp"
)

// Message is one SAML message as it came through the browser, not parsed yet.
type Message struct {
	Binding    string // BindingRedirect or BindingPost
	Response   bool   // it came as SAMLResponse, not SAMLRequest
	XML        []byte
	RelayState string // to be echoed byte for byte
	Relayed    bool   // a RelayState came, perhaps an empty one
	// Redirect only, all empty when the query is not signed:
	SigAlg    string
	Signature []byte
	Signed    string // the octets that Signature covers, exactly as received
}

// MaxRelayState is the longest RelayState, in bytes, that is accepted. Bindings §3.4.3
// allows 80; applications put deep links into it, and those are longer.
const MaxRelayState = 2048

const (
	maxMessage = 256 << 10 // bytes of XML
	maxQuery   = 64 << 10  // bytes of a raw query
	maxRatio   = 100       // of inflated to deflated size (S05)
)

// Parameter names of the bindings.
const (
	paramRequest   = "SAMLRequest"
	paramResponse  = "SAMLResponse"
	paramRelay     = "RelayState"
	paramSigAlg    = "SigAlg"
	paramSignature = "Signature"
	paramEncoding  = "SAMLEncoding"
	paramArtifact  = "SAMLart"
)

// choose says which of the two message parameters there is.
func choose(request, response, artifact bool) (param string, err error) {
	switch {
	case artifact:
		return "", idp.Errorf(idp.Invalid, "An artifact was sent, which is not resolved here. Send the message itself as SAMLRequest or SAMLResponse.").On(paramArtifact)
	case request && response:
		return "", idp.Errorf(idp.Invalid, "SAMLRequest and SAMLResponse were sent together. Send one of them.").On(paramRequest)
	case request:
		return paramRequest, nil
	case response:
		return paramResponse, nil
	}
	return "", idp.Errorf(idp.Invalid, "There is no SAMLRequest. Start again from the application you want to sign in to.").On(paramRequest)
}

// decodeBase64 is strict but for line breaks, which some peers send.
func decodeBase64(param, s string) ([]byte, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	switch {
	case err == nil && len(raw) > 0:
		return raw, nil
	case strings.Contains(s, " "):
		return nil, idp.Errorf(idp.Invalid, "%s contains blanks: its sender did not encode the character + as %%2B.", param).On(param)
	case strings.ContainsAny(s, "-_"):
		return nil, idp.Errorf(idp.Invalid, "%s is in the URL variant of base64. SAML wants the standard one, with + and /.", param).On(param)
	}
	return nil, idp.Errorf(idp.Invalid, "%s is not valid base64. Its sender must encode it in standard base64 with padding.", param).On(param).Because(err)
}

// inflate undoes the DEFLATE encoding (RFC 1951, no zlib header) under the caps.
func inflate(param string, deflated []byte) ([]byte, error) {
	in := bytes.NewReader(deflated)
	most := min(maxMessage, maxRatio*len(deflated))
	out, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(most)+1))
	switch {
	case len(out) > most:
		return nil, idp.Errorf(idp.Invalid, "%s inflates to more than is accepted (%d bytes, or %d times its own size).", param, maxMessage, maxRatio).On(param)
	case err != nil && len(deflated) > 1 && deflated[0] == 0x78:
		return nil, idp.Errorf(idp.Invalid, "%s is compressed with a zlib header. SAML wants raw DEFLATE (RFC 1951) without one.", param).On(param).Because(err)
	case err != nil:
		return nil, idp.Errorf(idp.Invalid, "%s is not valid DEFLATE data. Its sender must compress it with raw DEFLATE (RFC 1951).", param).On(param).Because(err)
	case in.Len() > 0:
		return nil, idp.Errorf(idp.Invalid, "There are bytes behind the compressed message in %s. Its sender must not add any.", param).On(param)
	}
	return out, nil
}

// relayState checks what will be echoed. A form field cannot carry control characters
// byte for byte, and nobody has an honest use for them (S10).
func relayState(s string) error {
	switch {
	case len(s) > MaxRelayState:
		return idp.Errorf(idp.Invalid, "RelayState has %d bytes; at most %d are accepted. The application must shorten it.", len(s), MaxRelayState).On(paramRelay)
	case !utf8.ValidString(s), strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return idp.Errorf(idp.Invalid, "RelayState contains control characters or is not UTF-8. The application must encode it.").On(paramRelay)
	}
	return nil
}
