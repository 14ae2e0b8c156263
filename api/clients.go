package api

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
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
	SharedSigningKey      string `json:"shared_signing_key,omitempty" doc:"The key of HS* tokens of a client with hs_key dedicated: the octets of this text. Shown once, in the answer to the request that made it."`
	idp.ClientMetadata
	ManagedBy idp.Managed `json:"managed_by,omitzero" doc:"The file that keeps it: it is changed there. Absent: people keep it."`
	Warnings  []string    `json:"warnings,omitempty" doc:"Legacy switches that are on, each with the reason to turn it off."`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
	version   int64
}

func viewClient(c idp.Client) Client {
	return Client{ClientID: c.ID, ClientMetadata: c.ClientMetadata, ManagedBy: c.Managed, Warnings: c.Warnings(), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, version: c.Version}
}

// clientEvent tells which legacy switches are on, so that the audit log shows who turned
// them on, and when.
func clientEvent(name string, c idp.Client) idp.Event {
	e := idp.Event{Name: name, App: c.ID}
	if on := c.Legacy(); len(on) > 0 {
		e.Detail = map[string]string{"legacy": strings.Join(on, " ")}
	}
	return e
}

// shows adds new secrets to an answer.
func (c Client) shows(s shown) Client {
	if s.secret != "" {
		c.ClientSecret, c.ClientSecretExpiresAt = s.secret, new(int64)
	}
	c.SharedSigningKey = s.sharedKey
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
	if err := o.checkSector(ctx, idp.ClientMetadata{}, c.ClientMetadata); err != nil {
		return Client{}, err
	}
	return o.storeClient(ctx, c, in.ClientSecret)
}

// storeClient gives a new client, whose metadata has been checked, its secrets and keys.
func (o acting) storeClient(ctx context.Context, c idp.Client, imported string) (Client, error) {
	show, err := o.completeSecrets(&c, imported)
	if err != nil {
		return Client{}, err
	}
	if err := o.prepareKeys(ctx, c); err != nil {
		return Client{}, err
	}
	if err := o.Records.CreateClient(ctx, c); errors.Is(err, idp.ErrConflict) {
		return Client{}, idp.Errorf(idp.Conflict, "There is a client or another app with this client_id already.").On("client_id")
	} else if err != nil {
		return Client{}, err
	}
	if err := o.record(ctx, clientEvent(idp.EventClientCreated, c)); err != nil {
		// Nothing that is on no record is handed out.
		return Client{}, errors.Join(err, o.Records.DeleteClient(ctx, c.ID, c.Version))
	}
	return viewClient(c).shows(show), nil
}

// completeClient fills in defaults and checks everything.
func (o acting) completeClient(c *idp.Client) error {
	return errors.Join(c.Complete(o.Dev), within("claims_mapping", mapping.CheckClaims(c.ClaimsMapping)))
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
	page, err := p.page("clients")
	if err != nil {
		return List[Client]{}, err
	}
	rows, err := among(ctx, o.own, page, o.Records.Client, o.Records.Clients)
	return list(p, rows, func(c idp.Client) string { return c.ID }, viewClient), err
}

// PatchClient changes a client by a JSON merge patch. Disabling it ends its grants. One
// that needs another secret or key than it has gets it, which is in the answer.
func (o AppsWriter) PatchClient(ctx context.Context, id string, patch json.RawMessage, match IfMatch) (Client, error) {
	c, err := o.client(ctx, id)
	if err != nil {
		return Client{}, err
	}
	if err := match.check(c.Version); err != nil {
		return Client{}, err
	}
	if err := c.Managed.Check("app"); err != nil {
		return Client{}, err
	}
	was := c.ClientMetadata
	show, err := o.applyClientPatch(&c, patch)
	if err != nil {
		return Client{}, err
	}
	if err := o.checkSector(ctx, was, c.ClientMetadata); err != nil {
		return Client{}, err
	}
	return o.saveClient(ctx, was, c, show)
}

// saveClient replaces a client, whose metadata and secrets have been checked.
func (o acting) saveClient(ctx context.Context, was idp.ClientMetadata, c idp.Client, show shown) (Client, error) {
	if err := o.prepareKeys(ctx, c); err != nil {
		return Client{}, err
	}
	c.UpdatedAt = o.now()
	if err := o.Records.UpdateClient(ctx, c); err != nil {
		return Client{}, missing(err, "client", c.ID)
	}
	c.Version++
	if c.Disabled {
		if _, err := o.Records.RevokeGrants(ctx, idp.GrantFilter{ClientID: c.ID}, "client_disabled", o.now()); err != nil {
			return Client{}, err
		}
	}
	if len(was.SymmetricAlgs()) > 0 {
		if err := o.DropPlaceholders(ctx, recorder{o}); err != nil {
			return Client{}, err
		}
	}
	return viewClient(c).shows(show), o.recordChange(ctx, clientEvent(idp.EventClientUpdated, c), was, c.ClientMetadata)
}

// applyClientPatch changes the record and says which secrets it made.
func (o acting) applyClientPatch(c *idp.Client, patch json.RawMessage) (show shown, err error) {
	before := c.ClientMetadata
	if c.ClientMetadata, err = patched(o.schemas, before, patch); err != nil {
		return shown{}, err
	}
	c.FollowSwitches(before)
	if c.Scope == before.Scope && c.Scope == defaultScope(before.GrantTypes) {
		c.Scope = "" // nobody chose it: a client that gains refresh_token gains offline_access
	}
	if err := o.completeClient(c); err != nil {
		return shown{}, err
	}
	return o.completeSecrets(c, "")
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
	if err := errors.Join(match.check(c.Version), c.Managed.Check("app")); err != nil {
		return err
	}
	return o.deleteClient(ctx, c, match.version(c.Version))
}

func (o acting) deleteClient(ctx context.Context, c idp.Client, version int64) error {
	if err := o.Records.DeleteClient(ctx, c.ID, version); err != nil {
		return missing(err, "client", c.ID)
	}
	if len(c.SymmetricAlgs()) > 0 {
		if err := o.DropPlaceholders(ctx, recorder{o}); err != nil {
			return err
		}
	}
	return o.record(ctx, idp.Event{Name: idp.EventClientDeleted, App: c.ID})
}
