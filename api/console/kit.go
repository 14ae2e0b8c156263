package console

import (
	"time"

	"cloudsso/api"
)

// The parts that pages are built of; templates/_kit.html writes them.

// Table is a list with a caption for those who do not see it.
type Table struct {
	Caption string
	Columns []string
	Rows    [][]Cell
	Empty   string // what stands there without rows
	Next    string // address of the next part, "" at the end
}

// Cell is one cell: text, and what it leads to.
type Cell struct {
	Text  string
	Link  string // path below the issuer
	Badge string // "good", "bad", "warn", "plain": shown as a badge
	Code  bool
	Form  *Form // a button for this row, instead of text
}

// Form is posted to Action. Its fields come in their order.
type Form struct {
	ID     string
	Action string // path below the issuer
	Get    bool   // a search: sent by GET, without a token
	Token  string
	Fields []Field
	Submit string
	Danger bool // the button looks like it
	Plain  bool // and a button that is not the main thing on its page, like this
}

// Field is one input with its label.
type Field struct {
	Name         string
	ID           string // of the input, if the name is on the page more than once
	Label        string
	Kind         string // text (the default), password, email, number, datetime-local, select, textarea, hidden
	Value        string
	Help         string
	Error        string
	Required     bool
	Autocomplete string
	Options      []Option
}

// Option is one choice of a select.
type Option struct{ Value, Text string }

// Fact is one line of a list of facts.
type Fact struct {
	Name string
	Cell
}

// form makes a form with the token of this visit.
func (v *visit) form(id, action, submit string, fields ...Field) Form {
	return Form{ID: id, Action: action, Submit: submit, Token: v.token(), Fields: fields}
}

// refill puts back what somebody typed, with what was wrong about it. Passwords are never
// sent back. It reports whether err is about what was typed: then the page is shown again.
func (v *visit) refill(f *Form, err error) bool {
	faults := api.Faults(err)
	for i := range f.Fields {
		field := &f.Fields[i]
		if field.Kind != "password" && field.Kind != "hidden" {
			field.Value = v.r.PostForm.Get(field.Name)
		}
		for _, fault := range faults {
			if fault.Field == field.Name {
				field.Error = fault.Public
			}
		}
	}
	return api.Typed(err)
}

// button is a form of nothing but a button.
func (v *visit) button(action, submit string) *Form {
	f := v.form("", action, submit)
	f.Danger = true
	return &f
}

func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04 MST")
}

func roleOptions(names ...string) (out []Option) {
	texts := map[string]string{
		api.RoleOwner: "Owner: everything", api.RoleAppAdmin: "App admin: settings of their own apps",
		api.RoleHelpDesk: "Help desk: helps people to sign in", api.RoleAuditor: "Auditor: reads everything, changes nothing",
		api.RoleRegistration: "Registration: clients that register themselves",
	}
	for _, name := range names {
		out = append(out, Option{name, texts[name]})
	}
	return out
}
