package api

import (
	"context"
	"slices"

	"cloudsso/idp"
)

const maxSector = 64 << 10 // bytes of the document at sector_identifier_uri

// checkSector asks the host of sector_identifier_uri whether it knows the redirect URIs,
// if either is not what it was.
func (o acting) checkSector(ctx context.Context, before, after idp.ClientMetadata) error {
	same := before.SectorIdentifierURI == after.SectorIdentifierURI && slices.Equal(before.RedirectURIs, after.RedirectURIs)
	if after.SectorIdentifierURI == "" || same {
		return nil
	}
	document, _, err := o.Fetch.Fetch(ctx, after.SectorIdentifierURI, maxSector)
	if err != nil {
		return idp.AsError(err).On("sector_identifier_uri")
	}
	return after.CheckSector(document)
}
