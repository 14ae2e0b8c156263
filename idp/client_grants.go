package idp

import (
	"slices"
	"strings"
)

// Grant types (RFC 7591 §2, RFC 8628 §7.2).
const (
	GrantCode              = "authorization_code"
	GrantImplicit          = "implicit"
	GrantPassword          = "password"
	GrantRefresh           = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantDevice            = "urn:ietf:params:oauth:grant-type:device_code"
)

// responseTypes are all that there are, each in the order of words that we compare.
func responseTypes() []string {
	return []string{"code", "id_token", "token", "id_token token", "code id_token", "code token", "code id_token token", "none"}
}

// ResponseType returns a response type in the spelling that [ClientMetadata] keeps, since
// the order of its words means nothing (RFC 6749 §3.1.1). ok is false if there is none such.
func ResponseType(asked string) (canonical string, ok bool) {
	words := strings.Fields(asked)
	slices.Sort(words) // code id_token token, as it happens
	canonical = strings.Join(words, " ")
	return canonical, slices.Contains(responseTypes(), canonical)
}

// FrontChannel reports whether a response type hands out tokens through the browser.
func FrontChannel(responseType string) bool { return strings.Contains(responseType, "token") }

// needsGrants are the grant types that a response type takes (RFC 7591 §2.1). none hands
// out nothing, for clients that come for codes at other times.
func needsGrants(responseType string) (grants []string) {
	if responseType == "none" || strings.Contains(responseType, "code") {
		grants = append(grants, GrantCode)
	}
	if FrontChannel(responseType) {
		grants = append(grants, GrantImplicit)
	}
	return grants
}

// completeGrants fills in what was left out: grant types from response types and
// switches, response types from grant types. A switch that is on counts as its grant type.
func (m *ClientMetadata) completeGrants() {
	m.ResponseTypes = slices.Clone(m.ResponseTypes)
	codes := len(m.ResponseTypes) == 0
	for i, r := range m.ResponseTypes {
		if canonical, ok := ResponseType(r); ok {
			m.ResponseTypes[i] = canonical
		}
		codes = codes || !slices.Contains([]string{"id_token", "token", "id_token token"}, m.ResponseTypes[i])
	}
	m.addGrant(GrantCode, codes && len(m.GrantTypes) == 0)
	m.addGrant(GrantImplicit, m.AllowImplicit)
	m.addGrant(GrantPassword, m.AllowPasswordGrant)
	if len(m.ResponseTypes) > 0 {
		return
	}
	for _, r := range responseTypes() {
		if r != "none" && !slices.ContainsFunc(needsGrants(r), m.lacksGrant) {
			m.ResponseTypes = append(m.ResponseTypes, r)
		}
	}
}

func (m *ClientMetadata) lacksGrant(grantType string) bool {
	return !slices.Contains(m.GrantTypes, grantType)
}

func (m *ClientMetadata) addGrant(grantType string, wanted bool) {
	if wanted && m.lacksGrant(grantType) {
		m.GrantTypes = append(slices.Clip(m.GrantTypes), grantType)
	}
}

// returnsToApp: the browser comes back with an answer.
func (m *ClientMetadata) returnsToApp() bool {
	return !m.lacksGrant(GrantCode) || !m.lacksGrant(GrantImplicit)
}

// signsPeopleIn: a client without it acts for itself only.
func (m *ClientMetadata) signsPeopleIn() bool {
	return m.returnsToApp() || !m.lacksGrant(GrantPassword) || !m.lacksGrant(GrantDevice)
}

func (m *ClientMetadata) checkGrants(bool) *Error {
	for _, g := range m.GrantTypes {
		if why := m.badGrant(g); why != "" {
			return badMember("grant_types", "The grant type %q %s", g, why)
		}
	}
	for _, r := range m.ResponseTypes {
		if why := m.badResponseType(r); why != "" {
			return badMember("response_types", "The response type %q %s", r, why)
		}
	}
	return nil
}

