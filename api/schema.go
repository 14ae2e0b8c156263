package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// schemas checks documents that do not come through an HTTP body as they are: merged
// patches, files of the command line. It uses the schema that openapi.json shows.
type schemas struct{ registry func() huma.Registry }

// newSchemas makes the schemas when they are needed, all at once: a registry must not
// grow while requests read it.
func newSchemas() *schemas { return &schemas{sync.OnceValue(newSchemaRegistry)} }

func newSchemaRegistry() huma.Registry {
	r := newRegistry()
	for _, v := range []any{idp.ClientMetadata{}, NewClient{}, SecretRotation{}, ServiceProviderSettings{}, NewServiceProvider{}, NewUser{}, NewGroup{}, PreviewRequest{}, NewApp{}, SecretLinkRequest{}, HandoverShare{}, AdminSettings{}, NewTokenApp{}, TokenAppSettings{}, ApplyRequest{}} {
		r.Schema(reflect.TypeOf(v), false, "")
	}
	return r
}

func newRegistry() huma.Registry {
	return newRegistryAt("#/components/schemas/")
}

func newRegistryAt(prefix string) huma.Registry {
	r := huma.NewMapRegistry(prefix, huma.DefaultSchemaNamer)
	r.RegisterTypeAlias(reflect.TypeFor[idp.Mapping](), reflect.TypeFor[Mapping]())
	return r
}

func (s *schemas) of(v any) *huma.Schema {
	return s.registry().Schema(reflect.TypeOf(v), false, "")
}

// check holds doc against the schema of v's type.
func (s *schemas) check(v any, doc []byte) error {
	var plain any
	if err := json.Unmarshal(doc, &plain); err != nil {
		return err
	}
	path := huma.NewPathBuffer(make([]byte, 0, 128), 0)
	path.Push("body") // as in a request, so that a fault of the whole has a name
	res := &huma.ValidateResult{}
	huma.Validate(s.registry(), s.of(v), path, huma.ModeWriteToServer, plain, res)
	faults := make([]error, 0, len(res.Errors))
	for _, err := range res.Errors {
		f := faultOf(err)
		faults = append(faults, f.On(strings.TrimPrefix(f.Field, "body.")))
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	if err := s.exactNames(s.of(v), plain); err != nil {
		return idp.Errorf(idp.Invalid, "%s", sentence(err.Error()))
	}
	return nil
}

// unmarshal reads an HTTP body. huma calls it twice: for the validation, and for the
// operation's own type.
func (s *schemas) unmarshal(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return err
	}
	if _, ok := v.(*any); ok {
		return nil
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		return err
	}
	return s.exactNames(s.of(reflect.ValueOf(v).Elem().Interface()), plain)
}

// exactNames refuses members that are known in another case only. encoding/json and
// huma accept them, so that of "sign" and "Sign" in one document the last would win,
// whatever a reader or a proxy before us made of it.
func (s *schemas) exactNames(schema *huma.Schema, v any) error {
	if schema.Ref != "" {
		schema = s.registry().SchemaFromRef(schema.Ref)
	}
	switch v := v.(type) {
	case []any:
		if schema.Items == nil {
			return nil
		}
		for _, item := range v {
			if err := s.exactNames(schema.Items, item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, alternative := range schema.OneOf {
			if alternative.Type == huma.TypeObject {
				schema = alternative
			}
		}
		for name, value := range v {
			switch member := schema.Properties[name]; {
			case member != nil:
				if err := s.exactNames(member, value); err != nil {
					return err
				}
			case schema.Properties != nil:
				return fmt.Errorf("there is no member %q here; upper and lower case matter", name)
			}
		}
	}
	return nil
}

// ParseNewClient reads the JSON body of POST /clients from elsewhere, as strictly.
func (a *core) ParseNewClient(doc []byte) (NewClient, error) {
	var v any
	if err := unmarshalExact(doc, &v); err != nil {
		return NewClient{}, idp.Errorf(idp.Invalid, "This is not JSON: %s.", err)
	}
	return decoded[NewClient](a.schemas, v)
}
