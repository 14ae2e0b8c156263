package mapping

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"cloudsso/idp"
)

// Where the values of a row come from.
const (
	fromAttribute = "attribute"
	fromTemplate  = "template"
	fromCEL       = "cel"
	fromConstant  = "constant"
)

func sourceOf(row idp.Mapping) string {
	switch {
	case row.CEL != "":
		return fromCEL
	case row.Template != "":
		return fromTemplate
	case len(row.Constant) > 0:
		return fromConstant
	}
	return fromAttribute
}

// outcome is what became of one row.
type outcome struct {
	values     []any
	list       bool     // an array even of one value
	attributes []string // of the directory, that the source looks at
	steps      []string // that did something
	note       string   // why there is no value
}

// evaluate runs the whole row.
func evaluate(row idp.Mapping, p idp.Person) outcome {
	o := take(row, p)
	o.run(row)
	return o
}

// take asks the source.
func take(row idp.Mapping, p idp.Person) outcome {
	switch sourceOf(row) {
	case fromCEL:
		return takeExpression(row.CEL, p)
	case fromTemplate:
		return takeTemplate(row, p)
	case fromConstant:
		return takeConstant(row.Constant)
	}
	o := outcome{values: values(p, row.From), list: row.From == "groups", attributes: []string{row.From}}
	o.emptied("the directory has no value")
	return o
}

func takeConstant(raw json.RawMessage) outcome {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return outcome{note: "the constant is not JSON"}
	}
	if list, ok := v.([]any); ok {
		return outcome{values: clean(list), list: true}
	}
	return outcome{values: clean([]any{v})}
}

// takeTemplate makes one text.
func takeTemplate(row idp.Mapping, p idp.Person) outcome {
	parts, err := parseTemplate(row.Template)
	if err != nil {
		return outcome{note: err.Error()}
	}
	var o outcome
	var text strings.Builder
	for i, part := range parts {
		if !part.placeholder {
			if i > 0 && parts[i-1].placeholder && blankBefore(text.String()) && len(texts(values(p, parts[i-1].text))) == 0 {
				part.text = strings.TrimPrefix(part.text, " ") // goes with what is missing
			}
			text.WriteString(part.text)
			continue
		}
		if !slices.Contains(o.attributes, part.text) {
			o.attributes = append(o.attributes, part.text)
		}
		found := texts(values(p, part.text))
		switch {
		case len(found) > 0 && row.Type == "json":
			text.WriteString(insideJSON(found[0]))
		case len(found) > 0:
			text.WriteString(found[0])
		case !part.optional:
			o.note = "the directory has no value for " + part.text
			return o
		}
	}
	o.values = clean([]any{strings.TrimSpace(text.String())})
	o.emptied("the directory has no value for any of them")
	return o
}

func blankBefore(s string) bool { return s == "" || strings.HasSuffix(s, " ") }

// insideJSON escapes a value that stands in a JSON text. Attack: a person who may edit
// their nickname writes "," into it, and a row of type json gives them one member more.
// Decision: whatever they write stays inside the text.
func insideJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil { // a string always has a JSON form
		return ""
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1]
}

// emptied notes why there is nothing, once.
func (o *outcome) emptied(why string) {
	if len(o.values) == 0 && o.note == "" {
		o.note = why
	}
}
