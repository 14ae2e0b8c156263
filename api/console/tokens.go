package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cloudsso/api"
)

type tokensPage struct {
	Made  *api.Token // shown once
	Table Table
	Add   *Form
	Fault string
}

// tokens lists the tokens of the admin API.
func tokens(v *visit) error { return v.tokens(http.StatusOK, tokensPage{}) }

func (v *visit) tokens(status int, p tokensPage) error {
	reader, err := v.actor.AdminsReader()
	if err != nil {
		return err
	}
	l, err := reader.Tokens(v.r.Context(), api.Paging{Limit: 200, Cursor: v.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	_, notWriter := v.actor.AdminsWriter()
	p.Table = Table{Caption: "API tokens", Columns: []string{"Name", "Role", "Apps", "Made by", "Last used", "Ends"}, Empty: "There are no API tokens."}
	if notWriter == nil {
		p.Table.Columns = append(p.Table.Columns, "")
		if p.Add == nil {
			p.Add = v.tokenForm()
		}
	}
	for _, t := range l.Items {
		used := "never"
		if t.LastUsedAt != nil {
			used = when(*t.LastUsedAt)
		}
		row := []Cell{{Text: t.Name}, {Text: t.Role, Badge: "plain"}, {Text: strings.Join(t.Apps, ", ")}, {Text: t.CreatedBy}, {Text: used}, {Text: when(t.ExpiresAt)}}
		if notWriter == nil {
			row = append(row, Cell{Form: v.button("/admin/tokens/"+url.PathEscape(t.ID)+"/delete", "Revoke")})
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	if l.NextCursor != "" {
		p.Table.Next = "/admin/tokens?" + url.Values{"cursor": {l.NextCursor}}.Encode()
	}
	v.write(status, "tokens", "API tokens", p)
	return nil
}

func (v *visit) tokenForm() *Form {
	role := roleField("", api.RoleAuditor)
	role.Options = roleOptions(api.RoleOwner, api.RoleAppAdmin, api.RoleHelpDesk, api.RoleAuditor, api.RoleRegistration)
	f := v.form("add", "/admin/tokens", "Make token",
		Field{Name: "name", Label: "What it is for", Autocomplete: "off", Required: true}, role, appsField(""),
		Field{Name: "days", Label: "Days that it works", Kind: "number", Value: "30"})
	return &f
}

// addToken shows the secret in its own answer, the only place where it ever is.
func addToken(v *visit) error {
	writer, err := v.actor.AdminsWriter()
	if err != nil {
		return err
	}
	days, parseErr := strconv.ParseInt(v.field("days"), 10, 32)
	if parseErr != nil || days < 1 {
		days = 9999 // refused, with the sentence that says what is expected
	}
	t, err := writer.CreateToken(v.r.Context(), api.NewToken{Role: v.field("role"), Name: v.field("name"), Apps: v.words("apps"), ExpiresIn: days * 24 * 3600})
	if err == nil {
		return v.tokens(http.StatusOK, tokensPage{Made: &t})
	}
	if f := v.tokenForm(); v.refill(f, err) {
		return v.tokens(http.StatusUnprocessableEntity, tokensPage{Add: f, Fault: api.Faults(err)[0].Public})
	}
	return err
}

func deleteToken(v *visit) error {
	writer, err := v.actor.AdminsWriter()
	if err != nil {
		return err
	}
	if err := writer.RevokeToken(v.r.Context(), v.r.PathValue("id")); err != nil {
		return err
	}
	return v.done("/admin/tokens", "deleted")
}
