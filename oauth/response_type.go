package oauth

import (
	"context"
	"slices"
	"strings"

	"cloudsso/idp"
)

// Response modes (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form Post).
const (
	modeQuery    = "query"
	modeFragment = "fragment"
	modeFormPost = "form_post"
)

// wants reports whether the response type has this word.
func (a *authorization) wants(word string) bool {
	return slices.Contains(strings.Fields(a.response), word)
}

// front reports whether tokens go through the browser.
func (a *authorization) front() bool { return idp.FrontChannel(a.response) }

// checkResponseMode settles how even the faults of the following checks are answered:
// nothing of a request for tokens stands in a query, which ends in logs and referrers.
func checkResponseMode(_ context.Context, a *authorization) error {
	a.response, _ = idp.ResponseType(a.form.Get("response_type"))
	if a.front() {
		a.mode = modeFragment // Multiple Response Types §5
	}
	switch mode := a.form.Get("response_mode"); mode {
	case "":
	case modeQuery:
		if a.front() {
			return refuse(invalidRequest, "The response_mode query must not carry tokens: use fragment or form_post.")
		}
	case modeFragment:
		a.mode = mode
	case modeFormPost:
		if !strings.HasPrefix(a.redirectURI, "https:") && !strings.HasPrefix(a.redirectURI, "http:") {
			return refuse(invalidRequest, "The response_mode form_post needs a redirect_uri that is a web address.")
		}
		a.mode = mode
	default:
		return refuse(invalidRequest, "The response_mode is not supported: use query, fragment or form_post.")
	}
	return nil
}

func checkResponseType(_ context.Context, a *authorization) error {
	_, known := idp.ResponseType(a.response)
	switch {
	case a.response == "":
		return refuse(invalidRequest, "The parameter response_type is missing: use response_type=code.")
	case !known:
		return refuse(unsupportedResponseType, "The response_type is not supported: use response_type=code.")
	case a.front() && !a.client.AllowImplicit:
		// RFC 9700 §2.1.2: implicit only where an administrator has taken the risk.
		return refuse(unauthorizedClient, "This client may not get tokens in the front channel: use response_type=code. An administrator can turn on allow_implicit for it, which is legacy (RFC 9700 section 2.1.2).")
	case !slices.Contains(a.client.ResponseTypes, a.response):
		return refuse(unauthorizedClient, "This client is not registered for the response_type %s: an administrator can add it to the client's response_types.", a.response)
	case a.wants("code") && !a.client.AllowsGrant(idp.GrantCode):
		return refuse(unauthorizedClient, "This client is not registered for the grant type authorization_code, which the response_type needs.")
	}
	return nil
}

// checkNonce: an ID token that comes through the browser can be replayed into it; only the
// nonce tells (OpenID Connect Core §3.2.2.11, §3.3.2.11).
func checkNonce(_ context.Context, a *authorization) error {
	switch {
	case !a.wants("id_token"):
		return nil
	case !slices.Contains(a.scopes, "openid"):
		return refuse(invalidScope, "The response_type asks for an ID token, which needs the scope openid.")
	case a.nonce == "":
		return refuse(invalidRequest, "The parameter nonce is missing: it must be there when the response_type asks for an id_token.")
	}
	return nil
}
