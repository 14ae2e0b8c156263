package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"cloudsso/api"
)

type peoplePage struct {
	Search  Form
	Query   string
	Table   Table
	MayAdd  bool
	Fault   string
	Partial string
}

// people searches people. Without a search it lists the built-in users.
func people(v *visit) error {
	reader, err := v.actor.PeopleReader()
	if err != nil {
		return err
	}
	query := strings.TrimSpace(v.r.URL.Query().Get("q"))
	_, notWriter := v.actor.PeopleWriter()
	p := peoplePage{Query: query, MayAdd: notWriter == nil, Search: Form{ID: "search", Action: "/admin/people", Get: true, Submit: "Search", Fields: []Field{
		{Name: "q", Label: "Find a person", Kind: "search", Value: query, Autocomplete: "off", Help: "A part of the user name or address of a built-in user; the whole of it in other directories; or a subject."},
	}}}
	if query == "" {
		err = v.listUsers(reader, &p)
	} else {
		err = v.searchPeople(reader, query, &p)
	}
	if err != nil {
		return err
	}
	return v.show("people", "People", p)
}

func (v *visit) searchPeople(reader api.PeopleReader, query string, p *peoplePage) error {
	p.Table = Table{Caption: "People found", Columns: []string{"User name", "Name", "Email", "Directory", "Status", "Admin"}, Empty: "Nobody was found. Other directories find the whole user name or address only."}
	found, err := reader.SearchPeople(v.r.Context(), query)
	if err != nil {
		p.Fault = api.Faults(err)[0].Public
	}
	for _, f := range found.Items {
		row := []Cell{{Text: f.Login, Link: personPath(f.Subject)}, {Text: f.Name}, {Text: f.Email}, {Text: f.Directory}, statusCell(f.Status), {}}
		if f.Login == "" {
			row[0].Text = f.Subject
		}
		if f.Admin != "" {
			row[5] = Cell{Text: f.Admin, Badge: "plain"}
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	return nil
}

func (v *visit) listUsers(reader api.PeopleReader, p *peoplePage) error {
	l, err := reader.Users(v.r.Context(), api.Paging{Limit: 50, Cursor: v.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	p.Table = userTable("Built-in users", "There are no built-in users yet.", l.Items)
	if l.NextCursor != "" {
		p.Table.Next = "/admin/people?" + url.Values{"cursor": {l.NextCursor}}.Encode()
	}
	return nil
}

func userTable(caption, empty string, users []api.User) Table {
	t := Table{Caption: caption, Columns: []string{"User name", "Email", "Groups", "Status", "Since"}, Empty: empty}
	for _, u := range users {
		status := "active"
		if u.Disabled {
			status = "disabled"
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: u.Username, Link: "/admin/users/" + url.PathEscape(u.ID)}, {Text: u.Email}, {Text: strings.Join(u.Groups, ", ")}, statusCell(status), {Text: when(u.CreatedAt)},
		})
	}
	return t
}

func personPath(subject string) string { return "/admin/people/" + url.PathEscape(subject) }

func statusCell(status string) Cell {
	badges := map[string]string{"active": "good", "disabled": "bad", "gone": "bad", "locked": "warn", "password_expired": "warn"}
	return Cell{Text: strings.ReplaceAll(status, "_", " "), Badge: badges[status]}
}

// user leads from the id of a built-in user to their page.
func user(v *visit) error {
	reader, err := v.actor.PeopleReader()
	if err != nil {
		return err
	}
	subject, err := reader.UserSubject(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	v.goTo(v.w, v.r, personPath(subject))
	return nil
}

type newPersonPage struct {
	Form  Form
	Fault string
}

func (v *visit) personForm() Form {
	return v.form("add", "/admin/people/new", "Create",
		Field{Name: "username", Label: "User name", Required: true, Autocomplete: "off"},
		Field{Name: "email", Label: "Email address", Kind: "email", Autocomplete: "off"},
		Field{Name: "given_name", Label: "First name", Autocomplete: "off"},
		Field{Name: "family_name", Label: "Last name", Autocomplete: "off"},
		Field{Name: "groups", Label: "Groups", Kind: "textarea", Help: "One on each line."},
		Field{Name: "password", Label: "Password", Kind: "password", Autocomplete: "new-password", Help: "At least 8 characters. Leave it empty to hand over a one-time sign-in link instead."})
}

func newPerson(v *visit) error {
	if _, err := v.actor.PeopleWriter(); err != nil {
		return err
	}
	return v.show("person_new", "Add a person", newPersonPage{Form: v.personForm()})
}

// addPerson makes a built-in user.
func addPerson(v *visit) error {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return err
	}
	in := api.NewUser{
		Username: v.field("username"), Email: v.field("email"), Password: v.r.PostForm.Get("password"),
		Groups: v.lines("groups"), Attributes: map[string]json.RawMessage{},
	}
	given, family := v.field("given_name"), v.field("family_name")
	for name, text := range map[string]string{"given_name": given, "family_name": family, "name": strings.TrimSpace(given + " " + family)} {
		if text != "" {
			in.Attributes[name], _ = json.Marshal(text) // a string
		}
	}
	u, err := writer.CreateUser(v.r.Context(), in)
	if err == nil {
		var subject string
		if subject, err = writer.UserSubject(v.r.Context(), u.ID); err == nil {
			return v.done(personPath(subject), "added")
		}
	}
	if f := v.personForm(); v.refill(&f, err) {
		v.write(http.StatusUnprocessableEntity, "person_new", "Add a person", newPersonPage{f, api.Faults(err)[0].Public})
		return nil
	}
	return err
}

// lines are the values of a field that takes one on each line.
func (v *visit) lines(name string) (out []string) {
	for line := range strings.Lines(v.r.PostForm.Get(name)) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}
