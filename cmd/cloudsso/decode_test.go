package main_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// issued is a JWT of somebody, and the address of their keys.
func issued(t *testing.T) (raw, jwks string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(marshalled(t, times(time.Now())))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = signed.CompactSerialize(); err != nil {
		t.Fatal(err)
	}
	set := marshalled(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "RS256"}}})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }))
	t.Cleanup(web.Close)
	return raw, web.URL
}

type readJWT struct {
	Header, Claims map[string]any
	Times          map[string]string
	Encrypted      bool
	Verified       bool
	Problem        string
}

func TestDecodeJWT(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	raw, jwks := issued(t)
	parts := strings.Split(raw, ".")
	file := p.write("token.txt", "Bearer "+raw+"\n")
	for name, c := range map[string]struct {
		stdin string
		args  []string
	}{
		"the token":                 {"", []string{raw}},
		"a file":                    {"", []string{file}},
		"standard input":            {raw + "\n", []string{"-"}},
		"standard input by default": {raw, nil},
		"an address with it":        {"", []string{"https://wiki.example/cb#state=1&id_token=" + raw}},
		"a form with it":            {"", []string{"state=1&id_token=" + raw}},
	} {
		r := decode[readJWT](p.run(c.stdin, append([]string{"decode", "jwt", "--json"}, c.args...)...).want(0))
		if r.Header["alg"] != "RS256" || r.Claims["iss"] != "https://issuer.example" || r.Verified || r.Problem != "It was not checked: no key was given to check it with." {
			t.Errorf("%s: %+v", name, r)
		}
		if !strings.Contains(r.Times["exp"], "more") || !strings.Contains(r.Times["nbf"], "in the future") || !strings.Contains(r.Times["iat"], "ago") || r.Times["auth_time"] != "no time that can be read" {
			t.Errorf("%s: %v", name, r.Times)
		}
	}
	if r := decode[readJWT](p.do("decode", "jwt", raw, "--json", "--jwks", jwks)); !r.Verified || r.Problem != "" {
		t.Errorf("%+v", r)
	}
	forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"mallory\u001b[2K","iss":"x"}`)) + "." + parts[2]
	r := p.run("", "decode", "jwt", forged, "--jwks", jwks).want(1)
	if r.err != "cloudsso: not verified: No key of the set has made the signature.\n" || strings.Contains(r.out, "\x1b") || !strings.Contains(r.out, "mallory\uFFFD[2K") {
		t.Errorf("out %q, err %q", r.out, r.err)
	}
	for name, c := range map[string]struct{ input, want string }{
		"a word":              {"hello", "cloudsso: This is no JWT: expected three parts in base64url with dots between them, or five if it is encrypted.\n"},
		"a broken header":     {"a!.b.c", "cloudsso: The header is not in base64url without padding.\n"},
		"a header that is no": {base64.RawURLEncoding.EncodeToString([]byte("[1]")) + ".b.c", "cloudsso: The header is not one JSON object.\n"},
	} {
		if r := p.run("", "decode", "jwt", c.input).want(1); !strings.HasPrefix(r.err, c.want) {
			t.Errorf("%s: %q", name, r.err)
		}
	}
	if r := decode[readJWT](p.do("decode", "jwt", parts[0]+".a.b.c.d", "--json")); !r.Encrypted || r.Claims != nil {
		t.Errorf("%+v", r)
	}
}

// Attack: a token whose "signature" is a MAC with the public key, or none at all.
func TestAttack_DecodeBelievesNoKeyThatEverybodyHas(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	raw, jwks := issued(t)
	claims := strings.Split(raw, ".")[1]
	for _, header := range []string{`{"alg":"none"}`, `{"alg":"HS256"}`} {
		forged := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + claims + ".AAAA"
		if r := p.run("", "decode", "jwt", forged, "--jwks", jwks).want(1); r.err != "cloudsso: not verified: Its algorithm is none that can be verified with a public key.\n" {
			t.Errorf("%s: %q", header, r.err)
		}
	}
}

type readSAML struct {
	Kind       string
	Signatures []struct {
		Of       string
		Verified bool
	}
}

func TestDecodeSAML(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	response := p.read("../../samlidp/testdata/golden/response.xml")
	file := p.write("response.b64", base64.StdEncoding.EncodeToString([]byte(response)))
	cert := p.write("idp.pem", p.read("../../samlidp/testdata/idp-cert.pem"))
	other := p.write("other.pem", p.read("../../samlidp/testdata/other-cert.pem"))
	r := decode[readSAML](p.do("decode", "saml", file, "--cert", cert, "--json"))
	if r.Kind != "Response" || len(r.Signatures) == 0 || !r.Signatures[0].Verified {
		t.Errorf("%+v", r)
	}
	text := p.do("decode", "saml", file, "--cert", cert).out
	for _, want := range []string{"message", "Response", "verified", "over since", "<samlp:Response"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if r := p.run("", "decode", "saml", file, "--cert", other).want(1); !strings.HasPrefix(r.err, "cloudsso: not verified: Response: ") {
		t.Errorf("%q", r.err)
	}
	metadata := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="x"><md:IDPSSODescriptor><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` +
		strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(p.read(cert), "-----BEGIN CERTIFICATE-----", ""), "-----END CERTIFICATE-----", ""), "\n", "") + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor></md:IDPSSODescriptor></md:EntityDescriptor>`
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(metadata)) }))
	t.Cleanup(web.Close)
	for _, source := range []string{p.write("metadata.xml", metadata), web.URL} {
		p.do("decode", "saml", file, "--metadata", source)
	}
	if r := p.run("<a/>", "decode", "saml", "--cert", cert).want(1); r.err != "cloudsso: not verified: The message is not signed.\n" {
		t.Errorf("%q", r.err)
	}
	if r := p.run("", "decode", "saml", file, "--cert", file).want(1); !strings.HasPrefix(r.err, "cloudsso: This is no certificate. Expected PEM or DER.\n") {
		t.Errorf("%q", r.err)
	}
	if r := p.run("", "decode", "saml", file, "--app", "nobody", "--dev", "--data", "d").want(1); !strings.HasPrefix(r.err, "cloudsso: There is no service provider \"nobody\".\n") {
		t.Errorf("%q", r.err)
	}
	if r := p.run("", "decode", "jwt", "a.b.c", "--own", "--jwks", "x").want(2); !strings.Contains(r.err, "--jwks and --own exclude each other") {
		t.Errorf("%q", r.err)
	}
}

func (p *place) read(path string) string {
	p.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

func times(now time.Time) map[string]any {
	return map[string]any{"iss": "https://issuer.example", "sub": "ada", "iat": now.Add(-time.Minute).Unix(), "nbf": now.Add(time.Hour).Unix(), "exp": now.Add(2 * time.Hour).Unix(), "auth_time": -1}
}

func marshalled(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
