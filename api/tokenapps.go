package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// CreateTokenApp registers a signed-token app. The answer holds its key, if it has one that
// was made here.
func (o AppsMaker) CreateTokenApp(ctx context.Context, in NewTokenApp) (TokenApp, error) {
	return o.createTokenApp(ctx, o.newTokenApp(in), in)
}

func (o acting) createTokenApp(ctx context.Context, a idp.TokenApp, in NewTokenApp) (TokenApp, error) {
	if err := o.completeTokenApp(ctx, &a); err != nil {
		return TokenApp{}, err
	}
	shown, err := o.storeTokenApp(ctx, &a, in)
	if err != nil {
		return TokenApp{}, err
	}
	if err := o.record(ctx, tokenAppEvent(idp.EventTokenAppCreated, a)); err != nil {
		// Nothing that is on no record is handed out.
		return TokenApp{}, errors.Join(err, o.Records.DeleteTokenApp(ctx, a.App, a.Version))
	}
	return o.viewTokenApp(a, shown), nil
}

func (o acting) newTokenApp(in NewTokenApp) idp.TokenApp {
	now := o.now()
	a := idp.TokenApp{App: in.App, Name: in.Name, TokenAppPolicy: in.TokenAppPolicy, Version: 1, CreatedAt: now, UpdatedAt: now}
	for _, text := range []string{in.Name, idp.Origin(in.ReturnURL), "app-" + idp.NewID()[:12]} {
		if a.App == "" {
			a.App = idp.Slug(strings.TrimPrefix(text, "https://"))
		}
	}
	return a
}

func tokenAppEvent(name string, a idp.TokenApp) idp.Event {
	return idp.Event{Name: name, App: a.App, Detail: map[string]string{"return_url": a.ReturnURL, "scheme": a.Scheme, "algorithm": a.Algorithm}}
}

// storeTokenApp gives the app its key and creates it. A slug that we chose gives way to one
// that is taken; the key is bound to the slug.
func (o acting) storeTokenApp(ctx context.Context, a *idp.TokenApp, in NewTokenApp) (shown string, err error) {
	slug := a.App
	for i := 2; ; i++ {
		if shown, err = o.needTokenKey(a, in.SharedKey); err != nil {
			return "", err
		}
		err = o.Records.CreateTokenApp(ctx, *a)
		if !errors.Is(err, idp.ErrConflict) {
			return shown, err
		}
		if in.App != "" || i > 99 {
			return "", idp.Errorf(idp.Conflict, "There is an app called %s already. Choose another name in app.", slug).On("app")
		}
		a.App, a.SharedKey = fmt.Sprintf("%s-%d", strings.TrimRight(slug[:min(len(slug), 36)], "-"), i), nil
	}
}

// completeTokenApp fills in defaults, checks everything and has the key made that will sign.
func (o acting) completeTokenApp(ctx context.Context, a *idp.TokenApp) error {
	err := o.checkTokenApp(ctx, a)
	if err != nil || a.KeyBytes() > 0 {
		return err
	}
	return o.Ring.Ensure(ctx, recorder{o}, a.Algorithm)
}

func (o acting) checkTokenApp(ctx context.Context, a *idp.TokenApp) error {
	err := errors.Join(a.Complete(o.Dev), within("claims", mapping.CheckClaims(a.Claims)))
	if err != nil {
		return err
	}
	// Attack: the admin of one app has tokens made that another one takes for its ID tokens:
	// they are of one issuer and often of one key. Decision: aud is never another app's name.
	if other, err := o.findApp(ctx, a.AudienceOf()); err == nil && other.id() != a.App {
		return idp.Errorf(idp.Invalid, "The audience %.200q is the name of another app: its tokens must not be made here.", a.AudienceOf()).On("audience")
	} else if err != nil && idp.AsError(err).Code != idp.NotFound {
		return err
	}
	return nil
}

// needTokenKey gives an app the key that its settings ask for, or takes it away. The value
// is returned if it was made here.
func (o acting) needTokenKey(a *idp.TokenApp, given string) (shown string, err error) {
	least := a.KeyBytes()
	switch {
	case least == 0 && given != "":
		return "", idp.Errorf(idp.Invalid, "An app with the algorithm %s has no shared key: its tokens are verified with our public key.", a.Algorithm).On("shared_key")
	case least == 0:
		a.SharedKey = nil
		return "", nil
	case given == "" && len(a.SharedKey) > 0:
		if plain, err := o.Ring.Open(a.KeyPurpose(), a.SharedKey); err != nil || len(plain) >= least {
			return "", err
		}
	}
	value := given
	if given == "" {
		value = idp.NewSharedKey()
		shown = value
	} else if err := goodTokenKey(given, least); err != nil {
		return "", err
	}
	a.SharedKey, err = o.Ring.Seal(a.KeyPurpose(), []byte(value))
	return shown, err
}

// goodTokenKey: attack: our public key, which everybody has, as the key of an HMAC (RFC 8725
// §2.1). Decision: what looks like a key file is none.
func goodTokenKey(key string, least int) error {
	switch {
	case len(key) < least || len(key) > maxSecret:
		return idp.Errorf(idp.Invalid, "The shared key has %d to %d bytes for this algorithm (RFC 7518 section 3.2). Leave it out to have one made.", least, maxSecret).On("shared_key")
	case strings.Contains(key, "-----BEGIN") || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return idp.Errorf(idp.Invalid, "The shared key is one word of ASCII characters, and no certificate or public key, which everybody may have.").On("shared_key")
	}
	return nil
}

// TokenApp returns one signed-token app.
func (o AppsReader) TokenApp(ctx context.Context, app string) (TokenApp, error) {
	a, err := o.tokenApp(ctx, app)
	if err != nil {
		return TokenApp{}, err
	}
	return o.viewTokenApp(a, ""), nil
}

