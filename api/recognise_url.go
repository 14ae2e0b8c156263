package api

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"io"
	"net/url"
	"path"
	"strings"

	"cloudsso/idp"
)

// addresses are one address, or several redirect URIs, one a line.
func addresses(ctx context.Context, o AppsMaker, p pasted) *Recognised {
	words := strings.Fields(p.text)
	for _, w := range words {
		if u, err := url.Parse(w); err != nil || u.Scheme == "" || strings.EqualFold(u.Scheme, "urn") || u.Host == "" && u.Path == "" && u.Opaque == "" {
			return nil
		}
	}
	switch {
	case len(words) > 1:
		return redirects("These are redirect URIs of an app that speaks OpenID Connect.", words...)
	case len(words) == 0:
		return nil
	}
	u, _ := url.Parse(words[0])
	return o.address(ctx, words[0], u)
}

func (o AppsMaker) address(ctx context.Context, text string, u *url.URL) *Recognised {
	q := u.Query()
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return redirects("This is the redirect URI of an app on a phone or a computer: its scheme is the app's own.", text)
	case q.Get("SAMLRequest") != "":
		if seen := outlineOf(inflated(q.Get("SAMLRequest"))); seen.root == "AuthnRequest" {
			return o.authnRequest(ctx, seen)
		}
	case q.Get("client_id") != "" && q.Get("redirect_uri") != "":
		return redirects("This is a sign-in request of an OpenID Connect app: it names the redirect URI.", q.Get("redirect_uri"))
	case o.Issuer != "" && (text == o.Issuer || strings.HasPrefix(text, o.Issuer+"/")):
		return &Recognised{What: "This is an address of ours. It goes to the app, not here.", Missing: "Ask for the redirect URI, or for the metadata, of the app."}
	case u.Scheme == "http":
		if host := u.Hostname(); host == "127.0.0.1" || host == "::1" {
			return redirects("This is the redirect URI of a program on somebody's computer.", text)
		}
		return o.endpoint(ctx, text, u, "")
	}
	doc, _, err := o.Fetch.Fetch(ctx, text, maxPasted)
	if err != nil {
		return o.endpoint(ctx, text, u, " It cannot be read as metadata: "+idp.AsError(err).Public)
	}
	read := paste(string(doc), text)
	for _, look := range []func(context.Context, AppsMaker, pasted) *Recognised{certificate, xmlDocument, jsonDocument} {
		if r := look(ctx, o, read); r != nil {
			r.What = "At this address is a document. " + r.What
			return r
		}
	}
	return o.endpoint(ctx, text, u, "")
}

// endpoint is an address with nothing to read at it: one where answers go, by its name.
func (o AppsMaker) endpoint(ctx context.Context, text string, u *url.URL, why string) *Recognised {
	if sp, err := o.Records.ServiceProviderByEntityID(ctx, text); err == nil {
		return &Recognised{What: "This is the entity ID of an app that is registered already.", Missing: "Open that app to change it.", Known: sp.App}
	}
	p := strings.ToLower(u.Path)
	switch last := path.Base(p); {
	case last == "acs" || last == "consume" || strings.Contains(p, "saml") && !strings.Contains(p, "metadata"):
		return &Recognised{What: "This looks like the ACS URL of a SAML app: where it takes its answers." + why, Missing: "The entity ID of the app. If it has metadata, that is the better start.",
			App: &NewApp{Preset: "saml-app", Answers: map[string]string{"acs": text}}}
	case strings.Contains(p, "metadata"):
		return &Recognised{What: "This looks like the entity ID of a SAML app." + why, Missing: "The metadata as a file, or the ACS URL of the app.",
			App: &NewApp{Preset: "saml-app", Answers: map[string]string{"entity": text}}}
	case strings.Contains(p, "/.well-known/"):
		return &Recognised{What: "This looks like the discovery address of an identity provider." + why, Missing: "Ask for the redirect URI of the app."}
	case p == "" || p == "/":
		return &Recognised{What: "This is the address of an app. What it takes to connect it cannot be told from that." + why,
			Missing: "Its redirect URI (OpenID Connect), or its metadata (SAML): look for single sign-on in its settings.",
			App:     &NewApp{Preset: "web-app", Answers: map[string]string{"start": text}}}
	}
	return redirects("This is taken for a redirect URI: where an app that speaks OpenID Connect gets its answers."+why, text)
}

func redirects(what string, uris ...string) *Recognised {
	preset := "web-app"
	for _, text := range uris {
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1") {
			preset = "native-app"
		}
	}
	return &Recognised{What: what, App: &NewApp{Preset: preset, Answers: map[string]string{"redirects": strings.Join(uris, "\n")}}}
}

// inflated undoes the HTTP-Redirect binding (SAML Bindings §3.4.4.1), "" if it cannot. A
// request has a few kilobytes, so a bomb stops at the limit.
func inflated(encoded string) string {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	out, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), 64<<10))
	if err != nil {
		return ""
	}
	return string(out)
}
