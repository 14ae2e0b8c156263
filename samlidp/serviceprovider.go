package samlidp

import (
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/md"
)

// ServiceProvider makes a record out of a service provider's metadata, with warnings for
// the admin about what could be read only in part. Policy, App and versions are the caller's;
// [CompleteServiceProvider] comes next. Errors are [idp.Invalid] with line and column,
// also for a document whose validUntil is over at now.
func ServiceProvider(metadataXML []byte, now time.Time) (idp.ServiceProvider, []string, error) {
	parsed, err := md.ParseSP(metadataXML, now)
	if err != nil {
		return idp.ServiceProvider{}, nil, err
	}
	return md.ToServiceProvider(parsed), parsed.Warnings, nil
}
