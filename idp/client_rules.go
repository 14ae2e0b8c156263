package idp

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Defaults and bounds of [ClientMetadata].
const (
	defaultScope  = "openid profile email phone address groups"
	maxURI        = 2048 // bytes
	maxURIs       = 100
	minAccessTTL  = 60
	maxAccessTTL  = 86400
	minRefreshTTL = 300
	maxRefreshTTL = 31536000
)

// Complete fills in the defaults of RFC 7591 §2 and refuses what could not work or
// could not be safe. dev lets addresses be http. The error is an [Error] of code
// [Invalid] whose Field is the member's name, or several of them joined. Mapping rows are
// checked by idp/mapping.
func (m *ClientMetadata) Complete(dev bool) error {
	m.complete()
	var faults []error
	for _, check := range []func(bool) *Error{
		m.checkChoices, m.checkAuthentication, m.checkKeySet, m.checkSigning, m.checkGrants, m.checkRedirects, m.checkLogout, m.checkLogoutURIs, m.checkInitiateLogin, m.checkScope, m.checkPKCE, m.checkIntrospection, m.checkURIs, m.checkTimes,
		m.checkSubject, m.checkRequestObjects, m.checkResources, m.checkAssigned,
	} {
		if err := check(dev); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) == 1 {
		return faults[0]
	}
	return errors.Join(faults...)
}

func (m *ClientMetadata) complete() {
	setDefault(&m.ApplicationType, "web")
	setDefault(&m.TokenEndpointAuthMethod, "client_secret_basic")
	m.completeSigning()
	setDefault(&m.SubjectType, "public")
	setDefault(&m.AccessTokenFormat, "opaque")
	m.completeGrants()
	if m.Scope = strings.Join(strings.Fields(m.Scope), " "); m.Scope == "" && m.signsPeopleIn() {
		m.Scope = defaultScope
		if slices.Contains(m.GrantTypes, "refresh_token") {
			m.Scope += " offline_access"
		}
	}
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func badMember(name, format string, args ...any) *Error {
	return Errorf(Invalid, format, args...).On(name)
}

func (m *ClientMetadata) checkChoices(bool) *Error {
	switch {
	case len(m.ClientName) > 200:
		return badMember("client_name", "The name is longer than 200 bytes.")
	case m.ApplicationType != "web" && m.ApplicationType != "native":
		return badMember("application_type", "The application type must be web or native.")
	}
	return nil
}

func (m *ClientMetadata) checkRedirects(dev bool) *Error {
	switch {
	case len(m.RedirectURIs) == 0 && m.returnsToApp():
		return badMember("redirect_uris", "At least one redirect URI is needed: the address that the application gets its answers at.")
	case len(m.RedirectURIs) > maxURIs:
		return badMember("redirect_uris", "There are more than %d redirect URIs.", maxURIs)
	}
	for _, raw := range m.RedirectURIs {
		if why := m.badRedirect(raw, dev); why != "" {
			return badMember("redirect_uris", "The redirect URI %q cannot be used: %s", raw, why)
		}
	}
	return nil
}

// checkLogout: a browser is sent there as it is to a redirect URI.
func (m *ClientMetadata) checkLogout(dev bool) *Error {
	if len(m.PostLogoutRedirectURIs) > maxURIs {
		return badMember("post_logout_redirect_uris", "There are more than %d addresses to return to.", maxURIs)
	}
	for _, raw := range m.PostLogoutRedirectURIs {
		if why := m.badRedirect(raw, dev); why != "" {
			return badMember("post_logout_redirect_uris", "The address %q cannot be used: %s", raw, why)
		}
	}
	return nil
}

// badRedirect says what is wrong with a redirect URI, "" if nothing is.
func (m *ClientMetadata) badRedirect(raw string, dev bool) string {
	u, why := absolute(raw)
	if why != "" {
		return why
	}
	switch u.Scheme {
	case "https":
	case "http":
		if loopback := loopbackIP(u); !(dev && (loopback || u.Hostname() == "localhost")) && !(m.ApplicationType == "native" && loopback) {
			return "it must be https (http is for native applications on 127.0.0.1 or [::1] only)."
		}
	default:
		// Attack: javascript: or data: as a redirect URI runs script on our page or the
		// app's. Decision: only a scheme in reverse domain form, which no browser gives a
		// meaning of its own (RFC 8252 §7.1), and only for native applications.
		if m.ApplicationType != "native" || !strings.Contains(u.Scheme, ".") {
			return "it must be https, or for a native application a scheme of its own in reverse domain form, such as com.example.app."
		}
		return answersItself(u)
	}
	if u.Hostname() == "" || u.Opaque != "" {
		return "it has no host."
	}
	return answersItself(u)
}

// answersItself says what in the query of a redirect URI would pass for an answer of ours,
// "" if nothing would. Attack: a parameter of the answer that stands in the address
// already, so that the application reads that one (CVE-2026-9689), or behind a semicolon,
// which some software takes for an ampersand.
func answersItself(u *url.URL) string {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "its query is not well-formed."
	}
	for _, ours := range []string{
		"code", "access_token", "id_token", "token_type", "expires_in", "state", "iss", "session_state",
		"error", "error_description", "error_uri", "response",
	} {
		if query.Has(ours) {
			return "its query has the parameter " + ours + ", which is part of our answer."
		}
	}
	return ""
}

