package samlidp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// maxForm bounds the body of a POST: a message of 256 KB in base64, and a RelayState.
const maxForm = 512 << 10

// received is a request as it came in. It is what a Flow stores: everything else is
// worked out again from it when the browser comes back.
type received struct {
	Query      string    `json:"query,omitempty"` // Redirect: the raw query, signature material and all
	Form       string    `json:"form,omitempty"`  // POST: SAMLRequest and RelayState, urlencoded
	App        string    `json:"app,omitempty"`   // IdP-initiated: the slug
	ACS        string    `json:"acs,omitempty"`   // IdP-initiated: the address asked for; empty: the default
	RelayState string    `json:"relay_state,omitempty"`
	Relayed    bool      `json:"relayed,omitempty"`
	At         time.Time `json:"at"` // by our clock; the age of the message is measured here, not when the person is through
}

// receive takes the request off the wire without looking into it.
func (p *Provider) receive(w http.ResponseWriter, r *http.Request) (*received, error) {
	in := &received{At: p.now().UTC()}
	switch {
	case r.Method == http.MethodPost:
		return in, in.readForm(w, r)
	case r.Method != http.MethodGet: // a HEAD from a link checker must not use the request up
		return nil, idp.Errorf(idp.Invalid, "This address takes GET and POST only.")
	case r.URL.RawQuery == "":
		return nil, idp.Errorf(idp.Invalid, "This is the address to which applications send people to sign in. It does nothing on its own: start at the application.")
	}
	in.Query = r.URL.RawQuery
	return in, nil
}

func (in *received) readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return idp.Errorf(idp.Invalid, "The form that the application sent cannot be read, or is larger than %d KB.", maxForm>>10).Because(err)
	}
	in.Form = onlySAML(r.PostForm).Encode()
	return nil
}

// onlySAML drops fields that are not ours, duplicates of ours are for wire to refuse.
func onlySAML(form url.Values) url.Values {
	kept := url.Values{}
	for name, values := range form {
		if strings.HasPrefix(name, "SAML") || name == "RelayState" || name == "Signature" || name == "SigAlg" {
			kept[name] = values
		}
	}
	return kept
}

// message decodes what was received. The stored form is decoded by the same code as
// the fresh one.
func (in *received) message() (*wire.Message, error) {
	m, err := in.decode()
	if err != nil {
		return nil, err
	}
	if m.Response {
		return nil, idp.Errorf(idp.Invalid, "This address takes a SAMLRequest; a SAMLResponse came. Has the application mixed up our address with its own?").On("SAMLResponse")
	}
	return m, nil
}

func (in *received) decode() (*wire.Message, error) {
	if in.Query != "" {
		return wire.DecodeRedirect(in.Query)
	}
	form, err := url.ParseQuery(in.Form)
	if err != nil {
		return nil, err
	}
	return wire.DecodePost(form)
}

// marshal is the form that a Flow stores.
func (in *received) marshal() (string, error) {
	b, err := json.Marshal(in)
	return string(b), err
}

func unmarshalReceived(s string) (*received, error) {
	in := new(received)
	return in, json.Unmarshal([]byte(s), in)
}
