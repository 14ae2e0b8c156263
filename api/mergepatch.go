package api

import (
	"bytes"
	"encoding/json"

	"cloudsso/idp"
)

// patched applies a JSON merge patch (RFC 7396) to the JSON form of current and reads
// the result strictly: what the schema does not know is refused by name.
func patched[T any](s *schemas, current T, patch []byte) (T, error) {
	var zero T
	var p any
	if err := json.Unmarshal(patch, &p); err != nil {
		return zero, idp.Errorf(idp.Invalid, "The body is not JSON: %s.", err)
	}
	if _, ok := p.(map[string]any); !ok {
		return zero, idp.Errorf(idp.Invalid, "The body must be a JSON object with the members to change.")
	}
	b, err := json.Marshal(current)
	if err != nil {
		return zero, err
	}
	var target any
	if err := unmarshalExact(b, &target); err != nil {
		return zero, err
	}
	var exact any
	if err := unmarshalExact(patch, &exact); err != nil {
		return zero, err
	}
	return decoded[T](s, merge(target, exact))
}

// merge is MergePatch of RFC 7396 §2.
func merge(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, ok := target.(map[string]any)
	if !ok {
		t = map[string]any{}
	}
	for name, value := range p {
		if value == nil {
			delete(t, name)
		} else {
			t[name] = merge(t[name], value)
		}
	}
	return t
}

// decoded checks a document against T's schema and reads it into a T.
func decoded[T any](s *schemas, doc any) (T, error) {
	var v T
	b, err := json.Marshal(doc)
	if err != nil {
		return v, err
	}
	if err := s.check(v, b); err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, idp.Errorf(idp.Invalid, "The result of the change cannot be read: %s.", err)
	}
	return v, nil
}

// unmarshalExact keeps numbers as they were written.
func unmarshalExact(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}
