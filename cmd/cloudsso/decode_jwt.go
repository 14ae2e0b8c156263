package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-jose/go-jose/v4"
	"github.com/spf13/cobra"

	"cloudsso/idp"
	"cloudsso/keys"
)

// maxJWT is far above any token that fits an HTTP header.
const maxJWT = 256 << 10

// token is a JWT made readable.
type token struct {
	Header    map[string]any    `json:"header"`
	Claims    map[string]any    `json:"claims,omitempty"`
	Times     map[string]string `json:"times,omitempty"` // what the times in the claims mean now
	Encrypted bool              `json:"encrypted,omitempty"`
	Verified  bool              `json:"verified"`
	Problem   string            `json:"problem,omitempty"` // why it is not verified
}

func (p *program) decodeJWT() *cobra.Command {
	var set string
	var own bool
	cmd := &cobra.Command{
		Use: "jwt [TOKEN|FILE|URL|-]", Short: "Read a JWT, explain its times, and verify it", Args: takes(cobra.MaximumNArgs(1)),
		Long: "Read a JWT: the token itself, a file, or an address or a form with id_token, access_token, request and so on in it. Nothing is sent anywhere; an address is read, not opened. " +
			"With --jwks or --own the signature is verified, and the exit code is 1 if it does not. Times, issuer and audience are shown, not judged.",
		Example: "  cloudsso decode jwt eyJ…\n  cloudsso decode jwt token.txt --jwks https://sso.example.org/oauth2/jwks",
		RunE: func(cmd *cobra.Command, args []string) error {
			input, err := p.sample(args)
			if err != nil {
				return err
			}
			body, err := p.keySet(cmd, set, own)
			if err != nil {
				return err
			}
			t, err := readToken(input, body, p.now())
			if err != nil {
				return err
			}
			if err := p.answer(t, func() { p.showToken(t) }); err != nil || body == nil || t.Verified {
				return err
			}
			return unverified([]string{t.Problem})
		},
	}
	cmd.Flags().StringVar(&set, "jwks", "", "file or URL of the key set of the issuer")
	cmd.Flags().BoolVar(&own, "own", false, "verify with the keys of this server")
	return cmd
}

// keySet is the key set to verify with, nil if nobody asked.
func (p *program) keySet(cmd *cobra.Command, set string, own bool) (body []byte, err error) {
	switch {
	case set != "" && own:
		return nil, misuse{fmt.Errorf("--jwks and --own exclude each other")}
	case set != "":
		return p.document(cmd.Context(), set)
	case own:
		err = p.onKeys(cmd, func(_ idp.Records, ring *keys.Ring) error {
			body, _ = ring.JWKS()
			return nil
		})
	}
	return body, err
}

// tokenIn finds the JWT in what somebody has copied.
func tokenIn(input string) string {
	input = strings.TrimSpace(input)
	input = strings.TrimPrefix(strings.TrimPrefix(input, "Authorization: "), "Bearer ")
	if i := strings.IndexAny(input, "?#"); i >= 0 || strings.Contains(input, "=") {
		if form, err := url.ParseQuery(input[i+1:]); err == nil {
			for _, name := range []string{"id_token", "access_token", "request", "client_assertion", "assertion", "id_token_hint", "logout_token", "token", "jwt", "response"} {
				if form.Has(name) {
					return form.Get(name)
				}
			}
		}
	}
	return input
}

// readToken takes a JWT apart, and verifies it with a key set if there is one.
func readToken(input string, set []byte, now time.Time) (*token, error) {
	raw := tokenIn(input)
	parts := strings.Split(raw, ".")
	if len(raw) > maxJWT || len(parts) != 3 && len(parts) != 5 {
		return nil, idp.Errorf(idp.Invalid, "This is no JWT: expected three parts in base64url with dots between them, or five if it is encrypted.")
	}
	t := &token{Encrypted: len(parts) == 5}
	var err error
	if t.Header, err = jsonPart(parts[0], "header"); err != nil {
		return nil, err
	}
	if t.Encrypted {
		t.Problem = "It is encrypted: only whoever has the key can read the claims."
		return t, nil
	}
	if t.Claims, err = jsonPart(parts[1], "payload"); err != nil {
		return nil, err
	}
	t.Times = times(t.Claims, now)
	if t.Problem = verifyToken(raw, set); t.Problem == "" {
		t.Verified = true
	}
	return t, nil
}

func jsonPart(part, name string) (map[string]any, error) {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil, idp.Errorf(idp.Invalid, "The %s is not in base64url without padding.", name).Because(err)
	}
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // as they were sent
	if err := d.Decode(&out); err != nil || out == nil || d.More() {
		return nil, idp.Errorf(idp.Invalid, "The %s is not one JSON object.", name).Because(err)
	}
	return out, nil
}

// times says what the moments in the claims mean now.
func times(claims map[string]any, now time.Time) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"exp", "iat", "nbf", "auth_time", "updated_at"} {
		number, ok := claims[name].(json.Number)
		if !ok {
			continue
		}
		seconds, err := number.Float64()
		if err != nil || seconds < 0 || seconds > 1e11 {
			out[name] = "no time that can be read"
			continue
		}
		at := time.Unix(int64(seconds), 0).UTC()
		switch past := now.Sub(at).Round(time.Second); {
		case name == "exp" && past >= 0:
			out[name] = at.Format(time.RFC3339) + ", over since " + past.String()
		case name == "exp":
			out[name] = at.Format(time.RFC3339) + ", for " + (-past).String() + " more"
		case past < 0:
			out[name] = at.Format(time.RFC3339) + ", in the future by " + (-past).String()
		default:
			out[name] = at.Format(time.RFC3339) + ", " + past.String() + " ago"
		}
	}
	return out
}

// signatureAlgs are all that can be verified with a public key. A MAC cannot: whoever
// could check it could have made it.
func signatureAlgs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA}
}

// verifyToken says what is wrong with the signature, "" if nothing is.
func verifyToken(raw string, set []byte) string {
	if set == nil {
		return "It was not checked: no key was given to check it with."
	}
	var jwks jose.JSONWebKeySet
	if err := json.Unmarshal(set, &jwks); err != nil || len(jwks.Keys) == 0 {
		return "The key set cannot be read, or holds no key."
	}
	signed, err := jose.ParseSignedCompact(raw, signatureAlgs())
	if err != nil {
		return "Its algorithm is none that can be verified with a public key."
	}
	for _, key := range jwks.Keys {
		if _, err := signed.Verify(key.Public()); err == nil && key.Public().Key != nil {
			return ""
		}
	}
	return "No key of the set has made the signature."
}

func (p *program) showToken(t *token) {
	rows := [][]string{}
	for _, name := range slices.Sorted(maps.Keys(t.Header)) {
		rows = append(rows, []string{"header " + name, shownJSON(t.Header[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(t.Claims)) {
		rows = append(rows, noted(name, shownJSON(t.Claims[name]), t.Times[name]))
	}
	state := "verified"
	if !t.Verified {
		state = t.Problem
	}
	p.table(plainRows(append(rows, []string{"signature", state})))
}

func shownJSON(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// plainRows are rows without control characters. Attack: a message that somebody sent in moves the
// cursor of the admin's terminal and writes "verified" there.
func plainRows(rows [][]string) [][]string {
	for _, row := range rows {
		for i := range row {
			row[i] = strings.ReplaceAll(visible(row[i]), "\n", " ")
		}
	}
	return rows
}

func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf)) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
