package api

import (
	"strings"

	"cloudsso/idp"
)

// genericTokenApp is the preset whose words fit an app that was made without one.
func genericTokenApp(t idp.TokenApp) string {
	if t.Scheme == idp.SchemeDiscourse {
		return "discourse"
	}
	return "token-app"
}

// tokenAppValues are the values of a signed-token app by the names of presets.Values.
func (a *core) tokenAppValues(t idp.TokenApp) map[string]HandoverRow {
	v := a.commonValues(t.App)
	v["login_url"] = urlRow(a.tokenLoginURL(t.App)).with("Where the app sends people to sign in.")
	v["return_url"] = urlRow(t.ReturnURL).with("The app's own: where the token goes.")
	v["start_url"] = urlRow(t.StartURL).with("The app's own: where it starts a sign-in.")
	v["token_param"], v["algorithm"] = textRow(t.TokenParam), textRow(t.Algorithm)
	names := []string{}
	for _, row := range t.Claims {
		names = append(names, row.Name)
	}
	v["claims"] = textRow(strings.Join(names, ", ")).with("What the app is told about people, by these names.")
	if t.KeyBytes() > 0 {
		v["shared_key"] = secretRow("Shown once when it is made. Send it by a one-time link, and the link's key another way.")
	} else {
		v["jwks_uri"] = urlRow(a.Issuer + "/oauth2/jwks")
		v["public_key"] = pemRow(a.publicKey(t.Algorithm)).with("It changes when keys are rotated. An app that can should read jwks_uri instead.")
	}
	if t.Scheme == idp.SchemeJWT {
		v["audience"] = textRow(t.AudienceOf()).with("aud of the token. The app must take no other.")
	}
	return drop(v)
}
