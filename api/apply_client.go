package api

import (
	"context"
	"errors"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// replacedSecretKeep is how long the secret before a file's new one works on.
const replacedSecretKeep = 24 * time.Hour

func (a *applying) client(ctx context.Context, d ApplyDocument) (*step, error) {
	in, err := bodyOf[NewClient](a, d)
	if err != nil {
		return nil, err
	}
	if in.ClientID == "" {
		return nil, idp.Errorf(idp.Invalid, "A client in a file needs a client_id: it says which client is meant.").On("client_id")
	}
	was, err := a.Records.Client(ctx, in.ClientID)
	fresh := errors.Is(err, idp.ErrNotFound)
	if err != nil && !fresh {
		return nil, err
	}
	if was.RegistrationTokenHash != "" {
		return nil, idp.Errorf(idp.Conflict, "This client registered itself and changes itself. Delete it first, or choose another client_id.").On("client_id")
	}
	c := was
	if fresh {
		c = idp.Client{ID: in.ClientID, Version: 1, CreatedAt: a.now(), UpdatedAt: a.now()}
	}
	c.ClientMetadata = in.ClientMetadata
	if c.Managed, err = a.keep(was.Managed, d.File, in.ClientSecret != ""); err != nil {
		return nil, err
	}
	if err := errors.Join(a.once("app", c.ID, "client_id"), a.completeClient(&c)); err != nil {
		return nil, err
	}
	if err := a.checkSector(ctx, was.ClientMetadata, c.ClientMetadata); err != nil {
		return nil, err
	}
	s := &step{ObjectChange: ObjectChange{Kind: d.Kind, Name: c.ID, File: d.File, Action: ActionChange, Warnings: c.Warnings()}}
	if fresh {
		return a.createsClient(ctx, s, c, in.ClientSecret)
	}
	return a.changesClient(s, was, c, in.ClientSecret)
}

func (a *applying) createsClient(ctx context.Context, s *step, c idp.Client, secret string) (*step, error) {
	if err := a.freeName(ctx, c.ID, "client_id"); err != nil {
		return nil, err
	}
	checked := c
	if _, err := a.completeSecrets(&checked, secret); err != nil {
		return nil, err
	}
	s.Action = ActionCreate
	s.run = func(ctx context.Context, done *ObjectChange) error {
		view, err := a.storeClient(ctx, c, secret)
		done.ClientSecret, done.SharedSigningKey = view.ClientSecret, view.SharedSigningKey
		return err
	}
	return s, nil
}

func (a *applying) changesClient(s *step, was, c idp.Client, secret string) (*step, error) {
	replaced, err := a.replaceSecret(&c, secret)
	if err != nil {
		return nil, err
	}
	show, err := a.completeSecrets(&c, secret)
	if err != nil {
		return nil, err
	}
	s.Fields = append(changedFields(was.ClientMetadata, c.ClientMetadata), kept(was.Managed, c.Managed)...)
	if replaced || show.secret != "" {
		s.Fields = append(s.Fields, FieldChange{Field: "client_secret", Secret: true})
	}
	if show.sharedKey != "" {
		s.Fields = append(s.Fields, FieldChange{Field: "shared_signing_key", Secret: true})
	}
	if len(s.Fields) == 0 {
		return nil, nil
	}
	s.run = func(ctx context.Context, done *ObjectChange) error {
		view, err := a.saveClient(ctx, was.ClientMetadata, c, show)
		done.ClientSecret, done.SharedSigningKey = view.ClientSecret, view.SharedSigningKey
		return err
	}
	return s, nil
}

// replaceSecret puts a file's secret beside the newest of the client's, unless it is there
// already. The other one works on for a day, so that the application can be changed.
func (o acting) replaceSecret(c *idp.Client, secret string) (bool, error) {
	if secret == "" || !c.HasSecret() {
		return false, nil
	}
	live := c.LiveSecrets(idp.SecretAuthenticates, o.now())
	for _, s := range live {
		if same, err := sameSecret(s, secret); same || err != nil {
			return false, err
		}
	}
	var keep []idp.ClientSecret
	for _, s := range c.Secrets {
		newest := len(live) > 0 && s.ID == live[len(live)-1].ID
		if s.Use == idp.SecretAuthenticates && !newest {
			continue
		}
		if end := o.now().Add(replacedSecretKeep); newest && (s.ExpiresAt.IsZero() || s.ExpiresAt.After(end)) {
			s.ExpiresAt = end
		}
		keep = append(keep, s)
	}
	c.Secrets = keep
	_, err := o.addSecret(c, idp.SecretAuthenticates, secret)
	return true, err
}

func sameSecret(s idp.ClientSecret, value string) (bool, error) {
	if hash, ok := strings.CutPrefix(s.Hash, "s256:"); ok {
		return hash == idp.HashSecret(value), nil
	}
	same, _, err := userdir.VerifyPassword(s.Hash, value)
	return same, err
}

func (o acting) heldClients(ctx context.Context) (out []held, err error) {
	rows, err := every(ctx, o.Records.Clients, func(c idp.Client) string { return c.ID })
	for _, c := range rows {
		h := held{space: "app", name: c.ID, title: c.ID, managed: c.Managed, export: NewClient{ClientID: c.ID, ClientMetadata: c.ClientMetadata}}
		if c.RegistrationTokenHash != "" {
			h.export = nil
		}
		h.remove = func(ctx context.Context) error { return o.deleteClient(ctx, c, c.Version) }
		h.release = func(ctx context.Context) error {
			free := c
			free.Managed = idp.Managed{}
			_, err := o.saveClient(ctx, c.ClientMetadata, free, shown{})
			return err
		}
		out = append(out, h)
	}
	return out, err
}
