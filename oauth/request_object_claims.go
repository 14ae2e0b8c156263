package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
)

// objectClaims are the members that speak about the object itself (RFC 9101 §4).
type objectClaims struct {
	Issuer   *string  `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Expires  *float64 `json:"exp"`
	Before   *float64 `json:"nbf"`
	Issued   *float64 `json:"iat"`
	ID       string   `json:"jti"`
	ClientID *string  `json:"client_id"`
	Response *string  `json:"response_type"`
}

func claimsOfObject(members map[string]json.RawMessage) (c objectClaims, err error) {
	for name, into := range map[string]any{
		"iss": &c.Issuer, "sub": &c.Subject, "aud": &c.Audience, "exp": &c.Expires, "nbf": &c.Before, "iat": &c.Issued,
		"jti": &c.ID, "client_id": &c.ClientID, "response_type": &c.Response,
	} {
		if raw, ok := members[name]; ok && json.Unmarshal(raw, into) != nil {
			return c, badObject("its member " + name + " has the wrong type")
		}
	}
	return c, nil
}

// checkObject holds what the object says about itself against the request and the clock.
func (p *Provider) checkObject(a *authorization, members map[string]json.RawMessage) error {
	c, err := claimsOfObject(members)
	if err != nil {
		return err
	}
	_, nested := members["request"]
	_, pointer := members["request_uri"]
	outer := a.form["response_type"]
	switch {
	case nested || pointer:
		return badObject("it contains request or request_uri") // RFC 9101 §4
	case c.Issuer != nil && *c.Issuer != a.client.ID:
		return badObject("its iss is not the client_id")
	case c.Audience != nil && !slices.Contains(c.Audience, p.Issuer):
		return badObject("its aud does not contain this provider's issuer")
	case c.Subject == a.client.ID:
		// Attack: a client's assertion, which its key has signed too, as a request object.
		// Decision: typ is not always there; sub tells them apart (RFC 9101 §10.8).
		return badObject("it is a client assertion: its sub is the client_id")
	case c.ClientID != nil && *c.ClientID != a.client.ID:
		return badObject("its client_id is not the one of the request")
	case len(outer) > 0 && c.Response != nil && !sameWords(outer[0], *c.Response):
		return badObject("its response_type is not the one of the request") // OpenID Connect Core §6.1
	case a.client.RequireSignedRequestObject && (c.Issuer == nil || c.Audience == nil || c.Expires == nil || c.Before == nil):
		return badObject("this client's must have iss, aud, nbf and exp")
	}
	return p.checkObjectTimes(a, c)
}

func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func (p *Provider) checkObjectTimes(a *authorization, c objectClaims) error {
	now := float64(p.now().Unix())
	skew := objectSkew.Seconds()
	switch {
	case c.Expires != nil && *c.Expires <= now-skew:
		return badObject("it has expired")
	case c.Before != nil && *c.Before > now+skew:
		return badObject("it is not valid yet (nbf)")
	case c.Issued != nil && *c.Issued > now+skew:
		return badObject("it was issued in the future (iat)")
	case !a.client.RequireSignedRequestObject:
		return nil
	case *c.Before < now-objectLife.Seconds() || *c.Expires-*c.Before > objectLife.Seconds():
		return badObject("it is valid for more than an hour")
	}
	return nil
}

// objectOnce is the mark of an object that has a jti.
func (p *Provider) objectOnce(a *authorization, members map[string]json.RawMessage) string {
	c, _ := claimsOfObject(members) // read before without an error
	if c.ID == "" {
		return ""
	}
	until := p.now().Add(24 * time.Hour)
	if c.Expires != nil && *c.Expires < float64(until.Unix()) {
		until = time.Unix(int64(*c.Expires), 0).Add(objectSkew)
	}
	return onceKey("object", idp.HashSecret(a.client.ID+" "+c.ID), until)
}

// parameters turns the members of an object into parameters as a form would have them:
// numbers and booleans as they are written, objects as JSON (RFC 9101 §4).
func parameters(members map[string]json.RawMessage) (url.Values, error) {
	form := make(url.Values)
	for name, raw := range members {
		if slices.Contains([]string{"iss", "aud", "exp", "nbf", "iat", "jti", "sub", onceParam}, name) || string(raw) == "null" {
			continue
		}
		values, err := asTexts(name, raw)
		if err != nil {
			return nil, badObject("its member " + describeName(name) + " is neither a text nor a number").because(err)
		}
		form[name] = values
		if !text(name) || slices.ContainsFunc(values, func(v string) bool { return !text(v) }) {
			return nil, badObject("it contains something that is not text in UTF-8")
		}
	}
	return form, nil
}

func asTexts(name string, raw json.RawMessage) ([]string, error) {
	switch {
	case raw[0] == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return []string{s}, err
	case raw[0] == '[' && name == resourceRequest:
		var list []string
		err := json.Unmarshal(raw, &list)
		return list, err
	}
	var b bytes.Buffer
	err := json.Compact(&b, raw)
	return []string{b.String()}, err
}

// describeName shortens a parameter's name for a sentence.
func describeName(name string) string {
	if len(name) > 40 {
		return name[:40] + "..."
	}
	return name
}

// members reads a JSON object. A name that comes twice means one thing to us and another
// to whoever looks at the request next.
func members(data []byte) (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage)
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok || out[name] != nil {
			return nil, errors.New("malformed, or a member twice")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		out[name] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the object")
	}
	return out, nil
}
