package api

import (
	"encoding/base64"
	"strings"

	"cloudsso/idp"
)

// Paging selects a part of a list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"At most so many items."`
	Cursor string `query:"cursor" maxLength:"1024" doc:"next_cursor of the part before."`
	of     string // which list it is
}

var errCursor = idp.Errorf(idp.Invalid, "This cursor is not one of ours. Use next_cursor of the part before, or start without a cursor.").On("?cursor")

// List is one part of a list.
type List[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Asks for the next part. Absent at the end."`
}

// page is the store's form. It asks for one more than wanted, which tells whether
// there is a next part.
//
// A cursor names its list: where one list ends says nothing of another, which would
// begin anywhere without a word.
func (p *Paging) page(of string) (idp.Page, error) {
	p.of = of
	cursor, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	list, after, _ := strings.Cut(string(cursor), " ")
	if err != nil || p.Cursor != "" && list != of {
		return idp.Page{}, errCursor
	}
	return idp.Page{After: after, Limit: p.limit() + 1}, nil
}

// after is the cursor of the part that begins after key.
func (p *Paging) after(key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.of + " " + key))
}

func (p Paging) limit() int {
	if p.Limit <= 0 {
		return 50
	}
	return min(p.Limit, 500)
}

// list turns rows into one part. key is what the store sorts by.
func list[R, T any](p Paging, rows []R, key func(R) string, view func(R) T) List[T] {
	out := List[T]{Items: make([]T, 0, len(rows))}
	if n := p.limit(); len(rows) > n {
		rows = rows[:n]
		out.NextCursor = p.after(key(rows[n-1]))
	}
	for _, r := range rows {
		out.Items = append(out.Items, view(r))
	}
	return out
}
