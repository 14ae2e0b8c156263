package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// Preview is what a client would be told about a person who signed in by password now and
// agreed to everything, made by the functions that issue it: nothing is signed or
// stored. What belongs to one request or session (nonce, at_hash, sid, jti) is not there. The client
// may hold settings that were never saved.
func (p *Provider) Preview(ctx context.Context, c idp.Client, subject string) (mapping.Preview, error) {
	u, err := p.imagined(ctx, c, subject)
	if err != nil {
		return mapping.Preview{}, err
	}
	scopes := u.scopes()
	if len(scopes) == 0 {
		return mapping.Preview{Refused: "This client signs nobody in: it may ask for no scope."}, nil
	}
	out := mapping.Preview{}
	err = p.entitled(ctx, u)
	if err == nil {
		_, err = u.scopeClaims(scopes)
	}
	if err != nil {
		if out.Refused = whyRefused(err); out.Refused == "" {
			return out, err
		}
	}
	if u.person.Subject == "" { // refused before anybody looked at the mapping
		return out, nil
	}
	own, granted := mapping.Explain(u.client.ClaimsMapping, u.person), u.explainScopes(scopes)
	u.forgive()
	return out, p.preview(u, scopes, own, granted, &out)
}

// imagined is the unit of a sign-in that nobody made.
func (p *Provider) imagined(ctx context.Context, c idp.Client, subject string) (*unit, error) {
	c.FirstParty = true // consent is the person's, and changes nothing about the values
	u := &unit{now: p.now(), grantType: idp.GrantCode, client: client{Client: &c}}
	u.grant = idp.Grant{
		ID: idp.NewID(), ClientID: c.ID, Subject: subject, GrantType: idp.GrantCode, Scopes: c.Scopes(),
		AuthTime: u.now, AMR: []string{"pwd"}, CreatedAt: u.now,
	}
	if !c.Pairwise() {
		return u, nil
	}
	id, err := p.Records.PersistentIDOf(ctx, pairwiseOf+c.Sector(), subject)
	if errors.Is(err, idp.ErrNotFound) {
		id.Value, err = idp.NewID(), nil // an example: the first sign-in makes the one that stays
	}
	u.grant.Request = set(nil, subRequest, id.Value) // otherwise the name would be stored
	return u, err
}

// whyRefused tells an admin more than the application is told.
func whyRefused(err error) string {
	var missing *mapping.MissingError
	var f *fault
	switch {
	case errors.As(err, &missing):
		return "The " + missing.Error() + "."
	case errors.As(err, &f):
		return f.Public
	}
	return ""
}

// forgive shows what there is even if a required row lacks its value.
func (u *unit) forgive() {
	u.client.ClaimsMapping = optional(u.client.ClaimsMapping)
	u.custom = slices.Clone(u.custom)
	for i := range u.custom {
		u.custom[i].Claims = optional(u.custom[i].Claims)
	}
}

func optional(rows []idp.Mapping) []idp.Mapping {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Required = false
	}
	return rows
}

// preview fills out with what the unit would be given.
func (p *Provider) preview(u *unit, scopes []string, own, granted []mapping.Origin, out *mapping.Preview) error {
	if slices.Contains(scopes, "openid") {
		claims, err := p.idTokenClaims(u, scopes)
		if err != nil {
			return err
		}
		out.IDToken = explained(claims, granted, own)
	}
	if slices.Contains(scopes, "openid") || u.client.UserinfoWithoutOpenID {
		claims, err := u.userInfoClaims(scopes)
		if err != nil {
			return err
		}
		out.UserInfo = explained(claims, granted, own)
	}
	claims, err := p.accessTokenClaims(u, scopes)
	if err != nil {
		return err
	}
	jwt := u.client.AccessTokenFormat == formatJWT // otherwise nothing in it is the mapping's
	absent := func(o mapping.Origin) bool { return !jwt || claims[mapping.Top(o.Name)] == nil }
	out.AccessToken = explained(claims, slices.DeleteFunc(granted, absent), slices.DeleteFunc(own, absent))
	return nil
}

// explainScopes says where the claims of the scopes are from.
func (u *unit) explainScopes(scopes []string) []mapping.Origin {
	out := mapping.ExplainStandard(scopes, u.person)
	for _, s := range u.custom {
		if !slices.Contains(scopes, s.Name) {
			continue
		}
		for _, o := range mapping.Explain(s.Claims, u.person) {
			o.Row, o.Scope = nil, s.Name
			out = append(out, o)
		}
	}
	return out
}

// accessTokenClaims are what a JWT holds, and what introspection tells of another token.
func (p *Provider) accessTokenClaims(u *unit, scopes []string) (claims map[string]any, err error) {
	p.chooseAudience(u)
	var raw []byte
	if u.client.AccessTokenFormat == formatJWT {
		raw, err = p.accessBody(u, scopes)
	} else {
		t := &presented{unit: *u, access: true, issued: u.now, expires: u.accessExpires(), scopes: scopes}
		raw, err = json.Marshal(p.describeToken(u.client.Client, t))
	}
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	delete(claims, "jti")
	return claims, err
}

// explained says of each claim where it is from: a row of the client's mapping, below that
// a scope, and the rest is the protocol's.
func explained(claims map[string]any, scopes, rows []mapping.Origin) *mapping.Document {
	d := &mapping.Document{Claims: claims, Origins: []mapping.Origin{}}
	byRow, byScope := tops(rows), tops(scopes)
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if !byRow[name] && !byScope[name] {
			d.Origins = append(d.Origins, mapping.Origin{Name: name, Value: claims[name], Source: "protocol"})
		}
	}
	for _, o := range scopes {
		name := mapping.Top(o.Name)
		if _, there := claims[name]; there && o.Value != nil && !byRow[name] {
			d.Origins = append(d.Origins, o)
		}
	}
	d.Origins = append(d.Origins, rows...) // those without a value too: that is what an admin looks for
	return d
}

// tops are the claims that get a value.
func tops(origins []mapping.Origin) map[string]bool {
	out := make(map[string]bool)
	for _, o := range origins {
		if o.Value != nil {
			out[mapping.Top(o.Name)] = true
		}
	}
	return out
}
