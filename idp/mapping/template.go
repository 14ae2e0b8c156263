package mapping

import (
	"errors"
	"strings"
)

// part of a template: a text as it is, or the name of an attribute.
type part struct {
	text                  string
	placeholder, optional bool
}

// parseTemplate takes {{attribute}} and {{attribute?}} out of a text. Braces that close
// nothing are text, so that JSON can be written.
func parseTemplate(s string) ([]part, error) {
	var parts []part
	for {
		before, rest, found := strings.Cut(s, "{{")
		if before != "" {
			parts = append(parts, part{text: before})
		}
		if !found {
			return parts, nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, errors.New("{{ is not closed by }}")
		}
		name, optional := strings.CutSuffix(strings.TrimSpace(name), "?")
		if name == "" || strings.ContainsAny(name, "{}") {
			return nil, errors.New("between {{ and }} the name of a directory attribute must stand")
		}
		parts = append(parts, part{text: name, placeholder: true, optional: optional})
		s = after
	}
}
