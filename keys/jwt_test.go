package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp/memory"
	"cloudsso/keys"
)

const sha256Hash = crypto.SHA256

var b64 = base64.RawURLEncoding

func headerOf(t testing.TB, token string) map[string]string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	data, err := b64.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var h map[string]string
	if err := json.Unmarshal(data, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestThumbprintOfTheRFC7638Example(t *testing.T) {
	t.Parallel()
	n, err := b64.DecodeString("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")
	if err != nil {
		t.Fatal(err)
	}
	got, err := keys.Thumbprint(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537})
	if err != nil || got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("Thumbprint = %s, %v", got, err)
	}
}

func TestThumbprintAgreesWithGoJOSE(t *testing.T) {
	t.Parallel()
	for range 300 { // one coordinate in 256 begins with a zero byte, which must stay
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		got, err := keys.Thumbprint(k.Public())
		want, _ := (&jose.JSONWebKey{Key: k.Public()}).Thumbprint(crypto.SHA256)
		if err != nil || got != b64.EncodeToString(want) {
			t.Fatalf("Thumbprint = %s, %v; want %s", got, err, b64.EncodeToString(want))
		}
	}
}

func TestSignedTokensVerifyWithGoJOSE(t *testing.T) {
	t.Parallel()
	r := openRing(t, memory.New(newClock().now), newClock().now)
	set := parseJWKS(t, r)
	claims := `{"iss":"https://id.example.com","sub":"ann","n":"` + strings.Repeat("ü", 300) + `"}`
	for _, alg := range r.Algs() {
		for typ, want := range map[string]string{"": "JWT", "at+jwt": "at+jwt", "logout+jwt": "logout+jwt", "secevent+jwt": "secevent+jwt"} {
			raw, err := r.SignJWT(alg, typ, []byte(claims))
			if err != nil {
				t.Fatal(err)
			}
			jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			if err != nil {
				t.Fatal(err)
			}
			h := headerOf(t, raw)
			if h["alg"] != alg || h["typ"] != want || len(h) != 3 {
				t.Errorf("header = %v", h)
			}
			payload, err := jws.Verify(set.Key(h["kid"])[0])
			if err != nil || string(payload) != claims {
				t.Errorf("%s %s: %v", alg, typ, err)
			}
			if got, err := r.VerifyJWT(raw, want); err != nil || string(got) != claims {
				t.Errorf("VerifyJWT = %s, %v", got, err)
			}
		}
	}
}

func TestSignJWTRefusesAlgorithmsWithoutAKey(t *testing.T) {
	t.Parallel()
	r := openRing(t, memory.New(newClock().now), newClock().now)
	for _, alg := range []string{"", "none", "HS256", "RS512", "rs256"} {
		if raw, err := r.SignJWT(alg, "", []byte(`{}`)); err == nil {
			t.Errorf("alg %q signed %s", alg, raw)
		}
	}
}

