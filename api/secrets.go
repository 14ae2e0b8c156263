package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"cloudsso/idp"
	"cloudsso/keys"
	"cloudsso/userdir"
)

const (
	useClientSecret = "client_secret"
	useSharedKey    = "shared_signing_key"

	liveSecrets   = 2 // the one in use and its successor
	minSecret     = 16
	maxSecret     = 1024
	maxSecretKeep = 365 * 24 * 60 * 60 // seconds
)

// SecretRotation is the body of POST /clients/{id}/secrets.
type SecretRotation struct {
	Use           string `json:"use,omitempty" enum:"client_secret,shared_signing_key" doc:"Default client_secret. shared_signing_key is for clients with hs_key dedicated."`
	ExpireOlderIn *int64 `json:"expire_older_in,omitempty" minimum:"0" maximum:"31536000" doc:"Seconds after which the older ones stop working; 0: at once. Default: they live until they are deleted."`
}

// Secret is the answer about one secret of a client. Its value is only in the answer to
// the request that made it.
type Secret struct {
	ID               string    `json:"id"`
	Use              string    `json:"use" enum:"client_secret,shared_signing_key"`
	ClientSecret     string    `json:"client_secret,omitempty" doc:"Shown once."`
	SharedSigningKey string    `json:"shared_signing_key,omitempty" doc:"Shown once."`
	CreatedAt        time.Time `json:"created_at"`
	ExpiresAt        time.Time `json:"expires_at,omitzero" doc:"Absent: it lives until it is deleted."`
}

func viewSecret(s idp.ClientSecret) Secret {
	out := Secret{ID: s.ID, Use: useClientSecret, CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt}
	if s.Use == idp.SecretSigns {
		out.Use = useSharedKey
	}
	return out
}

// shown is what an answer may show once.
type shown struct{ secret, sharedKey string }

// Secrets lists the live secrets of a client, the oldest first, without their values.
func (o AppsReader) Secrets(ctx context.Context, id string) (List[Secret], error) {
	c, err := o.client(ctx, id)
	if err != nil {
		return List[Secret]{}, err
	}
	out := List[Secret]{Items: []Secret{}}
	for _, s := range c.Secrets {
		if s.Live(o.now()) {
			out.Items = append(out.Items, viewSecret(s))
		}
	}
	return out, nil
}

// RotateSecret gives a client one more secret; the older one works on for as long as the
// rotation says, so that the application can be changed meanwhile.
func (o AppsWriter) RotateSecret(ctx context.Context, id string, r SecretRotation) (Secret, error) {
	c, err := o.client(ctx, id)
	if err != nil {
		return Secret{}, err
	}
	use, ok := map[string]string{"": idp.SecretAuthenticates, useClientSecret: idp.SecretAuthenticates, useSharedKey: idp.SecretSigns}[r.Use]
	if !ok {
		return Secret{}, idp.Errorf(idp.Invalid, "The use %q is unknown: client_secret or shared_signing_key.", r.Use).On("use")
	}
	if err := ownSecret(c.Managed); use == idp.SecretAuthenticates && err != nil {
		return Secret{}, err
	}
	if err := mayHave(&c, use); err != nil {
		return Secret{}, err
	}
	if err := o.expireOlder(&c, use, r.ExpireOlderIn); err != nil {
		return Secret{}, err
	}
	value, err := o.addSecret(&c, use, "")
	if err != nil {
		return Secret{}, err
	}
	made := c.Secrets[len(c.Secrets)-1]
	if err := o.saveSecrets(ctx, c, idp.EventSecretCreated, made.ID); err != nil {
		return Secret{}, err
	}
	out := viewSecret(made)
	if out.ClientSecret = value; use == idp.SecretSigns {
		out.ClientSecret, out.SharedSigningKey = "", value
	}
	return out, nil
}

// ownSecret refuses another secret where a file keeps it: the next apply would take it back.
func ownSecret(m idp.Managed) error {
	if !m.Secret {
		return nil
	}
	return idp.Errorf(idp.Conflict, "The secret of this app is kept with the file %s; change it there.", m.File)
}

