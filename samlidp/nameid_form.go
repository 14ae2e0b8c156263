package samlidp

import (
	"errors"
	"net/url"
	"strings"
)

// checkForm holds a value to what its format promises: an application that takes a name
// apart must not find somebody else in it (S25).
func checkForm(format, s string) error {
	switch format {
	case FormatEmail:
		return form(split2(s, "@"), "an e-mail address is wanted")
	case FormatKerberos:
		return form(split2(s, "@"), "a Kerberos principal such as name@REALM is wanted")
	case FormatWindows:
		return form(windowsName(s), `a Windows name such as DOMAIN\user is wanted`)
	case FormatX509:
		return form(distinguishedName(s), "a distinguished name such as CN=Ada,O=Example is wanted")
	case FormatEntity:
		return form(entityName(s), "an entity ID is wanted: an absolute URI of at most 1024 characters")
	}
	return nil
}

func form(ok bool, want string) error {
	if !ok {
		return errors.New(want)
	}
	return nil
}

// split2: two parts that are not empty, around exactly one separator.
func split2(s, separator string) bool {
	a, b, found := strings.Cut(s, separator)
	return found && a != "" && b != "" && !strings.Contains(b, separator) && !strings.ContainsAny(s, " <>(),;")
}

// windowsName: the domain may be left out (Core §8.3.4).
func windowsName(s string) bool {
	domain, user, found := strings.Cut(s, `\`)
	if !found {
		domain, user = "-", s
	}
	const forbidden = `"/\[]:;|=,+*?<>@`
	return domain != "" && user != "" && !strings.ContainsAny(user, forbidden) && !strings.ContainsAny(domain, forbidden)
}

// distinguishedName: attribute=value pairs between commas or plus signs that are not escaped (RFC 4514).
func distinguishedName(s string) bool {
	pair, escaped := false, false
	start := 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i < len(s) && escaped:
			escaped = false
		case i < len(s) && s[i] == '\\':
			escaped = true
		case i == len(s) || s[i] == ',' || s[i] == '+':
			name, value, found := strings.Cut(s[start:i], "=")
			if !found || strings.TrimSpace(name) == "" || strings.TrimSpace(value) == "" {
				return false
			}
			pair, start = true, i+1
		}
	}
	return pair && !escaped
}

func entityName(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && len(s) <= maxEntityID && !strings.Contains(s, " ")
}
