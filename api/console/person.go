package console

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"cloudsso/api"
	"cloudsso/idp"
)

// personPage is all about one person, and what the actor may do for them.
type personPage struct {
	Person   api.PersonFound
	Facts    []Fact
	Link     *api.SignInLink // shown once
	Access   *Form           // why can they not sign in
	Help     []aid
	Groups   []Cell
	Browsers Table
	Grants   Table
	Consents Table
	Accounts Table
	Events   Table
	More     string
	Change   *Form
	Password *Form
	Merge    *Form
	Move     *Form
	Delete   *Form
	Fault    string
}

// aid is one thing that can be done for a person, with what it does.
type aid struct {
	Form *Form
	Text string
}

// person shows one person.
func person(v *visit) error { return v.showPerson(http.StatusOK, personPage{}) }

// again shows the page after a form that did not go through.
func (v *visit) personAgain(f *Form, put func(*personPage, *Form), err error) error {
	if !v.refill(f, err) {
		return err
	}
	p := personPage{Fault: api.Faults(err)[0].Public}
	put(&p, f)
	return v.showPerson(http.StatusUnprocessableEntity, p)
}

func (v *visit) showPerson(status int, p personPage) error {
	reader, err := v.actor.PeopleReader()
	if err != nil {
		return err
	}
	subject := v.r.PathValue("id")
	if p.Person, err = reader.FindPerson(v.r.Context(), subject); err != nil {
		return err
	}
	p.Facts, p.Access = personFacts(p.Person), accessQuestion(p.Person.Subject, "")
	for _, part := range []func(context.Context, api.PeopleReader, *personPage) error{v.personAccounts, v.personSessions, v.personGrants, v.personConsents, v.personForms} {
		if err := part(v.r.Context(), reader, &p); err != nil {
			return err
		}
	}
	if err := v.personEvents(&p); err != nil {
		return err
	}
	for _, g := range p.Person.Groups {
		p.Groups = append(p.Groups, Cell{Text: g, Link: groupPath(g)})
	}
	v.write(status, "person", nameOf(p.Person), p)
	return nil
}

func nameOf(p api.PersonFound) string {
	for _, name := range []string{p.Name, p.Login} {
		if name != "" {
			return name
		}
	}
	return p.Subject
}

func personFacts(p api.PersonFound) []Fact {
	facts := []Fact{
		{"Status", statusCell(p.Status)}, {"User name", Cell{Text: p.Login}}, {"Email", Cell{Text: p.Email}},
		{"Directory", Cell{Text: p.Directory}}, {"Subject", Cell{Text: p.Subject, Code: true}},
	}
	if p.Admin != "" {
		facts = append(facts, Fact{"Admin", Cell{Text: p.Admin, Badge: "plain"}})
	}
	return facts
}

func (v *visit) personAccounts(ctx context.Context, reader api.PeopleReader, p *personPage) error {
	found, err := reader.Person(ctx, p.Person.Subject)
	p.Accounts = Table{Caption: "Accounts", Columns: []string{"Directory", "Id there"}}
	for _, l := range found.Links {
		p.Accounts.Rows = append(p.Accounts.Rows, []Cell{{Text: l.Directory}, {Text: l.DirectoryID, Code: true}})
	}
	return err
}

// rowButton is a button in a table: which row it is for stands in a field, since a SID or
// the id of a client need not fit into a path.
func (v *visit) rowButton(action, submit, name, value string) Cell {
	f := v.button(action, submit)
	f.Fields = []Field{{Name: name, Kind: "hidden", Value: value}}
	return Cell{Form: f}
}

func (v *visit) personSessions(ctx context.Context, reader api.PeopleReader, p *personPage) error {
	l, err := reader.PersonSessions(ctx, p.Person.Subject)
	_, notHelper := v.actor.PeopleHelper()
	p.Browsers = Table{Caption: "Signed-in browsers", Columns: []string{"Browser", "Address", "Signed in", "Last seen", "Ends"}, Empty: "Not signed in anywhere."}
	if notHelper == nil {
		p.Browsers.Columns = append(p.Browsers.Columns, "")
	}
	for _, s := range l.Items {
		row := []Cell{{Text: browserOf(s.UserAgent)}, {Text: s.IP}, {Text: when(s.AuthTime)}, {Text: when(s.SeenAt)}, {Text: when(s.ExpiresAt)}}
		if notHelper == nil {
			row = append(row, v.rowButton(personPath(p.Person.Subject)+"/end-session", "End", "sid", s.ID))
		}
		p.Browsers.Rows = append(p.Browsers.Rows, row)
	}
	return err
}

