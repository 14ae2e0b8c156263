package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"cloudsso/idp"
)

// The sources of a row, as the form names them.
const (
	kindAttribute = "attribute"
	kindTemplate  = "template"
	kindCEL       = "cel"
	kindConstant  = "constant"
)

// mappingRow is one row as it stands in the form.
type mappingRow struct {
	N        int
	Name     string
	Kind     string
	From     string
	Join     string
	Format   string
	Required bool
	More     string // the other steps, as JSON
	Fault    string
	Status   Cell
}

// blank rows are those that nobody has typed into.
func (r mappingRow) blank() bool { return r.Name == "" && r.From == "" && r.More == "" }

// formRows shows rows in the form. What has no field of its own stands in More, so that
// nothing is lost.
func formRows(rows []idp.Mapping) []mappingRow {
	out := make([]mappingRow, 0, len(rows))
	for _, m := range rows {
		r := mappingRow{Name: m.Name, Join: m.Join, Format: m.Format, Required: m.Required}
		switch {
		case m.CEL != "":
			r.Kind, r.From = kindCEL, m.CEL
		case m.Template != "":
			r.Kind, r.From = kindTemplate, m.Template
		case len(m.Constant) > 0:
			r.Kind, r.From = kindConstant, constantText(m.Constant)
		default:
			r.Kind, r.From = kindAttribute, m.From
		}
		r.More = moreOf(m)
		out = append(out, r)
	}
	return out
}

// constantText shows a text without its quotes, unless it would be read as something else.
func constantText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil && !json.Valid([]byte(s)) {
		return s
	}
	return string(raw)
}

func own() []string { return []string{"name", "from", "join", "format", "required"} }

func moreOf(m idp.Mapping) string {
	b, err := json.Marshal(m)
	var all map[string]json.RawMessage
	if err != nil || json.Unmarshal(b, &all) != nil {
		return ""
	}
	for _, name := range own() {
		delete(all, name)
	}
	if len(all) == 0 {
		return ""
	}
	b, _ = json.Marshal(all) // it came out of JSON
	return string(b)
}

// mappings reads rows of the form. A fault names its row.
func mappings(rows []mappingRow) (out []idp.Mapping, err error) {
	out = make([]idp.Mapping, 0, len(rows))
	for i, r := range rows {
		m, rowErr := r.mapping()
		if rowErr != nil && err == nil {
			err = idp.AsError(rowErr).On(fmt.Sprintf("mapping/%d/more", i))
		}
		out = append(out, m)
	}
	return out, err
}

func (r mappingRow) mapping() (m idp.Mapping, err error) {
	if r.More != "" {
		if err = r.readMore(&m); err != nil {
			return idp.Mapping{Name: r.Name, From: r.From}, err
		}
	}
	m.Name, m.Join, m.Format, m.Required = r.Name, r.Join, r.Format, r.Required
	switch r.Kind {
	case kindTemplate:
		m.Template = r.From
	case kindCEL:
		m.CEL = r.From
	case kindConstant:
		m.Constant = json.RawMessage(r.From)
		if !json.Valid(m.Constant) {
			m.Constant, err = json.Marshal(r.From)
		}
	default:
		m.From = r.From
	}
	return m, err
}

// readMore takes the further steps, and no member that has a field of its own or that
// nobody knows: it would be lost.
func (r mappingRow) readMore(m *idp.Mapping) error {
	var given, known map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.More), &given); err != nil {
		return idp.Errorf(idp.Invalid, `The further steps are not a JSON object. Expected something like {"lower": true}.`).Because(err)
	}
	if err := json.Unmarshal([]byte(r.More), m); err != nil {
		return idp.Errorf(idp.Invalid, "The further steps have a value of a wrong kind: %s.", err).Because(err)
	}
	if err := json.Unmarshal([]byte(allSteps), &known); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := known[name]; !ok {
			return idp.Errorf(idp.Invalid, "There is no further step %q. There are: split, map, first, lower, upper, date, default, type, friendly_name.", name)
		}
	}
	return nil
}

const allSteps = `{"split":"","map":{},"first":0,"lower":0,"upper":0,"date":{},"default":"","type":"","friendly_name":""}`
