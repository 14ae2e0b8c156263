package api

import (
	"context"

	"cloudsso/idp"
)

// RegisterClient stores a client that registers itself; who may do that, and what it may
// say about itself, the caller has decided. The rules for metadata are those of
// CreateClient, but for sector_identifier_uri, which the caller has looked at too.
func (o AppsMaker) RegisterClient(ctx context.Context, c idp.Client) (Client, error) {
	c.Version, c.CreatedAt, c.UpdatedAt = 1, o.now(), o.now()
	if err := o.completeClient(&c); err != nil {
		return Client{}, err
	}
	return o.storeClient(ctx, c, "")
}

// ReplaceClient is RegisterClient for a client that is there; was is what its metadata
// were. Conflict if somebody else has changed it meanwhile.
func (o AppsMaker) ReplaceClient(ctx context.Context, was idp.ClientMetadata, c idp.Client) (Client, error) {
	if err := o.completeClient(&c); err != nil {
		return Client{}, err
	}
	show, err := o.completeSecrets(&c, "")
	if err != nil {
		return Client{}, err
	}
	return o.saveClient(ctx, was, c, show)
}
