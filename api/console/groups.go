package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"cloudsso/api"
	"cloudsso/idp"
)

type groupsPage struct {
	Table Table
	Add   *Form
	Fault string
}

func groupPath(name string) string { return "/admin/groups/" + url.PathEscape(name) }

// groups lists the groups of the built-in directory.
func groups(v *visit) error { return v.groups(http.StatusOK, nil, "") }

func (v *visit) groups(status int, add *Form, fault string) error {
	reader, err := v.actor.PeopleReader()
	if err != nil {
		return err
	}
	l, err := reader.Groups(v.r.Context(), api.Paging{Limit: 200, Cursor: v.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	p := groupsPage{Add: add, Fault: fault, Table: Table{
		Caption: "Groups", Columns: []string{"Name", "Description", "In the groups", "Changed"},
		Empty: "There are no groups yet. A group lets you say once who may use several apps.",
	}}
	for _, g := range l.Items {
		p.Table.Rows = append(p.Table.Rows, []Cell{{Text: g.Name, Link: groupPath(g.Name)}, {Text: g.Description}, {Text: strings.Join(g.Parents, ", ")}, {Text: when(g.UpdatedAt)}})
	}
	if l.NextCursor != "" {
		p.Table.Next = "/admin/groups?" + url.Values{"cursor": {l.NextCursor}}.Encode()
	}
	if _, err := v.actor.PeopleWriter(); err == nil && add == nil {
		p.Add = v.groupForm("/admin/groups", "Create group", api.Group{})
	}
	v.write(status, "groups", "Groups", p)
	return nil
}

func (v *visit) groupForm(at, submit string, g api.Group) *Form {
	f := v.form("group", at, submit,
		Field{Name: "name", Label: "Name", Value: g.Name, Required: true, Autocomplete: "off"},
		Field{Name: "description", Label: "Description", Value: g.Description, Autocomplete: "off"},
		Field{Name: "parents", Label: "In the groups", Kind: "textarea", Value: strings.Join(g.Parents, "\n"), Help: "One on each line. Whoever is in this group is in those too."})
	return &f
}

func (v *visit) groupSettings() api.NewGroup {
	return api.NewGroup{Name: v.field("name"), Description: v.field("description"), Parents: v.lines("parents")}
}

func addGroup(v *visit) error {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return err
	}
	g, err := writer.CreateGroup(v.r.Context(), v.groupSettings())
	if err == nil {
		return v.done(groupPath(g.Name), "added")
	}
	if f := v.groupForm("/admin/groups", "Create group", api.Group{}); v.refill(f, err) {
		return v.groups(http.StatusUnprocessableEntity, f, api.Faults(err)[0].Public)
	}
	return err
}

type groupPage struct {
	File     string // that keeps it
	Recorded bool
	Members  Table
	Children Table
	Add      *Form
	Change   *Form
	Delete   *Form
	Fault    string
}

// group shows one group, which people can be in without a record of it.
func group(v *visit) error { return v.group(http.StatusOK, groupPage{}) }

func (v *visit) group(status int, p groupPage) error {
	reader, err := v.actor.PeopleReader()
	if err != nil {
		return err
	}
	name := v.r.PathValue("name")
	g, err := reader.Group(v.r.Context(), name)
	switch {
	case err == nil:
		p.Recorded = true
	case idp.AsError(err).Code == idp.NotFound:
		g.Name = name
	default:
		return err
	}
	children, err := reader.GroupChildren(v.r.Context(), name)
	if err != nil {
		return err
	}
	if err := v.groupMembers(reader, g.Name, &p); err != nil {
		return err
	}
	if !p.Recorded && len(p.Members.Rows)+len(children.Items) == 0 && p.Members.Next == "" {
		return idp.Errorf(idp.NotFound, "There is no group %q among the built-in ones. The groups of other directories are kept there.", name)
	}
	p.Children = Table{Caption: "Groups in this one", Columns: []string{"Name", "Description"}, Empty: "No group is in this one."}
	for _, c := range children.Items {
		p.Children.Rows = append(p.Children.Rows, []Cell{{Text: c.Name, Link: groupPath(c.Name)}, {Text: c.Description}})
	}
	v.groupForms(g, &p)
	v.write(status, "group", "Group "+g.Name, p)
	return nil
}

func (v *visit) groupMembers(reader api.PeopleReader, name string, p *groupPage) error {
	l, err := reader.GroupMembers(v.r.Context(), name, api.Paging{Limit: 50, Cursor: v.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	p.Members = userTable("Members", "No built-in user is in this group.", l.Items)
	if _, err := v.actor.PeopleWriter(); err == nil {
		p.Members.Columns = append(p.Members.Columns, "")
		for i, u := range l.Items {
			p.Members.Rows[i] = append(p.Members.Rows[i], v.rowButton(groupPath(name)+"/remove", "Remove", "user", u.ID))
		}
	}
	if l.NextCursor != "" {
		p.Members.Next = groupPath(name) + "?" + url.Values{"cursor": {l.NextCursor}}.Encode()
	}
	return nil
}

func (v *visit) groupForms(g api.Group, p *groupPage) {
	if _, err := v.actor.PeopleWriter(); err != nil || !p.Recorded {
		return
	}
	at := groupPath(g.Name)
	if p.Add == nil {
		p.Add = v.memberForm(at)
	}
	if p.File = g.ManagedBy.File; p.File != "" {
		return
	}
	if p.Change == nil {
		p.Change = v.groupForm(at, "Save", g)
		p.Change.Fields = append(p.Change.Fields, versionField(g.ETag()))
	}
	p.Delete = v.button(at+"/delete", "Delete this group")
	p.Delete.ID, p.Delete.Fields = "delete", []Field{versionField(g.ETag())}
}

func (v *visit) memberForm(at string) *Form {
	f := v.form("member", at+"/add", "Add", Field{Name: "user", Label: "User name of a built-in user", Required: true, Autocomplete: "off"})
	return &f
}

func changeGroup(v *visit) error {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return err
	}
	name, in := v.r.PathValue("name"), v.groupSettings()
	patch, err := json.Marshal(map[string]any{"name": in.Name, "description": in.Description, "parents": append([]string{}, in.Parents...)})
	if err != nil {
		return err
	}
	if _, err = writer.PatchGroup(v.r.Context(), name, patch, v.version()); err == nil {
		return v.done(groupPath(name), "changed")
	}
	f := v.groupForm(groupPath(name), "Save", api.Group{})
	f.Fields = append(f.Fields, versionField(v.version()))
	if v.refill(f, err) {
		return v.group(http.StatusUnprocessableEntity, groupPage{Change: f, Fault: api.Faults(err)[0].Public})
	}
	return err
}

func deleteGroup(v *visit) error {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return err
	}
	if err := writer.DeleteGroup(v.r.Context(), v.r.PathValue("name"), v.version()); err != nil {
		return err
	}
	return v.done("/admin/groups", "deleted")
}

func addMember(v *visit) error {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return err
	}
	name := v.r.PathValue("name")
	if _, err = writer.AddMember(v.r.Context(), name, api.GroupMember{User: v.field("user")}); err == nil {
		return v.done(groupPath(name), "added")
	}
	if f := v.memberForm(groupPath(name)); v.refill(f, err) {
		return v.group(http.StatusUnprocessableEntity, groupPage{Add: f, Fault: api.Faults(err)[0].Public})
	}
	return err
}

func removeMember(v *visit) error {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return err
	}
	name := v.r.PathValue("name")
	if err := writer.RemoveMember(v.r.Context(), name, v.field("user")); err != nil {
		return err
	}
	return v.done(groupPath(name), "deleted")
}
