package oauth

import (
	"maps"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// Scope is a scope of the operator's own: what it brings beside the right that its name
// stands for.
type Scope struct {
	Name   string
	Claims []idp.Mapping // about the person, where those of the standard scopes are
}

// scopesSupported are the standard scopes and, after them, the operator's.
func (p *Provider) scopesSupported() []string {
	all := standardScopes()
	for _, s := range p.Scopes {
		all = append(all, s.Name)
	}
	return all
}

// ownClaims are the names of the claims that the operator's scopes bring.
func (p *Provider) ownClaims() []string {
	var names []string
	for _, s := range p.Scopes {
		for _, row := range s.Claims {
			names = append(names, row.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// scopeClaims are the claims of the granted scopes.
func (u *unit) scopeClaims(granted []string) (map[string]any, error) {
	claims := mapping.Standard(granted, u.person)
	for _, s := range u.custom {
		if !slices.Contains(granted, s.Name) {
			continue
		}
		rows, err := mapping.Claims(s.Claims, u.person)
		if err != nil {
			return nil, missingClaim(err)
		}
		maps.Copy(claims, rows)
	}
	return claims, nil
}