// badGrant says why the client cannot have a grant type, "" if it can.
func (m *ClientMetadata) badGrant(g string) string {
	switch g {
	case GrantCode, GrantDevice:
	case GrantImplicit:
		if !m.AllowImplicit {
			return "needs the switch allow_implicit: tokens in the front channel leak (RFC 9700 §2.1.2). Use authorization_code if you can."
		}
	case GrantPassword:
		if !m.AllowPasswordGrant {
			return "needs the switch allow_password_grant: it gives people's passwords to the application (RFC 9700 §2.4). Use authorization_code if you can."
		}
	case GrantRefresh:
		if m.lacksGrant(GrantCode) && m.lacksGrant(GrantPassword) && m.lacksGrant(GrantDevice) {
			return "needs authorization_code, the device grant or password beside it: refresh tokens come from these."
		}
	case GrantClientCredentials:
		if m.TokenEndpointAuthMethod == "none" {
			// RFC 6749 §4.4: anybody could name the client.
			return "needs a client that authenticates; token_endpoint_auth_method is none."
		}
	default:
		return "is not supported: use authorization_code, and refresh_token beside it if the application works while nobody is there; client_credentials for an application that acts for itself; " + GrantDevice + " for a device without a browser."
	}
	return ""
}

func (m *ClientMetadata) badResponseType(r string) string {
	if _, ok := ResponseType(r); !ok {
		return "is not supported: use code."
	}
	if FrontChannel(r) && !m.AllowImplicit {
		return "needs the switch allow_implicit: tokens in the front channel leak (RFC 9700 §2.1.2). Use code if you can."
	}
	for _, g := range needsGrants(r) {
		if m.lacksGrant(g) {
			return "needs the grant type " + g + "."
		}
	}
	return ""
}

// FollowSwitches lets grant types and response types come and go with the switches
// allow_implicit and allow_password_grant, where a change of before flipped one and left
// the lists alone. [ClientMetadata.Complete] fills in the rest.
func (m *ClientMetadata) FollowSwitches(before ClientMetadata) {
	if !slices.Equal(m.GrantTypes, before.GrantTypes) || !slices.Equal(m.ResponseTypes, before.ResponseTypes) {
		return
	}
	if m.AllowPasswordGrant != before.AllowPasswordGrant {
		m.toggleGrant(GrantPassword, m.AllowPasswordGrant)
	}
	if m.AllowImplicit != before.AllowImplicit {
		m.toggleGrant(GrantImplicit, m.AllowImplicit)
		m.ResponseTypes = nil
	}
}

func (m *ClientMetadata) toggleGrant(grantType string, on bool) {
	m.GrantTypes = slices.DeleteFunc(slices.Clone(m.GrantTypes), func(g string) bool { return g == grantType })
	m.addGrant(grantType, on)
}

// Legacy names the switches that are on and that OAuth 2.1 has left behind.
func (m *ClientMetadata) Legacy() (switches []string) {
	for _, s := range m.legacy() {
		switches = append(switches, s[0])
	}
	return switches
}

// Warnings are sentences about switches that an admin should turn off again when the
// application allows it, with the reason.
func (m *ClientMetadata) Warnings() (sentences []string) {
	for _, s := range m.legacy() {
		sentences = append(sentences, s[0]+" is on: "+s[1])
	}
	return sentences
}

func (m *ClientMetadata) legacy() (on [][2]string) {
	for _, s := range []struct {
		on        bool
		name, why string
	}{
		{m.AllowImplicit, "allow_implicit", "this is legacy. Tokens in the front channel leak through browser histories, logs and referrers, and can be injected (RFC 9700 §2.1.2); OAuth 2.1 has removed the implicit grant. Use response_type=code with PKCE."},
		{m.AllowPasswordGrant, "allow_password_grant", "this is legacy. The application sees people's passwords, and no second factor or consent is asked (RFC 9700 §2.4: must not be used); OAuth 2.1 has removed the password grant. Use authorization_code."},
		{m.AllowAccessTokenInQuery, "allow_access_token_in_query", "this is legacy. Addresses with access tokens end in logs and histories (RFC 9700 §4.3.2); OAuth 2.1 forbids it. Send the token in the Authorization header."},
	} {
		if s.on {
			on = append(on, [2]string{s.name, s.why})
		}
	}
	return on
}
