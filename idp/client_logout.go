package idp

import (
	"net/url"
	"slices"
	"strings"
)

// checkLogoutURIs: addresses that we or the person's browser call at the end of a session.
func (m *ClientMetadata) checkLogoutURIs(dev bool) *Error {
	if raw := m.BackchannelLogoutURI; raw != "" {
		// OpenID Connect Back-Channel Logout §2.2: no fragment; http would show the token to
		// everybody on the way.
		if why := badService(raw, dev); why != "" {
			return badMember("backchannel_logout_uri", "The address %q cannot be used: %s", raw, why)
		}
	}
	raw := m.FrontchannelLogoutURI
	if raw == "" {
		return nil
	}
	why := badService(raw, dev)
	if why == "" && !slices.ContainsFunc(m.RedirectURIs, func(r string) bool { return sameOrigin(r, raw) }) {
		// OpenID Connect Front-Channel Logout §2: otherwise a client could have any site
		// opened in people's browsers.
		why = "its scheme, host and port must be those of a redirect URI."
	}
	if why != "" {
		return badMember("frontchannel_logout_uri", "The address %q cannot be used: %s", raw, why)
	}
	for _, ours := range []string{"iss", "sid"} {
		if u, err := url.Parse(raw); err == nil && u.Query().Has(ours) {
			return badMember("frontchannel_logout_uri", "Its query has the parameter %s, which we add.", ours)
		}
	}
	return nil
}

// checkInitiateLogin: OpenID Connect Core §4 and Dynamic Registration §2 want https.
func (m *ClientMetadata) checkInitiateLogin(dev bool) *Error {
	raw := m.InitiateLoginURI
	if raw == "" {
		return nil
	}
	if why := badService(raw, dev); why != "" {
		return badMember("initiate_login_uri", "The address %q cannot be used: %s", raw, why)
	}
	for _, ours := range []string{"iss", "target_link_uri", "login_hint"} {
		if u, err := url.Parse(raw); err == nil && u.Query().Has(ours) {
			return badMember("initiate_login_uri", "Its query has the parameter %s, which we add.", ours)
		}
	}
	return nil
}

// badService says what is wrong with an address that must be https, "" if nothing is.
func badService(raw string, dev bool) string {
	u, why := absolute(raw)
	switch {
	case why != "":
		return why
	case u.Hostname() == "" || u.Opaque != "":
		return "it has no host."
	case u.Scheme == "https" || dev && u.Scheme == "http" && (loopbackIP(u) || u.Hostname() == "localhost"):
		return ""
	}
	return "it must be https."
}

// sameOrigin compares scheme, host and port of two addresses.
func sameOrigin(a, b string) bool {
	first, second := Origin(a), Origin(b)
	return first != "" && first == second
}

// Origin of an https or http address as browsers name it (RFC 6454 §6.1): lower case,
// without the port that goes without saying. Empty if it has none.
func Origin(address string) string {
	u, why := absolute(address)
	if why != "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	host := strings.ToLower(u.Host)
	port := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.TrimSuffix(host, port), ":")
}

// HearsOfLogout reports whether the client wants to be told when a session ends.
func (c *Client) HearsOfLogout() bool {
	return c.BackchannelLogoutURI != "" || c.FrontchannelLogoutURI != ""
}
