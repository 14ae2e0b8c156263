package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile caps a configuration file and a secret file.
const maxFile = 1 << 20

// layer is what one source says: values by key, and where each stands.
type layer struct {
	values map[string]any
	where  map[string]string
	faults Faults
}

func newLayer() *layer {
	return &layer{values: map[string]any{}, where: map[string]string{}}
}

func (l *layer) fault(where, key, problem string, args ...any) {
	l.faults = append(l.faults, Fault{Where: where, Key: key, Problem: fmt.Sprintf(problem, args...)})
}

// whole reports whether a fault concerns the source as a whole.
func (l *layer) whole() bool {
	return slices.ContainsFunc(l.faults, func(f Fault) bool { return f.Key == "" })
}

func (l *layer) set(where, key string, v any) { l.values[key], l.where[key] = v, where }

// readCapped reads a small file.
func readCapped(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // without the path, which the caller names
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("it is larger than 1 MB")
	}
	return b, err
}

// readFile reads the YAML file. Walking the nodes ourselves gives every fault its line.
func readFile(path string, known []field) *layer {
	l := newLayer()
	if path == "" {
		return l
	}
	b, err := readCapped(path)
	if err != nil {
		l.fault(path, "", "The configuration file cannot be read: %v.", err)
		return l
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) { // an empty file sets nothing
			l.fault(path, "", "This is not YAML: %s.", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		return l
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		l.fault(path, "", "The file holds more than one YAML document; one is expected.")
	}
	w := &walker{layer: l, path: path, known: known}
	w.mapping("", doc.Content[0])
	return l
}

// walker carries what the walk over one file needs.
type walker struct {
	*layer
	path  string
	known []field
}

func (w *walker) at(n *yaml.Node) string { return fmt.Sprintf("%s:%d", w.path, n.Line) }

// each calls fn for every member of a mapping and refuses doubled ones.
func (w *walker) each(prefix string, n *yaml.Node, fn func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		w.fault(w.at(n), strings.TrimSuffix(prefix, "."), "Keys with values are expected here.")
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		key := prefix + k.Value
		if seen[key] {
			w.fault(w.at(k), key, "This key stands here twice.")
			continue
		}
		seen[key] = true
		fn(key, k, v)
	}
}

func (w *walker) mapping(prefix string, n *yaml.Node) {
	w.each(prefix, n, func(key string, k, v *yaml.Node) {
		f, ok := find(w.known, key)
		switch {
		case !ok && section(w.known, key):
			w.mapping(key+".", v)
		case !ok:
			w.fault(w.at(k), key, "%s", unknownKey(key, w.known))
		case v.ShortTag() == "!!null":
			w.fault(w.at(k), key, "There is no value here. Give one (%s) or delete the line.", f.expects())
		case f.typ == typeDirectories || f.typ == typeScopes:
			if list, ok := w.value(f, v); ok {
				w.set(w.at(v), key, list)
			}
		default:
			w.leaf(f, v)
		}
	})
}

// leaf takes the value of one key.
func (w *walker) leaf(f field, n *yaml.Node) {
	v, ok := f.fromNode(n)
	if !ok {
		w.fault(w.at(n), f.key, "Expected %s.", f.expects())
		return
	}
	w.set(w.at(n), f.key, v)
}

// fromNode reads a value as YAML gives it. Types are not bent: a number is no text.
// Aliases are refused with everything else that is not plainly a value.
func (f field) fromNode(n *yaml.Node) (any, bool) {
	switch {
	case n.Kind == yaml.ScalarNode && f.typ.Kind() == reflect.String && n.ShortTag() == "!!str":
		return n.Value, f.allows(n.Value)
	case n.Kind == yaml.ScalarNode && f.typ.Kind() == reflect.Int && n.ShortTag() == "!!int":
		return f.fromText(n.Value)
	case n.Kind == yaml.ScalarNode && f.typ == typeDuration && n.ShortTag() == "!!str":
		return f.fromText(n.Value)
	case n.Kind == yaml.ScalarNode && f.typ.Kind() == reflect.Bool && n.ShortTag() == "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err == nil
	case n.Kind == yaml.SequenceNode && (f.typ == typeStrings || f.typ == typePrefixes):
		list := make([]string, 0, len(n.Content))
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode || item.ShortTag() != "!!str" {
				return nil, false
			}
			list = append(list, item.Value)
		}
		return f.fromList(list)
	}
	return nil, false
}