// TokenApps lists signed-token apps by app.
func (o AppsReader) TokenApps(ctx context.Context, p Paging) (List[TokenApp], error) {
	page, err := p.page("token-apps")
	if err != nil {
		return List[TokenApp]{}, err
	}
	rows, err := among(ctx, o.own, page, o.Records.TokenApp, o.Records.TokenApps)
	return list(p, rows, func(a idp.TokenApp) string { return a.App }, func(a idp.TokenApp) TokenApp { return o.viewTokenApp(a, "") }), err
}

// PatchTokenApp changes name and policy by a JSON merge patch. One that needs another key
// than it has gets it, which is in the answer.
func (o AppsWriter) PatchTokenApp(ctx context.Context, app string, patch json.RawMessage, match IfMatch) (TokenApp, error) {
	a, err := o.tokenApp(ctx, app)
	if err != nil {
		return TokenApp{}, err
	}
	if err := errors.Join(match.check(a.Version), a.Managed.Check("app")); err != nil {
		return TokenApp{}, err
	}
	was := a.TokenAppPolicy
	s, err := patched(o.schemas, TokenAppSettings{Name: a.Name, TokenAppPolicy: a.TokenAppPolicy}, patch)
	if err != nil {
		return TokenApp{}, err
	}
	a.Name, a.TokenAppPolicy = s.Name, s.TokenAppPolicy
	if was.Scheme != a.Scheme {
		follow(&a, was)
	}
	if err := o.completeTokenApp(ctx, &a); err != nil {
		return TokenApp{}, err
	}
	shown, err := o.needTokenKey(&a, "")
	if err != nil {
		return TokenApp{}, err
	}
	return o.saveTokenApp(ctx, a, idp.EventTokenAppUpdated, shown)
}

// follow lets go of what was only the default of another scheme.
func follow(a *idp.TokenApp, was idp.TokenAppPolicy) {
	if a.Scheme != idp.SchemeDiscourse {
		return
	}
	for _, m := range []struct{ now, before *string }{{&a.Method, &was.Method}, {&a.Algorithm, &was.Algorithm}, {&a.TokenParam, &was.TokenParam}} {
		if *m.now == *m.before {
			*m.now = ""
		}
	}
}

func (o acting) saveTokenApp(ctx context.Context, a idp.TokenApp, event, shown string) (TokenApp, error) {
	a.UpdatedAt = o.now()
	if err := o.Records.UpdateTokenApp(ctx, a); err != nil {
		return TokenApp{}, missing(err, "token app", a.App)
	}
	a.Version++
	return o.viewTokenApp(a, shown), o.record(ctx, tokenAppEvent(event, a))
}

// RotateTokenAppKey gives an app another shared key at once: from then on the app must have
// it too, for these schemes know one key at a time.
func (o AppsWriter) RotateTokenAppKey(ctx context.Context, app string, in TokenAppKey) (TokenApp, error) {
	a, err := o.tokenApp(ctx, app)
	if err != nil {
		return TokenApp{}, err
	}
	if err := ownSecret(a.Managed); err != nil {
		return TokenApp{}, err
	}
	if a.KeyBytes() > 0 {
		a.SharedKey = nil
	} else if in.SharedKey == "" {
		return TokenApp{}, idp.Errorf(idp.Invalid, "The app has no shared key: its tokens are signed with %s, whose keys are rotated under /api/v1/keys.", a.Algorithm)
	}
	shown, err := o.needTokenKey(&a, in.SharedKey)
	if err != nil {
		return TokenApp{}, err
	}
	return o.saveTokenApp(ctx, a, idp.EventTokenAppKey, shown)
}

// LinkTokenAppKey makes a one-time link to the shared key of an app.
func (o AppsWriter) LinkTokenAppKey(ctx context.Context, app string, in KeyLinkRequest) (SecretLink, error) {
	a, err := o.tokenApp(ctx, app)
	if err != nil {
		return SecretLink{}, err
	}
	if len(a.SharedKey) == 0 {
		return SecretLink{}, idp.Errorf(idp.NotFound, "The app has no shared key.")
	}
	if in.ExpiresIn < 0 || time.Duration(in.ExpiresIn)*time.Second > maxSecretLinkTTL {
		return SecretLink{}, idp.Errorf(idp.Invalid, "A link lives 300 seconds to 30 days.").On("expires_in")
	}
	plain, err := o.Ring.Open(a.KeyPurpose(), a.SharedKey)
	if err != nil {
		return SecretLink{}, err
	}
	return o.newSecretLink(ctx, a.App, a.Name, useSharedKey, string(plain), time.Duration(in.ExpiresIn)*time.Second)
}

// KeyLinkRequest is the body of POST /token-apps/{id}/key/link.
type KeyLinkRequest struct {
	ExpiresIn int64 `json:"expires_in,omitempty" minimum:"300" maximum:"2592000" doc:"Seconds that the link lives. Default seven days."`
}

// DeleteTokenApp deletes a signed-token app.
func (o AppsMaker) DeleteTokenApp(ctx context.Context, app string, match IfMatch) error {
	a, err := o.tokenApp(ctx, app)
	if err != nil {
		return err
	}
	if err := errors.Join(match.check(a.Version), a.Managed.Check("app")); err != nil {
		return err
	}
	return o.deleteTokenApp(ctx, a, match.version(a.Version))
}

func (o acting) deleteTokenApp(ctx context.Context, a idp.TokenApp, version int64) error {
	if err := o.Records.DeleteTokenApp(ctx, a.App, version); err != nil {
		return missing(err, "token app", a.App)
	}
	return o.record(ctx, tokenAppEvent(idp.EventTokenAppDeleted, a))
}
