package mapping

import (
	"errors"
	"math"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"cloudsso/idp"
)

const (
	maxResultText  = 64 << 10 // bytes of one outcome
	maxResultItems = 2000
	maxResultDepth = 8
)

var attributesType = cel.MapType(cel.StringType, cel.ListType(cel.DynType))

// activation gives an expression its variables.
type activation struct{ person idp.Person }

// ResolveName implements [interpreter.Activation].
func (a *activation) ResolveName(name string) (any, bool) {
	switch p := a.person; name {
	case "attributes":
		if p.Attributes == nil {
			return idp.Attributes{}, true
		}
		return p.Attributes, true
	case "groups":
		return append([]string{}, texts(values(p, "groups"))...), true
	case "username", "subject", "directory":
		if found := texts(values(p, name)); len(found) > 0 {
			return found[0], true
		}
		return "", true
	}
	return nil, false
}

// Parent implements [interpreter.Activation].
func (a *activation) Parent() interpreter.Activation { return nil }

// attributeFunctions read attributes as rows do: names with dots reach into structured
// attributes, and what is empty is not there.
func attributeFunctions() cel.EnvOption {
	member := func(name string, result *cel.Type, read func([]any) any) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload("attributes_"+name+"_string", []*cel.Type{attributesType, cel.StringType}, result,
			cel.BinaryBinding(func(of, name ref.Val) ref.Val {
				attributes, ok := of.Value().(idp.Attributes)
				key, isText := name.Value().(string)
				if !ok || !isText {
					return types.NewErr("text, texts and values belong to attributes")
				}
				return types.DefaultTypeAdapter.NativeToValue(read(clean(lookup(attributes, key))))
			})))
	}
	return func(e *cel.Env) (*cel.Env, error) {
		var err error
		for _, option := range []cel.EnvOption{
			member("text", cel.StringType, func(found []any) any { return append(texts(found), "")[0] }),
			member("texts", cel.ListType(cel.StringType), func(found []any) any { return append([]string{}, texts(found)...) }),
			member("values", cel.ListType(cel.DynType), func(found []any) any { return append([]any{}, found...) }),
		} {
			if e, err = option(e); err != nil {
				return nil, err
			}
		}
		return e, nil
	}
}

// plain turns the outcome into attribute values. A list stays one.
func plain(v ref.Val) (values []any, list bool, err error) {
	r := reader{text: maxResultText, items: maxResultItems}
	if v, err = present(v); err != nil || v == nil {
		return nil, false, err
	}
	out, err := r.read(v, 0)
	if err != nil {
		return nil, false, err
	}
	if all, ok := out.([]any); ok {
		return clean(all), true, nil
	}
	return clean([]any{out}), false, nil
}

// present opens an optional value.
func present(v ref.Val) (ref.Val, error) {
	if o, ok := v.(*types.Optional); ok {
		if !o.HasValue() {
			return nil, nil
		}
		return o.GetValue(), nil
	}
	return v, nil
}

// reader copies an outcome, and stops when it is too large.
type reader struct{ text, items int }

var errTooLarge = errors.New("it is too large")

func (r *reader) read(v ref.Val, depth int) (any, error) {
	if r.items--; r.items < 0 || depth > maxResultDepth {
		return nil, errTooLarge
	}
	switch v := v.(type) {
	case types.String:
		return r.string(string(v))
	case types.Bool:
		return bool(v), nil
	case types.Int:
		return int64(v), nil
	case types.Uint:
		if v > math.MaxInt64 {
			return nil, errTooLarge
		}
		return int64(v), nil
	case types.Double:
		return float64(v), nil
	case types.Timestamp:
		return v.UTC().Format(time.RFC3339), nil
	case types.Duration:
		return int64(v.Seconds()), nil
	case types.Null:
		return nil, nil
	case traits.Mapper:
		return r.mapping(v, depth)
	case traits.Lister:
		return r.list(v, depth)
	}
	return nil, errors.New("a value of the type " + v.Type().TypeName())
}

func (r *reader) string(s string) (any, error) {
	if r.text -= len(s); r.text < 0 {
		return nil, errTooLarge
	}
	return s, nil
}

func (r *reader) list(l traits.Lister, depth int) (any, error) {
	out := []any{}
	for it := l.Iterator(); it.HasNext() == types.True; {
		item, err := r.read(it.Next(), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

func (r *reader) mapping(m traits.Mapper, depth int) (any, error) {
	out := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, ok := key.(types.String)
		if !ok {
			return nil, errors.New("a map whose keys are not texts")
		}
		if _, err := r.string(string(name)); err != nil {
			return nil, err
		}
		item, err := r.read(m.Get(key), depth+1)
		if err != nil {
			return nil, err
		}
		out[string(name)] = item
	}
	return out, nil
}
