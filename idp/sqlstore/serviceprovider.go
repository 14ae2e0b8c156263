package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"cloudsso/idp"
)

const spColumns = `SELECT app, entity_id, version, doc, metadata_xml, created_at, updated_at FROM service_providers`

type spDoc struct {
	Name                  string                    `json:"name"`
	Policy                idp.ServiceProviderPolicy `json:"policy"`
	ACS                   []idp.Endpoint            `json:"acs"`
	SLO                   []idp.Endpoint            `json:"slo"`
	SigningCerts          [][]byte                  `json:"signing_certs"`
	SignsRequests         bool                      `json:"signs_requests"`
	WantsAssertionsSigned bool                      `json:"wants_assertions_signed"`
	NameIDFormats         []string                  `json:"nameid_formats"`
	EncryptionCerts       [][]byte                  `json:"encryption_certs,omitempty"`
	EncryptionMethods     []idp.EncryptionMethod    `json:"encryption_methods,omitempty"`
	AttributeServices     []idp.AttributeService    `json:"attribute_services,omitempty"`
	SubjectIDReq          string                    `json:"subject_id_req,omitempty"`
	Source                *idp.MetadataSource       `json:"source,omitempty"`
	Managed               idp.Managed               `json:"managed,omitzero"`
}

// CreateServiceProvider is [idp.ServiceProviders]'s.
func (s *Store) CreateServiceProvider(ctx context.Context, sp idp.ServiceProvider) error {
	doc, err := spDocument(sp)
	if err != nil {
		return err
	}
	return s.together(ctx, named(sp.App, kindServiceProvider), Statement{`INSERT INTO service_providers (app, entity_id, version, doc, metadata_xml, created_at, updated_at)
		VALUES ($1, $2, 1, $3, $4, $5, $6)`, []any{sp.App, sp.EntityID, doc, sp.MetadataXML, micros(sp.CreatedAt), micros(sp.UpdatedAt)}})
}

// ServiceProvider is [idp.ServiceProviders]'s.
func (s *Store) ServiceProvider(ctx context.Context, app string) (idp.ServiceProvider, error) {
	return find(ctx, s, scanServiceProvider, spColumns+` WHERE app = $1`, app)
}

// ServiceProviderByEntityID is [idp.ServiceProviders]'s.
func (s *Store) ServiceProviderByEntityID(ctx context.Context, entityID string) (idp.ServiceProvider, error) {
	return find(ctx, s, scanServiceProvider, spColumns+` WHERE entity_id = $1`, entityID)
}

// UpdateServiceProvider is [idp.ServiceProviders]'s.
func (s *Store) UpdateServiceProvider(ctx context.Context, sp idp.ServiceProvider) error {
	doc, err := spDocument(sp)
	if err != nil {
		return err
	}
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE service_providers SET version = version + 1, entity_id = $3, doc = $4, metadata_xml = $5,
			created_at = $6, updated_at = $7 WHERE app = $1 AND version = $2`,
			sp.App, sp.Version, sp.EntityID, doc, sp.MetadataXML, micros(sp.CreatedAt), micros(sp.UpdatedAt))
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM service_providers WHERE app = $1`, sp.App)
	})
}

// DeleteServiceProvider is [idp.ServiceProviders]'s.
func (s *Store) DeleteServiceProvider(ctx context.Context, app string, version int64) error {
	return s.write(ctx, func(tx Tx) error {
		n, err := exec(tx, `DELETE FROM service_providers WHERE app = $1 AND (version = $2 OR $2 = 0)`, app, version)
		if err != nil {
			return err
		}
		if n == 0 {
			return missed(tx, `SELECT 1 FROM service_providers WHERE app = $1`, app)
		}
		return unnamed(tx, app, kindServiceProvider)
	})
}

