package main_test

import (
	"strings"
	"testing"
)

func TestAClientsSecretRotates(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	type secret struct {
		ID               string `json:"id"`
		Use              string `json:"use"`
		ClientSecret     string `json:"client_secret"`
		SharedSigningKey string `json:"shared_signing_key"`
	}
	p.do("client", "add", "--id", "wiki", "--redirect-uri", "https://wiki.example/cb")
	text := p.do("client", "rotate-secret", "wiki", "--keep", "72h")
	if !strings.Contains(text.out, "client_secret  ") || !strings.Contains(text.err+text.out, "What was there before works until ") {
		t.Errorf("%q %q", text.out, text.err)
	}
	if r := p.run("", "client", "rotate-secret", "wiki").want(1); !strings.Contains(r.err, "has 2 live secrets already") {
		t.Errorf("%q", r.err)
	}
	if got := decode[secret](p.do("client", "rotate-secret", "wiki", "--keep", "0", "--json")); got.Use != "client_secret" || len(got.ClientSecret) != 43 {
		t.Errorf("%+v", got)
	}
	p.write("own.json", `{"client_id":"own","redirect_uris":["https://wiki.example/cb"],"id_token_signed_response_alg":"HS512","hs_key":"dedicated"}`)
	if text := p.do("client", "add", "--file", "own.json"); !strings.Contains(text.out, "shared_signing_key  ") {
		t.Errorf("%q", text.out)
	}
	if got := decode[secret](p.do("client", "rotate-secret", "own", "--use", "shared_signing_key", "--json")); got.ClientSecret != "" || len(got.SharedSigningKey) != 86 {
		t.Errorf("%+v", got)
	}
	for args, want := range map[string]string{
		"client rotate-secret nobody":                        `cloudsso: There is no client "nobody".` + "\n",
		"client rotate-secret wiki --keep -1h":               "cloudsso: expire_older_in: Older secrets work for 0 to 31536000 more seconds.\n",
		"client rotate-secret wiki --use shared_signing_key": "cloudsso: use: This client has no signing key of its own: that needs an HS* algorithm and hs_key dedicated.\n",
		"client rotate-secret wiki --use x --keep 0s":        "cloudsso: use: The use \"x\" is unknown: client_secret or shared_signing_key.\n",
	} {
		if r := p.run("", strings.Fields(args)...).want(1); r.err != want {
			t.Errorf("%s: %q", args, r.err)
		}
	}
	if text := p.do("keys", "rotate", "--alg", "EdDSA"); !strings.Contains(text.out, "sig/EdDSA/1") {
		t.Errorf("%q", text.out)
	}
}
