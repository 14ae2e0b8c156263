package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/keys"
)

// KeyImport is a SAML key that was made elsewhere.
type KeyImport struct {
	App         string `json:"app,omitempty" maxLength:"40" doc:"The service provider whose own key it is to be. Default: shared."`
	PrivateKey  string `json:"private_key" maxLength:"65536" doc:"PEM, without a password: RSA of at least 2048 bits, or EC on P-256. It is sealed at once and never shown again."`
	Certificate string `json:"certificate" maxLength:"65536" doc:"PEM, of this key."`
}

// ImportKey takes a SAML key into the ring; it is published, and waits to be activated.
func (o KeysWriter) ImportKey(ctx context.Context, in KeyImport) (Key, error) {
	if in.App != "" {
		if err := o.keyFor(ctx, in.App); err != nil {
			return Key{}, err
		}
	}
	k, err := o.Ring.ImportSAML(ctx, recorder{o}, keys.Import{App: in.App, Key: []byte(in.PrivateKey), Certificate: []byte(in.Certificate)})
	return Key(k), err
}

// keyFor fails unless the body names a service provider that there is.
func (o KeysWriter) keyFor(ctx context.Context, app string) error {
	_, err := o.Records.ServiceProvider(ctx, app)
	if errors.Is(err, idp.ErrNotFound) {
		return idp.Errorf(idp.Invalid, "There is no service provider %q.", app).On("app")
	}
	return err
}

// DeactivateKey is [keys.Ring.Deactivate]. id may be a slot too.
func (o KeysWriter) DeactivateKey(ctx context.Context, id string) (Key, error) {
	k, err := o.Ring.Deactivate(ctx, recorder{o}, id)
	return Key(k), err
}

// PublishKey is [keys.Ring.Publish]. id may be a slot too.
func (o KeysWriter) PublishKey(ctx context.Context, id string) (Key, error) {
	k, err := o.Ring.Publish(ctx, recorder{o}, id)
	return Key(k), err
}

// KeyUser is a service provider that a SAML key is published for.
type KeyUser struct {
	App       string    `json:"app"`
	Name      string    `json:"name"`
	Signs     bool      `json:"signs" doc:"The key signs for it now."`
	Pinned    bool      `json:"pinned" doc:"Its signing_key names this key: it stays with it whatever is rolled over."`
	FetchedAt time.Time `json:"fetched_at,omitzero" doc:"When somebody last read our metadata at the app's own address. Absent: never, or at the common address."`
	Seen      bool      `json:"seen" doc:"The certificate was in what they read."`
}

// KeyUsers lists the service providers that a SAML key is published for: who still needs
// an old key, and who has not seen a new one.
func (o KeysReader) KeyUsers(ctx context.Context, id string) (List[KeyUser], error) {
	k, err := o.samlKey(id)
	if err != nil {
		return List[KeyUser]{}, err
	}
	out := List[KeyUser]{Items: []KeyUser{}}
	return out, o.eachServiceProvider(ctx, func(sp idp.ServiceProvider) error {
		if !o.own.has(sp.App) {
			return nil
		}
		u := KeyUser{App: sp.App, Name: sp.Name, Signs: o.Ring.SAMLKeyID(samlApp(sp)) == k.KID, Pinned: names(sp.SigningKey, k)}
		if !u.Signs && !u.Pinned && !slices.Contains(o.publishedFor(sp), k.SHA256) {
			return nil
		}
		fetch, err := o.lastFetch(ctx, sp.App)
		if err != nil {
			return err
		}
		u.FetchedAt, u.Seen = fetch.At, slices.Contains(fetch.Certificates, k.SHA256)
		out.Items = append(out.Items, u)
		return nil
	})
}

func names(id string, k keys.Info) bool { return id != "" && (id == k.KID || id == k.Slot) }

func (o acting) samlKey(id string) (keys.Info, error) {
	for _, k := range o.Ring.Keys() {
		if names(id, k) && k.SHA256 != "" && (k.App == "" || o.own.has(k.App)) {
			return k, nil
		}
	}
	return keys.Info{}, idp.Errorf(idp.NotFound, "There is no SAML key %q. List the keys to see which there are.", id)
}

func (o acting) publishedFor(sp idp.ServiceProvider) (sums []string) {
	for _, c := range o.Ring.SAMLCertificatesOf(samlApp(sp)) {
		sum := sha256.Sum256(c.Raw)
		sums = append(sums, hex.EncodeToString(sum[:]))
	}
	return sums
}

func (o acting) lastFetch(ctx context.Context, app string) (fetch idp.MetadataFetch, err error) {
	_, fetch, err = ticketWith[idp.MetadataFetch](ctx, o.Tickets, idp.TicketMetadataFetch, app, nil)
	return fetch, err
}

// unpinned refuses to retire a key that apps are pinned to: they would be signed for with
// another one that day.
func (o acting) unpinned(ctx context.Context, id string) error {
	k, err := o.samlKey(id)
	if err != nil {
		return nil // not a SAML key: the ring says what is wrong
	}
	var apps []string
	err = o.eachServiceProvider(ctx, func(sp idp.ServiceProvider) error {
		if names(sp.SigningKey, k) {
			apps = append(apps, sp.App)
		}
		return nil
	})
	if err == nil && len(apps) > 0 {
		err = idp.Errorf(idp.Conflict, "These apps are pinned to the key %s: %s. Change their signing_key first; with \"now\" they get the usual key.", k.KID, strings.Join(apps[:min(len(apps), 20)], ", "))
	}
	return err
}

// retireKeysOf ends what was an app's alone: another app of the same slug must not inherit it.
func (o acting) retireKeysOf(ctx context.Context, app string) error {
	for _, k := range o.Ring.Keys() {
		if k.App != app || k.State == keys.Retired {
			continue
		}
		if k.Signing {
			if _, err := o.Ring.Deactivate(ctx, recorder{o}, k.KID); err != nil {
				return err
			}
		}
		if _, err := o.Ring.Retire(ctx, recorder{o}, k.KID, true); err != nil {
			return err
		}
	}
	return nil
}

func (c *core) eachServiceProvider(ctx context.Context, visit func(idp.ServiceProvider) error) error {
	for after := ""; ; {
		page, err := c.Records.ServiceProviders(ctx, idp.Page{After: after, Limit: 200})
		if err != nil {
			return err
		}
		for _, sp := range page {
			if err := visit(sp); err != nil {
				return err
			}
			after = sp.App
		}
		if len(page) < 200 {
			return nil
		}
	}
}