// browserOf is as much of a User-Agent as a table has room for.
func browserOf(agent string) string {
	if agent == "" {
		return "unknown"
	}
	names := []struct{ mark, name string }{{"Edg/", "Edge"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}}
	systems := []struct{ mark, name string }{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}}
	for _, n := range names {
		if !strings.Contains(agent, n.mark) {
			continue
		}
		for _, s := range systems {
			if strings.Contains(agent, s.mark) {
				return n.name + " on " + s.name
			}
		}
		return n.name
	}
	return string([]rune(agent)[:min(len([]rune(agent)), 40)])
}

func (v *visit) personGrants(ctx context.Context, reader api.PeopleReader, p *personPage) error {
	l, err := reader.PersonGrants(ctx, p.Person.Subject, api.Paging{Limit: 200})
	_, notHelper := v.actor.PeopleHelper()
	p.Grants = Table{Caption: "Access of apps", Columns: []string{"App", "Scopes", "Kind", "Since", "Ends"}, Empty: "No app holds tokens of this person."}
	if notHelper == nil {
		p.Grants.Columns = append(p.Grants.Columns, "")
	}
	for _, g := range l.Items {
		kind := "while signed in"
		if g.Refresh {
			kind = "offline (refresh token)"
		}
		row := []Cell{{Text: g.ClientID}, {Text: strings.Join(g.Scopes, " ")}, {Text: kind}, {Text: when(g.CreatedAt)}, {Text: when(g.ExpiresAt)}}
		if notHelper == nil {
			row = append(row, v.rowButton(personPath(p.Person.Subject)+"/revoke", "Revoke", "client", g.ClientID))
		}
		p.Grants.Rows = append(p.Grants.Rows, row)
	}
	return err
}

func (v *visit) personConsents(ctx context.Context, reader api.PeopleReader, p *personPage) error {
	l, err := reader.PersonConsents(ctx, p.Person.Subject)
	_, notHelper := v.actor.PeopleHelper()
	p.Consents = Table{Caption: "Consents", Columns: []string{"App", "Scopes", "Given"}, Empty: "Nothing was agreed to on the consent page."}
	if notHelper == nil {
		p.Consents.Columns = append(p.Consents.Columns, "")
	}
	for _, c := range l.Items {
		row := []Cell{{Text: c.ClientID}, {Text: strings.Join(c.Scopes, " ")}, {Text: when(c.At)}}
		if notHelper == nil {
			row = append(row, v.rowButton(personPath(p.Person.Subject)+"/forget", "Forget", "client", c.ClientID))
		}
		p.Consents.Rows = append(p.Consents.Rows, row)
	}
	return err
}

func (v *visit) personEvents(p *personPage) error {
	reader, err := v.actor.EventsReader()
	if err != nil {
		return nil
	}
	l, err := reader.Events(v.r.Context(), api.EventQuery{Subject: p.Person.Subject}, api.Paging{Limit: 10})
	p.Events, p.More = v.eventTable(l.Items), "/admin/events?"+url.Values{"subject": {p.Person.Subject}}.Encode()
	return err
}

