package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"cloudsso/idp"
	"cloudsso/keys"
)

// ImportServiceProvider registers a service provider from its metadata (as text or by
// address) or from what an admin typed in.
func (o AppsMaker) ImportServiceProvider(ctx context.Context, in NewServiceProvider) (ServiceProvider, error) {
	sp, warnings, err := o.readServiceProvider(ctx, in)
	if err != nil {
		return ServiceProvider{}, err
	}
	return o.createServiceProvider(ctx, sp, in.App == "", warnings)
}

// createServiceProvider checks a new record and stores it.
func (o acting) createServiceProvider(ctx context.Context, sp idp.ServiceProvider, mayRename bool, warnings []string) (ServiceProvider, error) {
	if err := o.complete(ctx, &sp); err != nil {
		return ServiceProvider{}, err
	}
	if err := o.unknownEntity(ctx, sp.EntityID); err != nil {
		return ServiceProvider{}, err
	}
	sp.Version, sp.CreatedAt, sp.UpdatedAt = 1, o.now(), o.now()
	if err := o.store(ctx, &sp, mayRename); err != nil {
		return ServiceProvider{}, err
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventSPCreated, App: sp.App, Detail: map[string]string{"entity_id": sp.EntityID}}); err != nil {
		return ServiceProvider{}, errors.Join(err, o.Records.DeleteServiceProvider(ctx, sp.App, sp.Version))
	}
	return o.viewServiceProvider(ctx, sp, warnings), nil
}

// store creates the record. A slug that we chose gives way to one that is taken.
func (o acting) store(ctx context.Context, sp *idp.ServiceProvider, mayRename bool) error {
	slug := sp.App
	for i := 2; ; i++ {
		err := o.Records.CreateServiceProvider(ctx, *sp)
		if !errors.Is(err, idp.ErrConflict) {
			return err
		}
		if err := o.unknownEntity(ctx, sp.EntityID); err != nil {
			return err // somebody was faster
		}
		if !mayRename || i > 99 {
			return idp.Errorf(idp.Conflict, "There is an app called %s already. Choose another name in app.", slug).On("app")
		}
		sp.App = fmt.Sprintf("%s-%d", strings.TrimRight(slug[:min(len(slug), 36)], "-"), i)
	}
}

func (o acting) unknownEntity(ctx context.Context, entityID string) error {
	known, err := o.Records.ServiceProviderByEntityID(ctx, entityID)
	switch {
	case err == nil:
		return idp.Errorf(idp.Conflict, "The entity ID %s is registered already, as app %s. PUT /api/v1/service-providers/%s replaces it.", entityID, known.App, known.App).On("entity_id")
	case errors.Is(err, idp.ErrNotFound):
		return nil
	}
	return err
}

// readServiceProvider makes a record of the body; policy members of the body win over
// what the metadata says.
func (o acting) readServiceProvider(ctx context.Context, in NewServiceProvider) (sp idp.ServiceProvider, warnings []string, err error) {
	given, byHand := 0, in.ACS != nil || in.SLO != nil || in.SPSigningCertificates != nil || in.SPEncryptionCertificates != nil
	for _, s := range []string{in.MetadataXML, in.MetadataURL, in.MDQURL} {
		if s != "" {
			given++
		}
	}
	switch {
	case given == 1 && !byHand && (in.MDQURL == "" || in.EntityID != ""):
		var found idp.MetadataFound
		found, err = o.readMetadata(ctx, in)
		sp, warnings = found.ServiceProvider, found.Warnings
	case given == 0 && in.EntityID != "" && len(in.ACS) > 0:
		sp, err = in.manual()
	default:
		err = idp.Errorf(idp.Invalid, "Give one of: metadata_xml, metadata_url, mdq_url together with entity_id, or entity_id together with acs.")
	}
	if err != nil {
		return sp, nil, err
	}
	sp.App = in.App
	sp.ServiceProviderPolicy = in.ServiceProviderPolicy
	if in.Name != "" {
		sp.Name = in.Name
	}
	return sp, warnings, nil
}

// complete checks the record, and has the key made that will sign for it: its certificate
// is part of the answer.
func (o acting) complete(ctx context.Context, sp *idp.ServiceProvider) error {
	if err := o.SAML.Complete(sp, o.Dev); err != nil {
		return err
	}
	if err := o.Ring.CheckSAMLPin(samlApp(*sp)); err != nil {
		return err
	}
	_, err := o.Ring.SAMLKeyOf(ctx, recorder{o}, samlApp(*sp))
	return err
}

// samlApp is a service provider as the ring knows it.
func samlApp(sp idp.ServiceProvider) keys.SAMLApp {
	return keys.SAMLApp{App: sp.App, Key: sp.SigningKey, Alg: samlKind(sp)}
}

// samlKind is the kind of key that signs for a service provider.
func samlKind(sp idp.ServiceProvider) string {
	if strings.HasPrefix(sp.SignatureAlgorithm, "ecdsa-") {
		return keys.ES256
	}
	return keys.RS256
}

