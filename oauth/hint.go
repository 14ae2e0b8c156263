package oauth

import (
	"encoding/json"
	"errors"
)

// hint is what an id_token_hint says.
type hint struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	SID      string   `json:"sid"`
}

// readHint accepts an ID token that we issued, also an expired one. Whom it was issued
// to is the caller's to check.
func (p *Provider) readHint(raw string) (hint, error) {
	var h hint
	claims, err := p.Ring.VerifyJWT(raw, "JWT")
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(claims, &h); err != nil {
		return h, err
	}
	if h.Issuer != p.Issuer || h.Subject == "" {
		return h, errors.New("another issuer, or nobody")
	}
	return h, nil
}

// audience is one string or several (RFC 7519 §4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}
