package console

import (
	"encoding/json"
	"net/http"
	"strings"

	"cloudsso/api"
	"cloudsso/idp"
)

// accessPage says who may use an app, and why somebody cannot.
type accessPage struct {
	Form  *Form  // who may; nil for whoever may only read
	Facts []Fact // the same in words
	Why   *why   // for whoever may read people
	Used  string // where it says who used it
	Fault string
}

// accessTab shows the assignment of an app.
func accessTab(v *visit) error { return v.showAccess(http.StatusOK, accessPage{}) }

func (v *visit) showAccess(status int, p accessPage) error {
	saved, err := v.savedApp()
	if err != nil {
		return err
	}
	p.Facts = []Fact{{"Who may use it", Cell{Text: assignedText(saved.assigned), Badge: "plain"}}}
	if a := saved.assigned; a != nil && !mayChange(v) {
		p.Facts = append(p.Facts, Fact{"Groups", Cell{Text: strings.Join(a.Groups, ", ")}}, Fact{"People", Cell{Text: strings.Join(a.Users, ", ")}})
	}
	if mayChange(v) && p.Form == nil {
		p.Form = v.accessForm(saved.assigned)
	}
	if people, err := v.actor.PeopleReader(); err == nil {
		p.Used = v.app.path("people")
		if p.Why, err = v.why(people, v.app.path("access"), v.app.ID, strings.TrimSpace(v.r.URL.Query().Get("user"))); err != nil {
			return err
		}
	}
	v.writeTab(status, "app_access", p)
	return nil
}

func assignedText(a *idp.Assignment) string {
	switch {
	case a == nil:
		return "everybody"
	case len(a.Groups)+len(a.Users) == 0:
		return "nobody"
	}
	var parts []string
	if n := len(a.Groups); n > 0 {
		parts = append(parts, plural(n, "group", "groups"))
	}
	if n := len(a.Users); n > 0 {
		parts = append(parts, plural(n, "person", "people"))
	}
	return strings.Join(parts, ", ")
}

const (
	accessAll    = "everybody"
	accessListed = "listed"
)

func (v *visit) accessForm(a *idp.Assignment) *Form {
	who, groups, users := accessAll, "", ""
	if a != nil {
		who, groups, users = accessListed, strings.Join(a.Groups, "\n"), strings.Join(a.Users, "\n")
	}
	f := v.form("access", v.app.path("access"), "Save",
		Field{Name: "who", Label: "Who may use this app", Kind: "select", Value: who, Options: []Option{
			{accessAll, "Everybody who can sign in"}, {accessListed, "Only these groups and people"},
		}},
		Field{Name: "groups", Label: "Groups", Kind: "textarea", Value: groups, Help: "One on each line, as the directory names them. Members of groups in them count too."},
		Field{Name: "users", Label: "People", Kind: "textarea", Value: users, Help: "One on each line: user names or subjects. With nobody in either list, nobody may use the app."},
		versionField(v.app.Version))
	return &f
}

// changeAccess saves who may use the app. It counts at the next sign-in or refresh.
func changeAccess(v *visit) error {
	v.app.tab = "access"
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	var assigned any // null: everybody
	groups, users := append([]string{}, v.lines("groups")...), append([]string{}, v.lines("users")...)
	switch {
	case v.field("who") == accessListed:
		assigned = map[string]any{"groups": groups, "users": users}
	case len(groups)+len(users) > 0:
		err = idp.Errorf(idp.Invalid, "Everybody may use the app, and some are listed. Choose the list, or empty it.").On("who")
	}
	if err == nil {
		var patch []byte
		if patch, err = json.Marshal(map[string]any{"assigned": assigned}); err == nil {
			_, err = v.patchApp(writer, patch)
		}
	}
	if err == nil {
		return v.done(v.app.path("access"), "changed")
	}
	f := v.accessForm(nil)
	f.Fields[len(f.Fields)-1].Value = v.r.PostForm.Get("version")
	if !v.refill(f, listed(err)) {
		return err
	}
	return v.showAccess(http.StatusUnprocessableEntity, accessPage{Form: f, Fault: api.Faults(err)[0].Public})
}

// listed gives faults of one entry the name of its list.
func listed(err error) error {
	e := *api.Faults(err)[0]
	for _, list := range []string{"groups", "users"} {
		if strings.Contains(e.Field, "assigned/"+list) || strings.Contains(e.Field, "assigned."+list) {
			return e.On(list)
		}
	}
	return err
}
