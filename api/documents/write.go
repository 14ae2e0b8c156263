package documents

import (
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Write writes JSON values as YAML documents, members in the order that they have. [Read]
// gets the same values back.
func Write(w io.Writer, values ...[]byte) error {
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	for _, v := range values {
		var n yaml.Node
		if err := yaml.Unmarshal(v, &n); err != nil { // JSON is YAML
			return err
		}
		plain(&n)
		if err := enc.Encode(&n); err != nil {
			return err
		}
	}
	return enc.Close()
}

// plain takes JSON's brackets and quotes away wherever YAML does not need them. A text
// that a block would change stays in quotes: blocks have one kind of line break only.
func plain(n *yaml.Node) {
	if len(n.Content) > 0 || n.Kind == yaml.ScalarNode && n.Value != "" && !strings.ContainsAny(n.Value, "\r\u0085\u2028\u2029\ufeff\t") {
		n.Style = 0
	}
	for _, c := range n.Content {
		plain(c)
	}
}
