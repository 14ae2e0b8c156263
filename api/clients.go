package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/userdir"
)

// NewClient is the body of POST /clients: RFC 7591 client metadata and ours. The id
// and the secret are made unless an import brings them along.
type NewClient struct {
	ClientID     string `json:"client_id,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$" doc:"Only to keep the id of a client that is moved here. Default: generated."`
	ClientSecret string `json:"client_secret,omitempty" minLength:"16" maxLength:"1024" writeOnly:"true" doc:"Only to keep the secret of a client that is moved here. Default: generated, 256 bits."`
	idp.ClientMetadata
}

// Client is the answer about a client.
type Client struct {
	ClientID              string `json:"client_id"`
	ClientSecret          string `json:"client_secret,omitempty" doc:"Shown once, in the answer to the request that made it."`
	ClientSecretExpiresAt *int64 `json:"client_secret_expires_at,omitempty" doc:"With client_secret. 0: never."`
	idp.ClientMetadata
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	version   int64
}

func viewClient(c idp.Client) Client {
	return Client{ClientID: c.ID, ClientMetadata: c.ClientMetadata, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, version: c.Version}
}

// shows adds the secret to an answer.
func (c Client) shows(secret string) Client {
	if secret != "" {
		c.ClientSecret, c.ClientSecretExpiresAt = secret, new(int64)
	}
	return c
}

// CreateClient registers a client. The answer holds the secret, unless the client is
// public or brought its own.
func (o AppsMaker) CreateClient(ctx context.Context, in NewClient) (Client, error) {
	now := o.now()
	c := idp.Client{ID: in.ClientID, ClientMetadata: in.ClientMetadata, Version: 1, CreatedAt: now, UpdatedAt: now}
	if c.ID == "" {
		c.ID = idp.NewID()
	}
	if err := o.completeClient(&c); err != nil {
		return Client{}, err
	}
	secret, err := o.firstSecret(&c, in.ClientSecret)
	if err != nil {
		return Client{}, err
	}
	if err := o.Records.CreateClient(ctx, c); errors.Is(err, idp.ErrConflict) {
		return Client{}, idp.Errorf(idp.Conflict, "There is a client or another app with this client_id already.").On("client_id")
	} else if err != nil {
		return Client{}, err
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventClientCreated, App: c.ID}); err != nil {
		// Nothing that is on no record is handed out.
		return Client{}, errors.Join(err, o.Records.DeleteClient(ctx, c.ID, c.Version))
	}
	return viewClient(c).shows(secret), nil
}

// completeClient fills in defaults and checks everything.
func (o acting) completeClient(c *idp.Client) error {
	return errors.Join(c.Complete(o.Dev), within("claims_mapping", mapping.CheckClaims(c.ClaimsMapping)))
}

// firstSecret gives a client its secret and returns it if the caller does not know it.
func (o acting) firstSecret(c *idp.Client, imported string) (show string, err error) {
	switch {
	case c.Public() && imported != "":
		return "", idp.Errorf(idp.Invalid, "A public client (token_endpoint_auth_method none) has no secret.").On("client_secret")
	case c.Public():
		return "", nil
	case imported == "":
		secret := idp.NewSecret()
		c.Secrets = []idp.ClientSecret{{Hash: "s256:" + idp.HashSecret(secret), CreatedAt: o.now()}}
		return secret, nil
	case len(imported) < 16 || len(imported) > 1024:
		return "", idp.Errorf(idp.Invalid, "A client secret has 16 to 1024 bytes. Leave it out to have a strong one made.").On("client_secret")
	}
	// Somebody else chose it, so it may be guessable: a slow hash.
	hash, err := userdir.HashPassword(imported)
	c.Secrets = []idp.ClientSecret{{Hash: hash, CreatedAt: o.now()}}
	return "", err
}

// Client returns one client.
func (o AppsReader) Client(ctx context.Context, id string) (Client, error) {
	c, err := o.client(ctx, id)
	if err != nil {
		return Client{}, err
	}
	return viewClient(c), nil
}

// Clients lists clients by id.
func (o AppsReader) Clients(ctx context.Context, p Paging) (List[Client], error) {
	page, err := p.page()
	if err != nil {
		return List[Client]{}, err
	}
	rows, err := among(ctx, o.own, page, o.Records.Client, o.Records.Clients)
	return list(p, rows, func(c idp.Client) string { return c.ID }, viewClient), err
}

// PatchClient changes a client by a JSON merge patch. Disabling it ends its grants. One
// that stops being public gets a secret, which is in the answer.
func (o AppsWriter) PatchClient(ctx context.Context, id string, patch json.RawMessage, match IfMatch) (Client, error) {
	c, err := o.client(ctx, id)
	if err != nil {
		return Client{}, err
	}
	if err := match.check(c.Version); err != nil {
		return Client{}, err
	}
	secret, err := o.applyClientPatch(&c, patch)
	if err != nil {
		return Client{}, err
	}
	c.UpdatedAt = o.now()
	if err := o.Records.UpdateClient(ctx, c); err != nil {
		return Client{}, missing(err, "client", id)
	}
	c.Version++
	if c.Disabled {
		if _, err := o.Records.RevokeGrants(ctx, idp.GrantFilter{ClientID: id}, "client_disabled", o.now()); err != nil {
			return Client{}, err
		}
	}
	return viewClient(c).shows(secret), o.record(ctx, idp.Event{Name: idp.EventClientUpdated, App: id})
}

// applyClientPatch changes the record; secret is set if one was made.
func (o acting) applyClientPatch(c *idp.Client, patch json.RawMessage) (secret string, err error) {
	before := c.ClientMetadata
	if c.ClientMetadata, err = patched(o.schemas, before, patch); err != nil {
		return "", err
	}
	if c.Scope == before.Scope && c.Scope == defaultScope(before.GrantTypes) {
		c.Scope = "" // nobody chose it: a client that gains refresh_token gains offline_access
	}
	if err := o.completeClient(c); err != nil {
		return "", err
	}
	switch {
	case c.Public():
		c.Secrets = nil
	case len(c.Secrets) == 0:
		return o.firstSecret(c, "")
	}
	return "", nil
}

// defaultScope is what a client with these grant types gets without asking.
func defaultScope(grantTypes []string) string {
	m := idp.ClientMetadata{GrantTypes: grantTypes}
	m.Complete(false) // refuses it later for other reasons; the defaults are in by then
	return m.Scope
}

// DeleteClient deletes a client with its grants and consents.
func (o AppsMaker) DeleteClient(ctx context.Context, id string, match IfMatch) error {
	c, err := o.client(ctx, id)
	if err != nil {
		return err
	}
	if err := match.check(c.Version); err != nil {
		return err
	}
	if err := o.Records.DeleteClient(ctx, id, match.version(c.Version)); err != nil {
		return missing(err, "client", id)
	}
	return o.record(ctx, idp.Event{Name: idp.EventClientDeleted, App: id})
}
