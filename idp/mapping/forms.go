package mapping

import (
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	"cloudsso/idp"
)

// text takes strings, and numbers as they are written; a postal code may be a number in
// the directory.
func text(v any) any {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return idp.Text(v)
	}
	return nil
}

func boolean(v any) any {
	switch v := v.(type) {
	case bool:
		return v
	case string: // LDAP knows only text
		switch strings.ToLower(v) {
		case "true":
			return true
		case "false":
			return false
		}
	}
	return nil
}

func email(v any) any {
	s, _ := text(v).(string)
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return nil
	}
	return s
}

func webURL(v any) any {
	s, _ := text(v).(string)
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil
	}
	return s
}

// birthdate is YYYY-MM-DD, 0000-MM-DD (the year is not told) or YYYY (OpenID Connect Core §5.1).
func birthdate(v any) any {
	s, _ := text(v).(string)
	day := s
	switch {
	case len(s) == len("2006"):
		day += "-01-01"
	case strings.HasPrefix(s, "0000-"):
		day = "2000" + s[len("0000"):] // a leap year, so that 29 February may be told
	}
	t, err := time.Parse(time.DateOnly, day)
	if err != nil || t.Year() < 1850 || t.Year() > 2200 {
		return nil
	}
	return s
}

// A zone name has a region, or is one of the few short ones. The zone database is not
// asked: the relying party's may be newer than ours.
var zoneName = regexp.MustCompile(`^([A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2}|UTC|GMT|[A-Z]{3}([0-9][A-Z]{3})?)$`)

func zone(v any) any { return matching(zoneName, v) }

// The shape of a BCP 47 language tag (RFC 5646 §2.1).
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// locale takes the underscore of POSIX, which OpenID Connect Core §5.1 tolerates, and
// writes the hyphen.
func locale(v any) any {
	if s, ok := v.(string); ok {
		v = strings.ReplaceAll(s, "_", "-")
	}
	return matching(languageTag, v)
}

func matching(re *regexp.Regexp, v any) any {
	if s, ok := v.(string); ok && re.MatchString(s) {
		return s
	}
	return nil
}
