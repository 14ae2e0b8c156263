package presets

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cloudsso/idp"
)

const (
	maxAnswer   = 8 << 10
	maxDocument = 1 << 20
)

var placeholder = regexp.MustCompile(`\$\{([a-z][a-z0-9_]*)\}`)

// Fill answers a preset's asks and returns the settings of the app, mapping rows in
// their place. Faults are *idp.Error with the field answers/<id>.
func (p *Preset) Fill(answers map[string]string) (map[string]any, error) {
	values, err := p.answers(answers)
	if err != nil {
		return nil, err
	}
	settings, rows := p.parts()
	filled, _ := fill(settings, values).(map[string]any)
	if len(p.Mapping) > 0 {
		filled[rows] = fillRows(p.Mapping, values)
	}
	return filled, nil
}

// parts are the settings, and the name of the member that holds mapping rows.
func (p *Preset) parts() (settings map[string]any, rows string) {
	switch p.Kind() {
	case KindClient:
		return p.Client, "claims_mapping"
	case KindServiceProvider:
		return p.ServiceProvider, "attributes"
	}
	return p.TokenApp, "claims"
}

// fillRows leaves out rows that an optional answer would have to complete.
func fillRows(rows []map[string]any, values map[string]any) []any {
	out := []any{}
	for _, row := range rows {
		if filled := fill(row, values).(map[string]any); len(filled) == len(row) {
			out = append(out, filled)
		}
	}
	return out
}

func anyOf(rows []map[string]any) []any {
	out := make([]any, len(rows))
	for i, row := range rows {
		out[i] = row
	}
	return out
}

// answers checks what was answered and reads it in its form.
func (p *Preset) answers(given map[string]string) (map[string]any, error) {
	values, faults := map[string]any{}, []error(nil)
	for _, id := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(p.Asks, func(a Ask) bool { return a.ID == id }) {
			faults = append(faults, idp.Errorf(idp.Invalid, "The preset %s does not ask for %.40q.", p.ID, id).On("answers"))
		}
	}
	for _, a := range p.Asks {
		v, err := a.read(given[a.ID], values)
		if err != nil {
			faults = append(faults, err)
		}
		values[a.ID] = v
	}
	return values, errors.Join(faults...)
}

func (a *Ask) fault(format string, args ...any) error {
	return idp.Errorf(idp.Invalid, a.Label+": "+format, args...).On("answers/" + a.ID)
}

// read returns a string, []any or map[string]any.
func (a *Ask) read(given string, earlier map[string]any) (any, error) {
	most := maxAnswer
	if a.Kind == "document" {
		most = maxDocument
	}
	if given = strings.TrimSpace(given); given == "" {
		given, _ = fill(a.Default, earlier).(string)
	}
	switch {
	case len(given) > most:
		return "", a.fault("the answer is longer than %d bytes.", most)
	case given == "" && !a.Optional:
		return "", a.fault("an answer is needed, such as %.200s", a.Example)
	}
	switch a.Kind {
	case "lines":
		return a.lines(given)
	case "pairs":
		return a.pairs(given)
	case "document":
		return given, nil
	}
	if strings.ContainsAny(given, "\r\n") {
		return "", a.fault("one line is expected.")
	}
	return given, a.fits(given)
}

// fits: an answer becomes part of addresses, so a pattern is always matched whole.
func (a *Ask) fits(s string) error {
	if a.Pattern == "" || s == "" {
		return nil
	}
	if ok, err := regexp.MatchString(`^(?:`+a.Pattern+`)$`, s); err != nil || !ok {
		return a.fault("%.100q does not look right. Expected something like %.200s", s, a.Example)
	}
	return nil
}

func (a *Ask) lines(given string) (any, error) {
	out := []any{}
	for line := range strings.Lines(given) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := a.fits(line); err != nil {
			return out, err
		}
		out = append(out, line)
	}
	return out, nil
}

func (a *Ask) pairs(given string) (any, error) {
	out := map[string]any{}
	for line := range strings.Lines(given) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || value == "" || out[name] != nil {
			return out, a.fault("every line is name=value, each name once. This one is not: %.100s", line)
		}
		if err := a.fits(value); err != nil {
			return out, err
		}
		out[name] = value
	}
	return out, nil
}

// fill replaces placeholders. What is nothing but the placeholder of an empty answer
// becomes nil, and nil goes away with its member.
func fill(v any, values map[string]any) any {
	switch v := v.(type) {
	case string:
		return fillText(v, values)
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			switch filled := fill(item, values).(type) {
			case nil:
			case []any:
				out = append(out, filled...) // lines among items
			default:
				out = append(out, filled)
			}
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if filled := fill(member, values); filled != nil {
				out[name] = filled
			}
		}
		return out
	}
	return v
}

func fillText(s string, values map[string]any) any {
	if m := placeholder.FindStringSubmatch(s); m != nil && m[0] == s {
		if v := values[m[1]]; !empty(v) {
			return v
		}
		return nil
	}
	return placeholder.ReplaceAllStringFunc(s, func(m string) string {
		text, _ := values[m[2:len(m)-1]].(string)
		return text
	})
}

func empty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return v == nil
}
