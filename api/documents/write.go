package documents

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Write writes JSON values as YAML documents, members in the order that they have. [Read]
// gets the same values back.
func Write(w io.Writer, values ...[]byte) error {
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	for _, v := range values {
		var n yaml.Node
		if err := yaml.Unmarshal(escaped(v), &n); err != nil { // JSON is YAML then
			return err
		}
		plain(&n)
		if err := enc.Encode(&n); err != nil {
			return err
		}
	}
	return enc.Close()
}

// escaped writes what JSON has as it is, and YAML does not: such signs stand in texts only.
func escaped(doc []byte) []byte {
	if !bytes.ContainsFunc(doc, quoted) {
		return doc
	}
	var out []byte
	for _, r := range string(doc) {
		if r >= 0x7f && quoted(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// quoted are the signs that only a text in quotes keeps.
func quoted(r rune) bool {
	return r != '\n' && unicode.IsControl(r) || strings.ContainsRune("\u2028\u2029\ufeff\ufffe\uffff", r)
}

// plain takes JSON's brackets and quotes away wherever YAML does not need them. A text
// that a block would change stays in quotes: blocks have one kind of line break only.
func plain(n *yaml.Node) {
	if len(n.Content) > 0 || n.Kind == yaml.ScalarNode && n.Value != "" && !strings.ContainsFunc(n.Value, quoted) {
		n.Style = 0
	}
	for _, c := range n.Content {
		plain(c)
	}
}
