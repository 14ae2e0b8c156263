package oauth

import (
	"net/url"

	"cloudsso/idp"
)

// maxLoginHint is what somebody types in as a name, at most.
const maxLoginHint = 256

// InitiateLogin is where a browser goes so that a client starts a sign-in here itself
// (OpenID Connect Core §4), empty if the client has no such address. Attack: a link of ours
// makes the client send people on to a stranger's page. Decision: a target that is not on
// an origin of the client's own is left out, and the client opens its usual page.
func (p *Provider) InitiateLogin(c *idp.Client, targetLink, loginHint string) string {
	if c.InitiateLoginURI == "" {
		return ""
	}
	params := url.Values{"iss": {p.Issuer}}
	if ownAddress(c, targetLink) {
		params.Set("target_link_uri", targetLink)
	}
	if loginHint != "" && len(loginHint) <= maxLoginHint {
		params.Set("login_hint", loginHint)
	}
	return target(c.InitiateLoginURI, modeQuery, params)
}

func ownAddress(c *idp.Client, address string) bool {
	origin := idp.Origin(address)
	if origin == "" {
		return false
	}
	for _, own := range append([]string{c.InitiateLoginURI, c.ClientURI}, c.RedirectURIs...) {
		if idp.Origin(own) == origin {
			return true
		}
	}
	return false
}
