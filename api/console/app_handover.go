package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp/web"
)

// once is what is shown in one answer and never again.
type once struct {
	Secrets []value
	Link    *api.SecretLink
}

// value is one line of a sheet, to be copied.
type value struct {
	ID     string
	Label  string
	Text   string
	Note   string
	Long   bool // several lines
	Plain  bool // something to choose there, not to copy
	Secret bool
}

// onceOf is what an answer about a new app shows once, nil if nothing.
func onceOf(app api.App) *once {
	o := once{Link: app.SecretLink}
	if app.Client != nil {
		o.add("Client secret", app.Client.ClientSecret)
		o.add("Shared signing key", app.Client.SharedSigningKey)
	}
	if app.TokenApp != nil {
		o.add("Shared key", app.TokenApp.SharedKey)
	}
	return o.orNil()
}

func (o *once) add(label, text string) {
	if text != "" {
		o.Secrets = append(o.Secrets, value{ID: "secret-" + strconv.Itoa(len(o.Secrets)), Label: label, Text: text})
	}
}

func (o *once) orNil() *once {
	if len(o.Secrets) == 0 && o.Link == nil {
		return nil
	}
	return o
}

type handoverPage struct {
	Once       *once
	Sheet      api.Handover
	Rows, All  []value
	Secrets    string // where secrets are made, for whoever may
	HasSecrets bool   // the app needs one
	Downloads  []Fact
	Launch     string
	QR         web.QR
	Init       *initiated
	Share      *Form
	EndLinks   *Form
	Shared     *api.HandoverLink
	Fault      string
}

// initiated is the builder of links that start a sign-in here.
type initiated struct {
	Warning string
	Form    Form
	URL     value
	Snippet value
	QR      web.QR
}

// handoverTab shows our values under the names that the app has for them.
func handoverTab(v *visit) error { return v.handover(nil) }

func (v *visit) handover(made *once) error {
	return v.handoverPage(http.StatusOK, handoverPage{Once: made})
}

func (v *visit) handoverPage(status int, p handoverPage) error {
	reader, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	v.app.tab = "handover"
	relay := v.r.URL.Query().Get("relay_state")
	if p.Sheet, err = reader.Handover(v.r.Context(), v.app.ID, relay); err != nil {
		return err
	}
	p.Rows, p.All = sheet("row", p.Sheet.Rows), sheet("all", p.Sheet.All)
	for _, row := range p.Sheet.All {
		if row.Label == "launch_url" {
			p.Launch, p.QR = row.Value, web.NewQR(row.Value)
		}
	}
	p.HasSecrets = slices.ContainsFunc(p.Rows, func(r value) bool { return r.Secret })
	p.Downloads = v.downloads()
	p.Init = v.initiated(p.All, relay)
	if writesApps(v) {
		if p.Once == nil {
			p.Secrets = v.app.path("secrets")
		}
		f := v.form("share", v.app.path("handover"), "Make a link", Field{Name: "days", Label: "The link works for", Kind: "select", Value: "14",
			Options: []Option{{"1", "1 day"}, {"14", "14 days"}, {"90", "90 days"}}})
		end := v.form("end-links", v.app.path("handover/end"), "End all links to this sheet")
		end.Plain = true
		p.Share, p.EndLinks = &f, &end
	}
	v.script = "copy.js"
	v.writeTab(status, "app_handover", p)
	return nil
}

func sheet(prefix string, rows []api.HandoverRow) (out []value) {
	for i, r := range rows {
		out = append(out, value{ID: fmt.Sprintf("%s-%d", prefix, i), Label: r.Label, Text: r.Value, Note: r.Note,
			Long: r.Kind == "pem", Plain: !r.Copy, Secret: r.Kind == "secret"})
	}
	return out
}

// downloads are what we publish for the app as files.
func (v *visit) downloads() []Fact {
	at := "/saml/metadata/" + url.PathEscape(v.app.ID)
	switch v.app.Kind {
	case presets.KindServiceProvider:
		return []Fact{
			{"Metadata", Cell{Text: "metadata.xml", Link: at}}, {"Certificate, PEM", Cell{Text: "certificate.pem", Link: at + "/certificate.pem"}},
			{"Certificate, DER", Cell{Text: "certificate.der", Link: at + "/certificate.der"}}, {"Certificate, one line", Cell{Text: "certificate.txt", Link: at + "/certificate.txt"}},
		}
	case presets.KindClient:
		return []Fact{{"Discovery document", Cell{Text: "openid-configuration", Link: "/.well-known/openid-configuration"}}, {"Public keys", Cell{Text: "jwks", Link: "/oauth2/jwks"}}}
	}
	return nil
}

// initiated builds a link that starts a sign-in here, if the app allows that.
func (v *visit) initiated(all []value, relay string) *initiated {
	p := &initiated{Form: Form{ID: "builder", Action: v.app.path("handover"), Get: true, Submit: "Build", Fields: []Field{
		{Name: "relay_state", Label: "RelayState", Value: relay, Autocomplete: "off", Help: "Where in the app people arrive, in the app's own form. May be left empty."},
	}}}
	for _, row := range all {
		switch row.Label {
		case "idp_initiated_url":
			p.URL, p.QR = row, web.NewQR(row.Text)
		case "idp_initiated_html":
			p.Snippet = row
		}
	}
	if p.URL.Text == "" {
		return nil
	}
	p.Warning, p.URL.Note = p.URL.Note, ""
	p.URL.ID, p.URL.Label, p.Snippet.ID, p.Snippet.Label, p.Snippet.Note = "init-url", "Link", "init-html", "HTML", ""
	return p
}

// shareHandover makes a link to the sheet; only this answer shows it.
func shareHandover(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	days, _ := strconv.ParseInt(v.field("days"), 10, 32) // what is no number becomes 0: the default
	l, err := writer.ShareHandover(v.r.Context(), v.app.ID, api.HandoverShare{ExpiresIn: int64(time.Duration(days) * 24 * time.Hour / time.Second)})
	switch {
	case api.Typed(err):
		return v.handoverPage(http.StatusUnprocessableEntity, handoverPage{Fault: sentences(err)})
	case err != nil:
		return err
	}
	return v.handoverPage(http.StatusOK, handoverPage{Shared: &l})
}

// endHandoverLinks ends the links that were made so far.
func endHandoverLinks(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	if err := writer.EndHandoverLinks(v.r.Context(), v.app.ID); err != nil {
		return err
	}
	return v.done(v.app.path("handover"), "links")
}