func mayHave(c *idp.Client, use string) error {
	switch {
	case use == idp.SecretSigns && c.HSKey != idp.HSKeyDedicated:
		return idp.Errorf(idp.Invalid, "This client has no signing key of its own: that needs an HS* algorithm and hs_key dedicated.").On("use")
	case use == idp.SecretAuthenticates && !c.HasSecret():
		return idp.Errorf(idp.Invalid, "This client has no client_secret: it authenticates by %s.", c.TokenEndpointAuthMethod).On("use")
	}
	return nil
}

// expireOlder gives the secrets of one use an end, or an earlier one.
func (o acting) expireOlder(c *idp.Client, use string, seconds *int64) error {
	if seconds == nil {
		return nil
	}
	if *seconds < 0 || *seconds > maxSecretKeep {
		return idp.Errorf(idp.Invalid, "Older secrets work for 0 to %d more seconds.", maxSecretKeep).On("expire_older_in")
	}
	end := o.now().Add(time.Duration(*seconds) * time.Second)
	for i, s := range c.Secrets {
		if s.Use == use && (s.ExpiresAt.IsZero() || s.ExpiresAt.After(end)) {
			c.Secrets[i].ExpiresAt = end
		}
	}
	return nil
}

// DeleteSecret ends one secret of a client at once. The last one of its use stays:
// another has to be made first.
func (o AppsWriter) DeleteSecret(ctx context.Context, id, secretID string) error {
	c, err := o.client(ctx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.Secrets, func(s idp.ClientSecret) bool { return s.ID == secretID && s.Live(o.now()) })
	if i < 0 {
		return idp.Errorf(idp.NotFound, "The client has no secret %q. List its secrets to see which there are.", secretID)
	}
	if err := ownSecret(c.Managed); c.Secrets[i].Use == idp.SecretAuthenticates && err != nil {
		return err
	}
	if len(c.LiveSecrets(c.Secrets[i].Use, o.now())) == 1 {
		return idp.Errorf(idp.Conflict, "It is the only one that the client has: without it, the client stops working. Make another first.")
	}
	c.Secrets = slices.Delete(c.Secrets, i, i+1)
	return o.saveSecrets(ctx, c, idp.EventSecretDeleted, secretID)
}

func (o acting) saveSecrets(ctx context.Context, c idp.Client, event, secretID string) error {
	c.UpdatedAt = o.now()
	if err := o.Records.UpdateClient(ctx, c); err != nil {
		return missing(err, "client", c.ID)
	}
	return o.record(ctx, idp.Event{Name: event, App: c.ID, Detail: map[string]string{"secret": secretID}})
}

// completeSecrets gives a client the secrets that its metadata asks for and takes the
// others away. imported is a client_secret that the caller brought along.
func (o acting) completeSecrets(c *idp.Client, imported string) (show shown, err error) {
	if imported != "" && !c.HasSecret() {
		if c.Public() {
			return shown{}, idp.Errorf(idp.Invalid, "A public client (token_endpoint_auth_method none) has no secret.").On("client_secret")
		}
		return shown{}, idp.Errorf(idp.Invalid, "A client that authenticates by %s has no secret.", c.TokenEndpointAuthMethod).On("client_secret")
	}
	wanted := map[string]bool{idp.SecretAuthenticates: c.HasSecret(), idp.SecretSigns: c.HSKey == idp.HSKeyDedicated}
	c.Secrets = slices.DeleteFunc(c.Secrets, func(s idp.ClientSecret) bool { return !wanted[s.Use] })
	if wanted[idp.SecretAuthenticates] {
		if show.secret, err = o.needSecret(c, idp.SecretAuthenticates, imported); err != nil {
			return shown{}, err
		}
	}
	if wanted[idp.SecretSigns] {
		show.sharedKey, err = o.needSecret(c, idp.SecretSigns, "")
	}
	return show, err
}

