package sqldir

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cloudsso/idp"
	"cloudsso/userdir"
)

const maxRows = 1000 // of one answer: several of one person at most

// run gives the rows of a query as attributes.
func (d *Directory) run(ctx context.Context, tx *sql.Tx, query, parameter string) ([]idp.Attributes, error) {
	rows, err := tx.QueryContext(ctx, query, parameter)
	if err != nil {
		return nil, d.unavailable(ctx, err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, d.unavailable(ctx, err)
	}
	var out []idp.Attributes
	for rows.Next() {
		if len(out) == maxRows {
			return nil, userdir.Malformed(d.o.ID, "rows", "more than %d rows for one person", maxRows)
		}
		row, err := d.row(rows, types)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		return nil, d.unavailable(ctx, err)
	}
	return out, nil
}

func (d *Directory) row(rows *sql.Rows, types []*sql.ColumnType) (idp.Attributes, error) {
	raw := make([]any, len(types))
	into := make([]any, len(types))
	for i := range raw {
		into[i] = &raw[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, userdir.Malformed(d.o.ID, "row", "%v", err)
	}
	out := make(idp.Attributes, len(types))
	for i, t := range types {
		name := t.Name()
		values, err := d.convert(name, strings.ToUpper(t.DatabaseTypeName()), raw[i])
		if err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, userdir.Malformed(d.o.ID, name, "two columns have this name")
		}
		out[name] = values
	}
	return out, nil
}

// convert makes attribute values of what a driver gives for one cell.
func (d *Directory) convert(column, kind string, v any) ([]any, error) {
	if b, ok := v.([]byte); ok {
		v = string(b)
		if !utf8.Valid(b) {
			v = base64.StdEncoding.EncodeToString(b)
		}
	}
	switch {
	case v == nil:
		return nil, nil
	case slices.Contains(d.o.BooleanColumns, column):
		return d.boolean(column, v)
	}
	text, isText := v.(string)
	switch {
	case isText && (slices.Contains(d.o.JSONColumns, column) || kind == "JSON" || kind == "JSONB"):
		var parsed any
		if err := userdir.DecodeJSON([]byte(text), &parsed); err != nil {
			return nil, userdir.Malformed(d.o.ID, column, "it is not JSON: %v", err)
		}
		return userdir.Values(parsed), nil
	case isText && (kind == "NUMERIC" || kind == "DECIMAL"):
		return userdir.Values(json.Number(text)), nil
	case isText && strings.HasPrefix(kind, "_"):
		list, ok := array(text)
		if !ok {
			return nil, userdir.Malformed(d.o.ID, column, "it is an array of arrays; give JSON instead")
		}
		return list, nil
	}
	return []any{plain(v)}, nil
}

// boolean reads what databases without a type for it keep.
func (d *Directory) boolean(column string, v any) ([]any, error) {
	switch strings.ToLower(idp.Text(plain(v))) {
	case "true", "t", "1", "\x01", "y", "yes":
		return []any{true}, nil
	case "false", "f", "0", "\x00", "n", "no":
		return []any{false}, nil
	}
	return nil, userdir.Malformed(d.o.ID, column, "it is neither true nor false")
}

// plain makes one attribute value of a scalar.
func plain(v any) any {
	switch v := v.(type) {
	case bool, string:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	switch n := reflect.ValueOf(v); {
	case n.CanInt():
		return whole(n.Int())
	case n.CanUint() && n.Uint() <= math.MaxInt64:
		return whole(int64(n.Uint()))
	case n.CanFloat():
		return n.Float()
	}
	return idp.Text(v)
}

// whole keeps a number that a float64 cannot as text.
func whole(n int64) any {
	if n > 1<<53 || n < -1<<53 {
		return idp.Text(n)
	}
	return float64(n)
}

// array reads PostgreSQL's text form of an array, {a,"b c",NULL}; ok is false for one of
// more dimensions.
func array(s string) (out []any, ok bool) {
	inner, opened := strings.CutPrefix(s, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	if !opened || !closed {
		return nil, false
	}
	for inner != "" {
		if inner[0] == '{' {
			return nil, false
		}
		var item strings.Builder
		quoted, i := inner[0] == '"', 0
		if quoted {
			i = 1
		}
		for ; i < len(inner); i++ {
			if c := inner[i]; c == '\\' && i+1 < len(inner) {
				i++
			} else if quoted && c == '"' || !quoted && c == ',' {
				break
			}
			item.WriteByte(inner[i])
		}
		if quoted {
			i++
		}
		if quoted || item.String() != "NULL" {
			out = append(out, item.String())
		}
		inner = strings.TrimPrefix(inner[min(i, len(inner)):], ",")
	}
	return out, true
}
