package userdir

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"cloudsso/idp"
)

// DecodeJSON reads one JSON value without losing digits of numbers; [Values] knows what
// to do with those.
func DecodeJSON(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON")
	}
	return nil
}

// Values are those of one attribute, as idp.Attributes has them, of a value that
// [DecodeJSON] gave: a list is several, null is none. A number that a float64 would
// change, such as a long id, becomes text.
func Values(v any) (out []any) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, one := range list {
		if one, ok := value(one); ok {
			out = append(out, one)
		}
	}
	return out
}

// value turns one JSON value into one of idp.Attributes; ok is false for null.
func value(v any) (out any, ok bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case json.Number:
		f, err := v.Float64()
		if err != nil || idp.Text(f) != v.String() && digits(v.String()) > 15 {
			return v.String(), true
		}
		return f, true
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, member := range v {
			if one, ok := value(member); ok {
				m[name] = one
			}
		}
		return m, true
	case []any:
		list := make([]any, 0, len(v))
		for _, member := range v {
			if one, ok := value(member); ok {
				list = append(list, one)
			}
		}
		return list, true
	}
	return v, true // string, bool
}

// digits of a number that count: a float64 keeps any 15 of them.
func digits(number string) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	return len(strings.Trim(strings.NewReplacer(".", "", "-", "").Replace(mantissa), "0"))
}
