package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// leeway is what clocks may differ by; ours are one.
const leeway = time.Minute

var errNoKey = errors.New("no key of the key set verifies it")

// open verifies a JWT by one algorithm, and returns its claims.
func (v *visit) open(raw, alg string) (map[string]any, error) {
	return openJWT(raw, alg, v.keys, v.SharedKeys)
}

func openJWT(raw, alg string, set jose.JSONWebKeySet, shared [][]byte) (claims map[string]any, err error) {
	var payload []byte
	switch parsed, parseErr := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)}); {
	case alg == "none":
		payload, err = unsigned(raw)
	case parseErr != nil:
		return nil, parseErr
	default:
		payload, err = verified(parsed, alg, set, shared)
	}
	if err != nil {
		return nil, err
	}
	return claims, json.Unmarshal(payload, &claims)
}

func verified(parsed *jose.JSONWebSignature, alg string, set jose.JSONWebKeySet, shared [][]byte) ([]byte, error) {
	if strings.HasPrefix(alg, "HS") {
		for _, key := range shared {
			if payload, err := parsed.Verify(key); err == nil {
				return payload, nil
			}
		}
		return nil, errNoKey
	}
	for _, key := range set.Key(parsed.Signatures[0].Header.KeyID) {
		if payload, err := parsed.Verify(key); err == nil {
			return payload, nil
		}
	}
	return nil, errNoKey
}

func unsigned(raw string) ([]byte, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || parts[2] != "" {
		return nil, errors.New("it is not a JWT without a signature")
	}
	return base64.RawURLEncoding.DecodeString(parts[1])
}

// checkIDToken checks what came in one answer (OpenID Connect Core §3.1.3.7, §3.2.2.11,
// §3.3.2.11). where says in which one; nonce is empty for a refresh.
func (v *visit) checkIDToken(ctx context.Context, where, raw, access, code, nonce string) map[string]any {
	alg := v.Client.IDTokenSignedResponseAlg
	claims, err := v.open(raw, alg)
	if !v.check(err == nil, "ID token signature"+where, alg, textOf(err, alg+", verified"), "The application would refuse this token. Look at id_token_signed_response_alg, and at the keys.") {
		return nil
	}
	v.checkIndependently(ctx, where, raw, alg)
	v.equal("iss of the ID token"+where, v.Issuer, text(claims["iss"]), "Report this: the issuer must be the one of discovery, letter by letter.")
	v.equal("aud of the ID token"+where, v.Client.ID, text(claims["aud"]), "Report this: the audience must be the client_id.")
	azp := text(claims["azp"])
	v.check(azp == "" || azp == v.Client.ID, "azp of the ID token"+where, "absent, or "+v.Client.ID, cmp.Or(azp, "absent"), "Report this: the authorized party must be the client.")
	v.check(text(claims["sub"]) != "" && len(text(claims["sub"])) <= 255, "sub of the ID token"+where, "1 to 255 characters", text(claims["sub"]), "Report this: the token names nobody.")
	v.checkTimes(where, claims)
	if nonce != "" {
		v.equal("nonce"+where, "the nonce of the request", word(text(claims["nonce"]) == nonce, "the nonce of the request", "another"), "Report this: without the right nonce a token can be replayed.")
	}
	v.checkHash("at_hash"+where, alg, access, text(claims["at_hash"]))
	v.checkHash("c_hash"+where, alg, code, text(claims["c_hash"]))
	return claims
}

// checkIndependently lets a library that many relying parties use have its say.
func (v *visit) checkIndependently(ctx context.Context, where, raw, alg string) {
	if alg == "none" || strings.HasPrefix(alg, "HS") {
		v.skip("go-oidc accepts the ID token"+where, "go-oidc knows no "+alg+". The signature was checked with go-jose"+word(alg == "none", ", which found none, as it must.", " and the shared key."))
		return
	}
	set := oidc.NewRemoteKeySet(oidc.ClientContext(ctx, v.http.client()), v.provider.JWKSURL)
	_, err := oidc.NewVerifier(v.Issuer, set, &oidc.Config{ClientID: v.Client.ID, SupportedSigningAlgs: []string{alg}, Now: v.Now}).Verify(ctx, raw)
	v.check(err == nil, "go-oidc accepts the ID token"+where, "accepted", textOf(err, "accepted"), "Relying parties that use this library would refuse the token.")
}