// needSecret makes a secret unless there is one that will do: one that must serve as a
// key has to be long enough, and to be had back. The value is returned if the caller does
// not know it.
func (o acting) needSecret(c *idp.Client, use, imported string) (string, error) {
	least := c.SharedKeyBytes(use)
	for _, s := range c.LiveSecrets(use, o.now()) {
		if least == 0 {
			return "", nil
		}
		if len(s.Sealed) > 0 {
			if plain, err := o.Ring.Open(s.Purpose(c.ID), s.Sealed); err != nil || len(plain) >= least {
				return "", err
			}
		}
	}
	value, err := o.addSecret(c, use, imported)
	if imported != "" {
		return "", err
	}
	return value, err
}

// addSecret appends a secret to the client's and returns its value. What has expired goes.
func (o acting) addSecret(c *idp.Client, use, imported string) (string, error) {
	now, least := o.now(), c.SharedKeyBytes(use)
	c.Secrets = slices.DeleteFunc(c.Secrets, func(s idp.ClientSecret) bool { return !s.Live(now) })
	if len(c.LiveSecrets(use, now)) >= liveSecrets {
		return "", idp.Errorf(idp.Conflict, "The client has %d live secrets already, and cannot have more. Delete one first, or let the older ones expire.", liveSecrets)
	}
	s := idp.ClientSecret{ID: idp.NewID(), Use: use, CreatedAt: now}
	value, err := imported, error(nil)
	switch {
	case imported != "":
		s.Hash, err = importedHash(imported, least)
	case least > 0:
		value = idp.NewSharedKey()
		s.Hash = "s256:" + idp.HashSecret(value)
	default:
		value = idp.NewSecret()
		s.Hash = "s256:" + idp.HashSecret(value)
	}
	if use == idp.SecretSigns {
		s.Hash = "" // it authenticates nobody
	}
	if err == nil && least > 0 {
		s.Sealed, err = o.Ring.Seal(s.Purpose(c.ID), []byte(value))
	}
	c.Secrets = append(c.Secrets, s)
	return value, err
}

// importedHash: somebody else chose the secret, so it may be guessable: a slow hash.
func importedHash(secret string, least int) (string, error) {
	switch {
	case len(secret) < minSecret || len(secret) > maxSecret:
		return "", idp.Errorf(idp.Invalid, "A client secret has %d to %d bytes. Leave it out to have a strong one made.", minSecret, maxSecret).On("client_secret")
	case len(secret) < least:
		return "", idp.Errorf(idp.Invalid, "The client secret is also the key of the client's HS* signatures, which needs %d bytes at least. Leave it out to have one made, or choose hs_key dedicated.", least).On("client_secret")
	}
	return userdir.HashPassword(secret)
}

// prepareKeys makes the keys that answers to the client are signed with.
func (o acting) prepareKeys(ctx context.Context, c idp.Client) error {
	if c.Disabled {
		return nil
	}
	return o.Ring.Ensure(ctx, recorder{o}, c.ResponseAlgs()...)
}

// DropPlaceholders takes the placeholders of symmetric algorithms out of the JWKS that no
// enabled client uses. It reads all clients, but only while there are any placeholders.
func (a *core) DropPlaceholders(ctx context.Context, events keys.Recorder) error {
	if len(a.Ring.Placeholders()) == 0 {
		return nil
	}
	var used []string
	page := idp.Page{Limit: 500}
	for {
		rows, err := a.Records.Clients(ctx, page)
		if err != nil {
			return err
		}
		for _, c := range rows {
			if !c.Disabled {
				used = append(used, c.SymmetricAlgs()...)
			}
		}
		if len(rows) < page.Limit {
			break
		}
		page.After = rows[len(rows)-1].ID
	}
	err := a.Ring.DropPlaceholders(ctx, events, used)
	var e *idp.Error
	if errors.As(err, &e) && e.Code == idp.Conflict {
		return nil // another node does it
	}
	return err
}
