package samlidp

import (
	"encoding/base64"
	"net/url"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/samlidp/wire"
)

// Values of idp.ServiceProviderPolicy.SLOBinding.
const (
	sloAuto     = "auto"
	sloRedirect = "redirect"
	sloPost     = "post"
	sloSOAP     = "soap"
)

func sloBinding(name string) string {
	switch name {
	case sloRedirect:
		return wire.BindingRedirect
	case sloPost:
		return wire.BindingPost
	case sloSOAP:
		return wire.BindingSOAP
	}
	return ""
}

// requestEndpoint is where sp is told that a session has ended. Without a browser only
// SOAP reaches it.
func (p *Provider) requestEndpoint(sp idp.ServiceProvider, browser bool) (idp.Endpoint, bool) {
	bindings := []string{wire.BindingRedirect, wire.BindingPost, wire.BindingSOAP}
	if b := sloBinding(sp.SLOBinding); b != "" {
		bindings = []string{b}
	}
	for _, b := range bindings {
		if !browser && b != wire.BindingSOAP {
			continue
		}
		if e, ok := p.sloEndpoint(sp, b); ok {
			return e, true
		}
	}
	return idp.Endpoint{}, false
}

// answerEndpoint is where sp takes our answer: by the binding that the admin chose, else
// the one it used itself, else the other one. Its Location is the one for answers.
func (p *Provider) answerEndpoint(sp idp.ServiceProvider, binding string) (idp.Endpoint, bool) {
	for _, b := range []string{sloBinding(sp.SLOBinding), binding, wire.BindingRedirect, wire.BindingPost} {
		if b == wire.BindingSOAP {
			continue
		}
		if e, ok := p.sloEndpoint(sp, b); ok {
			e.Location = firstOf(e.ResponseLocation, e.Location)
			return e, true
		}
	}
	return idp.Endpoint{}, false
}

func (p *Provider) sloEndpoint(sp idp.ServiceProvider, binding string) (idp.Endpoint, bool) {
	i := slices.IndexFunc(sp.SLO, func(e idp.Endpoint) bool {
		// The registration was checked when it was saved; this holds when the rules have changed since.
		return e.Binding == binding && sloAddress(e.Location, p.dev) && (e.ResponseLocation == "" || sloAddress(e.ResponseLocation, p.dev))
	})
	if i < 0 {
		return idp.Endpoint{}, false
	}
	return sp.SLO[i], true
}

// sloAddress: an address with a message of its own in the query would put two into one
// redirect, and which one the application reads is anybody's guess (S03).
func sloAddress(location string, dev bool) bool {
	if !deliverable(location, dev) {
		return false
	}
	u, err := url.Parse(location)
	if err != nil {
		return false
	}
	for name := range u.Query() {
		if wire.Binds(name) {
			return false
		}
	}
	return true
}

func postFields(param string, doc []byte, relayState string) []web.Field {
	fields := []web.Field{{Name: param, Value: base64.StdEncoding.EncodeToString(doc)}}
	if relayState != "" {
		fields = append(fields, web.Field{Name: "RelayState", Value: relayState})
	}
	return fields
}
