package oauth

import (
	"net/url"

	"cloudsso/idp"
)

// visit is the address of a client's front channel, with the query that it was registered
// with (OpenID Connect Front-Channel Logout §2). iss and sid come together, and only to a
// client that asked for them.
func (p *Provider) visit(c *idp.Client, g idp.Grant) string {
	if c.FrontchannelLogoutURI == "" || !c.FrontchannelLogoutSessionRequired {
		return c.FrontchannelLogoutURI
	}
	return target(c.FrontchannelLogoutURI, modeQuery, url.Values{"iss": {p.Issuer}, "sid": {g.SID}})
}
