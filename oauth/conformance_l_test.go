package oauth_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/api"
	"cloudsso/idp/idptest"
)

// published is the key set as a relying party reads it, by kid.
func (p product) published() map[string]map[string]any {
	p.t.Helper()
	out := map[string]map[string]any{}
	for _, k := range p.get("/oauth2/jwks", "").json(p.t)["keys"].([]any) {
		key := k.(map[string]any)
		out[key["kid"].(string)] = key
	}
	return out
}

// signedBy is the kid of a fresh ID token, whose signature a key of the set must bear out.
func (rp *relyingParty) signedBy(set map[string]map[string]any) string {
	rp.t.Helper()
	raw := rp.tokens()["id_token"].(string)
	kid := headerOf(rp.t, raw)["kid"].(string)
	var key jose.JSONWebKey
	doc, err := json.Marshal(set[kid])
	if err == nil {
		err = json.Unmarshal(doc, &key)
	}
	if err != nil {
		rp.t.Fatalf("the ID token names the key %s, which is not among %d: %v", kid, len(set), err)
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err == nil {
		_, err = jws.Verify(key)
	}
	if err != nil {
		rp.t.Fatal(err)
	}
	return kid
}

func TestConformance_L01_L02_L03_TheSigningKeyIsRotated(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	rp := newRelyingParty(t, p, nil)
	before := p.published()
	old := rp.signedBy(before)

	made, err := p.Owner.RotateKey(t.Context(), api.KeyRotation{})
	if err != nil {
		t.Fatal(err)
	}
	after := p.published()
	if after[made.KID]["kty"] != "RSA" || before[made.KID] != nil || len(after) != len(before)+1 {
		t.Errorf("L1: the new key %s is not there: %v", made.KID, after)
	}
	if after[old] == nil {
		t.Error("L2: the old key has gone")
	}
	if kid := rp.signedBy(before); kid != old {
		t.Error("L3: it signs with a key that relying parties cannot know yet")
	}
	p.Clock.Advance(25 * time.Hour)
	if kid := rp.signedBy(after); kid != made.KID {
		t.Error("L1: the old key signs after a day")
	}
	if set := p.published(); set[old] == nil {
		t.Error("L2: the old key has gone while what it signed still counts")
	}
	if kid := rp.signedBy(p.published()); kid != made.KID {
		t.Error("L3: signed by neither")
	}
}

// The command is tested with the commands; this is the call that it makes.
func TestConformance_L04_AnAdminRotates(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "off")
	a := r.call(http.MethodPost, "/api/v1/keys/rotate", r.adminToken("owner"), object{"use": "sig", "alg": "ES256", "now": true})
	kid, _ := a.json(t)["kid"].(string)
	if a.status != http.StatusCreated || kid == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if set := r.call(http.MethodGet, "/oauth2/jwks", "", nil); !strings.Contains(set.body, `"`+kid+`"`) {
		t.Errorf("it is not published: %s", set.body)
	}
	for _, token := range []string{"", "wrong"} {
		if a := r.call(http.MethodPost, "/api/v1/keys/rotate", token, object{}); a.status != http.StatusUnauthorized {
			t.Errorf("with the token %q: %d", token, a.status)
		}
	}
}

func TestConformance_L05_KeySetsAreFreshForMinutes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	said := h.send(http.MethodGet, "/oauth2/jwks", "").header.Get("Cache-Control")
	found := regexp.MustCompile(`max-age=(\d+)`).FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("Cache-Control: %q", said)
	}
	if seconds, err := strconv.Atoi(found[1]); err != nil || seconds > 300 {
		t.Errorf("Cache-Control: %q", said)
	}
}
