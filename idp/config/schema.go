package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Schema is the JSON Schema of the configuration file, for editors and checkers. It
// is made from [Config], so it cannot say anything else than [Load] does.
func Schema() []byte {
	s := schemaOf(reflect.TypeFor[Config](), "")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "cloudsso configuration"
	b, _ := json.MarshalIndent(s, "", "  ") // maps of strings always marshal
	return append(b, '\n')
}

func schemaOf(t reflect.Type, tag reflect.StructTag) map[string]any {
	s := map[string]any{}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct && t != typePrefixes.Elem():
		props := map[string]any{}
		for i := range t.NumField() {
			f := t.Field(i)
			props[jsonName(f)] = schemaOf(f.Type, f.Tag)
			if f.Type == typeSecret {
				props[jsonName(f)+"_file"] = map[string]any{"type": "string", "description": "Path of a file that holds " + jsonName(f) + "."}
			}
		}
		s["type"], s["properties"], s["additionalProperties"] = "object", props, false
	case t.Kind() == reflect.Map:
		s["type"], s["additionalProperties"] = "object", schemaOf(t.Elem(), "")
	case t.Kind() == reflect.Slice:
		s["type"], s["items"] = "array", schemaOf(t.Elem(), "")
	case t.Kind() == reflect.Bool:
		s["type"] = "boolean"
	case t.Kind() == reflect.Int:
		s["type"] = "integer"
	default:
		s["type"] = "string"
	}
	if doc := tag.Get("doc"); doc != "" {
		s["description"] = doc
	}
	if enum := tag.Get("enum"); enum != "" {
		s["enum"] = strings.Split(enum, ",")
	}
	if d, ok := tag.Lookup("default"); ok {
		s["default"], _ = field{typ: t, tag: tag}.fromText(d)
	}
	return s
}

// YAML writes the configuration as a file that [Load] reads. It prints what it is
// given: redact first.
func (c Config) YAML() []byte {
	b, _ := json.Marshal(c) // strings, booleans and networks always marshal
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err != nil { // JSON is YAML
		return b
	}
	plain(&n)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&n); err != nil {
		return b
	}
	return out.Bytes()
}

// plain takes JSON's brackets and quotes away wherever YAML does not need them.
func plain(n *yaml.Node) {
	if len(n.Content) > 0 || n.Kind == yaml.ScalarNode && n.Value != "" {
		n.Style = 0
	}
	for _, c := range n.Content {
		plain(c)
	}
}