func (v *visit) checkTimes(where string, claims map[string]any) {
	now, proven := v.Now(), moment(claims["auth_time"])
	v.lives("ID token"+where, now, claims)
	if c := v.Client; !c.RequireAuthTime && c.DefaultMaxAge == nil {
		v.skip("auth_time"+where, "The client demands none (require_auth_time, default_max_age).")
		return
	}
	ok := !proven.IsZero() && !proven.After(now.Add(leeway))
	if age := v.Client.DefaultMaxAge; age != nil && where == "" {
		ok = ok && now.Sub(proven) <= time.Duration(*age)*time.Second+leeway
	}
	v.check(ok, "auth_time"+where, "when the person last proved who they are", stamp(proven), "The sign-in was older than the client allows (default_max_age). Sign in again for the test.")
}

// lives checks that a token is valid now, and was issued just now.
func (s *sheet) lives(what string, now time.Time, claims map[string]any) {
	issued, expires := moment(claims["iat"]), moment(claims["exp"])
	s.check(expires.After(now), "exp of the "+what, "after "+stamp(now), stamp(expires), "Check the clock of this server.")
	s.check(!issued.IsZero() && now.Sub(issued).Abs() <= leeway, "iat of the "+what, "about "+stamp(now), stamp(issued), "Check the clock of this server.")
}

// checkHash: OpenID Connect Core §3.1.3.6. Nothing came beside the token: nothing to bind.
func (v *visit) checkHash(name, alg, value, received string) {
	want := leftHash(alg, value)
	if want == "" {
		v.skip(name, "Nothing comes beside the ID token that has to be bound to it.")
		return
	}
	v.equal(name, want, received, "Report this: what comes beside the ID token could be exchanged on the way.")
}

// leftHash is the left half of the hash of value that goes with alg.
func leftHash(alg, value string) string {
	var sum []byte
	switch {
	case value == "" || alg == "none":
		return ""
	case strings.HasSuffix(alg, "256"):
		h := sha256.Sum256([]byte(value))
		sum = h[:]
	case strings.HasSuffix(alg, "384"):
		h := sha512.Sum384([]byte(value))
		sum = h[:]
	default:
		h := sha512.Sum512([]byte(value))
		sum = h[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// text is a claim as a text: a list of one, such as aud may be, counts as its member.
func text(claim any) string {
	switch c := claim.(type) {
	case nil:
		return ""
	case string:
		return c
	case []any:
		parts := make([]string, len(c))
		for i := range c {
			parts[i] = text(c[i])
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(claim)
}

func moment(claim any) time.Time {
	if seconds, ok := claim.(float64); ok {
		return time.Unix(int64(seconds), 0).UTC()
	}
	return time.Time{}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.RFC3339)
}

// pretty writes claims for people, in the order of their names.
func pretty(claims any) string {
	b, err := json.MarshalIndent(claims, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// decoded is a JWT without its signature.
func decoded(raw string, claims map[string]any) string {
	var header any
	if b, err := base64.RawURLEncoding.DecodeString(raw[:max(strings.IndexByte(raw, '.'), 0)]); err == nil {
		_ = json.Unmarshal(b, &header) // it was parsed before; what cannot be read is shown as null
	}
	return pretty(struct {
		Header any `json:"header"`
		Claims any `json:"claims"`
	}{header, claims})
}

// hasKey says whether a claim with this name, or a nested one under a dotted name, has a value.
func hasKey(claims map[string]any, name string) bool {
	if _, ok := claims[name]; ok {
		return true
	}
	first, rest, nested := strings.Cut(name, ".")
	inner, ok := claims[first].(map[string]any)
	return nested && ok && hasKey(inner, rest)
}

// publishes reports whether the key set holds one of the shared keys.
func publishes(set jose.JSONWebKeySet, shared [][]byte) bool {
	return slices.ContainsFunc(set.Keys, func(k jose.JSONWebKey) bool {
		published, ok := k.Key.([]byte)
		return ok && slices.ContainsFunc(shared, func(key []byte) bool { return string(key) == string(published) })
	})
}

// secret checks that what signs is known to two only.
func (s *sheet) secret(set jose.JSONWebKeySet, shared [][]byte) {
	published := publishes(set, shared)
	s.check(!published, "Secrecy of the shared key", "the key set does not hold it", word(published, "it is published", "it does not"), "Replace the secret at once, and report this.")
}

func (s *sheet) checkKeySet(set jose.JSONWebKeySet, err error) bool {
	return s.check(err == nil && len(set.Keys) > 0, "Key set", "JSON Web Keys", textOf(err, fmt.Sprintf("%d keys", len(set.Keys))), "The key set is the provider's own. Report this, with the support code.")
}
