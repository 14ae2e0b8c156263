package tokenapp

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"cloudsso/idp"
	"cloudsso/keys"
)

// answer is what goes to the app.
type answer struct {
	id     string         // jti, or a name of it for the log
	said   map[string]any // for the trace
	fields []field        // of the address or the form
}

type field struct{ name, value string }

// claims are those of the mapping, and above them those of the protocol: nobody else names
// the subject or the audience.
func (p *Provider) claims(q *request, said map[string]any, subject string) map[string]any {
	now := p.Now().UTC()
	out := maps.Clone(said)
	maps.Copy(out, map[string]any{
		"iss": p.Issuer, "sub": subject, "aud": q.app.AudienceOf(),
		"iat": now.Unix(), "exp": now.Unix() + q.app.Lifetime,
	})
	if q.nonce != "" {
		out["nonce"] = q.nonce
	}
	return out
}

// sign makes the JWT (RFC 7519) of a sign-in.
func (p *Provider) sign(ctx context.Context, q *request, said map[string]any, subject string) (answer, error) {
	if err := p.foreignAudience(ctx, q.app); err != nil {
		return answer{}, err
	}
	a := answer{id: idp.NewID(), said: p.claims(q, said, subject)}
	a.said["jti"] = a.id
	body, err := json.Marshal(a.said)
	if err != nil {
		return a, err
	}
	token, err := p.jws(ctx, q.app, body)
	if err != nil {
		return a, err
	}
	a.fields = []field{{q.app.TokenParam, token}}
	if q.returnTo != "" {
		a.fields = append(a.fields, field{q.app.ReturnToParam, q.returnTo})
	}
	if q.state != "" {
		a.fields = append(a.fields, field{q.app.StateParam, q.state})
	}
	return a, nil
}

// foreignAudience: attack: a token of ours that a client takes for its ID token, since issuer
// and key are the same. The audience was no client's when it was saved; it may be one now.
// An address never is: client_ids have no colons.
func (p *Provider) foreignAudience(ctx context.Context, app idp.TokenApp) error {
	audience := app.AudienceOf()
	if strings.Contains(audience, ":") {
		return nil
	}
	_, err := p.Records.Client(ctx, audience)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return idp.Errorf(idp.Forbidden, "The settings of this application have to be corrected: its audience belongs to another one.")
}

// jws signs with the app's own key, and only if its algorithm is symmetric: an HMAC under
// something public would be anybody's (RFC 8725 §2.1).
func (p *Provider) jws(ctx context.Context, app idp.TokenApp, body []byte) (string, error) {
	if slices.Contains(idp.SymmetricAlgs(), app.Algorithm) {
		key, err := p.sharedKey(app)
		if err != nil {
			return "", err
		}
		return keys.SignMAC(app.Algorithm, "JWT", key, body)
	}
	token, err := p.Ring.SignJWT(app.Algorithm, "JWT", body)
	if errors.Is(err, keys.ErrNoKey) {
		if err := p.Ring.Ensure(ctx, p.Events, app.Algorithm); err != nil {
			return "", err
		}
		return p.Ring.SignJWT(app.Algorithm, "JWT", body)
	}
	return token, err
}

func (p *Provider) sharedKey(app idp.TokenApp) ([]byte, error) {
	if len(app.SharedKey) == 0 {
		return nil, errors.New("tokenapp: the app has no shared key")
	}
	return p.Ring.Open(app.KeyPurpose(), app.SharedKey)
}