// TestVerifyJWTRefuses takes a good token apart and puts every known attack together.
func TestVerifyJWTRefuses(t *testing.T) {
	t.Parallel()
	r := openRing(t, memory.New(newClock().now), newClock().now)
	good, err := r.SignJWT(keys.RS256, "", []byte(`{"sub":"ann"}`))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	rsKid := headerOf(t, good)["kid"]
	es, err := r.SignJWT(keys.ES256, "", []byte(`{"sub":"ann"}`))
	if err != nil {
		t.Fatal(err)
	}
	esKid := headerOf(t, es)["kid"]
	rsaPublic := parseJWKS(t, r).Key(rsKid)[0].Key.(*rsa.PublicKey)
	withHeader := func(header string) string {
		return b64.EncodeToString([]byte(header)) + "." + parts[1] + "." + parts[2]
	}
	hmacWith := func(key []byte) string {
		signed := b64.EncodeToString([]byte(`{"alg":"HS256","kid":"`+rsKid+`"}`)) + "." + parts[1]
		m := hmac.New(sha256.New, key)
		m.Write([]byte(signed))
		return signed + "." + b64.EncodeToString(m.Sum(nil))
	}
	pkix, err := x509.MarshalPKIXPublicKey(rsaPublic)
	if err != nil {
		t.Fatal(err)
	}
	// mine is a key of the attacker, who signs what header they like with it.
	mine, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signedByMe := func(header string) string {
		signed := b64.EncodeToString([]byte(header)) + "." + parts[1]
		sum := sha256.Sum256([]byte(signed))
		sig, err := rsa.SignPKCS1v15(nil, mine, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + b64.EncodeToString(sig)
	}
	jwk, err := (&jose.JSONWebKey{Key: mine.Public()}).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	last := parts[2][:len(parts[2])-1]

	for name, c := range map[string]struct{ raw, says string }{
		"nothing":                                {"", "three parts"},
		"two parts":                              {parts[0] + "." + parts[1], "three parts"},
		"four parts":                             {good + ".", "three parts"},
		"an encrypted token's five parts":        {good + ".x.y", "three parts"},
		"no signature":                           {parts[0] + "." + parts[1] + ".", "base64url"},
		"alg none":                               {withHeader(`{"alg":"none","kid":"` + rsKid + `"}`), "alg"},
		"alg none without a signature":           {b64.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", "base64url"},
		"no alg":                                 {withHeader(`{"kid":"` + rsKid + `"}`), "alg"},
		"HS256 keyed with the public key as PEM": {hmacWith(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})), "alg"},
		"HS256 keyed with the public key as DER": {hmacWith(pkix), "alg"},
		"RS512 with an RS256 key":                {withHeader(`{"alg":"RS512","kid":"` + rsKid + `"}`), "alg"},
		"no kid":                                 {withHeader(`{"alg":"RS256"}`), "kid"},
		"an unknown kid":                         {withHeader(`{"alg":"RS256","kid":"nobody"}`), "kid"},
		"a path as kid":                          {withHeader(`{"alg":"HS256","kid":"../../dev/null"}`), "kid"},
		"a kid that is not a string":             {withHeader(`{"alg":"RS256","kid":["` + rsKid + `"]}`), "kid is not a string"},
		"the other key's kid":                    {withHeader(`{"alg":"RS256","kid":"` + esKid + `","typ":"JWT"}`), "alg"},
		"the other key's kid and alg":            {withHeader(`{"alg":"ES256","kid":"` + esKid + `","typ":"JWT"}`), "signature"},
		"the same header spelled otherwise":      {withHeader(`{"kid":"` + rsKid + `","alg":"RS256","typ":"JWT"}`), "signature"},
		"alg twice":                              {withHeader(`{"alg":"none","alg":"RS256","kid":"` + rsKid + `"}`), "twice"},
		"alg twice, once escaped":                {withHeader(`{"alg":"RS256","al\u0067":"none","kid":"` + rsKid + `"}`), "twice"},
		"alg in capitals":                        {withHeader(`{"ALG":"RS256","kid":"` + rsKid + `"}`), "alg"},
		"crit":                                   {withHeader(`{"alg":"RS256","kid":"` + rsKid + `","crit":["exp"],"exp":1}`), "crit"},
		"an unencoded payload (b64)":             {withHeader(`{"alg":"RS256","kid":"` + rsKid + `","crit":["b64"],"b64":false}`), "crit"},
		"a key of the attacker in jwk":           {signedByMe(`{"alg":"RS256","jwk":` + string(jwk) + `}`), "kid"},
		"the same beside our kid":                {signedByMe(`{"alg":"RS256","kid":"` + rsKid + `","jwk":` + string(jwk) + `}`), "signature"},
		"a key of the attacker behind jku":       {signedByMe(`{"alg":"RS256","kid":"` + rsKid + `","jku":"http://127.0.0.1:1/"}`), "signature"},
		"a key of the attacker behind x5u":       {signedByMe(`{"alg":"RS256","kid":"` + rsKid + `","x5u":"http://127.0.0.1:1/"}`), "signature"},
		"a header that is a list":                {withHeader(`["RS256"]`), "not an object"},
		"a header that ends early":               {withHeader(`{"alg":"RS256","kid":"` + rsKid), "malformed"},
		"something after the header":             {withHeader(`{"alg":"RS256","kid":"` + rsKid + `"}{}`), "follows"},
		"another payload":                        {parts[0] + "." + b64.EncodeToString([]byte(`{"sub":"bob"}`)) + "." + parts[2], "signature"},
		"the signature of another token":         {parts[0] + "." + parts[1] + "." + strings.Split(es, ".")[2], "signature"},
		"padding":                                {good + "==", "base64url"},
		"a line break in the signature":          {parts[0] + "." + parts[1] + "." + parts[2][:9] + "\n" + parts[2][9:], "base64url"},
		"a space in front":                       {" " + good, "base64url"},
		"standard base64":                        {parts[0] + "." + parts[1] + "." + strings.Repeat("+/", 171), "base64url"},
		"trailing bits in the signature":         {parts[0] + "." + parts[1] + "." + last + string("BCDEFGHIJKLMNOP"[strings.IndexByte("AQgw", parts[2][len(parts[2])-1])]), "base64url"},
		"more than 16 KB":                        {parts[0] + "." + strings.Repeat("A", 16<<10) + "." + parts[2], "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := r.VerifyJWT(c.raw)
			if !errors.Is(err, keys.ErrBadJWT) || claims != nil {
				t.Fatalf("VerifyJWT = %s, %v; want ErrBadJWT", claims, err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
		})
	}
	t.Run("an ES256 signature in DER", func(t *testing.T) {
		p := strings.Split(es, ".")
		if _, err := r.VerifyJWT(p[0] + "." + p[1] + "." + b64.EncodeToString(make([]byte, 70))); !errors.Is(err, keys.ErrBadJWT) {
			t.Errorf("error = %v, want ErrBadJWT", err)
		}
		if _, err := r.VerifyJWT(p[0] + "." + p[1] + "." + b64.EncodeToString(make([]byte, 64))); !errors.Is(err, keys.ErrBadJWT) {
			t.Errorf("r = s = 0: error = %v, want ErrBadJWT", err)
		}
	})
}

func TestVerifyJWTChecksTheTypeWhenAsked(t *testing.T) {
	t.Parallel()
	r := openRing(t, memory.New(newClock().now), newClock().now)
	access, err := r.SignJWT(keys.ES256, "at+jwt", []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		typ []string
		ok  bool
	}{
		"nobody asks":              {nil, true},
		"the right one":            {[]string{"at+jwt"}, true},
		"one of several":           {[]string{"JWT", "at+jwt"}, true},
		"an ID token was expected": {[]string{"JWT"}, false},
		"another case is another":  {[]string{"AT+JWT"}, false},
	} {
		if _, err := r.VerifyJWT(access, c.typ...); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerifyJWTTakesNoTokenOfAnotherProvider(t *testing.T) {
	t.Parallel()
	ours := openRing(t, memory.New(newClock().now), newClock().now)
	theirs := openRing(t, memory.New(newClock().now), newClock().now)
	raw, err := theirs.SignJWT(keys.ES256, "", []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ours.VerifyJWT(raw); !errors.Is(err, keys.ErrBadJWT) {
		t.Errorf("error = %v, want ErrBadJWT", err)
	}
}
