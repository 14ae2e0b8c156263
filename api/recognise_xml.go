package api

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"strings"

	"cloudsso/idp"
)

// maxElements is how much of a document is looked at for what it is.
const maxElements = 100_000

// outline is what a quick look at XML shows: names of elements, and what an AuthnRequest
// says. It decides nothing; whatever is made of the document is read strictly after.
type outline struct {
	root             string
	names            map[string]bool
	entityID, issuer string
	acs              string
}

func outlineOf(text string) (o outline) {
	o.names = map[string]bool{}
	d := xml.NewDecoder(strings.NewReader(text))
	inIssuer := false
	for range maxElements {
		t, err := d.Token()
		if err != nil {
			return o
		}
		switch t := t.(type) {
		case xml.StartElement:
			if o.root == "" {
				o.root = t.Name.Local
				o.entityID, o.acs = attribute(t, "entityID"), attribute(t, "AssertionConsumerServiceURL")
			}
			o.names[t.Name.Local] = true
			inIssuer = t.Name.Local == "Issuer" && o.issuer == ""
		case xml.EndElement:
			inIssuer = false
		case xml.CharData:
			if inIssuer {
				o.issuer += strings.TrimSpace(string(t))
			}
		}
	}
	return o
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

func xmlDocument(ctx context.Context, o AppsMaker, p pasted) *Recognised {
	if !strings.HasPrefix(p.text, "<") {
		return nil
	}
	seen := outlineOf(p.text)
	switch {
	case seen.names["SPSSODescriptor"]:
		return o.spMetadata(ctx, p, seen)
	case seen.names["IDPSSODescriptor"]:
		if seen.entityID == o.Issuer+"/saml/metadata" {
			return &Recognised{What: "This is our own metadata. It goes to the app, not here.", Missing: "Ask for the metadata of the app."}
		}
		return &Recognised{What: fmt.Sprintf("This is the metadata of an identity provider (%.200s): of somebody who signs people in, as we do.", cmp.Or(seen.entityID, "without a name")),
			Missing: "Ask for the metadata of the service provider (SP). If people of that identity provider should sign in here, set it up as a directory."}
	case seen.root == "AuthnRequest":
		return o.authnRequest(ctx, seen)
	case seen.root == "Response" || seen.root == "Assertion":
		return &Recognised{What: "This is a SAML response, which tells about a person. Nothing of it was kept.", Missing: "Ask for the metadata of the app."}
	case strings.EqualFold(seen.root, "html"):
		if p.at != "" {
			return nil // a page of the app: its address may be one of those that we need
		}
		return &Recognised{What: "This is a web page.", Missing: "Ask for the metadata of the app, or for its address."}
	case strings.Contains(seen.root, "Descriptor"):
		return &Recognised{What: "This is SAML metadata without a service provider in it.", Missing: "Ask for the metadata of the service provider (SP)."}
	}
	return &Recognised{What: fmt.Sprintf("This is XML, but no SAML metadata: its root is %.60q.", seen.root), Missing: "Ask for the metadata of the app."}
}

// spMetadata is read as strictly as the import will.
func (o AppsMaker) spMetadata(ctx context.Context, p pasted, seen outline) *Recognised {
	r := &Recognised{App: &NewApp{Preset: "saml-metadata", Answers: map[string]string{"metadata": p.text}}}
	if p.at != "" {
		r.App = &NewApp{Preset: "saml-metadata-url", Answers: map[string]string{"url": p.at}}
	}
	list, err := o.SAML.Entities([]byte(p.text))
	switch {
	case err != nil:
		r.What = "This looks like the metadata of a SAML app, and cannot be read. " + idp.AsError(err).Public
		r.Missing = "Mend it below, or ask for it again. You can go on by hand, too: choose SAML app, set up by hand."
	case len(list) == 0:
		return &Recognised{What: "This is SAML metadata without a service provider in it.", Missing: "Ask for the metadata of the service provider (SP)."}
	case len(list) > 1:
		r.What = fmt.Sprintf("This is a collection of SAML metadata: it describes %d apps.", len(list))
		r.Missing, r.Entities = "Choose which one it is.", list
	default:
		r.What = fmt.Sprintf("This is the metadata of the SAML app %.200s.", list[0].EntityID)
		r.App.Name = list[0].Name
		return o.known(ctx, r, list[0].EntityID)
	}
	return r
}

// authnRequest is what an app sends when somebody signs in: it names the app and, often,
// where its answers go.
func (o AppsMaker) authnRequest(ctx context.Context, seen outline) *Recognised {
	r := &Recognised{What: fmt.Sprintf("This is a sign-in request of the SAML app %.200s.", cmp.Or(seen.issuer, "without a name")),
		App: &NewApp{Preset: "saml-app", Answers: map[string]string{"entity": seen.issuer, "acs": seen.acs}}}
	if seen.acs == "" {
		r.Missing = "The ACS URL: where the app takes its answers. The request does not name it."
	}
	return o.known(ctx, r, seen.issuer)
}
