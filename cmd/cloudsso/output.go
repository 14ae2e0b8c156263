package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
)

// answer prints v as JSON if that was asked for, and otherwise runs text.
func (p *program) answer(v any, text func()) error {
	if !p.json {
		text()
		return nil
	}
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// line prints one line of the answer.
func (p *program) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// hint tells a person something beside the answer.
func (p *program) hint(format string, args ...any) { fmt.Fprintf(p.err, format+"\n", args...) }

// table prints rows in columns.
func (p *program) table(rows [][]string) {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, cell)
		}
		fmt.Fprintln(w)
	}
	w.Flush()
}
