package console

import (
	"slices"
	"strings"
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
	// Changes stand below the text: what was changed, from what to what.
	Changes []api.MetadataChange
}

// Form is posted to Action. Its fields come in their order.
type Form struct {
	ID     string
	Action string // path below the issuer
	Get    bool   // a search: sent by GET, without a token
	Token  string
	Fields []Field
	Folded []Section // after the fields, each folded until somebody wants it
	Upload bool      // it takes files
	Submit string
	Step   string // value of the button's name step, for a form that has several
	Other  *Button
	Danger bool // the button looks like it
	Plain  bool // and a button that is not the main thing on its page, like this
}

// Button is a second way to send a form.
type Button struct{ Step, Text string }

// Section is a part of a form.
type Section struct {
	Title  string
	Open   bool
	Fields []Field
}

// fields are all of a form's.
func (f *Form) fields() (out []*Field) {
	for i := range f.Fields {
		out = append(out, &f.Fields[i])
	}
	for i := range f.Folded {
		for k := range f.Folded[i].Fields {
			out = append(out, &f.Folded[i].Fields[k])
		}
	}
	return out
}

// Field is one input with its label.
type Field struct {
	Name         string
	ID           string // of the input, if the name is on the page more than once
	Label        string
	Kind         string // text (the default), password, email, number, datetime-local, select, textarea, checkbox ("true" when set), file, hidden
	Value        string
	Rows         int // of a textarea; default 4
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
	for _, field := range f.fields() {
		if !slices.Contains([]string{"password", "hidden", "file"}, field.Kind) {
			field.Value = v.r.PostForm.Get(field.Name)
		}
	}
	for _, fault := range api.Faults(err) {
		if field := f.at(fault.Field); field != nil {
			field.Error = fault.Public
		}
	}
	for i, section := range f.Folded {
		f.Folded[i].Open = section.Open || slices.ContainsFunc(section.Fields, func(field Field) bool { return field.Error != "" })
	}
	return api.Typed(err)
}

// at is the input that a fault is about: a[0]/b of the request is in the input a or a.b.
func (f *Form) at(place string) (best *Field) {
	place = strings.Trim(strings.NewReplacer("/", ".", "[", ".", "]", "").Replace(place), ".")
	for _, field := range f.fields() {
		inside := place == field.Name || strings.HasPrefix(place, field.Name+".")
		if inside && field.Kind != "hidden" && (best == nil || len(field.Name) > len(best.Name)) {
			best = field
		}
	}
	return best
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
