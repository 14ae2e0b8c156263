package sqlstore

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cloudsso/idp"
)

// ask is a query, in a transaction or outside.
type ask func(query string, args ...any) (*sql.Rows, error)

// all scans every row.
func all[T any](q ask, scan func(*sql.Rows) (T, error), query string, args ...any) (list []T, err error) {
	if err := text(args); err != nil {
		return nil, err
	}
	rows, err := q(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// one scans the first row; none is [idp.ErrNotFound], and so is a key that no row can have.
func one[T any](q ask, scan func(*sql.Rows) (T, error), query string, args ...any) (first T, err error) {
	if text(args) != nil {
		return first, idp.ErrNotFound
	}
	list, err := all(q, scan, query, args...)
	switch {
	case err != nil:
		return first, err
	case len(list) == 0:
		return first, idp.ErrNotFound
	}
	return list[0], nil
}

func exec(tx Tx, query string, args ...any) (int64, error) {
	if err := text(args); err != nil {
		return 0, err
	}
	return tx.Exec(query, args...)
}

// missed says why a compare-and-swap changed nothing: exists selects the row regardless
// of its version.
func missed(tx Tx, exists string, args ...any) error {
	if _, err := one(tx.Query, scalar[int64], exists, args...); err != nil {
		return err
	}
	return idp.ErrConflict
}

func scalar[T any](rows *sql.Rows) (v T, err error) { return v, rows.Scan(&v) }

var errText = idp.Errorf(idp.Invalid, "A text contains characters that cannot be stored (a NUL character, or bytes that are not UTF-8). Please remove them.")

// text refuses strings that databases would refuse or, worse, cut short: PostgreSQL
// keeps no NUL and nothing that is not UTF-8. All databases refuse the same.
func text(args []any) error {
	for _, a := range args {
		if s, ok := a.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
			return errText
		}
	}
	return nil
}

// document writes the part of a record that is not searched.
func document(v any) (string, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return "", idp.Errorf(idp.Invalid, "A value cannot be stored. Numbers must be finite.").Because(err)
	}
	if idp.Mangled(doc) {
		return "", errText
	}
	return string(doc), nil
}

// micros is how times that are always known are stored. The zero time is a number too
// (the year 1), and in the past.
func micros(t time.Time) int64 { return t.UnixMicro() }

// maybe is how times that may be zero are stored: NULL.
func maybe(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// whole is what a time in a document becomes: as the columns are.
func whole(t time.Time) time.Time { return t.Truncate(time.Microsecond).UTC() }

// instant scans both forms into a time.
type instant struct{ t *time.Time }

// Scan is [sql.Scanner]'s.
func (i instant) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*i.t = time.Time{}
	case int64:
		*i.t = time.UnixMicro(v).UTC()
	default:
		return errors.New("a time column holds no integer")
	}
	return nil
}

// content scans a document into v.
type content struct{ v any }

// Scan is [sql.Scanner]'s.
func (c content) Scan(v any) error {
	switch v := v.(type) {
	case nil: // of a row that is not there
		return nil
	case string:
		return json.Unmarshal([]byte(v), c.v)
	case []byte:
		return json.Unmarshal(v, c.v)
	}
	return errors.New("a document column holds no text")
}

// optional scans a column of a row that may not be there, as outer joins have it: then
// the value stays as it is.
type optional[T any] struct{ v *T }

// Scan is [sql.Scanner]'s.
func (o optional[T]) Scan(v any) error {
	if v == nil {
		return nil
	}
	is, ok := v.(T)
	if !ok {
		return fmt.Errorf("a column holds %T, not %T", v, is)
	}
	*o.v = is
	return nil
}