// personForms are what the actor may do.
func (v *visit) personForms(ctx context.Context, reader api.PeopleReader, p *personPage) error {
	at := personPath(p.Person.Subject)
	if _, err := v.actor.PeopleHelper(); err == nil {
		p.Help = []aid{
			{v.plain(at+"/unlock", "Unlock"), "Forgets wrong tries at the password, so that they may try again at once."},
			{v.plain(at+"/link", "Make a sign-in link"), "Signs one browser in, once, within 30 minutes. For somebody who has lost their password."},
			{v.button(at+"/end-sessions", "End all sessions"), "Signs them out of every browser, and of the apps that came of it."},
			{v.button(at+"/revoke", "Revoke all access"), "Ends every token that an app holds for them. They stay signed in here."},
		}
	}
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return nil
	}
	p.Merge, p.Move = v.or(p.Merge, v.mergeForm(at)), v.or(p.Move, v.moveForm(at, p.Person))
	if p.Person.User == "" {
		return nil
	}
	u, err := writer.User(ctx, p.Person.User)
	if err != nil {
		if idp.AsError(err).Code == idp.NotFound {
			return nil // deleted: their subject stays theirs
		}
		return err
	}
	change, err := v.userForm(at, u)
	if err != nil {
		return err
	}
	if u.ManagedBy != (idp.Managed{}) {
		p.Facts = append(p.Facts, Fact{"Kept in the file", Cell{Text: u.ManagedBy.File, Code: true}})
		return nil
	}
	onOff := aid{v.button(at+"/disable", "Disable"), "Ends all they are signed in to, at once, and lets them in no more."}
	if u.Disabled {
		onOff = aid{v.plain(at+"/enable", "Enable"), "Lets them sign in again."}
	}
	p.Help = append([]aid{onOff}, p.Help...)
	p.Change, p.Password = v.or(p.Change, change), v.or(p.Password, v.passwordForm(at, u))
	p.Delete = v.button(at+"/delete", "Delete this user")
	p.Delete.ID, p.Delete.Fields = "delete", []Field{versionField(u.ETag())}
	return nil
}

// or is the form that came back with its faults, else a fresh one.
func (v *visit) or(came, fresh *Form) *Form {
	if came != nil {
		return came
	}
	return fresh
}

// plain is a button that destroys nothing.
func (v *visit) plain(action, submit string) *Form {
	f := v.form("", action, submit)
	f.Plain = true
	return &f
}

func versionField(etag api.IfMatch) Field {
	return Field{Name: "version", Kind: "hidden", Value: string(etag)}
}

func (v *visit) version() api.IfMatch { return api.IfMatch(v.r.PostForm.Get("version")) }

func (v *visit) userForm(at string, u api.User) (*Form, error) {
	attributes, err := json.MarshalIndent(u.Attributes, "", "  ")
	if err != nil {
		return nil, err
	}
	expires := ""
	if u.ExpiresAt != nil {
		expires = u.ExpiresAt.UTC().Format(inputTime)
	}
	f := v.form("change", at, "Save",
		Field{Name: "username", Label: "User name", Value: u.Username, Autocomplete: "off", Required: true},
		Field{Name: "email", Label: "Email address", Kind: "email", Value: u.Email, Autocomplete: "off"},
		Field{Name: "groups", Label: "Groups", Kind: "textarea", Value: strings.Join(u.Groups, "\n"), Help: "One on each line."},
		Field{Name: "expires_at", Label: "Account ends (UTC)", Kind: "datetime-local", Value: expires, Help: "Empty: never."},
		Field{Name: "attributes", Label: "Attributes", Kind: "textarea", Value: string(attributes), Help: "As JSON: a name, and a value or a list of values. Apps get them by their mapping."},
		versionField(u.ETag()))
	return &f, nil
}

// inputTime is how a browser's datetime-local writes a time.
const inputTime = "2006-01-02T15:04"

func (v *visit) passwordForm(at string, u api.User) *Form {
	label := "Set password"
	f := v.form("password", at+"/password", label,
		Field{Name: "password", Label: "New password", Kind: "password", Required: true, Autocomplete: "new-password", Help: "At least 8 characters. Whoever is signed in as this person is signed out."},
		versionField(u.ETag()))
	return &f
}

func (v *visit) mergeForm(at string) *Form {
	f := v.form("merge", at+"/merge", "Merge",
		Field{Name: "from", Label: "Subject of the other person", Required: true, Autocomplete: "off", Help: "Their accounts sign in as this person from then on; the other person ends."})
	f.Danger = true
	return &f
}

func (v *visit) moveForm(at string, p api.PersonFound) *Form {
	f := v.form("move", at+"/move", "Move",
		Field{Name: "directory", Label: "Directory", Required: true, Autocomplete: "off", Value: p.Directory},
		Field{Name: "directory_id", Label: "Id there", Required: true, Autocomplete: "off", Help: "The stable id of the account that says from then on who this person is."})
	f.Danger = true
	return &f
}
