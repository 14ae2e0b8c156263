package api

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
)

// writeReport writes a report as CSV (RFC 4180).
func writeReport(w io.Writer, people []AppPerson) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write([]string{"username", "name", "email", "directory", "status", "may", "by", "last_used", "support_code", "subject"})
	for _, p := range people {
		last := ""
		if p.LastUsed != nil {
			last = p.LastUsed.Format(time.RFC3339)
		}
		row := []string{p.Username, p.Name, p.Email, p.Directory, string(p.Status), strconv.FormatBool(p.May), p.By, last, p.Support, p.Subject}
		for i := range row {
			row[i] = cell(row[i])
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

// cell: attack: somebody calls themselves =HYPERLINK(…), and the spreadsheet of whoever opens
// the report runs it. Decision: what a spreadsheet would take for a formula begins with an
// apostrophe.
func cell(text string) string {
	if strings.IndexAny(strings.TrimLeft(text, " \t\r\n\u00a0\ufeff"), "=+-@|%\uff1d\uff0b\uff0d\uff20") == 0 || strings.IndexAny(text, "\t\r\n") == 0 {
		return "'" + text
	}
	return text
}

// WriteCSV writes the report as GET /apps/{id}/people?format=csv does.
func (p AppPeople) WriteCSV(w io.Writer) error { return writeReport(w, p.Items) }
