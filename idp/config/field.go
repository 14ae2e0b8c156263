package config

import (
	"net/netip"
	"reflect"
	"strconv"
	"strings"
)

// field is one key of [Config], found by reflection, so that the struct is the one
// place that says what can be configured.
type field struct {
	key string // "outbound.allow_hosts"
	typ reflect.Type
	tag reflect.StructTag
}

var (
	typePrefixes    = reflect.TypeFor[[]netip.Prefix]()
	typeStrings     = reflect.TypeFor[[]string]()
	typeDirectories = reflect.TypeFor[[]Directory]()
	typeScopes      = reflect.TypeFor[[]Scope]()
	typeDuration    = reflect.TypeFor[Duration]()
	typeSecret      = reflect.TypeFor[Secret]()
	typeHeader      = reflect.TypeFor[map[string]Secret]()
)

func fields() []field { return fieldsOf(reflect.TypeFor[Config](), "") }

func fieldsOf(t reflect.Type, prefix string) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + jsonName(f)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, fieldsOf(f.Type, key+".")...)
			continue
		}
		out = append(out, field{key: key, typ: f.Type, tag: f.Tag})
	}
	return out
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func find(known []field, key string) (field, bool) {
	for _, f := range known {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

// section reports whether key is the name of a group of keys.
func section(known []field, key string) bool {
	for _, f := range known {
		if strings.HasPrefix(f.key, key+".") {
			return true
		}
	}
	return false
}

// env is the name of the key's environment variable.
func (f field) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(f.key, ".", "_"))
}

// expects says in words what values the key takes.
func (f field) expects() string {
	switch {
	case f.tag.Get("enum") != "":
		return "one of " + strings.ReplaceAll(f.tag.Get("enum"), ",", ", ")
	case f.typ.Kind() == reflect.Bool:
		return "true or false"
	case f.typ.Kind() == reflect.Int:
		return "a whole number"
	case f.typ == typeDuration:
		return "a time such as 5s"
	case f.typ == typePrefixes:
		return "a list of networks such as 10.0.0.0/8"
	case f.typ == typeStrings:
		return "a list of texts"
	case f.typ == typeDirectories:
		return "a list of directories, each with id and kind, in the configuration file"
	case f.typ == typeScopes:
		return "a list of scopes, each with a name, in the configuration file"
	case f.typ.Kind() == reflect.Slice:
		return "a list"
	}
	return "a text"
}

// fromText reads a value as environment and command line give it. ok is false if the
// text is not such a value.
func (f field) fromText(s string) (v any, ok bool) {
	switch {
	case f.typ.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(s)
		return b, err == nil
	case f.typ.Kind() == reflect.String:
		return s, f.allows(s)
	case f.typ.Kind() == reflect.Int:
		n, err := strconv.Atoi(s)
		return n, err == nil
	case f.typ == typeDuration:
		return s, new(Duration).UnmarshalText([]byte(s)) == nil
	case f.typ == typeStrings || f.typ == typePrefixes:
		var list []string
		for item := range strings.SplitSeq(s, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		return f.fromList(list)
	}
	return nil, false
}

// fromList checks the items of a list.
func (f field) fromList(list []string) (v any, ok bool) {
	if f.typ != typePrefixes {
		return list, true
	}
	out := make([]string, len(list))
	for i, item := range list {
		p, err := network(item)
		if err != nil {
			return nil, false
		}
		out[i] = p.String()
	}
	return out, true
}

// network reads a CIDR, or one address.
func network(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return ip.Prefix(ip.BitLen())
}

func (f field) allows(s string) bool {
	enum := f.tag.Get("enum")
	if enum == "" {
		return true
	}
	for e := range strings.SplitSeq(enum, ",") {
		if e == s {
			return true
		}
	}
	return false
}