// ServiceProviders is [idp.ServiceProviders]'s.
func (s *Store) ServiceProviders(ctx context.Context, p idp.Page) ([]idp.ServiceProvider, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return list(ctx, s, scanServiceProvider, spColumns+` WHERE app > $1 ORDER BY app LIMIT $2`, p.After, p.Limit)
}

const readPersistentID = `SELECT app, subject, value, created_at FROM persistent_ids WHERE app = $1 AND subject = $2`

// PersistentID is [idp.ServiceProviders]'s. Only the first sign-in of a person writes.
func (s *Store) PersistentID(ctx context.Context, candidate idp.PersistentID) (id idp.PersistentID, err error) {
	id, err = find(ctx, s, scanPersistentID, readPersistentID, candidate.App, candidate.Subject)
	if !errors.Is(err, idp.ErrNotFound) {
		return id, err
	}
	err = s.swap(ctx, func(tx Tx) error {
		_, err := exec(tx, `INSERT INTO persistent_ids (app, subject, value, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (app, subject) DO NOTHING`, candidate.App, candidate.Subject, candidate.Value, micros(candidate.CreatedAt))
		if err != nil {
			return err
		}
		id, err = one(tx.Query, scanPersistentID, readPersistentID, candidate.App, candidate.Subject)
		return err
	})
	if err != nil {
		return idp.PersistentID{}, err
	}
	return id, nil
}

// PersistentIDOf is [idp.ServiceProviders]'s.
func (s *Store) PersistentIDOf(ctx context.Context, app, subject string) (idp.PersistentID, error) {
	return find(ctx, s, scanPersistentID, readPersistentID, app, subject)
}

func spDocument(sp idp.ServiceProvider) (string, error) {
	return document(spDoc{
		Name: sp.Name, Policy: sp.ServiceProviderPolicy, ACS: sp.ACS, SLO: sp.SLO, SigningCerts: sp.SigningCerts,
		SignsRequests: sp.SignsRequests, WantsAssertionsSigned: sp.WantsAssertionsSigned, NameIDFormats: sp.NameIDFormats,
		EncryptionCerts: sp.EncryptionCerts, EncryptionMethods: sp.EncryptionMethods, AttributeServices: sp.AttributeServices, SubjectIDReq: sp.SubjectIDReq, Source: storedSource(sp.Source), Managed: sp.Managed,
	})
}

func scanServiceProvider(rows *sql.Rows) (sp idp.ServiceProvider, err error) {
	var d spDoc
	err = rows.Scan(&sp.App, &sp.EntityID, &sp.Version, content{&d}, &sp.MetadataXML, instant{&sp.CreatedAt}, instant{&sp.UpdatedAt})
	sp.Name, sp.ServiceProviderPolicy, sp.ACS, sp.SLO, sp.SigningCerts = d.Name, d.Policy, d.ACS, d.SLO, d.SigningCerts
	sp.SignsRequests, sp.WantsAssertionsSigned, sp.NameIDFormats = d.SignsRequests, d.WantsAssertionsSigned, d.NameIDFormats
	sp.EncryptionCerts, sp.EncryptionMethods, sp.AttributeServices, sp.SubjectIDReq = d.EncryptionCerts, d.EncryptionMethods, d.AttributeServices, d.SubjectIDReq
	sp.Source, sp.Managed = d.Source, d.Managed
	return sp, err
}

func scanPersistentID(rows *sql.Rows) (id idp.PersistentID, err error) {
	return id, rows.Scan(&id.App, &id.Subject, &id.Value, instant{&id.CreatedAt})
}

// storedSource has its times as all stores keep them: UTC, to the microsecond.
func storedSource(s *idp.MetadataSource) *idp.MetadataSource {
	if s == nil {
		return nil
	}
	c := *s
	for _, t := range []*time.Time{&c.FetchedAt, &c.TriedAt, &c.NextAt, &c.ValidUntil} {
		*t = t.UTC().Truncate(time.Microsecond)
	}
	return &c
}
