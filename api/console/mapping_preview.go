package console

import (
	"encoding/json"
	"strings"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// preview is what one person's sign-in would tell the app.
type preview struct {
	Who       string
	Refused   string
	Documents []document
	rows      map[int]mapping.Origin // by the row that each comes from
}

// document is one thing that the app gets.
type document struct {
	Title   string
	Text    string // as it is
	Origins Table
}

func previewOf(p api.Preview) *preview {
	out := &preview{Who: p.User.Username, Refused: p.Refused, rows: map[int]mapping.Origin{}}
	if p.User.Status != idp.Active && out.Refused == "" {
		out.Refused = "This account is not active (" + string(p.User.Status) + ")."
	}
	for _, d := range []struct {
		title string
		doc   *mapping.Document
	}{{"ID token", p.IDToken}, {"Access token", p.AccessToken}, {"UserInfo", p.UserInfo}, {"SAML assertion", p.Assertion}} {
		if d.doc != nil {
			out.add(d.title, *d.doc)
		}
	}
	return out
}

func (p *preview) add(title string, d mapping.Document) {
	text := indented(d.XML)
	if d.XML == "" {
		b, err := json.MarshalIndent(d.Claims, "", "  ")
		if err != nil {
			b = []byte("{}")
		}
		text = string(b)
	}
	t := Table{Caption: "Origins of " + title, Columns: []string{"Name", "Value", "Comes from"}, Empty: "Nothing."}
	for _, o := range d.Origins {
		t.Rows = append(t.Rows, []Cell{{Text: o.Name, Code: true}, valueCell(o), {Text: originText(o)}})
		if o.Row == nil || o.Scope != "" {
			continue
		}
		if was, ok := p.rows[*o.Row]; !ok || was.Value == nil {
			p.rows[*o.Row] = o
		}
	}
	p.Documents = append(p.Documents, document{title, text, t})
}

// mark says of each row of the form whether it gives a value: a required one without is
// why a sign-in is refused.
func (p *preview) mark(rows []mappingRow) {
	for i := range rows {
		o, ok := p.rows[i]
		switch {
		case !ok:
		case o.Value != nil && rows[i].Required:
			rows[i].Status = Cell{Text: "required, has a value", Badge: "good"}
		case o.Value != nil:
			rows[i].Status = Cell{Text: "has a value", Badge: "plain"}
		case rows[i].Required:
			rows[i].Status = Cell{Text: "required, and empty", Badge: "bad"}
		default:
			rows[i].Status = Cell{Text: "empty", Badge: "warn"}
		}
	}
}

func valueCell(o mapping.Origin) Cell {
	switch {
	case o.Value != nil:
		return Cell{Text: valueText(o.Value)}
	case o.Required:
		return Cell{Text: "none, though required", Badge: "bad"}
	}
	return Cell{Text: "none", Badge: "warn"}
}

func valueText(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	b, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(b)
}

func originText(o mapping.Origin) string {
	var parts []string
	switch o.Source {
	case "protocol":
		parts = append(parts, "the protocol")
	case "nameid":
		parts = append(parts, "the NameID")
	case "standard":
		parts = append(parts, "standard claim of "+strings.Join(o.Attributes, ", "))
	case "constant":
		parts = append(parts, "fixed value")
	case "cel":
		parts = append(parts, "expression")
	default:
		parts = append(parts, o.Source+" "+strings.Join(o.Attributes, ", "))
	}
	if o.Directory != "" {
		parts = append(parts, "directory "+o.Directory)
	}
	if o.Scope != "" {
		parts = append(parts, "scope "+o.Scope)
	}
	if len(o.Steps) > 0 {
		parts = append(parts, "then "+strings.Join(o.Steps, ", "))
	}
	if o.Note != "" {
		parts = append(parts, o.Note)
	}
	return strings.Join(parts, " · ")
}

// indented sets each element of an assertion on a line of its own, for reading only.
func indented(xml string) string {
	var out strings.Builder
	depth := 0
	for i, part := range strings.SplitAfter(xml, ">") {
		tag := strings.TrimLeft(part, " \n\t")
		if tag == "" {
			continue
		}
		opens := strings.HasPrefix(tag, "<") && !strings.HasPrefix(tag, "</") && !strings.HasPrefix(tag, "<?")
		closes := strings.HasPrefix(tag, "</")
		if closes {
			depth--
		}
		if i > 0 && strings.HasPrefix(tag, "<") {
			out.WriteString("\n" + strings.Repeat("  ", max(0, depth)))
		}
		out.WriteString(tag)
		switch {
		case !strings.HasPrefix(tag, "<"): // a value and its end
			depth--
		case opens && !strings.HasSuffix(tag, "/>"):
			depth++
		}
	}
	return out.String()
}
