package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp"
)

type reviewPage struct {
	Name     string
	Kind     string
	Facts    []Fact
	Mapping  Table
	Warnings []string
	Findings []finding
	JSON     string
	Form     Form
}

// review shows exactly what would be made.
func (v *visit) review(maker api.AppsMaker, in api.NewApp) error {
	app, err := maker.CreateApp(v.r.Context(), in, true)
	if api.Typed(err) {
		return v.ask(maker, http.StatusUnprocessableEntity, in, nil, err)
	}
	if err != nil {
		return err
	}
	p := reviewPage{Kind: kindText(app.Kind)}
	p.describe(app)
	for _, f := range app.Findings {
		p.Findings = append(p.Findings, finding{weightCell(f.Weight), "", f})
	}
	p.Form = v.keep(in)
	if app.Client != nil && len(secretUses(app.Client.ClientMetadata)) > 0 || app.TokenApp != nil && app.TokenApp.KeyBytes() > 0 {
		p.Form.Fields = append(p.Form.Fields, Field{Name: "secret_link", Label: "Make a one-time link to the secret", Kind: "checkbox",
			Help: "For whoever sets the app up. The secret is not shown to you then, only the link and its key."})
	}
	v.write(http.StatusOK, "newapp_review", "Review "+p.Name, p)
	return nil
}

// keep is the form that makes the app, or goes back to the questions.
func (v *visit) keep(in api.NewApp) Form {
	f := v.form("create", newAppPath, "Add the app", Field{Name: "preset", Kind: "hidden", Value: in.Preset}, Field{Name: "name", Kind: "hidden", Value: in.Name},
		Field{Name: "once", Kind: "hidden", Value: idp.NewID()})
	for id, answer := range in.Answers {
		f.Fields = append(f.Fields, Field{Name: answerPrefix + id, Kind: "hidden", Value: answer})
	}
	if len(in.Settings) > 0 {
		f.Fields = append(f.Fields, Field{Name: "settings", Kind: "hidden", Value: in.SettingsText()})
	}
	f.Step, f.Upload, f.Other = stepCreate, true, &Button{stepAsk, "Change the answers"}
	return f
}

// create makes the app and shows what the app needs from us; a secret once, in this answer.
func (v *visit) create(maker api.AppsMaker, in api.NewApp) error {
	app, err := maker.CreateAppOnce(v.r.Context(), in, v.field("once"))
	if api.Typed(err) {
		return v.ask(maker, http.StatusUnprocessableEntity, in, nil, err)
	}
	if err != nil {
		return err
	}
	made := onceOf(app)
	if made == nil {
		return v.done((&openApp{ID: app.App}).path("handover"), "added")
	}
	if v.app, err = v.open(maker.AppsReader, app.App); err != nil {
		return err
	}
	return v.handover(made)
}

// describe says in a few lines what the app is.
func (p *reviewPage) describe(app api.App) {
	add := func(name string, cell Cell) {
		if cell.Text != "" {
			p.Facts = append(p.Facts, Fact{name, cell})
		}
	}
	p.Mapping = Table{Caption: "Rows", Columns: []string{"Name", "From", ""}, Empty: "Only what the protocol itself says."}
	var stored any
	switch app.Kind {
	case presets.KindClient:
		c := app.Client
		p.Name, p.Warnings, stored = c.DisplayName(), c.Warnings, c.ClientMetadata
		p.Mapping.Empty = "The standard claims of its scopes."
		add("Redirect URIs", Cell{Text: strings.Join(c.RedirectURIs, "\n"), Code: true})
		add("Grants", Cell{Text: strings.Join(c.GrantTypes, ", ")})
		add("Scopes", Cell{Text: c.Scope})
		add("The app shows who it is by", Cell{Text: c.TokenEndpointAuthMethod, Code: true})
		add("ID tokens are signed with", Cell{Text: c.IDTokenSignedResponseAlg})
		p.rows(c.ClaimsMapping)
	case presets.KindServiceProvider:
		sp := app.ServiceProvider
		p.Name, p.Warnings, stored = sp.Name, sp.Warnings, sp.ServiceProviderSettings
		add("Entity ID", Cell{Text: sp.EntityID, Code: true})
		var acs []string
		for _, e := range sp.ACS {
			acs = append(acs, e.Location)
		}
		add("Answers go to (ACS)", Cell{Text: strings.Join(acs, "\n"), Code: true})
		add("We sign", Cell{Text: sp.Sign + " with " + sp.SignatureAlgorithm})
		add("NameID", Cell{Text: sp.NameID.Format, Code: true})
		add("Certificates of the app", Cell{Text: fmt.Sprint(len(sp.SPSigningCertificates) + len(sp.SPEncryptionCertificates))})
		p.rows(sp.Attributes)
	default:
		t := app.TokenApp
		p.Name, stored = t.Name, t.TokenAppSettings
		add("The token goes to", Cell{Text: t.ReturnURL, Code: true})
		add("Scheme", Cell{Text: t.Scheme})
		add("By", Cell{Text: t.Method})
		add("Signed with", Cell{Text: t.Algorithm})
		p.rows(t.Claims)
	}
	if b, err := json.MarshalIndent(stored, "", "  "); err == nil {
		p.JSON = string(b)
	}
}

func (p *reviewPage) rows(rows []idp.Mapping) {
	for _, m := range rows {
		required := Cell{}
		if m.Required {
			required = Cell{Text: "required", Badge: "plain"}
		}
		p.Mapping.Rows = append(p.Mapping.Rows, []Cell{{Text: m.Name, Code: true}, {Text: source(m)}, required})
	}
}

// source is where a mapping row has its value from.
func source(m idp.Mapping) string {
	switch {
	case m.CEL != "":
		return "expression: " + m.CEL
	case m.Template != "":
		return "template: " + m.Template
	case len(m.Constant) > 0:
		return "constant: " + string(m.Constant)
	}
	return m.From
}
