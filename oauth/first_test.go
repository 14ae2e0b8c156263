package oauth_test
import "testing"
func TestFirst(t *testing.T) {
	h := newHouse(t)
	h.client("wiki", nil)
	r := h.signIn(t, "wiki", "scope", "openid email offline_access")
	t.Log(r, claimsOf(t, r["id_token"]))
	t.Log(h.userinfo(r["access_token"]))
	t.Log(h.refresh("wiki", r["refresh_token"].(string)))
}
