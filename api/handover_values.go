package api

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
)

const initWarning = "Anybody can plant an answer that nobody asked for in a stranger's browser: use it only where the app cannot start a sign-in itself."

// clientValues are the values of a client by the names of presets.Values.
func (a *core) clientValues(c idp.Client) map[string]HandoverRow {
	v := a.commonValues(c.ID)
	for name, path := range map[string]string{
		"discovery_url": "/.well-known/openid-configuration", "oauth_metadata_url": "/.well-known/oauth-authorization-server",
		"authorization_endpoint": "/oauth2/authorize", "token_endpoint": "/oauth2/token", "userinfo_endpoint": "/oauth2/userinfo",
		"jwks_uri": "/oauth2/jwks", "end_session_endpoint": "/oauth2/logout", "introspection_endpoint": "/oauth2/introspect",
		"revocation_endpoint": "/oauth2/revoke", "pushed_authorization_request_endpoint": "/oauth2/par", "device_authorization_endpoint": "/oauth2/device",
	} {
		v[name] = urlRow(a.Issuer + path)
	}
	if !c.AllowsGrant(idp.GrantDevice) {
		delete(v, "device_authorization_endpoint")
	}
	v["client_id"] = textRow(c.ID)
	v["scope"] = textRow(c.Scope)
	v["token_endpoint_auth_method"] = textRow(c.TokenEndpointAuthMethod)
	v["id_token_signed_response_alg"] = textRow(c.IDTokenSignedResponseAlg)
	v["redirect_uris"] = pemRow(strings.Join(c.RedirectURIs, "\n")).with("The app's own: where it gets its answers.")
	if c.HasSecret() {
		v["client_secret"] = secretRow("Shown once when it is made. Send it by a one-time link, and the link's key another way.")
	}
	if c.HSKey == idp.HSKeyDedicated {
		v["shared_signing_key"] = secretRow("The key of HS* tokens. Shown once when it is made; send it by a one-time link.")
	}
	if c.InitiateLoginURI != "" {
		v["initiate_login_uri"] = urlRow(c.InitiateLoginURI).with("The app's own: where it starts a sign-in.")
	}
	if key := a.publicKey(c.IDTokenSignedResponseAlg); key != "" {
		v["public_key"] = pemRow(key).with("It changes when keys are rotated. An app that can should read jwks_uri instead.")
	}
	return drop(v)
}

// drop leaves out values that are empty.
func drop(v map[string]HandoverRow) map[string]HandoverRow {
	for name, row := range v {
		if row.Value == "" && row.Kind != rowSecret {
			delete(v, name)
		}
	}
	return v
}

// PublicKey is what hand-over sheets show of the key that signs with an algorithm now: a PEM file,
// "" of an algorithm without a public key.
func (a *Admin) PublicKey(alg string) string { return a.publicKey(alg) }

// publicKey is the PEM form of the key that signs with an algorithm now, "" of one
// without a public key.
func (a *core) publicKey(alg string) string {
	var set jose.JSONWebKeySet
	doc, _ := a.Ring.JWKS()
	if json.Unmarshal(doc, &set) != nil {
		return ""
	}
	for _, info := range a.Ring.Keys() {
		if info.Use != idp.KeyUseSign || info.Alg != alg || !info.Signing {
			continue
		}
		for _, k := range set.Key(info.KID) {
			if der, err := x509.MarshalPKIXPublicKey(k.Key); err == nil {
				return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			}
		}
	}
	return ""
}

// serviceProviderValues are the values of a service provider.
func (a *core) serviceProviderValues(ctx context.Context, sp idp.ServiceProvider, relayState string) (map[string]HandoverRow, error) {
	v := a.commonValues(sp.App)
	v["entity_id"] = textRow(a.Issuer + "/saml/metadata")
	v["sso_url"] = urlRow(a.Issuer + "/saml/sso").with("HTTP-Redirect and HTTP-POST.")
	v["slo_url"] = urlRow(a.Issuer + "/saml/slo").with("HTTP-Redirect and HTTP-POST.")
	v["metadata_url"] = urlRow(a.Issuer + "/saml/metadata/" + sp.App)
	v["signature_algorithm"] = textRow(cmp.Or(sp.SignatureAlgorithm, "rsa-sha256"))
	v["nameid_format"] = textRow(sp.NameID.Format)
	v["start_url"] = urlRow(sp.StartURL).with("The app's own: where it starts a sign-in.")
	v["sp_entity_id"] = textRow(sp.EntityID).with("The app's own name.")
	acs := make([]string, len(sp.ACS))
	for i, e := range sp.ACS {
		acs[i] = e.Location
	}
	v["acs"] = pemRow(strings.Join(acs, "\n")).with("The app's own: where answers go.")
	if sp.AllowIDPInitiated && !sp.Disabled {
		address, snippet := a.initLinks(sp, relayState)
		v["idp_initiated_url"], v["idp_initiated_html"] = urlRow(address).with(initWarning), textRow(snippet).with(initWarning)
	}
	key, err := a.Ring.SAMLKeyOf(ctx, nil, samlApp(sp))
	if err == nil && key.Certificate != nil {
		certificateValues(v, key.Certificate)
	}
	return drop(v), err
}

// certificateValues writes our certificate in every notation that people ask for.
func certificateValues(v map[string]HandoverRow, cert *x509.Certificate) {
	seen, raw := viewCertificate(cert), base64.StdEncoding.EncodeToString(cert.Raw)
	v["certificate"] = pemRow(seen.PEM)
	v["certificate_line"] = textRow(raw).with("The same on one line, without header.")
	v["certificate_der"] = textRow(raw).with("Base64 of the DER file.")
	v["sha1"], v["sha1_colons"] = textRow(seen.SHA1), textRow(seen.SHA1Colons)
	v["sha256"], v["sha256_colons"] = textRow(seen.SHA256), textRow(seen.SHA256Colons)
	v["certificate_not_after"] = textRow(seen.NotAfter.Format("2006-01-02"))
}
