package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloudsso/api"
)

// document is what openapi.json says, as far as the tests need it.
type document struct {
	Paths      map[string]map[string]published
	Components struct{ Schemas map[string]schema }
}

// published is one operation of the document.
type published struct {
	ID          string   `json:"operationId"`
	Roles       []string `json:"x-roles"`
	Parameters  []parameter
	RequestBody struct{ Content map[string]media }
	Responses   map[string]struct{ Content map[string]media }
}

type parameter struct {
	Name, In string
	Required bool
	Schema   schema
}

type media struct{ Schema schema }

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Format               string
	Enum                 []any
	Minimum, Maximum     *float64
	MinLength, MaxLength *int
	Properties           map[string]schema
	Items                *schema
	Required             []string
	AdditionalProperties any
}

// resolved is the schema that a reference names, or the schema itself.
func (s schema) resolved() schema {
	if s.Ref != "" {
		return openapi().Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

var openapi = sync.OnceValue(func() document {
	var d document
	if err := json.Unmarshal(api.OpenAPI(), &d); err != nil {
		panic(err)
	}
	return d
})

// conforms checks an answer against the document: the status and the media type are
// named, every member is declared, and none that is promised is missing.
func conforms(t *testing.T, method, path string, a answer) {
	t.Helper()
	op, ok := publishedAt(method, path)
	if !ok {
		return // no operation: nothing is promised
	}
	r, ok := op.Responses[fmt.Sprint(a.status)]
	if !ok {
		r = op.Responses["default"]
	}
	mediaType, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	c, ok := r.Content[mediaType]
	if !ok {
		if a.raw != "" {
			t.Errorf("%s %s: %d with the media type %q is not in the document", method, path, a.status, mediaType)
		}
		return
	}
	if mediaType != "text/jsonl" { // a line is an object, the whole a text
		c.Schema.check(t, method+" "+path, a.body)
	}
}

// publishedAt finds the operation of an address. Of two templates that fit, the one with
// fewer places is meant, as for the mux.
func publishedAt(method, path string) (op published, ok bool) {
	path, _, _ = strings.Cut(path, "?")
	parts, fewest := strings.Split(path, "/"), len(path)
	for template, methods := range openapi().Paths {
		places := strings.Count(template, "{")
		if o, has := methods[strings.ToLower(method)]; has && places < fewest && fits(strings.Split(template, "/"), parts) {
			op, ok, fewest = o, true, places
		}
	}
	return op, ok
}

func fits(template, parts []string) bool {
	return slices.EqualFunc(template, parts, func(t, p string) bool { return t == p || strings.HasPrefix(t, "{") })
}

func (s schema) check(t *testing.T, at string, v any) {
	t.Helper()
	s = s.resolved()
	switch v := v.(type) {
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				t.Errorf("%s: %s is promised and missing", at, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if member, ok := s.Properties[name]; ok {
				member.check(t, at+"."+name, v[name])
			} else if s.AdditionalProperties == false {
				t.Errorf("%s: %s is not in the document", at, name)
			}
		}
	case []any:
		for i, item := range v {
			if s.Items != nil {
				s.Items.check(t, fmt.Sprintf("%s[%d]", at, i), item)
			}
		}
	}
	if want := kindOf(v); s.Type != nil && !strings.Contains(fmt.Sprint(s.Type), want) && !(want == "number" && s.Type == "integer") {
		t.Errorf("%s: a %s, the document says %v", at, want, s.Type)
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	}
	return "null"
}

func TestTheConformanceCheckSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := openapi().Components.Schemas["User"]
	for name, v := range map[string]map[string]any{
		"a member that nobody declared": {"id": "x", "username": "x", "has_password": true, "attributes": map[string]any{}, "groups": []any{}, "disabled": false, "created_at": "", "updated_at": "", "hash": "x"},
		"a missing member":              {"id": "x"},
		"a member of another type":      {"id": 1.0, "username": "x", "has_password": true, "attributes": map[string]any{}, "groups": []any{}, "disabled": false, "created_at": "", "updated_at": ""},
	} {
		probe := &testing.T{}
		s.check(probe, name, v)
		if !probe.Failed() {
			t.Errorf("%s was not seen", name)
		}
	}
}
