package api

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cloudsso/idp"
)

const (
	maxAttributeName = 200
	maxAttributeText = 32 << 10
	maxAttributeDeep = 4
	maxExactInteger  = 1 << 53
)

// parseAttributes reads attributes from JSON: one value or an array of values each.
func parseAttributes(in map[string]json.RawMessage) (idp.Attributes, error) {
	var faults []error
	out := idp.Attributes{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		values, err := parseAttribute(name, in[name])
		if err != nil {
			faults = append(faults, idp.AsError(err).On("attributes/"+pointerToken(name)))
		} else if len(values) > 0 {
			out[name] = values
		}
	}
	return out, errors.Join(faults...)
}

func parseAttribute(name string, raw json.RawMessage) ([]any, error) {
	if name == "" || len(name) > maxAttributeName || !printable(name) {
		return nil, invalid("An attribute name has 1 to 200 bytes and no control characters.")
	}
	var v any
	if err := unmarshalExact(raw, &v); err != nil {
		return nil, invalid("This is not JSON.")
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]any, 0, len(list))
	for _, item := range list {
		if _, nested := item.([]any); nested {
			return nil, invalid("An array holds texts, numbers, booleans or objects, not arrays.")
		}
		if item == nil {
			continue
		}
		value, err := attributeValue(item, 0)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, nil
}

// attributeValue checks one value. What could not be handed on unchanged is refused
// now, not at somebody's sign-in.
func attributeValue(v any, depth int) (any, error) {
	if depth > maxAttributeDeep {
		return nil, invalid("The value is nested too deeply.")
	}
	switch v := v.(type) {
	case string:
		return v, attributeText(v)
	case json.Number:
		return attributeNumber(v)
	case map[string]any:
		for name, member := range v {
			value, err := attributeValue(member, depth+1)
			if err != nil {
				return nil, err
			}
			v[name] = value
		}
	case []any:
		for i, member := range v {
			value, err := attributeValue(member, depth+1)
			if err != nil {
				return nil, err
			}
			v[i] = value
		}
	}
	return v, nil
}

func attributeText(s string) error {
	illegal := func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	}
	switch {
	case len(s) > maxAttributeText:
		return invalid("A text has at most 32 KB.")
	case !utf8.ValidString(s) || strings.IndexFunc(s, illegal) >= 0:
		return invalid("The text holds characters that XML cannot carry (control characters).") // XML 1.0 §2.2
	}
	return nil
}

// attributeNumber refuses numbers that a float64 would change: ids belong in a text.
func attributeNumber(n json.Number) (any, error) {
	f, err := n.Float64()
	if err != nil || f > maxExactInteger || f < -maxExactInteger {
		return nil, invalid("The number is too large to be kept exactly. Write it as a text.")
	}
	return f, nil
}

// viewAttributes is the way back: one value stands alone, several in an array.
func viewAttributes(in idp.Attributes) map[string]any {
	out := make(map[string]any, len(in))
	for name, values := range in {
		if len(values) == 1 {
			out[name] = values[0]
		} else {
			out[name] = values
		}
	}
	return out
}

func invalid(public string) error { return idp.Errorf(idp.Invalid, "%s", public) }

// pointerToken escapes a member name (RFC 6901 §3).
func pointerToken(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func itoa(i int) string { return strconv.Itoa(i) }
