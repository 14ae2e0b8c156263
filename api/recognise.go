package api

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"

	"cloudsso/idp"
)

// maxPasted caps what is looked at; one document of a preset has the same limit.
const maxPasted = 1 << 20

// Recognised is what something that an admin pasted has turned out to be.
type Recognised struct {
	What     string               // one sentence
	Missing  string               // what is still needed and where that comes from; "" if nothing
	App      *NewApp              // the form, filled in as far as it goes; nil if nothing can be made of it
	Entities []idp.MetadataEntity // of a collection: one of them has to be chosen
	Known    string               // the app that is registered with this already
}

// pasted is what the recognisers look at.
type pasted struct {
	text  string // without spaces around it
	whole string // as it came: what is not text may end in bytes that look like spaces
	at    string // the address it was read from, "" if it was pasted itself
}

func paste(whole, at string) pasted {
	return pasted{strings.TrimSpace(strings.TrimPrefix(whole, "\ufeff")), whole, at}
}

// recogniser knows one kind of thing. It returns nil for all others.
type recogniser struct {
	name string
	look func(ctx context.Context, o AppsMaker, p pasted) *Recognised
}

// recognisers is the one list, the surest first.
func recognisers() []recogniser {
	return []recogniser{
		{"private key", privateKey},
		{"certificate", certificate},
		{"public key", publicKeyPEM},
		{"XML", xmlDocument},
		{"JSON", jsonDocument},
		{"token", signedToken},
		{"fingerprint", certificateFingerprint},
		{"addresses", addresses},
		{"URN", urn},
	}
}

// Recognise says what something is that an admin pasted or uploaded, whatever it is, and
// fills in the form that fits it. An https address is read. Invalid if there is nothing.
func (o AppsMaker) Recognise(ctx context.Context, text string) (Recognised, error) {
	p := paste(text, "")
	switch {
	case p.text == "":
		return Recognised{}, idp.Errorf(idp.Invalid, "There is nothing to look at. Paste something, or choose a file.").On("paste")
	case len(p.text) > maxPasted:
		return Recognised{}, idp.Errorf(idp.Invalid, "This is longer than 1 MB. Of a large collection of metadata, give the address.").On("paste")
	}
	if r := o.recognise(ctx, p); r != nil {
		return *r, nil
	}
	return Recognised{
		What:    "This is nothing that is known here.",
		Missing: "Paste metadata or its address, client metadata (JSON), an entity ID, a redirect URI, an ACS URL or a certificate; or choose a kind of app above.",
	}, nil
}

func (o AppsMaker) recognise(ctx context.Context, p pasted) *Recognised {
	for _, r := range recognisers() {
		if found := r.look(ctx, o, p); found != nil {
			return found
		}
	}
	return nil
}

// Attack, or accident: a private key in a form ends in histories and clipboards. Decision:
// nothing is made of it, and the page says what to do.
func privateKey(_ context.Context, _ AppsMaker, p pasted) *Recognised {
	if !strings.Contains(p.text, "PRIVATE KEY-----") {
		return nil
	}
	return foundPrivateKey()
}

func foundPrivateKey() *Recognised {
	return &Recognised{What: "This is a private key. Nobody but the app that it belongs to should have it; nothing of it was kept.",
		Missing: "Let the app make a new one, and ask for the certificate or the public key only."}
}

// certificate is in PEM or DER form.
func certificate(_ context.Context, _ AppsMaker, p pasted) *Recognised {
	der := []byte(p.whole)
	if block, _ := pem.Decode([]byte(p.text)); block != nil {
		if block.Type != "CERTIFICATE" {
			return nil
		}
		der = block.Bytes
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	return &Recognised{
		What:    fmt.Sprintf("This is a certificate of %s, which ends on %s. A SAML app signs its requests with its key.", cmp.Or(cert.Subject.String(), "nobody in particular"), cert.NotAfter.UTC().Format("2006-01-02")),
		Missing: "The entity ID and the ACS URL of the app; its documentation or its metadata names both.",
		App:     &NewApp{Preset: "saml-app", Settings: map[string]any{"sp_signing_certificates": []any{text}}},
	}
}

func publicKeyPEM(_ context.Context, _ AppsMaker, p pasted) *Recognised {
	block, _ := pem.Decode([]byte(p.text))
	if block == nil {
		return nil
	}
	if !strings.HasSuffix(block.Type, "PUBLIC KEY") {
		return &Recognised{What: fmt.Sprintf("This is PEM of the kind %.40q, which no app is made of.", block.Type)}
	}
	return &Recognised{What: "This is a public key without a certificate.",
		Missing: "Of a SAML app, ask for the certificate or the metadata. Of an OpenID Connect app, ask for its redirect URI, and for the key as a JSON Web Key Set."}
}

// signedToken has three parts in base64url, the first of which is a JSON object.
func signedToken(_ context.Context, _ AppsMaker, p pasted) *Recognised {
	if !strings.HasPrefix(p.text, "eyJ") || strings.Count(p.text, ".") < 2 || strings.ContainsAny(p.text, " \n") {
		return nil
	}
	return &Recognised{What: "This is a token, which may let its holder in somewhere. Nothing of it was kept.",
		Missing: "Tokens say nothing about how an app is connected: ask for its redirect URI."}
}

func certificateFingerprint(_ context.Context, _ AppsMaker, p pasted) *Recognised {
	raw, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(p.text))
	if err != nil || len(raw) != 20 && len(raw) != 32 {
		return nil
	}
	return &Recognised{What: "This is the fingerprint of a certificate.", Missing: "Ask for the certificate itself, or for the metadata of the app."}
}

// urn is an entity ID that is no address, such as urn:example:app.
func urn(ctx context.Context, o AppsMaker, p pasted) *Recognised {
	if u, err := url.Parse(p.text); err != nil || !strings.EqualFold(u.Scheme, "urn") || strings.ContainsAny(p.text, " \n\t") {
		return nil
	}
	r := &Recognised{What: "This is an entity ID: the name of a SAML app.", Missing: "The ACS URL: where the app takes its answers.",
		App: &NewApp{Preset: "saml-app", Answers: map[string]string{"entity": p.text}}}
	return o.known(ctx, r, p.text)
}

// known adds the app that is registered with an entity ID already.
func (o AppsMaker) known(ctx context.Context, r *Recognised, entityID string) *Recognised {
	if sp, err := o.Records.ServiceProviderByEntityID(ctx, entityID); err == nil {
		r.Known, r.App = sp.App, nil
		r.What += " It is registered already."
		r.Missing = "Open that app to change it."
	}
	return r
}
