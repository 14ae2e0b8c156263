package console

import (
	"net/http"
	"net/url"
	"strings"

	"cloudsso/api"
)

type adminsPage struct {
	Table Table
	Add   *Form
	Fault string
}

// admins lists who may use the console.
func admins(v *visit) error { return v.admins(http.StatusOK, nil, "") }

// admins shows the list with the form, as it is or with what was wrong in it.
func (v *visit) admins(status int, add *Form, fault string) error {
	reader, err := v.actor.AdminsReader()
	if err != nil {
		return err
	}
	l, err := reader.AdminPeople(v.r.Context(), api.Paging{Limit: 200, Cursor: v.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	p := adminsPage{Add: add, Fault: fault, Table: Table{
		Caption: "Admins", Columns: []string{"Person", "Directory", "Role", "Apps", "Since"}, Empty: "There are no admins yet.",
	}}
	for _, a := range l.Items {
		name := a.Login
		if name == "" {
			name = a.Subject
		}
		p.Table.Rows = append(p.Table.Rows, []Cell{
			{Text: name, Link: "/admin/admins/" + url.PathEscape(a.Subject)}, {Text: a.Directory}, {Text: a.Role, Badge: "plain"},
			{Text: strings.Join(a.Apps, ", ")}, {Text: when(a.CreatedAt)},
		})
	}
	if l.NextCursor != "" {
		p.Table.Next = "/admin/admins?" + url.Values{"cursor": {l.NextCursor}}.Encode()
	}
	if _, err := v.actor.AdminsWriter(); err == nil && add == nil {
		p.Add = v.adminForm()
	}
	v.write(status, "admins", "Admins", p)
	return nil
}

func (v *visit) adminForm() *Form {
	f := v.form("add", "/admin/admins", "Add admin",
		Field{Name: "username", Label: "User name of a built-in user", Autocomplete: "off"},
		Field{Name: "subject", Label: "Or the subject of any person", Autocomplete: "off", Help: "Events and the search for people show it."},
		roleField("", api.RoleHelpDesk), appsField(""))
	return &f
}

func roleField(help, value string) Field {
	return Field{Name: "role", Label: "Role", Kind: "select", Value: value, Help: help,
		Options: roleOptions(api.RoleOwner, api.RoleAppAdmin, api.RoleHelpDesk, api.RoleAuditor)}
}

func appsField(value string) Field {
	return Field{Name: "apps", Label: "Apps", Value: value, Autocomplete: "off", Help: "Only for app admins: client ids and slugs, with spaces between them."}
}

func addAdmin(v *visit) error {
	writer, err := v.actor.AdminsWriter()
	if err != nil {
		return err
	}
	_, err = writer.CreateAdmin(v.r.Context(), api.NewAdmin{
		Subject: v.field("subject"), Username: v.field("username"), AdminSettings: v.adminSettings(),
	})
	if err == nil {
		return v.done("/admin/admins", "added")
	}
	if f := v.adminForm(); v.refill(f, err) {
		return v.admins(http.StatusUnprocessableEntity, f, api.Faults(err)[0].Public)
	}
	return err
}

func (v *visit) adminSettings() api.AdminSettings {
	return api.AdminSettings{Role: v.field("role"), Apps: v.words("apps")}
}

type adminPage struct {
	Facts  []Fact
	Change *Form
	Delete *Form
	Fault  string
}

// admin shows one admin.
func admin(v *visit) error { return v.admin(http.StatusOK, nil, "") }

func (v *visit) admin(status int, change *Form, fault string) error {
	reader, err := v.actor.AdminsReader()
	if err != nil {
		return err
	}
	a, err := reader.AdminPerson(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := adminPage{Change: change, Fault: fault, Facts: []Fact{
		{"Login", Cell{Text: a.Login}}, {"Directory", Cell{Text: a.Directory}}, {"Subject", Cell{Text: a.Subject, Code: true}},
		{"Role", Cell{Text: a.Role, Badge: "plain"}}, {"Made an admin", Cell{Text: when(a.CreatedAt)}}, {"By", Cell{Text: a.CreatedBy}},
	}}
	if _, err := v.actor.AdminsWriter(); err == nil {
		at := "/admin/admins/" + url.PathEscape(a.Subject)
		if change == nil {
			f := v.changeForm(at, a)
			p.Change = &f
		}
		p.Delete = v.button(at+"/delete", "Take the role away")
		p.Delete.ID, p.Delete.Fields = "delete", []Field{{Name: "version", Kind: "hidden", Value: string(a.ETag())}}
	}
	v.write(status, "admin", "Admin "+a.Login, p)
	return nil
}

func (v *visit) changeForm(at string, a api.AdminPerson) Form {
	return v.form("change", at, "Save", roleField("", a.Role), appsField(strings.Join(a.Apps, " ")),
		Field{Name: "version", Kind: "hidden", Value: string(a.ETag())})
}

func changeAdmin(v *visit) error {
	writer, err := v.actor.AdminsWriter()
	if err != nil {
		return err
	}
	id := v.r.PathValue("id")
	_, err = writer.ReplaceAdmin(v.r.Context(), id, v.adminSettings(), api.IfMatch(v.r.PostForm.Get("version")))
	if err == nil {
		return v.done("/admin/admins/"+url.PathEscape(id), "changed")
	}
	a, readErr := writer.AdminPerson(v.r.Context(), id)
	if readErr != nil {
		return readErr
	}
	if f := v.changeForm("/admin/admins/"+url.PathEscape(id), a); v.refill(&f, err) {
		return v.admin(http.StatusUnprocessableEntity, &f, api.Faults(err)[0].Public)
	}
	return err
}

func deleteAdmin(v *visit) error {
	writer, err := v.actor.AdminsWriter()
	if err != nil {
		return err
	}
	if err := writer.DeleteAdmin(v.r.Context(), v.r.PathValue("id"), api.IfMatch(v.r.PostForm.Get("version"))); err != nil {
		return err
	}
	return v.done("/admin/admins", "deleted")
}
