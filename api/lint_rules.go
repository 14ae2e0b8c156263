package api

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
)

const (
	bcp         = "RFC 9700"
	oauth21     = "OAuth 2.1"
	interop     = "SAML V2.0 Deployment Profile for Federation Interoperability"
	maxGoodTTL  = 4 * 3600
	maxGoodIdle = 90 * 86400
	maxGoodLife = 600
)

// rule is a finding and when it holds.
type rule struct {
	holds bool
	Finding
}

func holding(rules []rule) []Finding {
	out := []Finding{}
	for _, r := range rules {
		if r.holds {
			out = append(out, r.Finding)
		}
	}
	return out
}

func clientFindings(c idp.Client, u usage) []Finding {
	implicit := Finding{"implicit", weightHigh, "Tokens travel through the browser's address, where they leak through histories, logs and referrers.", "Change the app to the code flow with PKCE, then turn allow_implicit off.", "allow_implicit", bcp + " §2.1.2"}
	unused := implicit
	unused.Rule, unused.Text, unused.Fix = "implicit_unused", "Implicit is on, and nobody has signed in to this app for 90 days.", "Turn allow_implicit off."
	return holding([]rule{
		{c.AllowImplicit && !u.unused, implicit},
		{c.AllowImplicit && u.unused, unused},
		{c.AllowPasswordGrant, Finding{"password_grant", weightHigh, "The app asks people for their passwords itself.", "Change the app to the code flow, then turn allow_password_grant off.", "allow_password_grant", bcp + " §2.4"}},
		{c.AllowAccessTokenInQuery, Finding{"token_in_query", weightMedium, "Userinfo takes access tokens in the address, which ends in logs.", "Let the app send the header Authorization, then turn allow_access_token_in_query off.", "allow_access_token_in_query", bcp + " §4.3.2"}},
		{c.AllowsGrant(idp.GrantCode) && !c.NeedsPKCE(), Finding{"no_pkce", weightMedium, "Codes are given without PKCE, so that a stolen one can be slipped in.", "If the app can send code_challenge, set require_pkce to true.", "require_pkce", bcp + " §2.1.1, " + oauth21 + " §4.1"}},
		{plainHTTP(c.RedirectURIs, c.ApplicationType), Finding{"http_redirect", weightBroken, "A redirect URI is plain http, so that anybody on the way reads the codes.", "Use https.", "redirect_uris", bcp + " §2.6"}},
		{c.AccessTokenTTL > maxGoodTTL, Finding{"long_access_token", weightLow, "Access tokens live for more than four hours: as long does somebody who was disabled keep them in apps that do not ask us.", "Set access_token_ttl to 3600 or less, and use refresh tokens.", "access_token_ttl", bcp + " §2.2.1"}},
		{c.RefreshTokenTTL > maxGoodIdle, Finding{"long_refresh_token", weightLow, "Refresh tokens live for more than 90 days without being used.", "Set refresh_token_ttl to 2592000 (30 days) or less.", "refresh_token_ttl", bcp + " §4.14"}},
		{c.Public() && c.AllowsGrant(idp.GrantRefresh) && c.ApplicationType == "web" && c.RefreshTokenTTL > maxGoodTTL*6, Finding{"browser_refresh_token", weightLow, "An app in the browser keeps refresh tokens for more than a day.", "Set refresh_token_ttl to 86400 or less.", "refresh_token_ttl", "OAuth 2.0 for Browser-Based Apps"}},
		{c.IDTokenSignedResponseAlg == "none", Finding{"unsigned_id_token", weightHigh, "ID tokens are not signed.", "Set id_token_signed_response_alg to RS256.", "id_token_signed_response_alg", "RFC 8725 §3.2"}},
		{len(c.SymmetricAlgs()) > 0, Finding{"shared_key", weightNote, "ID tokens are signed with a key that the app shares: it must verify them with that secret, and never with a key of the JWKS, whose entry for it is empty.", "If the app can do RS256, choose that.", "id_token_signed_response_alg", "RFC 8725 §3.2"}},
		{lacksEmail(c), Finding{"globalid_without_email", weightMedium, "The app gets GlobalID and not email beside it, which it needs to find the person.", "Add email to the mapping, or the scope email with claims_in_id_token.", "claims_mapping", "InfoSum, SSO FAQs, section 2"}},
		{c.TokenEndpointAuthMethod == "client_secret_post", Finding{"secret_in_body", weightNote, "The client secret travels in the body.", "If the app can, use client_secret_basic, or better private_key_jwt.", "token_endpoint_auth_method", "RFC 6749 §2.3.1"}},
		{c.UserinfoWithoutOpenID, Finding{"plain_oauth", weightNote, "The app takes an access token for a sign-in, without an ID token.", "If the app can do OpenID Connect, ask for the scope openid.", "userinfo_without_openid", bcp + " §4.5"}},
		{len(c.LogoURI) == 0 && !c.FirstParty && c.AllowsGrant(idp.GrantCode) && c.ClientName == "", Finding{"nameless", weightLow, "People are asked for consent to an app without a name.", "Set client_name.", "client_name", ""}},
		{c.IntrospectAll, Finding{"introspects_all", weightLow, "The client may look at the access tokens of all clients.", "Name its audiences in resource_server_for, then turn introspect_all off.", "introspect_all", "RFC 7662 §4"}},
	})
}

func plainHTTP(uris []string, kind string) bool {
	return kind != "native" && slices.ContainsFunc(uris, func(u string) bool { return strings.HasPrefix(u, "http://") })
}

