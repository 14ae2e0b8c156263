package mapping

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"cloudsso/idp"
)

// Names of date forms beside patterns.
const (
	formRFC3339 = "rfc3339"
	formDate    = "date"
	formUnix    = "unix"
	formLDAP    = "ldap"

	ldapTime = "20060102150405Z0700" // RFC 4517 §3.3.13, to the second
)

func (o *outcome) dates(form idp.DateForm) {
	var out []any
	for _, v := range o.values {
		if t, ok := readDate(form.In, v); ok {
			out = append(out, writeDate(form.Out, t.UTC()))
		}
	}
	o.did("date", clean(out))
	o.emptied("no value is a date of the form that date.in names")
}

func readDate(form string, v any) (time.Time, bool) {
	if form != "" {
		return readForm(form, v)
	}
	for _, form := range []string{formRFC3339, formDate, formLDAP, formUnix} {
		if t, ok := readForm(form, v); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

func readForm(form string, v any) (time.Time, bool) {
	if form == formUnix {
		return readUnix(v)
	}
	layout, err := layoutOf(form)
	if err != nil || structured(v) {
		return time.Time{}, false
	}
	s := strings.TrimSpace(idp.Text(v))
	if form == formLDAP {
		s = ldapSeconds(s)
	}
	t, err := time.Parse(layout, s)
	return t, err == nil && t.Year() > 0
}

// ldapSeconds drops the fraction, and adds the zone that may be missing.
func ldapSeconds(s string) string {
	if whole, rest, ok := strings.Cut(s, "."); ok {
		s = whole + strings.TrimLeft(rest, "0123456789")
	}
	if !strings.ContainsAny(s, "Z+-") {
		s += "Z"
	}
	return s
}

func readUnix(v any) (time.Time, bool) {
	if s, ok := v.(string); ok && strings.Trim(s, "0123456789") != "" {
		return time.Time{}, false
	}
	n, ok := seconds(v).(int64)
	return time.Unix(n, 0), ok && n < 253402300800 // the year 10000, which RFC 3339 cannot write
}

func writeDate(form string, t time.Time) any {
	switch form {
	case formUnix:
		return t.Unix()
	case "":
		form = formRFC3339
	}
	layout, err := layoutOf(form)
	if err != nil {
		return nil
	}
	return t.Format(layout)
}

// layoutOf translates the name of a form, or a pattern, to Go's layouts.
func layoutOf(form string) (string, error) {
	switch form {
	case formRFC3339:
		return time.RFC3339, nil
	case formDate:
		return time.DateOnly, nil
	case formLDAP:
		return ldapTime, nil
	}
	rest := strings.NewReplacer("YYYY", "", "MM", "", "DD", "", "HH", "", "mm", "", "ss", "", "T", "", "Z", "").Replace(form)
	if strings.ContainsFunc(rest, func(r rune) bool {
		return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}) ||
		!strings.Contains(form, "YYYY") {
		return "", errors.New("unknown form")
	}
	return strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "HH", "15", "mm", "04", "ss", "05").Replace(form), nil
}

// seconds takes seconds since 1970, or a time in RFC 3339.
func seconds(v any) any {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) && v >= 0 && v < 1<<40 {
			return int64(v)
		}
	case int64:
		return seconds(float64(v))
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return seconds(float64(n))
		}
		if t, err := time.Parse(time.RFC3339, v); err == nil && t.Unix() >= 0 {
			return t.Unix()
		}
	}
	return nil
}
