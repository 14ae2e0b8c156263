package oauth

import (
	"slices"
	"strings"

	"cloudsso/idp"
)

const clientCredentials = "client_credentials"

// ownGrant makes the grant of a client that acts for itself (RFC 6749 §4.4): no person,
// no session, no refresh token. It is written when the token has been made.
func (u *unit) ownGrant(asked string) error {
	if u.client.Public() || !u.client.AllowsGrant(clientCredentials) {
		return refuse(unauthorizedClient, "This client is not registered for the grant type client_credentials, or does not authenticate.")
	}
	scopes, err := u.ownScopes(strings.Fields(asked))
	u.grant = idp.Grant{
		ID: idp.NewID(), ClientID: u.client.ID, GrantType: clientCredentials, Scopes: scopes,
		CreatedAt: u.now, ExpiresAt: u.accessExpires(),
	}
	return err
}

// ownScopes are those that were asked for, or without any the client's own: those that
// are not about a person, since there is none.
func (u *unit) ownScopes(asked []string) ([]string, error) {
	allowed := slices.DeleteFunc(u.client.Scopes(), personal)
	if len(asked) == 0 {
		return allowed, nil
	}
	for _, scope := range asked {
		switch {
		case personal(scope):
			return nil, refuse(invalidScope, "The scopes openid, profile, email, phone, address, groups and offline_access are about a person, and with client_credentials there is none.")
		case !slices.Contains(allowed, scope):
			return nil, refuse(invalidScope, "The scope asks for more than this client is registered for.")
		}
	}
	return slices.DeleteFunc(allowed, func(s string) bool { return !slices.Contains(asked, s) }), nil
}

// personal reports whether a scope is about a person who has signed in.
func personal(scope string) bool { return slices.Contains(standardScopes(), scope) }

func standardScopes() []string {
	return []string{"openid", "profile", "email", "phone", "address", "groups", offlineOnly}
}
