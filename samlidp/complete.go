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
	maxApp         = 40
	maxEntityID    = 1024 // Core §8.3.6
	maxName        = 200
	minLifetime    = 30
	maxLifetime    = 86400
	maxACSEndpoint = 100
)

// CompleteServiceProvider fills defaults into sp and refuses what could not work: to be
// called before a registration is saved, whether it came from metadata or was typed by hand. dev
// lets addresses be http on loopback. Errors are [idp.Invalid] with a JSON pointer
// to the field.
func CompleteServiceProvider(sp *idp.ServiceProvider, dev bool) error {
	for _, step := range []func(*idp.ServiceProvider) error{
		completeEntityID, completeName, completeEndpoints, completeLogout, completeSign, completeNameID, completePolicy, completeKeys, completeAttributes,
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
	if slug(sp.App) != sp.App {
		return invalid("/app", "The app id may hold a to z, 0 to 9 and single hyphens between them, at most %d characters.", maxApp)
	}
	if sp.Name == "" {
		sp.Name = firstOf(host(sp.EntityID), sp.EntityID)
	}
	return nil
}

// slugOf derives the app id from what the application is called.
func slugOf(sp *idp.ServiceProvider) string {
	for _, s := range []string{sp.Name, host(sp.EntityID), sp.EntityID} {
		if s = slug(s); s != "" {
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

// slug keeps a to z and 0 to 9; what lies between becomes one hyphen.
func slug(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	s = strings.Join(words, "-")
	return strings.TrimRight(s[:min(len(s), maxApp)], "-")
}

func completeEndpoints(sp *idp.ServiceProvider) error {
	if len(sp.ACS) > maxACSEndpoint {
		return invalid("/acs", "More than %d AssertionConsumerService endpoints are not supported.", maxACSEndpoint)
	}
	numberEndpoints(sp.ACS)
	seen, usable := map[int]bool{}, false
	for i := range sp.ACS {
		e := &sp.ACS[i]
		if e.Binding == "" || e.Binding == "HTTP-POST" {
			e.Binding = wire.BindingPost
		}
		if e.Index < 0 || e.Index > 65535 || seen[e.Index] {
			return invalid(fmt.Sprintf("/acs/%d/index", i), "Every AssertionConsumerService needs an index of its own from 0 to 65535; %d is used twice or out of range.", e.Index)
		}
		seen[e.Index] = true
		usable = usable || e.Binding == wire.BindingPost
	}
	if !usable {
		return invalid("/acs", "At least one AssertionConsumerService with the binding %s is needed: that is where answers are posted.", wire.BindingPost)
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

func completeSign(sp *idp.ServiceProvider) error {
	switch sp.Sign {
	case "":
		sp.Sign = "response"
	case "response", "assertion", "both":
	default:
		return invalid("/sign", "sign must be response, assertion or both.")
	}
	return nil
}

func completeNameID(sp *idp.ServiceProvider) error {
	c := &sp.NameID
	switch c.Format {
	case "", FormatUnspecified, FormatEmail, FormatPersistent, FormatTransient:
	case "unspecified":
		c.Format = FormatUnspecified
	case "emailAddress", "email":
		c.Format = FormatEmail
	case "persistent":
		c.Format = FormatPersistent
	case "transient":
		c.Format = FormatTransient
	default:
		return invalid("/nameid/format", "The NameID format must be unspecified, emailAddress, persistent or transient, or the full URN of one of them.")
	}
	if c.From != "" && (c.Format == FormatPersistent || c.Format == FormatTransient) {
		return invalid("/nameid/from", "A persistent or transient NameID is made here and comes from no directory attribute. Leave from out, or choose the format unspecified.")
	}
	if !word(c.NameQualifier) {
		return invalid("/nameid/name_qualifier", "A qualifier is one word, such as an entity ID, of at most %d bytes.", maxEntityID)
	}
	if !word(c.SPNameQualifier) {
		return invalid("/nameid/sp_name_qualifier", "A qualifier is one word, such as an entity ID, of at most %d bytes.", maxEntityID)
	}
	return nil
}

func word(s string) bool { return len(s) <= maxEntityID && opaque(s) }

func completePolicy(sp *idp.ServiceProvider) error {
	if sp.Lifetime == 0 {
		sp.Lifetime = int64(defaultLifetime.Seconds())
	}
	if sp.Lifetime < minLifetime || sp.Lifetime > maxLifetime {
		return invalid("/lifetime", "The lifetime of assertions must be from %d to %d seconds.", minLifetime, maxLifetime)
	}
	for i, a := range sp.Audiences {
		if a == "" || !word(a) {
			return invalid(fmt.Sprintf("/audiences/%d", i), "An audience is one word, such as an entity ID, of at most %d bytes.", maxEntityID)
		}
	}
	if checkRelayState(sp.DefaultRelayState) != nil {
		return invalid("/default_relay_state", "The RelayState must be text of at most %d bytes.", wire.MaxRelayState)
	}
	return nil
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
