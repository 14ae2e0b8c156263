package console

import (
	"net/http"

	"cloudsso/api"
	"cloudsso/idp"
)

// sharedKey is the tab of an app whose schemes know one key at a time.
func (v *visit) sharedKey(status int, p secretsPage) error {
	t, ok := v.app.view.(api.TokenApp)
	switch {
	case !ok || !t.HasKey && p.Once == nil:
		p.Empty = "The app has no shared key: what it gets is verified with our public key, which the hand-over sheet has."
	case writesApps(v):
		f := v.form("make", v.app.path("secrets/key"), "Make another key")
		f.Danger = true
		p.Key, p.Make = true, &f
		link := v.form("link", v.app.path("secrets/key/link"), "Make a one-time link")
		p.Link = &link
	}
	v.writeTab(status, "app_secrets", p)
	return nil
}

// rotateSharedKey gives a signed-token app another key, which only this answer shows.
func rotateSharedKey(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	t, err := writer.RotateTokenAppKey(v.r.Context(), v.app.ID, api.TokenAppKey{})
	return v.showKey(onceOf(api.App{TokenApp: &t}), err)
}

// linkSharedKey makes a one-time link to the key that the app has.
func linkSharedKey(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	l, err := writer.LinkTokenAppKey(v.r.Context(), v.app.ID, api.KeyLinkRequest{})
	return v.showKey(onceOf(api.App{SecretLink: &l}), err)
}

func (v *visit) showKey(made *once, err error) error {
	switch {
	case err == nil:
		return v.secrets(http.StatusOK, secretsPage{Once: made})
	case idp.AsError(err).Code == idp.Invalid:
		return v.secrets(http.StatusUnprocessableEntity, secretsPage{Fault: sentences(err)})
	}
	return err
}
