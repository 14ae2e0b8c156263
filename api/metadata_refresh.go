package api

import (
	"cmp"
	"context"
	"errors"
	"time"

	"cloudsso/idp"
)

// refresher is the actor of what the server does by itself.
const refresher = "system:metadata"

// Refreshed is what reading a service provider's metadata again has led to.
type Refreshed struct {
	ServiceProvider ServiceProvider  `json:"service_provider"`
	Changes         []MetadataChange `json:"changes" nullable:"false"`
}

// RefreshMetadata reads the metadata again of every service provider whose time has come.
// A service provider whose source fails keeps what it has.
func (a *Admin) RefreshMetadata(ctx context.Context) error {
	owner := a.Local(refresher).acting
	var errs []error
	err := a.eachServiceProvider(ctx, func(sp idp.ServiceProvider) error {
		if sp.Source == nil || sp.Source.NextAt.After(a.now()) {
			return ctx.Err()
		}
		if _, _, err := owner.refresh(ctx, sp); err != nil && !isPublic(err) {
			errs = append(errs, err)
		}
		return ctx.Err()
	})
	return errors.Join(append(errs, err)...)
}

// isPublic: the fault is the source's, or somebody else is changing the record; both are
// on record already.
func isPublic(err error) bool {
	var e *idp.Error
	return errors.As(err, &e) && e.Code != idp.Internal
}

// RefreshServiceProvider reads the metadata of one service provider again, now.
func (o AppsWriter) RefreshServiceProvider(ctx context.Context, app string) (Refreshed, error) {
	sp, err := o.serviceProvider(ctx, app)
	if err != nil {
		return Refreshed{}, err
	}
	if sp.Source == nil {
		return Refreshed{}, idp.Errorf(idp.Conflict, "The metadata of %s has no address to be read from again. PUT /api/v1/service-providers/%s with metadata_url or mdq_url gives it one.", app, app)
	}
	sp, changes, err := o.refresh(ctx, sp)
	if err != nil {
		return Refreshed{}, err
	}
	return Refreshed{o.viewServiceProvider(ctx, sp, nil), changes}, nil
}

// refresh reads again and applies what has changed; on a fault, it notes that and leaves
// everything else as it was.
func (o acting) refresh(ctx context.Context, old idp.ServiceProvider) (idp.ServiceProvider, []MetadataChange, error) {
	sp, err := o.reread(ctx, old)
	if err != nil {
		return old, nil, errors.Join(err, o.noteFault(ctx, old, err))
	}
	changes := metadataChanges(old, sp)
	if len(changes) > 0 {
		sp.UpdatedAt = o.now()
	} else {
		sp.MetadataXML = old.MetadataXML
	}
	if err := o.Records.UpdateServiceProvider(ctx, sp); err != nil {
		return old, nil, missing(err, "service provider", sp.App)
	}
	sp.Version++
	if len(changes) == 0 {
		return sp, changes, nil
	}
	detail := changeDetail(changes)
	detail["entity_id"] = cmp.Or(detail["entity_id"], sp.EntityID)
	return sp, changes, o.record(ctx, idp.Event{Name: idp.EventSPRefreshed, App: sp.App, Detail: detail})
}

// reread makes the new record. The name, the policy and the entity ID are not the
// source's to change: whoever takes over an address must not loosen anything (S19).
func (o acting) reread(ctx context.Context, old idp.ServiceProvider) (idp.ServiceProvider, error) {
	source := *old.Source
	doc, err := o.documentOf(ctx, &source, old.EntityID)
	if err != nil {
		return old, err
	}
	found, err := o.readFound(doc, &source, old.EntityID)
	if err != nil {
		return old, err
	}
	sp := found.ServiceProvider
	sp.App, sp.Name, sp.EntityID, sp.ServiceProviderPolicy = old.App, old.Name, old.EntityID, old.ServiceProviderPolicy
	sp.Version, sp.CreatedAt, sp.UpdatedAt, sp.Source, sp.Managed = old.Version, old.CreatedAt, old.UpdatedAt, &source, old.Managed
	return sp, o.complete(ctx, &sp)
}

// noteFault puts the next attempt off and tells of the fault: once, and again when it is
// another.
func (o acting) noteFault(ctx context.Context, sp idp.ServiceProvider, fault error) error {
	source, now := *sp.Source, o.now()
	said := idp.AsError(fault).Public
	news := source.Fault != said
	source.TriedAt, source.Fault = now, said
	source.Failures++
	source.NextAt = now.Add(min(shortestRefresh<<min(source.Failures-1, 5), usualRefresh))
	sp.Source = &source
	if err := o.Records.UpdateServiceProvider(ctx, sp); err != nil {
		return missing(err, "service provider", sp.App)
	}
	if !news {
		return nil
	}
	detail := map[string]string{"entity_id": sp.EntityID, "url": source.URL, "fault": said, "next_at": source.NextAt.Format(time.RFC3339)}
	if !source.ValidUntil.IsZero() {
		detail["valid_until"] = source.ValidUntil.Format(time.RFC3339)
	}
	return o.record(ctx, idp.Event{Name: idp.EventSPStale, App: sp.App, Detail: detail})
}
