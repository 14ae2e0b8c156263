package api

import (
	"cmp"
	"context"
	"html"
	"net/url"

	"cloudsso/api/presets"
	"cloudsso/idp"
)

// Kinds of hand-over rows.
const (
	rowText    = "text"    // to copy
	rowURL     = "url"     // to copy, or to open
	rowPEM     = "pem"     // several lines
	rowSecret  = "secret"  // never here: by one-time link
	rowSetting = "setting" // something to choose there, not a value of ours
)

// HandoverRow is one value of ours under the name that the application has for it.
type HandoverRow struct {
	Label string `json:"label"`
	Kind  string `json:"kind" enum:"text,url,pem,secret,setting"`
	Value string `json:"value,omitempty" doc:"Absent for secrets."`
	Copy  bool   `json:"copy" doc:"It is pasted as it stands."`
	Note  string `json:"note,omitempty"`
}

// Handover is everything that the people who run an application need from us.
type Handover struct {
	App     string         `json:"app"`
	Name    string         `json:"name"`
	Kind    string         `json:"kind" enum:"client,service_provider,token_app"`
	Preset  string         `json:"preset"`
	Where   string         `json:"where,omitempty" doc:"Where the application wants the values."`
	Rows    []HandoverRow  `json:"rows" doc:"In the application's own words."`
	All     []HandoverRow  `json:"all" doc:"Every value there is, in ours."`
	Checks  []string       `json:"checks,omitempty"`
	Notes   []presets.Note `json:"notes,omitempty"`
	Unknown []string       `json:"unknown,omitempty" doc:"What could not be verified about the application."`
}

// Handover returns the hand-over sheet of an app. relayState, if there is one, becomes
// part of its IdP-initiated link.
func (o AppsReader) Handover(ctx context.Context, app, relayState string) (Handover, error) {
	if !o.own.has(app) {
		return Handover{}, missing(idp.ErrNotFound, "app", app)
	}
	return o.handover(ctx, app, relayState)
}

func (a *core) handover(ctx context.Context, app, relayState string) (Handover, error) {
	if a.Issuer == "" {
		return Handover{}, idp.Errorf(idp.Invalid, "The address of the server is not known here. Name it with --issuer.").On("issuer")
	}
	found, err := a.findApp(ctx, app)
	switch {
	case err != nil:
		return Handover{}, err
	case found.client != nil:
		c := *found.client
		return a.sheet(c.ID, c.DisplayName(), cmp.Or(c.Preset, genericClient(c)), presets.KindClient, a.clientValues(c)), nil
	case found.token != nil:
		t := *found.token
		return a.sheet(t.App, t.Name, cmp.Or(t.Preset, genericTokenApp(t)), presets.KindTokenApp, a.tokenAppValues(t)), nil
	}
	sp := *found.sp
	values, err := a.serviceProviderValues(ctx, sp, relayState)
	return a.sheet(sp.App, sp.Name, cmp.Or(sp.Preset, "saml-app"), presets.KindServiceProvider, values), err
}

// genericClient is the preset whose words fit a client that was made without one.
func genericClient(c idp.Client) string {
	switch {
	case len(c.RedirectURIs) == 0:
		return "machine"
	case c.Public() && c.ApplicationType == "native":
		return "native-app"
	case c.Public():
		return "single-page-app"
	}
	return "web-app"
}

// sheet puts values into the rows of a preset. A preset that is not there any more
// leaves the sheet in our own words.
func (a *core) sheet(app, name, preset, kind string, values map[string]HandoverRow) Handover {
	h := Handover{App: app, Name: name, Kind: kind, Preset: preset, Rows: []HandoverRow{}, All: []HandoverRow{}}
	for _, value := range presets.Values(kind) {
		if row, ok := values[value]; ok {
			row.Label = value
			h.All = append(h.All, row)
		}
	}
	p, ok := a.catalog().Preset(preset)
	if !ok || p.Kind() != kind {
		h.Rows = h.All
		return h
	}
	h.Where, h.Checks, h.Notes, h.Unknown = p.Where, p.Checks, p.Notes, p.Unknown
	for _, r := range p.Handover {
		row, ok := values[r.Value]
		switch {
		case r.Text != "":
			row = HandoverRow{Kind: rowSetting, Value: r.Text}
		case !ok:
			continue // this app has none, such as a public client its secret
		}
		row.Label = r.Label
		row.Note = cmp.Or(r.Note, row.Note)
		h.Rows = append(h.Rows, row)
	}
	return h
}

func textRow(value string) HandoverRow             { return HandoverRow{Kind: rowText, Value: value, Copy: true} }
func urlRow(value string) HandoverRow              { return HandoverRow{Kind: rowURL, Value: value, Copy: true} }
func pemRow(value string) HandoverRow              { return HandoverRow{Kind: rowPEM, Value: value, Copy: true} }
func secretRow(note string) HandoverRow            { return HandoverRow{Kind: rowSecret, Note: note} }
func (r HandoverRow) with(note string) HandoverRow { r.Note = note; return r }

// commonValues are those of every app.
func (a *core) commonValues(app string) map[string]HandoverRow {
	return map[string]HandoverRow{
		"app":         textRow(app),
		"issuer":      urlRow(a.Issuer),
		"launch_url":  urlRow(a.Issuer + "/launch/" + url.PathEscape(app)).with("For tiles and intranets: takes the safest way into the app."),
		"signout_url": urlRow(a.Issuer + "/logout").with("Signs the browser out here."),
	}
}

// initLinks adds a RelayState to an IdP-initiated address.
func (a *core) initLinks(sp idp.ServiceProvider, relayState string) (address, snippet string) {
	address = a.Issuer + "/saml/init/" + url.PathEscape(sp.App)
	if relayState != "" {
		address += "?" + url.Values{"RelayState": {relayState}}.Encode()
	}
	return address, `<a href="` + html.EscapeString(address) + `">` + html.EscapeString(sp.Name) + `</a>`
}
