package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"cloudsso/idp"
)

// setting is one member of the settings of an app, as its struct says it: the API, files
// and this form have the same.
type setting struct {
	name string // of the JSON member; a dot leads into an object
	doc  string
	enum []string
	kind settingKind
}

type settingKind int

const (
	textSetting   settingKind = iota
	linesSetting              // a list of texts
	pairsSetting              // texts by name
	switchSetting             // false if it is left out
	yesNoSetting              // with a default of its own
	numberSetting
	jsonSetting
)

// settingsOf are the members of a struct that this form can change. Mapping rows and
// assignments have tabs of their own, and disabled a button.
func settingsOf(t reflect.Type, prefix string) (out []setting) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		kind, nested := kindOf(f.Type)
		switch {
		case f.Anonymous:
			out = append(out, settingsOf(f.Type, prefix)...)
		case name == "" || name == "-" || slices.Contains([]string{"disabled", "preset"}, name):
		case nested != nil:
			out = append(out, settingsOf(nested, prefix+name+".")...)
		case kind >= 0:
			s := setting{name: prefix + name, doc: f.Tag.Get("doc"), kind: kind}
			if enum := f.Tag.Get("enum"); enum != "" {
				s.enum = strings.Split(enum, ",")
			}
			out = append(out, s)
		}
	}
	return out
}

// kindOf is the input for a type; nested is the struct that it is made of, if it is one.
// -1: there is none here.
func kindOf(t reflect.Type) (kind settingKind, nested reflect.Type) {
	if t == reflect.TypeFor[json.RawMessage]() {
		return jsonSetting, nil
	}
	if t.Kind() == reflect.Pointer {
		switch t = t.Elem(); {
		case t.Kind() == reflect.Bool:
			return yesNoSetting, nil
		case t == reflect.TypeFor[idp.Assignment]():
			return -1, nil
		}
	}
	switch t.Kind() {
	case reflect.String:
		return textSetting, nil
	case reflect.Bool:
		return switchSetting, nil
	case reflect.Int, reflect.Int64:
		return numberSetting, nil
	case reflect.Struct:
		return -1, t
	case reflect.Slice:
		if t.Elem().Kind() == reflect.String {
			return linesSetting, nil
		}
	case reflect.Map:
		if t.Elem().Kind() == reflect.String {
			return pairsSetting, nil
		}
	}
	return -1, nil
}

// field is the input of a setting, with what it is now in the JSON form of the app.
func (s setting) field(now map[string]any) Field {
	f := Field{Name: s.name, Label: label(s.name), Help: s.doc, Value: s.text(now), Autocomplete: "off"}
	switch s.kind {
	case linesSetting, pairsSetting:
		f.Kind, f.Rows = "textarea", min(max(2, strings.Count(f.Value, "\n")+2), 12)
		f.Help += " One a line."
		if s.kind == pairsSetting {
			f.Help += " As name=value."
		}
	case jsonSetting:
		f.Kind, f.Rows = "textarea", 6
	case switchSetting:
		f.Kind = "checkbox"
	case numberSetting:
		f.Kind = "number"
	case yesNoSetting:
		f.Kind, f.Options = "select", []Option{{"", "Default"}, {"true", "Yes"}, {"false", "No"}}
	}
	if s.enum != nil {
		f.Kind, f.Options = "select", []Option{{"", "Default"}}
		for _, choice := range s.enum {
			f.Options = append(f.Options, Option{choice, choice})
		}
	}
	f.Help = strings.TrimSpace(f.Help)
	return f
}

// text is the form of a value in an input.
func (s setting) text(now map[string]any) string {
	v := member(now, s.name)
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case []any:
		lines := make([]string, len(v))
		for i, item := range v {
			lines[i] = fmt.Sprint(item)
		}
		return strings.Join(lines, "\n")
	case map[string]any:
		if s.kind == pairsSetting {
			var lines []string
			for _, name := range slices.Sorted(maps.Keys(v)) {
				lines = append(lines, name+"="+fmt.Sprint(v[name]))
			}
			return strings.Join(lines, "\n")
		}
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return ""
		}
		return string(b)
	}
	return fmt.Sprint(v)
}

// member follows a dotted name.
func member(doc map[string]any, name string) any {
	first, rest, deeper := strings.Cut(name, ".")
	if !deeper {
		return doc[first]
	}
	inner, _ := doc[first].(map[string]any)
	return member(inner, rest)
}

// read is the value that an input holds; nil stands for none. What cannot be read stays a
// text, which the schema refuses with its reason.
func (s setting) read(text string) (any, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return nil, nil
	}
	switch s.kind {
	case switchSetting, yesNoSetting:
		return text == "true", nil
	case numberSetting:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		return nil, idp.Errorf(idp.Invalid, "Expected a whole number.").On(s.name)
	case jsonSetting:
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return nil, idp.Errorf(idp.Invalid, "Expected JSON: %s.", err).On(s.name)
		}
		return v, nil
	case linesSetting:
		list := []any{}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				list = append(list, line)
			}
		}
		return list, nil
	case pairsSetting:
		return s.pairs(text)
	}
	return text, nil
}

func (s setting) pairs(text string) (any, error) {
	out := map[string]any{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name, value = strings.TrimSpace(name), strings.TrimSpace(value); !ok || name == "" || value == "" {
			return nil, idp.Errorf(idp.Invalid, "Every line is name=value. This one is not: %.100s", line).On(s.name)
		}
		out[name] = value
	}
	return out, nil
}

// label makes words of a member's name.
func label(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '.' })
	known := map[string]string{
		"uri": "URI", "uris": "URIs", "url": "URL", "id": "ID", "jwks": "JWKS", "alg": "algorithm", "pkce": "PKCE", "idp": "IdP", "acs": "ACS", "slo": "single logout",
		"tos": "terms of service", "sha1": "SHA-1", "openid": "OpenID", "hs": "HS*", "ttl": "lifetime", "nameid": "NameID", "authn": "sign-in", "backchannel": "back-channel",
		"frontchannel": "front-channel", "auth": "authentication", "sp": "SP", "param": "parameter",
	}
	for i, w := range words {
		if k, ok := known[w]; ok {
			words[i] = k
		}
	}
	text := strings.Join(words, " ")
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