// lacksEmail: GlobalID is there and nothing that brings email along.
func lacksEmail(c idp.Client) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(c.ClaimsMapping, func(m idp.Mapping) bool { return m.Name == name })
	}
	return has("GlobalID") && !has("email") && !(c.ClaimsInIDToken && slices.Contains(c.Scopes(), "email"))
}

func serviceProviderFindings(sp idp.ServiceProvider, u usage, now time.Time) []Finding {
	out := holding([]rule{
		{sp.SignatureAlgorithm == "rsa-sha1", Finding{"sha1", weightHigh, "We sign with SHA-1, which is broken, until " + sp.LegacyUntil + ".", "Set signature_algorithm to rsa-sha256.", "signature_algorithm", interop + " §2.1"}},
		{sp.AllowSHA1Requests, Finding{"sha1_requests", weightMedium, "Requests that are signed with SHA-1 are taken, until " + sp.LegacyUntil + ".", "Let the app sign with SHA-256, then turn allow_sha1_requests off.", "allow_sha1_requests", interop + " §2.1"}},
		{sp.AllowIDPInitiated, Finding{"idp_initiated", weightMedium, "Answers that nobody asked for can be planted in a stranger's browser.", "Set start_url to where the app starts a sign-in itself, then turn allow_idp_initiated off.", "allow_idp_initiated", "SAML V2.0 Profiles §4.1.5"}},
		{sp.AllowIDPInitiated && u.unused, Finding{"idp_initiated_unused", weightLow, "IdP-initiated sign-in is on, and nobody has signed in to this app for 90 days.", "Turn allow_idp_initiated off.", "allow_idp_initiated", ""}},
		{!sp.SignsRequests && !sp.WantAuthnRequestsSigned, Finding{"unsigned_requests", weightNote, "Sign-in requests of this app are not signed. Answers go to registered addresses only, so little can be done with a forged one.", "If the app can sign, import its metadata with AuthnRequestsSigned.", "want_authn_requests_signed", interop + " §2.2"}},
		{sp.Sign == "response" && sp.WantsAssertionsSigned, Finding{"assertion_unsigned", weightBroken, "The app's metadata wants signed assertions, and only the response is signed.", "Set sign to both.", "sign", "SAML V2.0 Metadata §2.4.4"}},
		{sp.Canonicalization == "inclusive", Finding{"inclusive_c14n", weightLow, "Signatures use inclusive canonicalization, which breaks when the assertion is moved into another document.", "If the app can, set canonicalization to exclusive.", "canonicalization", "SAML V2.0 Core §5.4.3"}},
		{sp.Lifetime > maxGoodLife, Finding{"long_assertion", weightLow, "Assertions are valid for more than ten minutes.", "Set lifetime to 300 or less.", "lifetime", interop + " §3"}},
		{strings.HasSuffix(sp.EncryptionAlgorithm, "-cbc") && sp.Encrypt != "never", Finding{"cbc", weightMedium, "Assertions are encrypted with AES-CBC, which lets an attacker probe for the text.", "Set encryption_algorithm to aes256-gcm.", "encryption_algorithm", interop + " §2.3"}},
		{sp.ResponseBinding == "redirect", Finding{"response_by_redirect", weightMedium, "Answers stand in the browser's address, which ends in histories and logs.", "Use the binding HTTP-POST.", "response_binding", "SAML V2.0 Profiles §4.1.2"}},
		{strings.HasSuffix(sp.NameID.Format, ":emailAddress"), Finding{"address_as_name", weightNote, "People are told apart by their e-mail address: who gets a new one is somebody else to the app, and who gets an old one is somebody before them.", "If the app can, use a persistent NameID.", "nameid", interop + " §3.1"}},
		{sp.OmitEntityAudience, Finding{"no_audience", weightMedium, "Assertions do not name the app's entity ID as audience.", "Turn omit_entity_audience off unless the app refuses that.", "omit_entity_audience", "SAML V2.0 Profiles §4.1.4.2"}},
	})
	for _, e := range sp.ACS {
		if strings.HasPrefix(e.Location, "http://") {
			out = append(out, Finding{"http_acs", weightBroken, "An ACS is plain http, so that anybody on the way reads the assertions.", "Use https.", "acs", interop + " §2"})
			break
		}
	}
	for _, der := range slices.Concat(sp.SigningCerts, sp.EncryptionCerts) {
		if cert, err := x509.ParseCertificate(der); err == nil {
			out = append(out, expiry("their_certificate", "A certificate of the app", cert.NotAfter, now)...)
		}
	}
	return out
}

// expiry warns of a certificate: many products refuse one that has expired, although
// metadata trust does not depend on it.
func expiry(name, what string, end, now time.Time) []Finding {
	days := int(end.Sub(now).Hours() / 24)
	f := Finding{Rule: name + "_expires", Weight: weightLow, Fix: "Make the next one in time, publish both, then change over.", Field: "", Source: interop + " §2.1"}
	switch {
	case !end.After(now):
		f.Rule, f.Weight, f.Text = name+"_expired", weightMedium, fmt.Sprintf("%s expired on %s.", what, end.Format(time.DateOnly))
	case days <= 30:
		f.Weight, f.Text = weightMedium, fmt.Sprintf("%s expires in %d days, on %s.", what, days, end.Format(time.DateOnly))
	case days <= 90:
		f.Text = fmt.Sprintf("%s expires in %d days, on %s.", what, days, end.Format(time.DateOnly))
	default:
		return nil
	}
	return []Finding{f}
}
