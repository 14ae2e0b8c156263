package userdir

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"cloudsso/idp"
)

// csvColumns have a meaning of their own. Every other column is an attribute: text, or
// what its name ends in (":number", ":boolean", ":json"); a JSON array is several values,
// and so is a column that stands there twice. An empty cell is no value.
var csvColumns = []string{"id", "username", "email", "password_hash", "disabled", "groups"}

// csvReader reads one file. groups are separated by semicolons.
type csvReader struct {
	*reader
	rows   *csv.Reader
	header []string
}

func (r *reader) parseCSV(data []byte) (*people, error) {
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	c := &csvReader{reader: r, rows: rows}
	var err error
	if c.header, err = rows.Read(); err != nil {
		return nil, c.unreadable(err)
	}
	if err := c.checkHeader(); err != nil {
		return nil, err
	}
	p := newPeople()
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return nil, c.unreadable(err)
		}
		e, err := c.user(row)
		if err != nil {
			return nil, err
		}
		if field, problem := p.add(e); problem != "" {
			return nil, c.at(slices.Index(c.header, field), "%s", problem)
		}
	}
}

func (c *csvReader) unreadable(err error) error {
	var e *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return fileError(err, "The directory file %s is empty: it needs a first line with the names of its columns.", c.path)
	case errors.As(err, &e) && errors.Is(err, csv.ErrFieldCount):
		return fileError(err, "%s line %d: the row has not as many cells as the first line.", c.path, e.Line)
	case errors.As(err, &e):
		return fileError(err, "%s line %d: a quotation mark is out of place. Put a cell with quotation marks, commas or line breaks into quotation marks, and double those in it.", c.path, e.Line)
	}
	return fileError(err, "The directory file %s is not CSV.", c.path)
}

// at is a fault in one cell of the row that was read last.
func (c *csvReader) at(column int, format string, args ...any) error {
	line, _ := c.rows.FieldPos(max(column, 0))
	return idp.Errorf(idp.Invalid, "%s line %d: column %s: %s", c.path, line, c.header[max(column, 0)], fmt.Sprintf(format, args...))
}

func (c *csvReader) checkHeader() error {
	for i, name := range c.header {
		if name == "" || name != strings.TrimSpace(name) {
			return c.at(i, "a column needs a name, without spaces around it.")
		}
		if slices.Contains(csvColumns, name) && slices.Contains(c.header[:i], name) {
			return c.at(i, "it stands there twice.")
		}
	}
	for _, name := range []string{"id", "username"} {
		if !slices.Contains(c.header, name) {
			return fileError(nil, "%s line 1: the column %s is missing.", c.path, name)
		}
	}
	return nil
}

func (c *csvReader) user(row []string) (*entry, error) {
	e := &entry{attributes: make(idp.Attributes)}
	for i, cell := range row {
		var err error
		switch name := c.header[i]; name {
		case "id":
			e.id, err = c.name(i, cell, true)
		case "username":
			e.username, err = c.name(i, cell, true)
		case "email":
			e.email, err = c.name(i, cell, false)
		case "password_hash":
			e.hash, err = c.hash(i, cell)
		case "disabled":
			e.disabled, err = c.flag(i, cell)
		case "groups":
			for g := range strings.SplitSeq(cell, ";") {
				if g = strings.TrimSpace(g); g != "" {
					e.groups = append(e.groups, g)
				}
			}
		default:
			err = c.attribute(e.attributes, i, cell)
		}
		if err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (c *csvReader) name(column int, cell string, required bool) (string, error) {
	s := Username(cell)
	if s == "" && !required {
		return "", nil
	}
	if !plausibleLogin(s) {
		return "", c.at(column, "it must have 1 to %d bytes and no control characters.", maxLogin)
	}
	return s, nil
}

func (c *csvReader) hash(column int, cell string) (string, error) {
	if cell == "" {
		return "", nil
	}
	if err := CheckHash(cell); err != nil {
		return "", c.at(column, "%s", idp.AsError(err).Public)
	}
	return cell, nil
}

func (c *csvReader) flag(column int, cell string) (bool, error) {
	switch strings.ToLower(cell) {
	case "", "false", "no", "0":
		return false, nil
	case "true", "yes", "1":
		return true, nil
	}
	return false, c.at(column, "it must be true or false.")
}

func (c *csvReader) attribute(into idp.Attributes, column int, cell string) error {
	name, kind := c.header[column], "text"
	if i := strings.LastIndexByte(name, ':'); i > 0 && slices.Contains([]string{"text", "number", "boolean", "json"}, name[i+1:]) {
		name, kind = name[:i], name[i+1:]
	}
	if cell == "" {
		return nil
	}
	switch kind {
	case "number":
		f, err := strconv.ParseFloat(cell, 64)
		if err != nil || idp.Text(f) != cell {
			return c.at(column, "%q is not a number, or would not be kept as it is written: take :number away from the name of the column.", cell)
		}
		into[name] = append(into[name], f)
	case "boolean":
		b, err := c.flag(column, cell)
		if err != nil {
			return err
		}
		into[name] = append(into[name], b)
	case "json":
		var v any
		if err := json.Unmarshal([]byte(cell), &v); err != nil || v == nil {
			return c.at(column, "it is not JSON.")
		}
		list, several := v.([]any)
		if !several {
			list = []any{v}
		}
		into[name] = append(into[name], list...)
	default:
		into[name] = append(into[name], cell)
	}
	return nil
}
