package oauth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

// everyIDToken signs in by each response type that gives ID tokens, and once more by the
// refresh token of the first. Of a hybrid sign-in both ID tokens are there, in order.
func everyIDToken(t *testing.T, h *house, more ...string) map[string][]map[string]any {
	t.Helper()
	out := map[string][]map[string]any{}
	for _, asked := range []string{"code", "id_token", "id_token token", "code token", "code id_token", "code id_token token"} {
		got := h.authorize(front(asked, append([]string{"scope", "openid email offline_access"}, more...)...)).params(t)
		if got.Has("id_token") {
			out[asked] = append(out[asked], claimsOf(t, got.Get("id_token")))
		}
		if !got.Has("code") {
			continue
		}
		a := h.token("wiki", exchangeForm(got.Get("code"), "code_verifier", "-"))
		if a.status != 200 {
			t.Fatalf("%s: %d %s", asked, a.status, a.body)
		}
		body := a.json(t)
		out[asked] = append(out[asked], claimsOf(t, body["id_token"]))
		if refresh, _ := body["refresh_token"].(string); asked == "code" {
			out["refresh"] = append(out["refresh"], claimsOf(t, h.refresh("wiki", refresh).json(t)["id_token"]))
		}
	}
	if len(out) != 7 {
		t.Fatalf("%d kinds of ID tokens", len(out))
	}
	return out
}

// idTokenHouse has a client for all of them.
func idTokenHouse(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { legacy(c); c.RequireAuthTime = true })
	return h
}

func TestConformance_H02_H03_IssuerAudienceAndTimes(t *testing.T) {
	t.Parallel()
	h := idTokenHouse(t)
	for asked, tokens := range everyIDToken(t, h) {
		for _, claims := range tokens {
			aud, one := claims["aud"].(string)
			if list, ok := claims["aud"].([]any); ok {
				one = slices.Contains(list, any("wiki"))
				aud = "wiki"
			}
			if claims["iss"] != h.issuer || !one || aud != "wiki" || claims["azp"] != nil && claims["azp"] != "wiki" {
				t.Errorf("H2 %s: %v", asked, claims)
			}
			for _, name := range []string{"exp", "iat", "auth_time"} {
				if at, ok := claims[name].(float64); !ok || at != float64(int64(at)) {
					t.Errorf("H3 %s: %s is %v", asked, name, claims[name])
				}
			}
			now := float64(h.now().Unix())
			if exp := claims["exp"].(float64); exp <= now || exp > now+(24*time.Hour).Seconds() || claims["iat"] != now {
				t.Errorf("H3 %s: iat %v, exp %v, now %v", asked, claims["iat"], exp, now)
			}
		}
	}
}

func TestConformance_H04_TheNonceComesBack(t *testing.T) {
	t.Parallel()
	h := idTokenHouse(t)
	nonce := strings.Repeat("n-0S6_WzA2Mj", 6)
	for asked, tokens := range everyIDToken(t, h, "nonce", nonce) {
		for _, claims := range tokens {
			if asked == "refresh" {
				if claims["nonce"] != nil && claims["nonce"] != nonce {
					t.Errorf("refresh: %v", claims["nonce"])
				}
			} else if claims["nonce"] != nonce {
				t.Errorf("%s: %v", asked, claims["nonce"])
			}
		}
	}
	if claims := claimsOf(t, h.signIn(t, "wiki", "nonce", "-")["id_token"]); claims["nonce"] != nil {
		t.Errorf("none was sent: %v", claims["nonce"])
	}
}

func TestConformance_H07_OnlyExpectedClaims(t *testing.T) {
	t.Parallel()
	h := idTokenHouse(t)
	expected := strings.Fields("iss sub aud exp iat auth_time nonce acr amr azp at_hash c_hash s_hash nbf jti sid")
	for asked, tokens := range everyIDToken(t, h) {
		for _, claims := range tokens {
			for name := range claims {
				// H8: what the scope email means stands there only if there is no access token.
				mail := strings.HasPrefix(name, "email") && asked == "id_token"
				if !mail && !slices.Contains(expected, name) {
					t.Errorf("%s: %s", asked, name)
				}
			}
		}
	}
}

func TestConformance_H10_TheIDTokensOfAHybridFlowAgree(t *testing.T) {
	t.Parallel()
	h := idTokenHouse(t)
	all := everyIDToken(t, h)
	for _, asked := range []string{"code id_token", "code id_token token"} {
		pair := all[asked]
		if len(pair) != 2 {
			t.Fatalf("%s: %d ID tokens", asked, len(pair))
		}
		for _, name := range []string{"iss", "sub", "aud", "nonce", "auth_time", "sid"} {
			if pair[0][name] != pair[1][name] {
				t.Errorf("%s: %s is %v in the front and %v in the back", asked, name, pair[0][name], pair[1][name])
			}
		}
	}
}
