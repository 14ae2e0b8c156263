package api

import (
	"context"
	"time"

	"cloudsso/idp"
)

const (
	minTokenTTL     = time.Minute
	maxTokenTTL     = 365 * 24 * time.Hour
	defaultTokenTTL = 30 * 24 * time.Hour
)

// NewToken is the body of POST /tokens.
type NewToken struct {
	Role      string   `json:"role" enum:"owner,app_admin,help_desk,auditor,registration" doc:"What the token may do."`
	Name      string   `json:"name,omitempty" maxLength:"200" doc:"What it is for."`
	Apps      []string `json:"apps,omitempty" maxItems:"200" doc:"For app_admin: the client_ids and slugs of its apps."`
	ExpiresIn int64    `json:"expires_in,omitempty" minimum:"60" maximum:"31536000" doc:"Seconds that it works. Default 30 days."`
}

// Token is the answer about an admin token.
type Token struct {
	ID         string     `json:"id"`
	Secret     string     `json:"token,omitempty" doc:"Shown once, in the answer to the request that made it."`
	Role       string     `json:"role"`
	Name       string     `json:"name,omitempty"`
	Apps       []string   `json:"apps,omitempty"`
	CreatedBy  string     `json:"created_by,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"To five minutes. Absent: never."`
	ExpiresAt  time.Time  `json:"expires_at"`
}

func viewToken(t idp.AdminToken) Token {
	v := Token{ID: t.ID, Role: t.Role, Name: t.Name, Apps: t.Apps, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
	if !t.LastUsedAt.IsZero() {
		v.LastUsedAt = &t.LastUsedAt
	}
	return v
}

// CreateToken makes an admin token. Only the answer has its secret; we keep a hash.
func (o AdminsWriter) CreateToken(ctx context.Context, in NewToken) (Token, error) {
	ttl := time.Duration(in.ExpiresIn) * time.Second
	if in.ExpiresIn == 0 {
		ttl = defaultTokenTTL
	}
	if err := checkRole(in.Role, in.Apps, RoleOwner, RoleAppAdmin, RoleHelpDesk, RoleAuditor, RoleRegistration); err != nil {
		return Token{}, err
	}
	if ttl < minTokenTTL || ttl > maxTokenTTL {
		return Token{}, idp.Errorf(idp.Invalid, "A token lives between one minute and 365 days.").On("expires_in")
	}
	if !printable(in.Name) || len(in.Name) > 200 {
		return Token{}, idp.Errorf(idp.Invalid, "A name has up to 200 bytes and no control characters.").On("name")
	}
	secret := tokenPrefix + idp.NewSecret()
	t := idp.AdminToken{
		ID: idp.NewID(), Hash: idp.HashSecret(secret), Role: in.Role, Name: in.Name, Apps: in.Apps,
		CreatedBy: o.actor, CreatedAt: o.now(), ExpiresAt: o.now().Add(ttl),
	}
	// The Event comes first: a token that is on no record must not exist.
	if err := o.record(ctx, idp.Event{Name: idp.EventTokenCreated, Detail: map[string]string{"id": t.ID, "role": t.Role, "name": t.Name}}); err != nil {
		return Token{}, err
	}
	if err := o.Records.CreateAdminToken(ctx, t); err != nil {
		return Token{}, err
	}
	v := viewToken(t)
	v.Secret = secret
	return v, nil
}

// Tokens lists the tokens that work, by id.
func (o AdminsReader) Tokens(ctx context.Context, p Paging) (List[Token], error) {
	page, err := p.page("tokens")
	if err != nil {
		return List[Token]{}, err
	}
	rows, err := o.Records.AdminTokens(ctx, page)
	return list(p, rows, func(t idp.AdminToken) string { return t.ID }, viewToken), err
}

// RevokeToken ends a token at once.
func (o AdminsWriter) RevokeToken(ctx context.Context, id string) error {
	if err := o.Records.RevokeAdminToken(ctx, id); err != nil {
		return missing(err, "token", id)
	}
	return o.record(ctx, idp.Event{Name: idp.EventTokenRevoked, Detail: map[string]string{"id": id}})
}
