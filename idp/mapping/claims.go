package mapping

import (
	"fmt"
	"strings"

	"cloudsso/idp"
)

// Claims makes claims out of p by rows; the package's documentation says how. A required
// row without a value is a [MissingError].
func Claims(rows []idp.Mapping, p idp.Person) (map[string]any, error) {
	out := make(map[string]any)
	for _, row := range rows {
		o := evaluate(row, p)
		v := o.claim()
		if v == nil {
			if row.Required {
				return nil, missing(row, o)
			}
			continue
		}
		if !put(out, path(row.Name), v) {
			return nil, fmt.Errorf("mapping row %q does not fit beside the rows before it", row.Name)
		}
	}
	return out, nil
}

// claim is the value in JSON, nil if there is none.
func (o outcome) claim() any {
	switch {
	case len(o.values) == 0:
		return nil
	case len(o.values) == 1 && !o.list:
		return o.values[0]
	}
	return o.values
}

// path splits a claim name into the objects that it is nested in. A name such as
// https://example.com/role is one name, whatever dots are in it.
func path(name string) []string {
	if strings.Contains(name, ":") {
		return []string{name}
	}
	if !strings.Contains(name, `\`) {
		return strings.Split(name, ".")
	}
	var parts []string
	var part strings.Builder
	for i := 0; i < len(name); i++ {
		switch {
		case name[i] == '\\' && i+1 < len(name) && (name[i+1] == '.' || name[i+1] == '\\'):
			i++
			part.WriteByte(name[i])
		case name[i] == '.':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(name[i])
		}
	}
	return append(parts, part.String())
}

// put stores v below path and reports whether there was room for it.
func put(into map[string]any, path []string, v any) bool {
	for _, name := range path[:len(path)-1] {
		if _, taken := into[name]; !taken {
			into[name] = make(map[string]any)
		}
		below, ok := into[name].(map[string]any)
		if !ok {
			return false
		}
		into = below
	}
	last := path[len(path)-1]
	if _, taken := into[last]; taken {
		return false
	}
	into[last] = v
	return true
}

// Top is the claim that a row's name begins with: nameData of nameData.firstName.
func Top(name string) string { return path(name)[0] }
