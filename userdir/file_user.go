package userdir

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"cloudsso/idp"
)

func (r *reader) user(n *yaml.Node, where string) (*entry, map[string]*yaml.Node, error) {
	fields, err := r.mapping(n, where, "id", "username", "email", "password_hash", "password_hash_file", "disabled", "groups", "attributes")
	if err != nil {
		return nil, nil, err
	}
	e := new(entry)
	for _, f := range []struct {
		name     string
		into     *string
		required bool
	}{{"id", &e.id, true}, {"username", &e.username, true}, {"email", &e.email, false}} {
		if *f.into, err = r.name(n, fields[f.name], where+"."+f.name, f.required); err != nil {
			return nil, nil, err
		}
	}
	if e.hash, err = r.hash(fields["password_hash"], fields["password_hash_file"], where); err != nil {
		return nil, nil, err
	}
	if e.disabled, err = r.flag(fields["disabled"], where+".disabled"); err != nil {
		return nil, nil, err
	}
	if e.groups, err = r.groups(fields["groups"], where+".groups"); err != nil {
		return nil, nil, err
	}
	e.attributes, err = r.attributes(fields["attributes"], where+".attributes")
	return e, fields, err
}

// mapping reads the members of a YAML mapping; known, if given, are the only names allowed.
func (r *reader) mapping(n *yaml.Node, where string, known ...string) (map[string]*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, r.at(n, "%s must be a mapping of names to values.", where)
	}
	out := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || k.Value == "":
			return nil, r.at(k, "%s has a key that is not a plain name.", where)
		case len(known) > 0 && !slices.Contains(known, k.Value):
			return nil, r.at(k, "%s has the unknown key %q; known are %s.", where, k.Value, strings.Join(known, ", "))
		case out[k.Value] != nil:
			return nil, r.at(k, "%s has the key %q twice.", where, k.Value)
		case v.Kind == yaml.AliasNode:
			return nil, r.at(v, "%s.%s is an alias: write the value out.", where, k.Value)
		}
		out[k.Value] = v
	}
	return out, nil
}

// name reads text that people are found by.
func (r *reader) name(parent, n *yaml.Node, where string, required bool) (string, error) {
	if n == nil {
		if required {
			return "", r.at(parent, "%s is missing.", where)
		}
		return "", nil
	}
	s, err := r.text(n, where)
	if err != nil {
		return "", err
	}
	if s = Username(s); !plausibleLogin(s) {
		return "", r.at(n, "%s must have 1 to %d bytes and no control characters.", where, maxLogin)
	}
	return s, nil
}

// text reads a string, or a number as it is written.
func (r *reader) text(n *yaml.Node, where string) (string, error) {
	v, err := r.scalar(n, where)
	if err != nil {
		return "", err
	}
	if _, isBool := v.(bool); isBool {
		return "", r.at(n, "%s must be text: put it in quotes.", where)
	}
	return idp.Text(v), nil
}

func (r *reader) flag(n *yaml.Node, where string) (bool, error) {
	if n == nil {
		return false, nil
	}
	v, err := r.scalar(n, where)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, r.at(n, "%s must be true or false.", where)
	}
	return b, nil
}

func (r *reader) groups(n *yaml.Node, where string) (out []string, err error) {
	if n == nil {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, r.at(n, "%s must be a list.", where)
	}
	for _, item := range n.Content {
		s, err := r.text(item, where)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (r *reader) attributes(n *yaml.Node, where string) (idp.Attributes, error) {
	if n == nil {
		return nil, nil
	}
	members, err := r.mapping(n, where)
	if err != nil {
		return nil, err
	}
	out := make(idp.Attributes, len(members))
	for name, v := range members {
		items := []*yaml.Node{v}
		if v.Kind == yaml.SequenceNode {
			items = v.Content
		}
		for _, item := range items {
			value, err := r.value(item, where+"."+name)
			if err != nil {
				return nil, err
			}
			out[name] = append(out[name], value)
		}
	}
	return out, nil
}

func (r *reader) value(n *yaml.Node, where string) (any, error) {
	if n.Kind != yaml.MappingNode {
		return r.scalar(n, where)
	}
	members, err := r.mapping(n, where)
	if err != nil {
		return nil, err
	}
	out := make(map[string]any, len(members))
	for name, v := range members {
		if out[name], err = r.value(v, where+"."+name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scalar reads one value. What YAML would change on the way in (007, 1.50, 1e3) is
// refused: a membership number must not lose its zeros in silence.
func (r *reader) scalar(n *yaml.Node, where string) (any, error) {
	if n.Kind != yaml.ScalarNode {
		return nil, r.at(n, "%s must be a single value.", where)
	}
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int", "!!float":
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || idp.Text(f) != n.Value {
			return nil, r.at(n, "%s: the number %s would not be kept as it is written: put it in quotes.", where, n.Value)
		}
		return f, nil
	case "!!null":
		return nil, r.at(n, "%s has no value: write one, or leave the name out.", where)
	}
	return nil, r.at(n, "%s has a type that is not supported here: write plain text.", where)
}

// hash reads the password hash from one of its two places. Its text never stands in an error.
func (r *reader) hash(inline, file *yaml.Node, where string) (string, error) {
	switch {
	case inline != nil && file != nil:
		return "", r.at(file, "%s has password_hash and password_hash_file: keep one of them.", where)
	case inline != nil:
		return r.phc(inline, inline.Value, where+".password_hash")
	case file != nil:
		path := file.Value
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(r.path), path)
		}
		data, err := r.readFile(path, maxHashFile)
		if err != nil {
			return "", r.at(file, "%s.password_hash_file %s cannot be read: %s.", where, path, plainly(err))
		}
		return r.phc(file, strings.TrimSpace(string(data)), where+".password_hash_file")
	}
	return "", nil
}

func (r *reader) phc(n *yaml.Node, hash, where string) (string, error) {
	if err := CheckHash(hash); err != nil {
		return "", r.at(n, "%s: %s", where, idp.AsError(err).Public)
	}
	return hash, nil
}
