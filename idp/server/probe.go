package server

import (
	"context"

	"cloudsso/api"
	"cloudsso/idp/outbound"
)

// prober lets admins look at the addresses of apps.
type prober struct{ *outbound.Client }

// Probe implements [api.Prober].
func (p prober) Probe(ctx context.Context, url string) (api.Reached, error) {
	seen, err := p.Client.Probe(ctx, url)
	return api.Reached(seen), err
}
