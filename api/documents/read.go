package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	maxDepth     = 50
	maxDocuments = 5000 // of one file
)

// Document is one YAML document of a file.
type Document struct {
	File string
	JSON []byte // what it says
	root *yaml.Node
}

// Read takes a file apart; name is what faults call it. Empty documents are left out. The
// error joins every [Fault] that was found; a syntax error ends the file.
func Read(name string, text []byte) ([]Document, error) {
	if i := invalidUTF8(text); i >= 0 {
		return nil, Fault{File: name, Line: 1 + bytes.Count(text[:i], []byte("\n")), Text: "The file is not UTF-8 text from here on."}
	}
	var docs []Document
	var faults []error
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			faults = append(faults, syntax(name, err))
			break
		}
		if len(docs) == maxDocuments {
			faults = append(faults, Fault{File: name, Line: n.Line, Text: fmt.Sprintf("There are more than %d documents in this file: split it.", maxDocuments)})
			break
		}
		doc, found := read(name, &n)
		faults = append(faults, found...)
		if doc.JSON != nil {
			docs = append(docs, doc)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return docs, nil
}

func read(name string, n *yaml.Node) (Document, []error) {
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	if n.Kind == 0 || n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == "" {
		return Document{}, nil
	}
	r := reader{file: name}
	v := r.value(n, 0)
	if len(r.faults) > 0 {
		return Document{}, r.faults
	}
	b, err := json.Marshal(v)
	if err != nil {
		return Document{}, []error{r.at(n, "It cannot be read: "+err.Error())}
	}
	return Document{File: name, JSON: b, root: n}, nil
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntax words what the parser says.
func syntax(name string, err error) Fault {
	f, text := Fault{File: name, Line: 1}, err.Error()
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			f.Line = max(n, 1)
		}
		text = text[len(m[0]):]
	}
	f.Text = "This is not well-formed YAML: " + text + "."
	return f
}
