package console

import (
	"net/http"
	"net/url"
	"strconv"

	"cloudsso/api"
	"cloudsso/idp"
)

type secretsPage struct {
	Once  *once
	Table Table
	Make  *Form
	Key   bool  // a key that the app and we share, in place of secrets
	Link  *Form // to the key that there is
	Fault string
	Empty string // why the app has none
}

const (
	useSecret    = "client_secret"
	useSharedKey = "shared_signing_key"
)

// secretsTab lists the secrets of an app, without their values.
func secretsTab(v *visit) error { return v.secrets(http.StatusOK, secretsPage{}) }

func (v *visit) secrets(status int, p secretsPage) error {
	v.app.tab, v.script = "secrets", "copy.js"
	c, isClient := v.app.view.(api.Client)
	if !isClient {
		return v.sharedKey(status, p)
	}
	reader, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	l, err := reader.Secrets(v.r.Context(), v.app.ID)
	if err != nil {
		return err
	}
	writer := writesApps(v)
	p.Table = Table{Caption: "Secrets", Columns: []string{"Use", "Made", "Works until", "Id"}, Empty: "There are none."}
	if writer {
		p.Table.Columns = append(p.Table.Columns, "")
	}
	for _, s := range l.Items {
		until := "it is retired"
		if !s.ExpiresAt.IsZero() {
			until = when(s.ExpiresAt)
		}
		row := []Cell{{Text: useText(s.Use)}, {Text: when(s.CreatedAt)}, {Text: until}, {Text: s.ID, Code: true}}
		if writer {
			row = append(row, Cell{Form: v.button(v.app.path("secrets/"+url.PathEscape(s.ID)+"/delete"), "Retire")})
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	switch uses := secretUses(c.ClientMetadata); {
	case len(uses) == 0:
		p.Empty = "This app shows who it is by " + c.TokenEndpointAuthMethod + ", and has no secret."
	case writer && p.Make == nil:
		p.Make = v.secretForm(uses)
	}
	v.writeTab(status, "app_secrets", p)
	return nil
}

func useText(use string) string {
	if use == useSharedKey {
		return "Shared signing key"
	}
	return "Client secret"
}

// secretUses are those that the client has.
func secretUses(m idp.ClientMetadata) (uses []Option) {
	c := idp.Client{ClientMetadata: m}
	if c.HasSecret() {
		uses = append(uses, Option{useSecret, useText(useSecret)})
	}
	if m.HSKey == idp.HSKeyDedicated {
		uses = append(uses, Option{useSharedKey, useText(useSharedKey)})
	}
	return uses
}

func (v *visit) secretForm(uses []Option) *Form {
	use := Field{Name: "use", Kind: "hidden", Value: uses[0].Value}
	if len(uses) > 1 {
		use = Field{Name: "use", Label: "What for", Kind: "select", Options: uses}
	}
	f := v.form("make", v.app.path("secrets"), "Make a secret", use,
		Field{Name: "older", Label: "The older one works on", Kind: "select", Value: "", Options: []Option{
			{"", "until I retire it"}, {"604800", "for 7 days"}, {"86400", "for 1 day"}, {"0", "no longer: it stops now"},
		}, Help: "Give the app time to change over."},
		Field{Name: "link", Label: "Make a one-time link to it", Kind: "checkbox", Help: "For whoever sets the app up. The secret is not shown to you then, only the link and its key."})
	return &f
}

// makeSecret gives the app one more secret, which only this answer shows.
func makeSecret(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	rotation := api.SecretRotation{Use: v.field("use")}
	if text := v.field("older"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			seconds = -1 // refused, with the sentence that says what is expected
		}
		rotation.ExpireOlderIn = &seconds
	}
	made := &once{}
	s, err := writer.RotateSecret(v.r.Context(), v.app.ID, rotation)
	if err == nil {
		made.add("Client secret", s.ClientSecret)
		made.add("Shared signing key", s.SharedSigningKey)
	}
	if err == nil && v.field("link") == "true" {
		link, linkErr := writer.LinkSecret(v.r.Context(), v.app.ID, s.ID, api.SecretLinkRequest{Value: made.Secrets[0].Text})
		made, err = &once{Link: &link}, linkErr
	}
	switch e := idp.AsError(err); {
	case err == nil:
		return v.secrets(http.StatusOK, secretsPage{Once: made})
	case e.Code == idp.Invalid || e.Code == idp.Conflict:
		return v.secrets(http.StatusUnprocessableEntity, secretsPage{Fault: sentences(err)})
	}
	return err
}

// retireSecret ends one secret at once.
func retireSecret(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	if err := writer.DeleteSecret(v.r.Context(), v.app.ID, v.r.PathValue("secret")); err != nil {
		return err
	}
	return v.done(v.app.path("secrets"), "deleted")
}
