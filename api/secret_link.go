package api

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

const (
	ticketSecretLink = "secret_link"
	secretLinkTTL    = 7 * 24 * time.Hour
	maxSecretLinkTTL = 30 * 24 * time.Hour
	maxSecretTries   = 5
	newSecretID      = "new"

	keyLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // no I, L, O, U: read aloud, they are mistaken
	keyLength  = 20                                 // 100 bits
)

// SecretLinkRequest is the body of POST /clients/{id}/secrets/{secret_id}/link.
type SecretLinkRequest struct {
	Value     string `json:"value,omitempty" maxLength:"1024" writeOnly:"true" doc:"The secret itself. Needed for one of which only a hash is kept, and not for \"new\"."`
	Use       string `json:"use,omitempty" enum:"client_secret,shared_signing_key" doc:"Of a new one. Default client_secret."`
	ExpiresIn int64  `json:"expires_in,omitempty" minimum:"300" maximum:"2592000" doc:"Seconds that the link lives. Default seven days."`
}

// SecretLink is a link that shows a secret once, to whoever has its key as well.
type SecretLink struct {
	URL       string    `json:"url" doc:"Goes one way: it is worth nothing without its key."`
	Key       string    `json:"key" doc:"Goes another way, such as by phone. Shown once."`
	ExpiresAt time.Time `json:"expires_at"`
}

// heldSecret is what a ticket holds.
type heldSecret struct {
	App    string `json:"app"`
	Name   string `json:"name"`
	Use    string `json:"use"`
	Sealed []byte `json:"sealed"`
	Tries  int    `json:"tries"`
	By     string `json:"by"`
}

// LinkSecret makes a one-time link to a secret of a client; "new" makes one more secret,
// which nobody but the reader of the link sees.
func (o AppsWriter) LinkSecret(ctx context.Context, id, secretID string, in SecretLinkRequest) (SecretLink, error) {
	c, err := o.client(ctx, id)
	if err != nil {
		return SecretLink{}, err
	}
	if o.Issuer == "" {
		return SecretLink{}, idp.Errorf(idp.Invalid, "The address of the server is not known here. Name it with --issuer.").On("issuer")
	}
	if in.ExpiresIn < 0 || time.Duration(in.ExpiresIn)*time.Second > maxSecretLinkTTL {
		return SecretLink{}, idp.Errorf(idp.Invalid, "A link lives 300 seconds to 30 days.").On("expires_in")
	}
	var use, value string
	if secretID == newSecretID {
		if in.Value != "" {
			return SecretLink{}, idp.Errorf(idp.Invalid, "A new secret is made here: leave value out.").On("value")
		}
		s, err := o.RotateSecret(ctx, id, SecretRotation{Use: in.Use})
		if err != nil {
			return SecretLink{}, err
		}
		use, value = s.Use, cmp.Or(s.ClientSecret, s.SharedSigningKey)
	} else if use, value, err = o.knownSecret(c, secretID, in.Value); err != nil {
		return SecretLink{}, err
	}
	return o.newSecretLink(ctx, id, c.DisplayName(), use, value, time.Duration(in.ExpiresIn)*time.Second)
}

// knownSecret makes sure that what goes into a link is the secret, and not a slip.
func (o acting) knownSecret(c idp.Client, secretID, given string) (use, value string, err error) {
	i := slices.IndexFunc(c.Secrets, func(s idp.ClientSecret) bool { return s.ID == secretID && s.Live(o.now()) })
	if i < 0 {
		return "", "", idp.Errorf(idp.NotFound, "The client has no secret %q. List its secrets to see which there are, or use \"new\".", secretID)
	}
	s, use := c.Secrets[i], useClientSecret
	if s.Use == idp.SecretSigns {
		use = useSharedKey
	}
	if len(s.Sealed) > 0 {
		plain, err := o.Ring.Open(s.Purpose(c.ID), s.Sealed)
		if err == nil && given != "" && given != string(plain) {
			err = errNotTheSecret
		}
		return use, string(plain), err
	}
	switch {
	case given == "":
		return "", "", idp.Errorf(idp.Invalid, "Only a hash of this secret is kept. Give its value, or use \"new\" in place of its id to make another one.").On("value")
	case !secretIs(s.Hash, given):
		return "", "", errNotTheSecret
	}
	return use, given, nil
}

var errNotTheSecret = idp.Errorf(idp.Invalid, "This is not the value of that secret.").On("value")

// secretIs compares with a hash of either form.
func secretIs(hash, value string) bool {
	if fast, ok := strings.CutPrefix(hash, "s256:"); ok {
		return idp.SecretMatches(value, fast)
	}
	ok, _, err := userdir.VerifyPassword(hash, value)
	return ok && err == nil
}

