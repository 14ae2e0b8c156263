package mapping

import (
	"maps"
	"math"
	"strings"

	"cloudsso/idp"
)

// values returns what p has for from, cleaned.
func values(p idp.Person, from string) []any {
	switch from {
	case "subject":
		return clean([]any{p.Subject})
	case "directory":
		return clean([]any{p.Directory})
	}
	if found := clean(lookup(p.Attributes, from)); len(found) > 0 {
		return found
	}
	switch from {
	case "username":
		return clean([]any{p.Login})
	case "groups":
		groups := make([]any, len(p.Groups))
		for i, g := range p.Groups {
			groups[i] = g
		}
		return clean(groups)
	}
	return nil
}

// lookup finds an attribute by its name, or as a member of a structured one.
func lookup(a idp.Attributes, from string) []any {
	if v, ok := a[from]; ok {
		return v
	}
	for i := strings.IndexByte(from, '.'); i > 0; i = next(from, i) {
		for _, v := range a[from[:i]] {
			if found := member(v, from[i+1:]); found != nil {
				return []any{found}
			}
		}
	}
	return nil
}

func next(s string, dot int) int {
	n := strings.IndexByte(s[dot+1:], '.')
	if n < 0 {
		return -1
	}
	return dot + 1 + n
}

func member(v any, path string) any {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	if found, ok := m[path]; ok {
		return found
	}
	first, rest, _ := strings.Cut(path, ".")
	return member(m[first], rest)
}

// clean drops what must never be sent: relying parties fail on null and on empty
// strings, and on the word that some directories write for them.
func clean(values []any) []any {
	var out []any
	for _, v := range values {
		if v = cleanOne(v); v != nil {
			out = append(out, v)
		}
	}
	return out
}

func cleanOne(v any) any {
	switch v := v.(type) {
	case string:
		if strings.TrimSpace(v) == "" || v == "null" {
			return nil
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) { // which JSON cannot write
			return nil
		}
	case map[string]any:
		return cleanMap(v)
	case []any:
		if v = clean(v); len(v) == 0 {
			return nil
		}
		return v
	}
	return v
}

func cleanMap(m map[string]any) any {
	out := maps.Clone(m)
	for k, v := range m {
		if out[k] = cleanOne(v); out[k] == nil {
			delete(out, k)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// texts writes the values that have a text form; structured ones have none.
func texts(values []any) []string {
	var out []string
	for _, v := range values {
		if !structured(v) {
			out = append(out, idp.Text(v))
		}
	}
	return out
}
