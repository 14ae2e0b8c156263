package api

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// MetadataPreview is what an import would do.
type MetadataPreview struct {
	App             string               `json:"app,omitempty" doc:"The app that is registered with this entity ID, which PUT would replace."`
	ServiceProvider *ServiceProvider     `json:"service_provider,omitempty" doc:"As it would be."`
	Changes         []MetadataChange     `json:"changes" nullable:"false" doc:"Against the app that is registered; everything, if none is."`
	Entities        []idp.MetadataEntity `json:"entities,omitempty" doc:"What a collection describes, while entity_id chooses none of it; at most 2000."`
}

// PreviewServiceProvider reads metadata as [AppsMaker.ImportServiceProvider] would, and saves
// nothing.
func (o AppsWriter) PreviewServiceProvider(ctx context.Context, in NewServiceProvider) (MetadataPreview, error) {
	p := MetadataPreview{Changes: []MetadataChange{}}
	if in.EntityID == "" && in.MDQURL == "" {
		list, err := o.collection(ctx, &in)
		if err != nil || len(list) > 1 {
			p.Entities = list
			return p, err
		}
	}
	sp, warnings, err := o.readServiceProvider(ctx, in)
	if err != nil {
		return p, err
	}
	if err := o.SAML.Complete(&sp, o.Dev); err != nil {
		return p, err
	}
	old, err := o.Records.ServiceProviderByEntityID(ctx, sp.EntityID)
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return p, err
	}
	if err == nil && !o.own.has(old.App) {
		return p, idp.Errorf(idp.Conflict, "The entity ID %s is registered already.", sp.EntityID).On("entity_id")
	}
	if err == nil {
		sp.App, sp.CreatedAt, sp.UpdatedAt = old.App, old.CreatedAt, old.UpdatedAt
	}
	view := o.viewServiceProvider(ctx, sp, warnings)
	p.App, p.ServiceProvider, p.Changes = old.App, &view, metadataChanges(old, sp)
	return p, nil
}

// collection lists what a document describes. One that had to be fetched goes on as text,
// so that what is shown is what was listed.
func (o acting) collection(ctx context.Context, in *NewServiceProvider) ([]idp.MetadataEntity, error) {
	field, source, err := in.origin()
	if err != nil {
		return nil, err
	}
	doc := []byte(in.MetadataXML)
	if source.URL != "" {
		if doc, err = o.documentOf(ctx, source, ""); err != nil {
			return nil, idp.AsError(err).On(field)
		}
	}
	if len(doc) == 0 {
		return nil, nil
	}
	list, err := o.SAML.Entities(doc)
	if err != nil {
		return nil, idp.AsError(err).On(field)
	}
	return list, nil
}
