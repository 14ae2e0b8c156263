package samlidp

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// Bounds of a registration.
const (
	maxEntityID    = 1024 // Core §8.3.6
	maxName        = 200
	maxACSEndpoint = 100
)

// CompleteServiceProvider fills defaults into sp and refuses what could not work: to be
// called before a registration is saved, whether it came from metadata or was typed by hand. dev
// lets addresses be http on loopback. Errors are [idp.Invalid] with a JSON pointer
// to the field.
func CompleteServiceProvider(sp *idp.ServiceProvider, dev bool) error {
	for _, step := range []func(*idp.ServiceProvider) error{
		completeEntityID, completeName, completeEndpoints, completeLogout, completeSign, completeLegacy, completeEncryption,
		completeNameID, completeNameIDSources, completeAudiences, completeTimes, completePolicy, completeAssigned, completeKeys, completeAttributes,
	} {
		if err := step(sp); err != nil {
			return err
		}
	}
	return checkLocations(sp, dev)
}

func invalid(field, format string, args ...any) *idp.Error {
	return idp.Errorf(idp.Invalid, format, args...).On(field)
}

func completeEntityID(sp *idp.ServiceProvider) error {
	switch id := sp.EntityID; {
	case id == "":
		return invalid("/entity_id", "The entity ID is missing: the name that the application gives itself in SAML, often a URL.")
	case len(id) > maxEntityID:
		return invalid("/entity_id", "An entity ID has at most %d bytes.", maxEntityID)
	case !opaque(id):
		return invalid("/entity_id", "The entity ID holds white space or a character that XML cannot carry. Copy it from the application exactly, without spaces around it.")
	}
	return nil
}

// opaque: fit for an identifier that is compared byte by byte.
func opaque(s string) bool {
	return wire.CheckText(s) == nil && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || invisible(r) })
}

func completeName(sp *idp.ServiceProvider) error {
	sp.Name = strings.TrimSpace(sp.Name)
	if len(sp.Name) > maxName || wire.CheckText(sp.Name) != nil {
		return invalid("/name", "The name must be ordinary text of at most %d bytes.", maxName)
	}
	if sp.App == "" {
		sp.App = slugOf(sp)
	}
	if idp.Slug(sp.App) != sp.App {
		return invalid("/app", "The app id may hold a to z, 0 to 9 and single hyphens between them, at most 40 characters.")
	}
	if sp.Name == "" {
		sp.Name = firstOf(host(sp.EntityID), sp.EntityID)
	}
	return nil
}

// slugOf derives the app id from what the application is called.
func slugOf(sp *idp.ServiceProvider) string {
	for _, s := range []string{sp.Name, host(sp.EntityID), sp.EntityID} {
		if s = idp.Slug(s); s != "" {
			return s
		}
	}
	return "app-" + idp.NewID()[:12]
}

func host(entityID string) string {
	u, err := url.Parse(entityID)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func completeEndpoints(sp *idp.ServiceProvider) error {
	if len(sp.ACS) > maxACSEndpoint {
		return invalid("/acs", "More than %d AssertionConsumerService endpoints are not supported.", maxACSEndpoint)
	}
	numberEndpoints(sp.ACS)
	seen, usable := map[int]bool{}, false
	for i := range sp.ACS {
		e := &sp.ACS[i]
		switch e.Binding {
		case "", "HTTP-POST":
			e.Binding = wire.BindingPost
		case "HTTP-Redirect":
			e.Binding = wire.BindingRedirect
		}
		if e.Index < 0 || e.Index > 65535 || seen[e.Index] {
			return invalid(fmt.Sprintf("/acs/%d/index", i), "Every AssertionConsumerService needs an index of its own from 0 to 65535; %d is used twice or out of range.", e.Index)
		}
		seen[e.Index] = true
		usable = usable || e.Binding == answerBinding(*sp)
	}
	if !usable {
		return invalid("/acs", "At least one AssertionConsumerService with the binding %s is needed: that is where answers go.", answerBinding(*sp))
	}
	return nil
}

// numberEndpoints gives indexes to endpoints typed by hand without any.
func numberEndpoints(endpoints []idp.Endpoint) {
	for _, e := range endpoints {
		if e.Index != 0 {
			return
		}
	}
	for i := range endpoints {
		endpoints[i].Index = i
	}
}

func checkLocations(sp *idp.ServiceProvider, dev bool) error {
	or := ""
	if dev {
		or = ", or http:// on this machine"
	}
	check := func(name string, endpoints []idp.Endpoint) error {
		for i, e := range endpoints {
			if len(e.Location) > 2048 || !deliverable(e.Location, dev) {
				return invalid(fmt.Sprintf("/%s/%d/location", name, i), "The address %.200q must be a complete https:// address without user name and fragment%s.", e.Location, or)
			}
			if e.Binding == wire.BindingRedirect && binds(e.Location) {
				return invalid(fmt.Sprintf("/%s/%d/location", name, i), "The address %.200q already has parameters of the redirect binding, such as SAMLResponse or RelayState. Leave them out.", e.Location)
			}
		}
		return nil
	}
	if err := check("acs", sp.ACS); err != nil {
		return err
	}
	if sp.StartURL != "" && (len(sp.StartURL) > 2048 || !deliverable(sp.StartURL, dev)) {
		return invalid("/start_url", "The address must be a complete https:// address without user name and fragment%s.", or)
	}
	return checkLogoutLocations(sp.SLO, dev, or)
}

// completeKeys: an application whose requests must be signed needs a key to check them
// with, or nobody could ever sign in.
func completeKeys(sp *idp.ServiceProvider) error {
	if !sp.SignsRequests && !sp.WantAuthnRequestsSigned {
		return nil
	}
	if _, err := dsig.PublicKeys(sp.SigningCerts); err != nil {
		field := "/metadata_xml"
		if !sp.SignsRequests {
			field = "/want_authn_requests_signed"
		}
		return invalid(field, "Signed requests need a signing certificate of the application (RSA of at least 2048 bits, or EC) in its metadata, and there is none that can be used.").Because(err)
	}
	return nil
}

// binds: a second SAMLResponse in the address could be the one that the application reads (S03).
func binds(location string) bool {
	u, err := url.Parse(location)
	if err != nil {
		return true
	}
	for name := range u.Query() {
		if strings.HasPrefix(name, "SAML") || name == "RelayState" || name == "SigAlg" || name == "Signature" {
			return true
		}
	}
	return false
}

func completeAttributes(sp *idp.ServiceProvider) error {
	for i, row := range sp.Attributes {
		if wire.CheckText(row.Name+row.FriendlyName) != nil {
			return invalid(fmt.Sprintf("/attributes/%d", i), "The name or friendly name holds a character that XML cannot carry.")
		}
	}
	err := mapping.Check(sp.Attributes)
	var e *idp.Error
	if errors.As(err, &e) {
		return e.On("/attributes" + e.Field)
	}
	return err
}