// absolute parses a URI that a browser can be sent to, or says why it is none.
func absolute(raw string) (*url.URL, string) {
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' || r == '*' }) {
		// Browsers drop or rewrite these, so that our comparison and theirs would differ.
		return nil, "it contains a space, a star, a backslash or a character outside ASCII."
	}
	u, err := url.Parse(raw)
	switch {
	case len(raw) > maxURI:
		return nil, "it is longer than 2048 bytes."
	case err != nil || !u.IsAbs():
		return nil, "it is not an absolute URI."
	case strings.Contains(raw, "#"):
		return nil, "it has a fragment (RFC 6749 §3.1.2)."
	case u.User != nil:
		return nil, "it contains a user name."
	}
	return u, ""
}

func loopbackIP(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && (ip == netip.IPv6Loopback() || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}

func (m *ClientMetadata) checkScope(bool) *Error {
	for s := range strings.FieldsSeq(m.Scope) {
		// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E.
		if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return badMember("scope", "The scope %q contains a character that scopes cannot have.", s)
		}
	}
	if n := len(strings.Fields(m.Scope)); n > 100 {
		return badMember("scope", "There are %d scopes; a client has at most 100.", n)
	}
	return nil
}

func (m *ClientMetadata) checkPKCE(bool) *Error {
	if m.TokenEndpointAuthMethod == "none" && m.RequirePKCE != nil && !*m.RequirePKCE {
		return badMember("require_pkce", "A public client (token_endpoint_auth_method none) always needs PKCE; leave require_pkce out.")
	}
	return nil
}

func (m *ClientMetadata) checkIntrospection(bool) *Error {
	if m.IntrospectAll && m.TokenEndpointAuthMethod == "none" {
		return badMember("introspect_all", "Only a client that authenticates may introspect tokens; token_endpoint_auth_method is none.")
	}
	return nil
}

func (m *ClientMetadata) checkURIs(dev bool) *Error {
	for _, f := range [][2]string{
		{"client_uri", m.ClientURI}, {"logo_uri", m.LogoURI}, {"policy_uri", m.PolicyURI}, {"tos_uri", m.TosURI},
	} {
		if f[1] == "" {
			continue
		}
		if err := badPageURI(f[0], f[1], dev); err != nil {
			return err
		}
	}
	return nil
}

func (m *ClientMetadata) checkTimes(bool) *Error {
	switch {
	case m.DefaultMaxAge != nil && (*m.DefaultMaxAge < 0 || *m.DefaultMaxAge > maxRefreshTTL):
		return badMember("default_max_age", "The default max_age must be 0 to %d seconds.", maxRefreshTTL)
	case m.AccessTokenTTL != 0 && (m.AccessTokenTTL < minAccessTTL || m.AccessTokenTTL > maxAccessTTL):
		return badMember("access_token_ttl", "The life of access tokens must be %d to %d seconds.", minAccessTTL, maxAccessTTL)
	case m.RefreshTokenTTL != 0 && (m.RefreshTokenTTL < minRefreshTTL || m.RefreshTokenTTL > maxRefreshTTL):
		return badMember("refresh_token_ttl", "The life of unused refresh tokens must be %d to %d seconds.", minRefreshTTL, maxRefreshTTL)
	}
	return nil
}

func (m *ClientMetadata) checkAssigned(bool) *Error {
	if err := m.Assigned.Check(); err != nil {
		return err.On("assigned" + err.Field)
	}
	return nil
}

// MatchRedirect reports whether the client may be answered at requested, and returns
// the URI to answer at. URIs compare character by character (RFC 9700 §2.1); a native
// client may vary the port of a registered loopback address (RFC 8252 §7.3), and nothing
// else of it.
func (c *Client) MatchRedirect(requested string) (string, bool) {
	if requested == "" {
		return "", false
	}
	if slices.Contains(c.RedirectURIs, requested) {
		return requested, true
	}
	if c.ApplicationType != "native" {
		return "", false
	}
	for _, registered := range c.RedirectURIs {
		if sameButPort(registered, requested) {
			return requested, true
		}
	}
	return "", false
}

// Attack: a loopback rule that looks at the host alone lets https become http and lets
// user names in. Decision: both are http on a loopback address literal, and with the
// port cut out the two strings are the same.
func sameButPort(registered, requested string) bool {
	a, whyA := absolute(registered)
	b, whyB := absolute(requested)
	if whyA != "" || whyB != "" || a.Scheme != "http" || !loopbackIP(a) {
		return false
	}
	return withoutPort(registered, a) == withoutPort(requested, b)
}

// withoutPort cuts the port out of the text, so that everything else still compares
// as it was written.
func withoutPort(raw string, u *url.URL) string {
	if u.Port() == "" {
		return raw
	}
	return strings.Replace(raw, u.Host, strings.TrimSuffix(u.Host, ":"+u.Port()), 1)
}
