package oauth

import (
	"github.com/ory/fosite"

	"cloudsso/idp"
)

// client shows an idp.Client to fosite. It holds no secret: authentication is ours. The
// record may be shared with other requests ([idp.Holding]): nothing here changes it.
type client struct {
	*idp.Client
	redirectURI string // the one that the request may use; fosite's own matching is too lax
}

func (c *client) GetID() string                      { return c.ID }
func (c *client) GetHashedSecret() []byte            { return nil }
func (c *client) GetRedirectURIs() []string          { return []string{c.redirectURI} }
func (c *client) GetGrantTypes() fosite.Arguments    { return c.GrantTypes }
func (c *client) GetResponseTypes() fosite.Arguments { return c.ResponseTypes }
func (c *client) GetScopes() fosite.Arguments        { return c.Scopes() }
func (c *client) IsPublic() bool                     { return c.Public() }
func (c *client) GetAudience() fosite.Arguments      { return nil }
