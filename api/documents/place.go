package documents

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing that is wrong, and where.
type Fault struct {
	File         string
	Line, Column int    // from 1; Column 0: not known
	Path         string // of the member, "" for the document
	Text         string
}

func (f Fault) Error() string {
	where := f.File
	for _, n := range []int{f.Line, f.Column} {
		if n == 0 {
			break
		}
		where += ":" + strconv.Itoa(n)
	}
	if f.Path != "" {
		where += ": " + f.Path
	}
	return fmt.Sprintf("%s: %s", where, f.Text)
}

// Fault is one about the member at path, which is a[0].b or /a/0/b: its place is that of
// the member, as far as the path can be followed.
func (d Document) Fault(path, text string) Fault {
	line, column := d.place(path)
	return Fault{File: d.File, Line: line, Column: column, Path: path, Text: text}
}

var step = regexp.MustCompile(`[^.\[\]/]+`)

func (d Document) place(path string) (line, column int) {
	n := d.root
	line, column = n.Line, n.Column
	for _, name := range step.FindAllString(path, -1) {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		at, next := child(n, name)
		if next == nil {
			break
		}
		line, column, n = at.Line, at.Column, next
	}
	return max(line, 1), column
}

// child is where a member or an item starts, and its value.
func child(n *yaml.Node, name string) (at, value *yaml.Node) {
	switch i, err := strconv.Atoi(name); {
	case n.Kind == yaml.SequenceNode && err == nil && i >= 0 && i < len(n.Content):
		return n.Content[i], n.Content[i]
	case n.Kind == yaml.MappingNode:
		for k := 0; k+1 < len(n.Content); k += 2 {
			if n.Content[k].Value == name {
				return n.Content[k], n.Content[k+1]
			}
		}
	}
	return nil, nil
}
