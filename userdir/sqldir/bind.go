package sqldir

import (
	"fmt"
	"strings"

	"cloudsso/idp"
)

// Dialect is how a database writes its parameters and strings.
type Dialect string

// The dialects.
const (
	PostgreSQL Dialect = "postgres" // $1
	MySQL      Dialect = "mysql"    // ?, and \' in strings; MariaDB too
	SQLite     Dialect = "sqlite"   // ?
)

// DialectOf is the dialect of a database's URL, "" for one of another kind.
func DialectOf(url string) Dialect {
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme {
	case "postgres", "postgresql":
		return PostgreSQL
	case "mysql", "mariadb":
		return MySQL
	case "sqlite":
		return SQLite
	}
	return ""
}

// Bind writes a query for its database. It must have exactly one placeholder: :login or
// any other name, or the database's own. The error is an *idp.Error.
func Bind(query string, d Dialect) (string, error) {
	s := scanner{text: query, dialect: d}
	var bound strings.Builder
	found, from := 0, 0
	for s.next() {
		found++
		bound.WriteString(query[from:s.start])
		bound.WriteString(map[bool]string{true: "$1", false: "?"}[d == PostgreSQL])
		from = s.at
	}
	bound.WriteString(query[from:])
	switch {
	case strings.TrimSpace(query) == "":
		return "", idp.Errorf(idp.Invalid, "The query is empty.")
	case found != 1:
		return "", idp.Errorf(idp.Invalid, "The query has %d placeholders; it must have exactly one, such as :login, where the value comes in.", found)
	}
	return bound.String(), nil
}

// scanner finds placeholders outside of strings, names in quotes, and comments.
type scanner struct {
	text    string
	dialect Dialect
	start   int // of the placeholder that was found
	at      int
}

func (s *scanner) next() bool {
	for s.at < len(s.text) {
		s.start = s.at
		rest := s.text[s.at:]
		switch c := rest[0]; {
		case c == '\'' || c == '"' || c == '`':
			s.quoted(c)
		case strings.HasPrefix(rest, "--"):
			s.past("\n")
		case strings.HasPrefix(rest, "/*"):
			s.past("*/")
		case strings.HasPrefix(rest, "::"):
			s.at += 2 // a cast
		case c == ':' && word(rest[1:]) > 0:
			s.at += 1 + word(rest[1:])
			return true
		case c == '?' && s.dialect != PostgreSQL:
			s.at++
			return true
		case c == '$' && s.dialect == PostgreSQL:
			if s.dollar(rest) {
				return true
			}
		case word(rest) > 0:
			s.at += word(rest) // a name may have a $ in it
		default:
			s.at++
		}
	}
	return false
}

func (s *scanner) quoted(mark byte) {
	for s.at++; s.at < len(s.text); s.at++ {
		switch {
		case s.text[s.at] == '\\' && s.dialect == MySQL:
			s.at++
		case s.text[s.at] == mark:
			s.at++
			return
		}
	}
}

// past goes behind the next end, or to the end of the text.
func (s *scanner) past(end string) {
	if i := strings.Index(s.text[s.at+1:], end); i >= 0 {
		s.at += 1 + i + len(end)
		return
	}
	s.at = len(s.text)
}

// dollar takes $1, or skips a string between $tag$ and $tag$.
func (s *scanner) dollar(rest string) (placeholder bool) {
	n := word(rest[1:])
	if n > 0 && strings.Trim(rest[1:1+n], "0123456789") == "" {
		s.at += 1 + n
		return true
	}
	if len(rest) > n+1 && rest[n+1] == '$' {
		tag := rest[:n+2]
		s.at += len(tag) - 1
		s.past(tag)
		return false
	}
	s.at++
	return false
}

// word is the length of the name or number that s begins with.
func word(s string) int {
	return len(s) - len(strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
}

// on names the option at fault.
func on(field string, err error) error {
	e := idp.AsError(err)
	return e.On(field)
}

func bad(field, format string, args ...any) error {
	return idp.Errorf(idp.Invalid, "%s", fmt.Sprintf(format, args...)).On(field)
}
