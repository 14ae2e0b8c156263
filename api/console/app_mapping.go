package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp"
)

// mappingPage is the editor of the rows that say what an app is told, with what one person's
// sign-in would tell.
type mappingPage struct {
	Form     Form // without fields: the rows are the template's
	Version  string
	SAML     bool
	MayWrite bool
	Rows     []mappingRow
	Who      Field
	Columns  []api.Column
	Sampled  string // whose columns they are
	Preview  *preview
	Fault    string
	Hint     string // what is sent without rows
	Formats  []Option
	Kinds    []Option
}

const maxMappingRows = 200 // the API's

// mappingTab shows the saved rows.
func mappingTab(v *visit) error {
	saved, err := v.savedApp()
	if err != nil {
		return err
	}
	p := v.mappingPage(formRows(saved.rows), v.r.URL.Query().Get("who"))
	return v.showMapping(http.StatusOK, p, saved.rows)
}

func (v *visit) mappingPage(rows []mappingRow, who string) mappingPage {
	p := mappingPage{
		Version: string(v.app.Version), SAML: v.app.Kind == presets.KindServiceProvider, MayWrite: mayChange(v), Rows: rows, Kinds: sourceKinds(),
		Formats: []Option{{"", "default"}, {"basic", "basic"}, {"uri", "uri"}, {"unspecified", "unspecified"}},
		Who:     Field{Name: "who", Label: "Show it for", Value: who, Autocomplete: "off", Help: "User name, address or subject of a person. Empty: you."},
	}
	if who == "" {
		p.Who.Value = v.person.Login
	}
	p.Form = v.form("mapping", v.app.path("mapping"), "Save")
	return p
}

// showMapping adds the preview, and a row to type into.
func (v *visit) showMapping(status int, p mappingPage, rows []idp.Mapping) error {
	reader, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	who := p.Who.Value
	if who == v.person.Login {
		who = v.person.Subject
	}
	columns, err := reader.Columns(v.r.Context(), v.app.ID, who)
	var drawn api.Preview
	if err == nil {
		drawn, err = reader.Preview(v.r.Context(), v.app.ID, api.PreviewRequest{User: who, Mapping: &rows})
	}
	switch {
	case err == nil:
		p.Columns, p.Sampled = columns.Items, drawn.User.Username
		p.Preview = previewOf(drawn)
		p.Preview.mark(p.Rows)
	case api.Typed(err), idp.AsError(err).Code == idp.Forbidden, idp.AsError(err).Code == idp.Unavailable:
		status = max(status, p.blame(err))
	default:
		return err
	}
	if len(p.Rows) == 0 {
		p.Hint = "There are no rows yet: the app is told what its scopes bring."
		if p.SAML {
			p.Hint = "There are no rows yet: the usual attributes are sent (mail, givenName, sn, displayName, uid). With the first row, only rows are."
		}
	}
	if len(p.Rows) < maxMappingRows {
		p.Rows = append(p.Rows, mappingRow{Kind: kindAttribute})
	}
	for i := range p.Rows {
		p.Rows[i].N = i
	}
	v.script = "mapping.js"
	v.writeTab(status, "app_mapping", p)
	return nil
}

// blame puts each fault to the row, or the field, that it is about, and returns the
// status of the page.
func (p *mappingPage) blame(err error) int {
	faults := api.Faults(err)
	if p.Fault == "" {
		p.Fault = faults[0].Public
	}
	for _, f := range faults {
		if i, ok := rowOf(f.Field); ok && i < len(p.Rows) {
			p.Rows[i].Fault = f.Public
		}
		if f.Field == "user" {
			p.Who.Error = f.Public
		}
	}
	return http.StatusUnprocessableEntity
}

// rowOf reads the row out of a place such as mapping/2/name or claims_mapping[2].name.
func rowOf(field string) (int, bool) {
	parts := strings.FieldsFunc(field, func(r rune) bool { return strings.ContainsRune("/[].", r) })
	if len(parts) < 2 || !slices.Contains([]string{"mapping", "claims_mapping", "attributes", "claims"}, parts[0]) {
		return 0, false
	}
	i, err := strconv.Atoi(parts[1])
	return i, err == nil && i >= 0
}

// savedApp is what the tabs here edit of an app, whatever its kind.
type savedApp struct {
	rows     []idp.Mapping
	assigned *idp.Assignment
}

func (v *visit) savedApp() (savedApp, error) {
	reader, err := v.actor.AppsReader()
	if err != nil {
		return savedApp{}, err
	}
	switch v.app.Kind {
	case presets.KindClient:
		c, err := reader.Client(v.r.Context(), v.app.ID)
		return savedApp{c.ClaimsMapping, c.Assigned}, err
	case presets.KindServiceProvider:
		sp, err := reader.ServiceProvider(v.r.Context(), v.app.ID)
		return savedApp{sp.Attributes, sp.Assigned}, err
	}
	a, err := reader.TokenApp(v.r.Context(), v.app.ID)
	return savedApp{a.Claims, a.Assigned}, err
}

// changeMapping previews what was typed, or saves it.
func changeMapping(v *visit) error {
	v.app.tab = "mapping"
	typed, err := v.typedRows()
	if err != nil {
		return err
	}
	do := v.field("do")
	if i, err := strconv.Atoi(strings.TrimPrefix(do, "remove-")); err == nil && strings.HasPrefix(do, "remove-") {
		typed = slices.DeleteFunc(typed, func(r mappingRow) bool { return r.N == i })
	}
	typed = slices.DeleteFunc(typed, mappingRow.blank)
	p := v.mappingPage(typed, v.field("who"))
	p.Version = v.r.PostForm.Get("version")
	rows, err := mappings(typed)
	if err == nil && do == "save" {
		if err = v.saveRows(rows); err == nil {
			return v.done(v.app.path("mapping"), "changed")
		}
	}
	if err != nil {
		if !api.Typed(err) {
			return err
		}
		status := p.blame(err)
		return v.showMapping(status, p, rows)
	}
	return v.showMapping(http.StatusOK, p, rows)
}

func (v *visit) saveRows(rows []idp.Mapping) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	name := map[string]string{presets.KindClient: "claims_mapping", presets.KindServiceProvider: "attributes", presets.KindTokenApp: "claims"}[v.app.Kind]
	patch, err := json.Marshal(map[string]any{name: rows})
	if err == nil {
		_, err = v.patchApp(writer, patch)
	}
	return err
}

func sourceKinds() []Option {
	return []Option{{kindAttribute, "attribute"}, {kindTemplate, "template"}, {kindCEL, "expression (CEL)"}, {kindConstant, "fixed value"}}
}

// typedRows are the rows of the form, in its order.
func (v *visit) typedRows() (rows []mappingRow, err error) {
	n, err := strconv.Atoi(v.field("rows"))
	if err != nil || n < 0 || n > maxMappingRows+1 {
		return nil, errStaleForm
	}
	for i := range n {
		get := func(name string) string { return v.r.PostForm.Get(fmt.Sprintf("%s-%d", name, i)) }
		rows = append(rows, mappingRow{
			N: i, Name: strings.TrimSpace(get("name")), Kind: get("kind"), From: strings.TrimSpace(get("from")), Join: get("join"),
			Format: get("format"), Required: get("required") != "", More: strings.TrimSpace(get("more")),
		})
	}
	return rows, nil
}
