package server

import (
	"encoding/base64"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

// TestThePlaceholderOfAForgottenClientGoes: a client that was taken away by a way that
// does not know of keys leaves a placeholder in the JWKS of all nodes until the next tick.
func TestThePlaceholderOfAForgottenClientGoes(t *testing.T) {
	t.Parallel()
	store := memory.New(time.Now)
	kek, err := keys.LoadKEK("", func(name string) string {
		return map[string]string{"CLOUDSSO_KEK": base64.StdEncoding.EncodeToString(make([]byte, 32))}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	var nodes [2]*Server
	for i := range nodes {
		if nodes[i], err = New(t.Context(), Options{Config: config.Config{Issuer: "http://localhost:1", Dev: true}, Records: store, Flows: store, KEK: kek}); err != nil {
			t.Fatal(err)
		}
	}
	owner := nodes[0].admin.Local("test")
	var made [2]api.Client
	for i, alg := range []string{"HS256", "HS512"} {
		m := idp.ClientMetadata{RedirectURIs: []string{"https://wiki.example/cb"}, IDTokenSignedResponseAlg: alg}
		if made[i], err = owner.CreateClient(t.Context(), api.NewClient{ClientMetadata: m}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.DeleteClient(t.Context(), made[1].ClientID, 0); err != nil {
		t.Fatal(err)
	}
	for _, s := range nodes {
		s.tickKeys(t.Context())
	}
	for i, s := range nodes {
		s.readKeys(t.Context())
		if got := s.ring.Placeholders(); len(got) != 1 || got[0] != "HS256" {
			t.Errorf("node %d shows %v", i, got)
		}
	}
}
