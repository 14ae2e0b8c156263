package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"reflect"
	"unicode/utf8"

	"cloudsso/idp"
)

func (a *applying) serviceProvider(ctx context.Context, d ApplyDocument) (*step, error) {
	in, err := bodyOf[NewServiceProvider](a, d)
	if err != nil {
		return nil, err
	}
	switch {
	case in.App == "":
		return nil, idp.Errorf(idp.Invalid, "A service provider in a file needs app: it says which one is meant.").On("app")
	case in.MetadataOnce:
		return nil, idp.Errorf(idp.Invalid, "What is read once would be read again at each apply. Give the document as metadata_xml, or leave metadata_once out.").On("metadata_once")
	}
	was, err := a.Records.ServiceProvider(ctx, in.App)
	fresh := errors.Is(err, idp.ErrNotFound)
	if err != nil && !fresh {
		return nil, err
	}
	sp, warnings, err := a.readAgain(ctx, was, in)
	if err != nil {
		return nil, err
	}
	if sp.Managed, err = a.keep(was.Managed, d.File, false); err != nil {
		return nil, err
	}
	if err := errors.Join(a.once("app", sp.App, "app"), a.once("entity", sp.EntityID, "entity_id"), a.SAML.Complete(&sp, a.Dev), a.Ring.CheckSAMLPin(samlApp(sp))); err != nil {
		return nil, err
	}
	if other, err := a.Records.ServiceProviderByEntityID(ctx, sp.EntityID); err == nil && other.App != sp.App {
		return nil, idp.Errorf(idp.Conflict, "The entity ID %s belongs to the app %s. Delete that first.", sp.EntityID, other.App).On("entity_id")
	}
	s := &step{ObjectChange: ObjectChange{Kind: d.Kind, Name: sp.App, File: d.File, Action: ActionChange, Warnings: warnings}}
	if fresh {
		if err := a.freeName(ctx, sp.App, "app"); err != nil {
			return nil, err
		}
		s.Action = ActionCreate
		s.run = func(ctx context.Context, _ *ObjectChange) error {
			_, err := a.createServiceProvider(ctx, sp, false, warnings)
			return err
		}
		return s, nil
	}
	if s.Fields = append(changedProvider(was, sp), kept(was.Managed, sp.Managed)...); len(s.Fields) == 0 {
		return nil, nil
	}
	s.run = func(ctx context.Context, _ *ObjectChange) error {
		_, err := a.saveServiceProvider(ctx, was, sp, warnings)
		return err
	}
	return s, nil
}

// readAgain makes the record that a document asks for. What the metadata said is kept
// while the document names the same source or text: a source is read again by the clock,
// and a text that has run out since is no reason to refuse all else.
func (a *applying) readAgain(ctx context.Context, was idp.ServiceProvider, in NewServiceProvider) (idp.ServiceProvider, []string, error) {
	_, source, err := in.origin()
	if err != nil {
		return was, nil, err
	}
	sameEntity := in.EntityID == "" || in.EntityID == was.EntityID
	sameText := in.MetadataXML != "" && was.Source == nil && in.MetadataXML == string(was.MetadataXML) && len(in.MetadataSigners) == 0 && in.MetadataMaxValidity == 0
	if was.App == "" || !sameEntity || !sameText && !sameSource(was.Source, source) {
		sp, warnings, err := a.readServiceProvider(ctx, in)
		sp.Version, sp.CreatedAt = was.Version, was.CreatedAt
		return sp, warnings, err
	}
	sp := was
	sp.ServiceProviderPolicy = in.ServiceProviderPolicy
	if in.Name != "" {
		sp.Name = in.Name
	}
	return sp, nil, nil
}

func sameSource(was, is *idp.MetadataSource) bool {
	if was == nil || is.URL == "" {
		return false
	}
	return was.URL == is.URL && was.MDQ == is.MDQ && was.MaxValidity == is.MaxValidity &&
		len(was.Signers) == len(is.Signers) && (len(is.Signers) == 0 || reflect.DeepEqual(was.Signers, is.Signers)) &&
		len(was.SignerPins) == len(is.SignerPins) && (len(is.SignerPins) == 0 || reflect.DeepEqual(was.SignerPins, is.SignerPins))
}

// changedProvider words metadata by what it says, not by its text.
func changedProvider(was, is idp.ServiceProvider) []FieldChange {
	before, after := providerForm(was), providerForm(is)
	before.MetadataXML, after.MetadataXML = digest(before.MetadataXML), digest(after.MetadataXML)
	out := changedFields(before, after)
	for _, c := range metadataChanges(was, is) {
		f := FieldChange{Field: "metadata: " + c.Field}
		if len(c.Removed) > 0 {
			f.Old = c.Removed
		}
		if len(c.Added) > 0 {
			f.New = c.Added
		}
		out = append(out, f)
	}
	return out
}

func digest(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256 " + hex.EncodeToString(sum[:8]) + "…"
}

// providerForm is the document that makes a record.
func providerForm(sp idp.ServiceProvider) NewServiceProvider {
	out := NewServiceProvider{App: sp.App, EntityID: sp.EntityID, ServiceProviderSettings: ServiceProviderSettings{Name: sp.Name, ServiceProviderPolicy: sp.ServiceProviderPolicy}}
	switch {
	case sp.Source != nil:
		out.MetadataURL, out.MetadataMaxValidity = sp.Source.URL, sp.Source.MaxValidity
		if sp.Source.MDQ {
			out.MetadataURL, out.MDQURL = "", sp.Source.URL
		}
		out.MetadataSigners = append(pems(sp.Source.Signers), sp.Source.SignerPins...)
	case len(sp.MetadataXML) > 0:
		out.MetadataXML = string(sp.MetadataXML)
	default:
		for _, e := range sp.ACS {
			out.ACS = append(out.ACS, ACSEndpoint(e))
		}
		for _, e := range sp.SLO {
			out.SLO = append(out.SLO, SLOEndpoint{Location: e.Location, Binding: e.Binding, ResponseLocation: e.ResponseLocation})
		}
		out.SPSigningCertificates, out.SPEncryptionCertificates = pems(sp.SigningCerts), pems(sp.EncryptionCerts)
	}
	return out
}

func pems(ders [][]byte) (out []string) {
	for _, der := range ders {
		out = append(out, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	}
	return out
}

func (o acting) heldServiceProviders(ctx context.Context) (out []held, err error) {
	rows, err := every(ctx, o.Records.ServiceProviders, func(sp idp.ServiceProvider) string { return sp.App })
	for _, sp := range rows {
		if form := providerForm(sp); utf8.ValidString(form.MetadataXML) {
			out = append(out, held{
				space: "app", name: sp.App, title: sp.App, managed: sp.Managed, export: form,
				remove: func(ctx context.Context) error { return o.deleteServiceProvider(ctx, sp, sp.Version) },
				release: func(ctx context.Context) error {
					free := sp
					free.Managed = idp.Managed{}
					_, err := o.saveServiceProvider(ctx, sp, free, nil)
					return err
				},
			})
			continue
		}
		return nil, idp.Errorf(idp.Invalid, "The metadata of the app %s is not UTF-8 text, which files cannot hold. Import it again as UTF-8.", sp.App)
	}
	return out, err
}
