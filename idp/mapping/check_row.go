package mapping

import (
	"encoding/json"
	"slices"

	"cloudsso/idp"
)

const (
	maxTemplate = 2048
	maxConstant = 8 << 10
	maxMap      = 500
	maxDefault  = 1024
)

func checkSource(i int, row idp.Mapping) error {
	sources := 0
	for _, there := range []bool{row.From != "", row.CEL != "", row.Template != "", len(row.Constant) > 0} {
		if there {
			sources++
		}
	}
	if sources > 1 {
		return fault(i, "from", "A mapping row has one source: a directory attribute, cel, template or constant.")
	}
	switch sourceOf(row) {
	case fromCEL:
		return checkExpression(i, row.CEL)
	case fromTemplate:
		return checkTemplate(i, row.Template)
	case fromConstant:
		return checkConstant(i, row.Constant)
	}
	if row.From == "" || !label(row.From) {
		return fault(i, "from", "The from of a mapping row must have 1 to %d bytes, no control characters, and no spaces around it.", maxText)
	}
	return nil
}

func checkExpression(i int, text string) error {
	if _, err := language().program(text); err != nil {
		return fault(i, "from/cel", "The CEL expression cannot be used: %v.", err).Because(err)
	}
	return nil
}

func checkTemplate(i int, text string) error {
	if len(text) > maxTemplate || !characters(text) {
		return fault(i, "from/template", "The template must have at most %d bytes and no control characters.", maxTemplate)
	}
	parts, err := parseTemplate(text)
	if err != nil {
		return fault(i, "from/template", "The template cannot be used: %v.", err)
	}
	for _, p := range parts {
		if p.placeholder && !label(p.text) {
			return fault(i, "from/template", "The template names the attribute %q, which is none: 1 to %d bytes without spaces around it.", p.text, maxText)
		}
	}
	return nil
}

func checkConstant(i int, raw json.RawMessage) error {
	var v any
	if len(raw) > maxConstant || json.Unmarshal(raw, &v) != nil {
		return fault(i, "from/constant", "The constant must be JSON of at most %d bytes.", maxConstant)
	}
	if o := takeConstant(raw); len(o.values) == 0 {
		return fault(i, "from/constant", "The constant is empty: nothing would ever be sent.")
	}
	return nil
}

func checkSteps(i int, row idp.Mapping) error {
	switch {
	case !printable(row.Split):
		return fault(i, "split", "The separator must have at most %d bytes and no control characters.", maxText)
	case !printable(row.Join):
		return fault(i, "join", "The separator must have at most %d bytes and no control characters.", maxText)
	case row.Lower && row.Upper:
		return fault(i, "upper", "A row writes texts in lower case or in upper case, not both.")
	case len(row.Default) > maxDefault || !characters(row.Default):
		return fault(i, "default", "The default must have at most %d bytes and no control characters.", maxDefault)
	case !slices.Contains([]string{"", "string", "number", "boolean", "json", "array"}, row.Type):
		return fault(i, "type", "The type %q is unknown: use string, number, boolean, json or array.", row.Type)
	case row.Default != "" && !slices.Contains([]string{"", "array"}, row.Type) && len(clean([]any{convert(row.Type, row.Default)})) == 0:
		return fault(i, "default", "The default is not of the type %s.", row.Type)
	}
	if err := checkMap(i, row.Map); err != nil {
		return err
	}
	return checkDate(i, row.Date)
}

func checkMap(i int, by map[string]string) error {
	if len(by) > maxMap {
		return fault(i, "map", "A map has at most %d values.", maxMap)
	}
	for from, to := range by {
		if !printable(from) || !printable(to) {
			return fault(i, "map", "The values of a map must have at most %d bytes and no control characters.", maxText)
		}
	}
	return nil
}

func checkDate(i int, form *idp.DateForm) error {
	if form == nil {
		return nil
	}
	for name, s := range map[string]string{"in": form.In, "out": form.Out} {
		if _, err := layoutOf(s); s != "" && s != formUnix && err != nil {
			return fault(i, "date/"+name, "The form %q of a date is unknown: use rfc3339, date, unix, ldap, or a pattern of YYYY MM DD HH mm ss.", s)
		}
	}
	return nil
}
