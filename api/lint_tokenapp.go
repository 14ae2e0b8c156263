package api

import (
	"strings"

	"cloudsso/api/presets"
	"cloudsso/idp"
)

const maxGoodTokenLife = 300

func lintTokenApp(t idp.TokenApp) Lint {
	l := Lint{App: t.App, Name: t.Name, Kind: presets.KindTokenApp, Findings: tokenAppFindings(t)}
	l.Grade = grade(l.Findings)
	return l
}

func tokenAppFindings(t idp.TokenApp) []Finding {
	jwt := t.Scheme == idp.SchemeJWT
	return holding([]rule{
		{strings.HasPrefix(t.ReturnURL, "http://"), Finding{"http_return", weightBroken, "The token goes to plain http, so that anybody on the way is signed in with it.", "Use https.", "return_url", bcp + " §2.6"}},
		{jwt && t.Method == "get", Finding{"token_in_address", weightMedium, "The token stands in the browser's address, which ends in histories, logs and referrers: whoever reads it in time is signed in with it.", "If the app takes a form, set method to post. Otherwise keep lifetime short.", "method", bcp + " §4.3.1"}},
		{t.Lifetime > maxGoodTokenLife && jwt, Finding{"long_token", weightLow, "Tokens are valid for more than five minutes, and are needed for seconds.", "Set lifetime to 120.", "lifetime", "RFC 8725 §3.10"}},
		{jwt && t.NonceParam == "", Finding{"unasked_token", weightMedium, "The app cannot tell a token that it asked for from one that a stranger planted: somebody may work in another one's account without noticing (login CSRF).", "If the app sends a nonce, set nonce_param. OpenID Connect has this by itself.", "nonce_param", bcp + " §4.7"}},
		{t.KeyBytes() > 0, Finding{"shared_key", weightNote, "The app and we share a key: it must verify with that secret, and never with a key of the JWKS. Whoever reads it at the app can sign anybody in there.", "If the app can do RS256, choose that.", "algorithm", "RFC 8725 §3.2"}},
		{jwt && t.KeyBytes() == 0, Finding{"check_audience", weightNote, "Tokens of several apps are signed with one key: the app must refuse a token whose aud is not " + t.AudienceOf() + ".", "Tell the people who run the app.", "audience", "RFC 8725 §3.9"}},
		{strings.HasPrefix(t.Algorithm, "RS"), Finding{"pkcs1", weightNote, "RSASSA-PKCS1-v1_5 is sound, and older than the others.", "If the app can, choose ES256 or EdDSA.", "algorithm", "RFC 8725 §3.2"}},
		{true, Finding{"no_sign_out", weightNote, "The app hears neither that somebody signs out nor that they were disabled: its own session lives on.", "Keep the app's sessions short, and let its sign-out lead to our sign-out address.", "", ""}},
		{len(t.ReturnOrigins) > 3, Finding{"many_origins", weightLow, "Sign-ins may lead on to many sites.", "Leave in return_origins those that are in use.", "return_origins", bcp + " §4.11"}},
	})
}
