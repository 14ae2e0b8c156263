package documents

import (
	"encoding/json"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// reader turns nodes into values of encoding/json, and notes what it refuses.
type reader struct {
	file   string
	faults []error
}

func (r *reader) at(n *yaml.Node, text string) Fault {
	return Fault{File: r.file, Line: n.Line, Column: n.Column, Text: text}
}

func (r *reader) refuse(n *yaml.Node, format string, args ...any) any {
	r.faults = append(r.faults, r.at(n, fmt.Sprintf(format, args...)))
	return nil
}

func (r *reader) value(n *yaml.Node, depth int) any {
	switch {
	case depth > maxDepth:
		return r.refuse(n, "It is nested more than %d deep.", maxDepth)
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		// Attack: a few aliases of aliases stand for gigabytes. And a reviewer of one part
		// of the file would not see what it says.
		return r.refuse(n, "Anchors and aliases are not read here. Write the value out.")
	case n.Style&yaml.TaggedStyle != 0:
		return r.refuse(n, "Tags such as %s are not read here. Leave it out.", n.Tag)
	}
	switch n.Kind {
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			list = append(list, r.value(item, depth+1))
		}
		return list
	case yaml.MappingNode:
		return r.members(n, depth)
	}
	return r.scalar(n)
}

func (r *reader) members(n *yaml.Node, depth int) any {
	members := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch _, twice := members[key.Value]; {
		case key.Tag == "!!merge":
			r.refuse(key, "Merge keys (<<) are not read here. Write the members out.")
		case key.Kind != yaml.ScalarNode || key.Tag != "!!str" || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
			r.refuse(key, "The name of a member must be a text. Put it in quotes if it is meant.")
		case twice:
			r.refuse(key, "The member %s is there twice.", key.Value)
		default:
			members[key.Value] = r.value(n.Content[i+1], depth+1)
		}
	}
	return members
}

var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func (r *reader) scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!str", "!!timestamp":
		return n.Value
	case "!!null":
		if n.Value == "null" {
			return nil // JSON has it
		}
		return r.refuse(n, "The value is missing. Leave the member out for its default.")
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
	}
	// 010 is eight in one version of YAML and ten in the next.
	if !plainNumber.MatchString(n.Value) {
		return r.refuse(n, "Numbers are written in plain decimals here. Put %s in quotes if it is a text.", n.Value)
	}
	return json.Number(n.Value)
}
