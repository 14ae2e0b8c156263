package idp

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

const discourseReturn = "/session/sso_login"

// Complete fills in the defaults of a signed-token app and refuses what could not work or
// would not be safe. dev lets addresses be http on loopback. What it returns joins errors of
// code [Invalid], each with the member at fault.
func (a *TokenApp) Complete(dev bool) error {
	a.setDefaults()
	var faults []error
	for _, check := range []func(bool) *Error{
		a.checkName, a.checkScheme, a.checkReturnURL, a.checkStart, a.checkParams, a.checkReturnOrigins, a.checkAudience, a.checkSignOut, a.checkRest,
	} {
		if err := check(dev); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (a *TokenApp) setDefaults() {
	a.Name = cmp.Or(strings.TrimSpace(a.Name), a.App)
	a.Scheme, a.Lifetime = cmp.Or(a.Scheme, SchemeJWT), cmp.Or(a.Lifetime, 300)
	if a.Scheme == SchemeJWT {
		a.Method, a.Algorithm, a.TokenParam = cmp.Or(a.Method, "get"), cmp.Or(a.Algorithm, "RS256"), cmp.Or(a.TokenParam, "token")
		return
	}
	if before, ok := strings.CutSuffix(a.ReturnURL, discourseReturn); ok && a.StartURL == "" {
		a.StartURL = before + "/session/sso"
	}
}

func (a *TokenApp) checkName(bool) *Error {
	if len(a.Name) > 200 || strings.ContainsFunc(a.Name, unicode.IsControl) {
		return badMember("name", "The name must be ordinary text of at most 200 bytes.")
	}
	return nil
}

func (a *TokenApp) checkScheme(bool) *Error {
	switch a.Scheme {
	case SchemeJWT:
		if !slices.Contains(append(AsymmetricAlgs(), SymmetricAlgs()...), a.Algorithm) {
			return badMember("algorithm", "The algorithm %q is unknown.", a.Algorithm)
		}
		if a.Method != "get" && a.Method != "post" {
			return badMember("method", "The method must be get or post.")
		}
		return nil
	case SchemeDiscourse:
		for _, f := range [][2]string{
			{"algorithm", a.Algorithm}, {"method", a.Method}, {"token_param", a.TokenParam}, {"audience", a.Audience},
			{"return_to_param", a.ReturnToParam}, {"state_param", a.StateParam}, {"nonce_param", a.NonceParam},
		} {
			if f[1] != "" {
				return badMember(f[0], "DiscourseConnect fixes this itself: leave %s out.", f[0])
			}
		}
		return nil
	}
	return badMember("scheme", "The scheme must be jwt or discourse.")
}

// checkReturnURL: whoever reads what arrives there is signed in as the person.
func (a *TokenApp) checkReturnURL(dev bool) *Error {
	if a.ReturnURL == "" {
		return badMember("return_url", "The address that the token goes to is missing.")
	}
	u, err := tokenAddress("return_url", a.ReturnURL, dev)
	if err != nil {
		return err
	}
	query, bad := url.ParseQuery(u.RawQuery)
	if bad != nil {
		return badMember("return_url", "The query of the address is not well-formed.")
	}
	// Attack: of two parameters of one name the app reads the other one.
	for _, ours := range append(a.params(), "sso", "sig") {
		if query.Has(ours) {
			return badMember("return_url", "The address has the parameter %s already, which is part of our answer.", ours)
		}
	}
	return nil
}

// params are the names of what we add to return_url.
func (a *TokenApp) params() []string {
	return slices.DeleteFunc([]string{a.TokenParam, a.ReturnToParam, a.StateParam}, func(name string) bool { return name == "" })
}

func tokenAddress(field, raw string, dev bool) (*url.URL, *Error) {
	u, why := absolute(raw)
	switch {
	case why != "":
		return nil, badMember(field, "The address %.200q cannot be used: %s", raw, why)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, badMember(field, "The address %.200q cannot be used: it has no host.", raw)
	case u.Scheme == "https", dev && u.Scheme == "http" && (loopbackIP(u) || u.Hostname() == "localhost"):
		return u, nil
	}
	return nil, badMember(field, "The address %.200q cannot be used: it must be https.", raw)
}

func (a *TokenApp) checkStart(dev bool) *Error {
	if a.StartURL == "" {
		return nil
	}
	_, err := tokenAddress("start_url", a.StartURL, dev)
	return err
}

func (a *TokenApp) checkParams(bool) *Error {
	for _, f := range [][2]string{{"token_param", a.TokenParam}, {"return_to_param", a.ReturnToParam}, {"state_param", a.StateParam}, {"nonce_param", a.NonceParam}} {
		if len(f[1]) > 64 || strings.Trim(f[1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != "" {
			return badMember(f[0], "The name of a parameter has at most 64 letters, digits, dots, hyphens and underscores.")
		}
	}
	names := a.params()
	if slices.Sort(names); len(slices.Compact(names)) < len(a.params()) {
		return badMember("token_param", "token_param, return_to_param and state_param need different names.")
	}
	return nil
}

func (a *TokenApp) checkReturnOrigins(dev bool) *Error {
	for _, origin := range a.ReturnOrigins {
		if _, err := tokenAddress("return_origins", origin, dev); err != nil {
			return err
		}
		if Origin(origin) != origin {
			return badMember("return_origins", "%.200q is not an origin: expected scheme and host, such as https://help.example.com.", origin)
		}
	}
	return nil
}

func (a *TokenApp) checkAudience(bool) *Error {
	if len(a.Audience) > 256 || strings.ContainsFunc(a.Audience, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return badMember("audience", "The audience is a word or address of at most 256 ASCII characters without spaces.")
	}
	return nil
}

func (a *TokenApp) checkSignOut(dev bool) *Error {
	for _, raw := range a.PostLogoutRedirectURIs {
		if _, err := tokenAddress("post_logout_redirect_uris", raw, dev); err != nil {
			return err
		}
	}
	return nil
}

func (a *TokenApp) checkRest(dev bool) *Error {
	if a.Lifetime < 30 || a.Lifetime > 3600 {
		return badMember("lifetime", "A token is valid for 30 to 3600 seconds.")
	}
	if a.LogoURI != "" {
		if err := badPageURI("logo_uri", a.LogoURI, dev); err != nil {
			return err
		}
	}
	if err := a.Assigned.Check(); err != nil {
		return err.On("assigned" + err.Field)
	}
	return nil
}

// MayReturnTo reports whether the app may be asked to go on to an address: to a path of its
// own, or to one on the origin of return_url or of return_origins. Attack: a link of ours
// signs somebody in and leads them to a stranger's page, with the app's own redirect as
// the last step. Decision: what browsers read in two ways (backslashes, user names,
// control characters, //host) is never passed on.
func (a *TokenApp) MayReturnTo(address string) bool {
	if strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) || len(address) > maxURI {
		return false
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.User != nil || u.Opaque != "":
		return false
	case !u.IsAbs():
		return u.Host == "" && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//")
	}
	page, _, _ := strings.Cut(address, "#")
	origin := Origin(page)
	return origin != "" && (origin == Origin(a.ReturnURL) || slices.Contains(a.ReturnOrigins, origin))
}
