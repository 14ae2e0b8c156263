package samlidp

import (
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/md"
)

// FindServiceProvider makes a record out of a metadata document. Policy, App and versions are the caller's;
// [CompleteServiceProvider] comes next. Errors are [idp.Invalid] with line and column,
// also for a document whose validUntil is over.
func FindServiceProvider(metadataXML []byte, q idp.MetadataQuery) (idp.MetadataFound, error) {
	parsed, err := md.Find(metadataXML, q)
	if err != nil {
		return idp.MetadataFound{}, err
	}
	return idp.MetadataFound{
		ServiceProvider: md.ToServiceProvider(parsed), Warnings: parsed.Warnings,
		ValidUntil: parsed.ValidUntil, CacheDuration: parsed.CacheDuration,
	}, nil
}

// ServiceProvider is [FindServiceProvider] for a document that describes one service provider
// and is signed by nobody in particular, with the warnings beside the record.
func ServiceProvider(metadataXML []byte, now time.Time) (idp.ServiceProvider, []string, error) {
	found, err := FindServiceProvider(metadataXML, idp.MetadataQuery{Now: now})
	return found.ServiceProvider, found.Warnings, err
}

// MetadataEntities lists the service providers of a metadata document.
func MetadataEntities(metadataXML []byte) ([]idp.MetadataEntity, error) {
	return md.Entities(metadataXML)
}
