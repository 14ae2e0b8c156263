package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value takes what may stand in a list or a block: one value, or again a block or a
// list of blocks, each checked like the file itself. f.key is the whole path of the key.
func (w *walker) value(f field, n *yaml.Node) (any, bool) {
	t := f.typ
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct:
		return w.block(f.key, t, n)
	case t == typeHeader:
		return w.header(f, n)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && n.Kind == yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, item := range n.Content {
			if b, ok := w.block(fmt.Sprintf("%s[%d]", f.key, i), t.Elem(), item); ok {
				list = append(list, b)
			}
		}
		return list, true
	}
	v, ok := f.fromNode(n)
	switch {
	case !ok:
		w.fault(w.at(n), f.key, "Expected %s.", f.expects())
	case t == typeSecret && v == redacted:
		w.fault(w.at(n), f.key, "This is printed in the place of a secret. Give the secret itself, or its file as the key with _file.")
	}
	return v, ok
}

// block takes a mapping whose keys are the members of t. It is returned even if
// something in it is wrong: what is there need not be said to be missing.
func (w *walker) block(name string, t reflect.Type, n *yaml.Node) (any, bool) {
	known, b := members(t), map[string]any{}
	w.where[name] = w.at(n)
	w.each(name+".", n, func(key string, k, v *yaml.Node) {
		f, fromFile, ok := byMember(known, k.Value)
		if !ok {
			w.fault(w.at(k), key, "%s", unknownKey(k.Value, known))
			return
		}
		short := f.key
		if f.key = key; fromFile {
			f.typ, f.tag = reflect.TypeFor[string](), `path:"yes"`
		}
		value, ok := w.value(f, v)
		if s, isText := value.(string); ok && isText && f.tag.Get("path") != "" && s != "" && !filepath.IsAbs(s) {
			value = filepath.Join(filepath.Dir(w.path), s)
		}
		if ok && fromFile {
			value, ok = w.secretIn(key, v, value)
		}
		if !ok {
			b[short] = nil // what was wrong is said already
			return
		}
		if _, twice := b[short]; twice {
			w.fault(w.at(k), key, "%s and %s_file are both here. Keep one of them.", short, short)
		}
		b[short], w.where[key] = value, w.at(v)
	})
	if n.Kind == yaml.MappingNode {
		w.required(name, known, b, n)
	}
	return b, n.Kind == yaml.MappingNode
}

// required says which of the keys that a block must have are not there.
func (w *walker) required(name string, known []field, b map[string]any, n *yaml.Node) {
	for _, f := range known {
		v, there := b[f.key]
		if list, ok := v.([]string); f.tag.Get("required") != "" && (!there || v == "" || ok && len(list) == 0) {
			w.fault(w.at(n), name+"."+f.key, "It is missing. Expected %s.", f.expects())
		}
		if v == nil {
			delete(b, f.key)
		}
	}
}

// secretIn reads the file that holds a secret.
func (w *walker) secretIn(key string, n *yaml.Node, path any) (any, bool) {
	content, err := readCapped(path.(string))
	if err != nil {
		w.fault(w.at(n), key, "The file that should hold the value cannot be read: %v.", err)
		return nil, false
	}
	secret := strings.TrimRight(string(content), "\r\n")
	if secret == "" {
		w.fault(w.at(n), key, "The file that should hold the value is empty.")
	}
	return secret, secret != ""
}

// header takes a mapping of names to texts.
func (w *walker) header(f field, n *yaml.Node) (any, bool) {
	h := map[string]any{}
	w.each(f.key+".", n, func(key string, _, v *yaml.Node) {
		value, ok := field{key: key, typ: typeSecret}.fromNode(v)
		if !ok {
			w.fault(w.at(v), key, "Expected a text.")
			return
		}
		h[strings.TrimPrefix(key, f.key+".")] = value
	})
	return h, true
}

// members are the keys of one block, without those of the blocks in it.
func members(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		out = append(out, field{key: jsonName(f), typ: f.Type, tag: f.Tag})
	}
	return out
}

// byMember finds the member that a key sets; fromFile if the value is the path of a file.
func byMember(known []field, key string) (f field, fromFile, ok bool) {
	if f, ok := find(known, key); ok {
		return f, false, true
	}
	if base, isFile := strings.CutSuffix(key, "_file"); isFile {
		if f, ok := find(known, base); ok && f.typ == typeSecret {
			return f, true, true
		}
	}
	return field{}, false, false
}
