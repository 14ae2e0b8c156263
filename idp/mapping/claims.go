package mapping

import (
	"fmt"
	"strings"

	"cloudsso/idp"
)

// Claims makes claims out of p by rows. A dotted name becomes nested objects, unless it
// is a URI (it has a colon). One value is a scalar and several are an array, with their
// JSON types kept; groups are an array even of one, since software that reads them
// expects a list. join makes one text of all values. A required row without a value is
// a [MissingError].
func Claims(rows []idp.Mapping, p idp.Person) (map[string]any, error) {
	out := make(map[string]any)
	for _, row := range rows {
		v := claim(row, values(p, row.From))
		if v == nil {
			if row.Required {
				return nil, &MissingError{Name: row.Name, From: row.From}
			}
			continue
		}
		if !put(out, path(row.Name), v) {
			return nil, fmt.Errorf("mapping row %q does not fit beside the rows before it", row.Name)
		}
	}
	return out, nil
}

func claim(row idp.Mapping, found []any) any {
	switch {
	case row.Join != "":
		if t := texts(found); len(t) > 0 {
			return strings.Join(t, row.Join)
		}
		return nil
	case len(found) == 0:
		return nil
	case len(found) == 1 && row.From != "groups":
		return found[0]
	}
	return found
}

// path splits a claim name into the objects that it is nested in. A name such as
// https://example.com/role is one name, whatever dots are in it.
func path(name string) []string {
	if strings.Contains(name, ":") {
		return []string{name}
	}
	return strings.Split(name, ".")
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
