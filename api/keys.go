package api

import (
	"context"
	"crypto/x509"

	"cloudsso/idp"
	"cloudsso/keys"
)

// Key is the answer about one key of the ring; nothing private is in it.
type Key keys.Info

// KeyRotation says which key is rotated, and how.
type KeyRotation struct {
	Use string `json:"use,omitempty" doc:"sig (JWTs, the default), saml, or token (the root of opaque tokens and cookies)."`
	Alg string `json:"alg,omitempty" doc:"RS256, the default, ES256, PS256, EdDSA, RS384, RS512, PS384, PS512, ES384 or ES512; HS256 for token. The first key of an algorithm can be made here a day before the first client uses it."`
	App string `json:"app,omitempty" maxLength:"40" doc:"With use saml: make a key of its own for this service provider, which signs for nobody else once it is activated."`
	Now bool   `json:"now,omitempty" doc:"Sign with the new key at once, for emergencies: whoever has not read it yet refuses what it signs, relying parties for up to five minutes, service providers until they read the metadata again. Otherwise a JWT key or token root takes over after a day, and a SAML key when it is activated."`
}

// KeyStep says how a key is activated or retired.
type KeyStep struct {
	Now bool `json:"now,omitempty" doc:"Do it although applications may not be ready: they may refuse what an activated key signs, and what a retired key signed is worthless at once."`
}

// Keys lists the keys of the ring; of those that are one app's own, those of the actor's apps.
func (o KeysReader) Keys() List[Key] {
	rows := o.Ring.Keys()
	out := List[Key]{Items: make([]Key, 0, len(rows))}
	for _, k := range rows {
		if k.App == "" || o.own.has(k.App) {
			out.Items = append(out.Items, Key(k))
		}
	}
	return out
}

// RotateKey makes the next key of a kind, as [keys.Ring.Rotate] does.
func (o KeysWriter) RotateKey(ctx context.Context, r KeyRotation) (Key, error) {
	if r.App != "" {
		if r.Use != idp.KeyUseSAML {
			return Key{}, idp.Errorf(idp.Invalid, "Only a service provider has keys of its own. Give use saml with app.").On("app")
		}
		if err := o.keyFor(ctx, r.App); err != nil {
			return Key{}, err
		}
		r.Use = keys.SAMLUse(r.App)
	}
	k, err := o.Ring.Rotate(ctx, recorder{o}, keys.Plan{Use: r.Use, Alg: r.Alg, Now: r.Now})
	return Key(k), err
}

// ActivateKey lets a published key sign, as [keys.Ring.Activate] does. id may be a slot too.
func (o KeysWriter) ActivateKey(ctx context.Context, id string, s KeyStep) (Key, error) {
	k, err := o.Ring.Activate(ctx, recorder{o}, id, s.Now)
	return Key(k), err
}

// RetireKey publishes a key no longer, as [keys.Ring.Retire] does. id may be a slot too.
func (o KeysWriter) RetireKey(ctx context.Context, id string, s KeyStep) (Key, error) {
	if !s.Now {
		if err := o.unpinned(ctx, id); err != nil {
			return Key{}, err
		}
	}
	k, err := o.Ring.Retire(ctx, recorder{o}, id, s.Now)
	return Key(k), err
}

// recorder puts Events on record in the name of whoever acts.
type recorder struct {
	who interface {
		record(ctx context.Context, e idp.Event) error
	}
}

func (r recorder) Record(ctx context.Context, e idp.Event) error { return r.who.record(ctx, e) }

// Key returns one key of [KeysReader.Keys] by its kid.
func (o KeysReader) Key(kid string) (Key, error) {
	for _, k := range o.Keys().Items {
		if k.KID == kid {
			return k, nil
		}
	}
	return Key{}, missing(idp.ErrNotFound, "key", kid)
}

// X509 is the certificate of a SAML key as people compare it; nil if the key has none.
func (k Key) X509() (*Certificate, error) {
	if len(k.Certificate) == 0 {
		return nil, nil
	}
	c, err := x509.ParseCertificate(k.Certificate)
	if err != nil {
		return nil, err
	}
	v := viewCertificate(c)
	return &v, nil
}