// ServiceProvider returns one service provider.
func (o AppsReader) ServiceProvider(ctx context.Context, app string) (ServiceProvider, error) {
	sp, err := o.serviceProvider(ctx, app)
	if err != nil {
		return ServiceProvider{}, err
	}
	return o.viewServiceProvider(ctx, sp, nil), nil
}

// ServiceProviders lists service providers by app.
func (o AppsReader) ServiceProviders(ctx context.Context, p Paging) (List[ServiceProvider], error) {
	page, err := p.page("service-providers")
	if err != nil {
		return List[ServiceProvider]{}, err
	}
	rows, err := among(ctx, o.own, page, o.Records.ServiceProvider, o.Records.ServiceProviders)
	view := func(sp idp.ServiceProvider) ServiceProvider { return o.viewServiceProvider(ctx, sp, nil) }
	return list(p, rows, func(sp idp.ServiceProvider) string { return sp.App }, view), err
}

// ReplaceServiceProvider replaces everything about a service provider but its slug.
// Signing keys that the new metadata does not have are out at once.
func (o AppsWriter) ReplaceServiceProvider(ctx context.Context, app string, in NewServiceProvider, match IfMatch) (ServiceProvider, error) {
	if in.App != "" && in.App != app {
		return ServiceProvider{}, idp.Errorf(idp.Invalid, "The slug of an app never changes. Leave app out, or make a new service provider.").On("app")
	}
	return o.changeServiceProvider(ctx, app, match, func(old *idp.ServiceProvider) (warnings []string, err error) {
		in.App = app
		sp, warnings, err := o.readServiceProvider(ctx, in)
		if err != nil {
			return nil, err
		}
		sp.Version, sp.CreatedAt = old.Version, old.CreatedAt
		*old = sp
		return warnings, nil
	})
}

// PatchServiceProvider changes name and policy by a JSON merge patch.
func (o AppsWriter) PatchServiceProvider(ctx context.Context, app string, patch json.RawMessage, match IfMatch) (ServiceProvider, error) {
	return o.changeServiceProvider(ctx, app, match, func(sp *idp.ServiceProvider) ([]string, error) {
		s, err := patched(o.schemas, ServiceProviderSettings{Name: sp.Name, ServiceProviderPolicy: sp.ServiceProviderPolicy}, patch)
		if err != nil {
			return nil, err
		}
		sp.Name, sp.ServiceProviderPolicy = s.Name, s.ServiceProviderPolicy
		return nil, nil
	})
}

// changeServiceProvider reads, changes, checks and stores.
func (o AppsWriter) changeServiceProvider(ctx context.Context, app string, match IfMatch, change func(*idp.ServiceProvider) ([]string, error)) (ServiceProvider, error) {
	sp, err := o.serviceProvider(ctx, app)
	if err != nil {
		return ServiceProvider{}, err
	}
	if err := match.check(sp.Version); err != nil {
		return ServiceProvider{}, err
	}
	if err := sp.Managed.Check("app"); err != nil {
		return ServiceProvider{}, err
	}
	was := sp
	warnings, err := change(&sp)
	if err != nil {
		return ServiceProvider{}, err
	}
	return o.saveServiceProvider(ctx, was, sp, warnings)
}

// saveServiceProvider checks a changed record and stores it.
func (o acting) saveServiceProvider(ctx context.Context, was, sp idp.ServiceProvider, warnings []string) (ServiceProvider, error) {
	if err := o.complete(ctx, &sp); err != nil {
		return ServiceProvider{}, err
	}
	if other, err := o.Records.ServiceProviderByEntityID(ctx, sp.EntityID); err == nil && other.App != sp.App {
		return ServiceProvider{}, idp.Errorf(idp.Conflict, "The entity ID %s belongs to app %s.", sp.EntityID, other.App).On("entity_id")
	}
	sp.UpdatedAt = o.now()
	if err := o.Records.UpdateServiceProvider(ctx, sp); err != nil {
		return ServiceProvider{}, missing(err, "service provider", sp.App)
	}
	sp.Version++
	return o.viewServiceProvider(ctx, sp, warnings), o.recordServiceProvider(ctx, was, sp)
}

// DeleteServiceProvider deletes a service provider. Persistent NameIDs that it was told
// stay reserved.
func (o AppsMaker) DeleteServiceProvider(ctx context.Context, app string, match IfMatch) error {
	sp, err := o.serviceProvider(ctx, app)
	if err != nil {
		return err
	}
	if err := errors.Join(match.check(sp.Version), sp.Managed.Check("app")); err != nil {
		return err
	}
	return o.deleteServiceProvider(ctx, sp, match.version(sp.Version))
}

func (o acting) deleteServiceProvider(ctx context.Context, sp idp.ServiceProvider, version int64) error {
	if err := o.Records.DeleteServiceProvider(ctx, sp.App, version); err != nil {
		return missing(err, "service provider", sp.App)
	}
	if err := o.retireKeysOf(ctx, sp.App); err != nil {
		return err
	}
	return o.record(ctx, idp.Event{Name: idp.EventSPDeleted, App: sp.App, Detail: map[string]string{"entity_id": sp.EntityID}})
}
