package wire

import (
	"strings"
	"unicode/utf8"
)

// position turns a byte offset into line and column, counted from 1; columns are characters.
func (d *document) position(offset int) (line, column int) {
	before := d.src[:min(offset, len(d.src))]
	start := strings.LastIndexByte(before, '\n') + 1
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[start:])
}

// clip keeps a quoted piece of the input short enough for one sentence.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	for i := range s {
		if i >= most {
			return s[:i] + "…"
		}
	}
	return s
}
