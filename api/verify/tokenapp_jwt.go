package verify

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
)

// link is the query that a strict application puts on our link: all that the settings name.
func (v *tokenVisit) link() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{v.App.StateParam: idp.NewSecret() + `"><&=+ ü`, v.App.ReturnToParam: idp.Origin(v.App.ReturnURL) + "/where?a=1&b=%26#there"} {
		if name != "" {
			q.Set(name, value)
		}
	}
	if name := v.App.NonceParam; name != "" {
		if !q.Has(name) {
			q.Set(name, idp.NewSecret())
		}
		v.nonce = q.Get(name)
	}
	return q
}

// checkToken checks a JWT and what came with it (RFC 7519, RFC 8725).
func (v *tokenVisit) checkToken(ctx context.Context, fields url.Values) error {
	set, err := v.http.keySet(ctx, v.Issuer+"/oauth2/jwks")
	if v.App.KeyBytes() == 0 {
		v.checkKeySet(set, err)
	}
	raw := fields.Get(v.App.TokenParam)
	claims, err := openJWT(raw, v.App.Algorithm, set, [][]byte{v.SharedKey})
	if v.check(err == nil, "Signature", v.App.Algorithm, textOf(err, v.App.Algorithm+", verified"), "The application would refuse this token. Look at algorithm, and at the keys.") {
		v.checkKeys(raw, set)
		v.checkClaims(claims)
		v.show("token", "json", decoded(raw, claims))
	}
	v.checkEchoes(fields)
	if err := v.checkPlaces(ctx); err != nil {
		return err
	}
	return v.checkAgain(ctx, set, text(claims["jti"]))
}

// checkKeys looks at what applications verify with that do not read the key set.
func (v *tokenVisit) checkKeys(raw string, set jose.JSONWebKeySet) {
	if v.App.KeyBytes() > 0 {
		v.secret(set, [][]byte{v.SharedKey})
		return
	}
	err := verifyWithPEM(raw, v.App.Algorithm, v.PublicKey())
	v.check(err == nil, "Public key of the hand-over sheet", "verifies the token", textOf(err, "verifies the token"), "The application would refuse this token if it was set up with this key. Hand over the key of the sheet again, or have it read jwks_uri.")
}

func verifyWithPEM(raw, alg, text string) error {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("there is no public key on the sheet")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return err
	}
	parsed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err == nil {
		_, err = parsed.Verify(key)
	}
	return err
}

func (v *tokenVisit) checkClaims(claims map[string]any) {
	v.equal("iss", v.Issuer, text(claims["iss"]), "Report this: the issuer must be ours, letter by letter.")
	v.equal("aud", v.App.AudienceOf(), text(claims["aud"]), "Look at audience: the application takes no token for somebody else.")
	v.equal("sub", v.Person.Subject, text(claims["sub"]), "Report this: the token names somebody else.")
	v.lives("token", v.Now(), claims)
	life := moment(claims["exp"]).Sub(moment(claims["iat"]))
	v.equal("Lifetime", fmt.Sprintf("%d s", v.App.Lifetime), fmt.Sprintf("%.0f s", life.Seconds()), "Report this: the token must live as long as the setting lifetime says.")
	if v.nonce == "" {
		v.skip("nonce", "The application brings none (nonce_param), so it cannot tell a token that it asked for from one that was planted.")
	} else {
		v.equal("nonce", "the nonce of the request", word(text(claims["nonce"]) == v.nonce, "the nonce of the request", "another"), "Report this: without the right nonce a token can be planted.")
	}
	v.required(v.App.Claims, func(name string) bool { return hasKey(claims, name) })
}

// checkEchoes: what the application gave along comes back as it was.
func (v *tokenVisit) checkEchoes(fields url.Values) {
	for _, echoed := range [][2]string{{"Return address", v.App.ReturnToParam}, {"state", v.App.StateParam}} {
		what, name := echoed[0], echoed[1]
		if name == "" {
			v.skip(what, "The application gives none along.")
			continue
		}
		v.equal(what, v.asked.Get(name), fields.Get(name), "Report this: "+name+" must come back as it was.")
	}
}

// checkPlaces: attack: a link of ours that leads people, signed in, to a site of somebody else.
func (v *tokenVisit) checkPlaces(ctx context.Context) error {
	if v.App.NonceParam != "" {
		bare := v.with(v.App.NonceParam, "")
		if err := v.mustRefuse(ctx, "Link without a nonce", "it is refused", bare, "Report this: a token that nobody asked for can be planted."); err != nil {
			return err
		}
	}
	name, home := v.App.ReturnToParam, idp.Origin(v.App.ReturnURL)
	if name == "" || name == v.App.NonceParam {
		return nil
	}
	for _, place := range []string{"https://elsewhere.invalid/", home + ".elsewhere.invalid/", home + "@elsewhere.invalid/", "//elsewhere.invalid/", "javascript:alert(1)"} {
		if err := v.mustRefuse(ctx, "Return address "+place, "it is refused", v.with(name, place), "Report this: people can be led elsewhere, signed in."); err != nil {
			return err
		}
	}
	for _, origin := range v.App.ReturnOrigins {
		got, err := v.open(ctx, v.with(name, origin+"/there"))
		if err != nil {
			return err
		}
		v.check(got.fields.Get(name) == origin+"/there", "Return address "+origin, "it is passed on", word(got.fields.Get(name) == origin+"/there", "it is passed on", v.said(got)), "Look at return_origins: the application wants people there.")
	}
	return nil
}

// with is the link with one parameter changed, or without it.
func (v *tokenVisit) with(name, value string) url.Values {
	q := maps.Clone(v.asked)
	if q.Del(name); value != "" {
		q.Set(name, value)
	}
	return q
}

// checkAgain signs in once more: applications keep jti so that a token works once.
func (v *tokenVisit) checkAgain(ctx context.Context, set jose.JSONWebKeySet, first string) error {
	got, err := v.open(ctx, v.asked)
	if err != nil {
		return err
	}
	claims, _ := openJWT(got.fields.Get(v.App.TokenParam), v.App.Algorithm, set, [][]byte{v.SharedKey}) // none: there is no jti
	second := text(claims["jti"])
	v.check(first != "" && second != "" && first != second, "jti", "one, and another in the next token", strings.TrimSpace(first+" "+second), "Report this: an application that takes each token once would take none, or one for ever.")
	return nil
}