// newSecretLink seals the value with a key that we do not keep: whoever reads the store
// needs the link and the reader's key.
func (o acting) newSecretLink(ctx context.Context, app, name, use, value string, ttl time.Duration) (SecretLink, error) {
	if o.Issuer == "" {
		return SecretLink{}, idp.Errorf(idp.Invalid, "The address of the server is not known here. Name it with --issuer.").On("issuer")
	}
	if ttl == 0 {
		ttl = secretLinkTTL
	}
	token, key := idp.NewSecret(), newReadableKey()
	cipherKey, err := linkKey(token, key)
	if err != nil {
		return SecretLink{}, err
	}
	sealed, err := sealAnswer(cipherKey, []byte(value))
	if err != nil {
		return SecretLink{}, err
	}
	data, err := json.Marshal(heldSecret{App: app, Name: name, Use: use, Sealed: sealed, By: o.actor})
	if err != nil {
		return SecretLink{}, err
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventSecretLinked, App: app, Detail: map[string]string{"use": use}}); err != nil {
		return SecretLink{}, err
	}
	end := o.now().Add(ttl)
	t := idp.Ticket{Kind: ticketSecretLink, ID: idp.HashSecret(token), Data: data, Version: 1, CreatedAt: o.now(), ExpiresAt: end}
	return SecretLink{URL: o.Issuer + "/handover/secret/" + token, Key: key, ExpiresAt: end}, o.Tickets.CreateTicket(ctx, t)
}

// newReadableKey returns four groups of five letters: 100 random bits.
func newReadableKey() string {
	var raw [keyLength]byte
	rand.Read(raw[:])
	var b strings.Builder
	for i, r := range raw {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(keyLetters[r%32])
	}
	return b.String()
}

// linkKey reads the key as people type it: in any case, with or without the lines.
func linkKey(token, key string) ([]byte, error) {
	key = strings.NewReplacer("-", "", " ", "", "\t", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(key))
	return hkdf.Key(sha256.New, []byte(key), []byte(token), "cloudsso secret link", 32)
}

// ShownSecret is what a one-time link shows.
type ShownSecret struct {
	Name  string // of the app
	Use   string // client_secret or shared_signing_key
	Value string
}

var (
	errNoSecretLink = idp.Errorf(idp.Expired, "This link has been used already, or its time is over. If it was not you who opened it, tell whoever sent it at once: they can make the secret worthless.")
	errWrongKey     = idp.Errorf(idp.Invalid, "This key does not fit. It has 20 letters and digits, and came another way than the link.").On("key")
)

// SecretLinkFor says which app a link is about. It uses nothing up.
func (a *Admin) SecretLinkFor(ctx context.Context, token string) (name string, err error) {
	_, held, err := a.heldSecret(ctx, token)
	return held.Name, err
}

func (a *Admin) heldSecret(ctx context.Context, token string) (t idp.Ticket, held heldSecret, err error) {
	return ticketWith[heldSecret](ctx, a.Tickets, ticketSecretLink, idp.HashSecret(token), errNoSecretLink)
}

// OpenSecretLink shows the secret, once. Attack: somebody has the link without its key
// and tries, many times at once. Decision: a try is counted before it is looked at; the
// fifth wrong one ends the link, and the log says so.
func (a *Admin) OpenSecretLink(ctx context.Context, token, key string) (ShownSecret, error) {
	t, held, err := a.countTry(ctx, token)
	if err != nil {
		return ShownSecret{}, err
	}
	cipherKey, err := linkKey(token, key)
	if err != nil {
		return ShownSecret{}, err
	}
	value, err := openAnswer(cipherKey, held.Sealed)
	switch {
	case err != nil && held.Tries < maxSecretTries:
		return ShownSecret{}, errWrongKey
	case err != nil:
		return ShownSecret{}, a.endSecretLink(ctx, t, idp.Event{Name: idp.EventSecretLinkLost, App: held.App, Detail: map[string]string{"tries": itoa(held.Tries)}}, errNoSecretLink)
	}
	shown := idp.Event{Name: idp.EventSecretShown, App: held.App, Detail: map[string]string{"use": held.Use, "linked_by": held.By}}
	if err := a.endSecretLink(ctx, t, shown, nil); err != nil {
		return ShownSecret{}, err
	}
	return ShownSecret{held.Name, held.Use, string(value)}, nil
}

func (a *Admin) countTry(ctx context.Context, token string) (t idp.Ticket, held heldSecret, err error) {
	if t, held, err = a.heldSecret(ctx, token); err != nil {
		return t, held, err
	}
	held.Tries++
	if t.Data, err = json.Marshal(held); err != nil {
		return t, held, err
	}
	err = a.Tickets.UpdateTicket(ctx, t)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		err = errNoSecretLink
	case errors.Is(err, idp.ErrConflict):
		err = idp.Errorf(idp.Conflict, "Somebody else is trying a key for this link right now. Please try again.")
	}
	return t, held, err
}

// endSecretLink takes the link away: exactly one caller does. The Event comes first, so
// that no secret is shown without a trace.
func (a *Admin) endSecretLink(ctx context.Context, t idp.Ticket, e idp.Event, after error) error {
	if err := a.Audit.Record(ctx, e); err != nil {
		return err
	}
	_, err := a.Tickets.TakeTicket(ctx, t.Kind, t.ID)
	if errors.Is(err, idp.ErrNotFound) {
		return errNoSecretLink
	}
	return errors.Join(err, after)
}
