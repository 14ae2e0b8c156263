package msg

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cloudsso/samlidp/wire"
)

const space = " \t\r\n" // XML white space

// part is one place in a schema sequence.
type part struct {
	ns, local string
	many      bool
	read      func(*wire.Element) error // nil: allowed and not looked at
}

// sequence walks the children of el along parts: each at most once unless many, in
// this order. Out of place is refused: two readers that disagree on order read two messages.
func sequence(el *wire.Element, parts ...part) error {
	if strings.Trim(el.Text(), space) != "" {
		return el.Errorf("there is text between the child elements. Remove it.")
	}
	at, used := 0, false
	for _, c := range el.Elements() {
		for at < len(parts) && (!c.Is(parts[at].ns, parts[at].local) || used && !parts[at].many) {
			at, used = at+1, false
		}
		if at == len(parts) {
			return c.Errorf("this element may not stand here. %s may hold, in this order: %s.", el.Name().Local, listed(parts))
		}
		used = true
		if parts[at].read == nil {
			continue
		}
		if err := parts[at].read(c); err != nil {
			return err
		}
	}
	return nil
}

func listed(parts []part) string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.local
	}
	return strings.Join(names, ", ")
}

// text returns the content of an element that holds text only, without white space
// around it: pretty-printers put it there, and no identifier has it.
func text(el *wire.Element) (string, error) {
	if len(el.Elements()) > 0 {
		return "", el.Errorf("only text may stand here, no elements.")
	}
	s := strings.Trim(el.Text(), space)
	if s == "" {
		return "", el.Errorf("this element is empty. Give it a value or leave it out.")
	}
	return s, nil
}

// boolean reads an optional xs:boolean: Shibboleth writes 1 where others write true.
func boolean(el *wire.Element, name string) (bool, error) {
	v, _ := el.Attr(name)
	switch strings.Trim(v, space) {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	}
	return false, el.Errorf("the attribute %s must be true or false.", name)
}

// index reads an optional xs:unsignedShort, nil if it is absent.
func index(el *wire.Element, name string) (*int, error) {
	v, ok := el.Attr(name)
	if !ok {
		return nil, nil
	}
	n, err := strconv.ParseUint(strings.Trim(v, space), 10, 16)
	if err != nil {
		return nil, el.Errorf("the attribute %s must be a whole number from 0 to 65535.", name)
	}
	i := int(n)
	return &i, nil
}

// instant reads a required xs:dateTime. Core §1.3.3 wants UTC; an offset is as clear, no
// zone at all is not.
func instant(el *wire.Element, name string) (time.Time, error) {
	v, ok := el.Attr(name)
	if !ok {
		return time.Time{}, el.Errorf("the attribute %s is missing.", name)
	}
	t, err := time.Parse(time.RFC3339, strings.Trim(v, space))
	if err != nil {
		return time.Time{}, el.Errorf("the attribute %s must be a time in UTC such as 2026-01-31T12:00:00Z.", name)
	}
	return t.UTC(), nil
}

// bounded returns an attribute's value, refusing what is longer than any honest one.
func bounded(el *wire.Element, name string, most int) (string, error) {
	v, _ := el.Attr(name)
	if len(v) > most {
		return "", el.Errorf("the attribute %s is longer than %d bytes.", name, most)
	}
	return v, nil
}

// clip cuts s to at most this many bytes, between characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
