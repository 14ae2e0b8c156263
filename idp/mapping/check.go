package mapping

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudsso/idp"
)

const (
	maxRows = 200
	maxText = 256 // bytes of a name, an attribute, a separator or a value of a map
)

// Check refuses rows that cannot work, for claims and SAML attributes alike. The error
// is an *idp.Error whose Field is a JSON pointer into rows, such as "/2/name" or
// "/0/from/cel".
func Check(rows []idp.Mapping) error {
	if len(rows) > maxRows {
		return idp.Errorf(idp.Invalid, "There are more than %d mapping rows: leave some out.", maxRows)
	}
	used := make(map[string]any)
	for i, row := range rows {
		if err := checkRow(i, row); err != nil {
			return err
		}
		if !put(used, path(row.Name), true) {
			return fault(i, "name", "The name %q is there twice, or is at once a value and the start of a dotted name.", row.Name)
		}
	}
	return nil
}

// CheckClaims is [Check] for rows that make claims: the names that the protocol itself
// fills are refused too.
func CheckClaims(rows []idp.Mapping) error {
	if err := Check(rows); err != nil {
		return err
	}
	for i, row := range rows {
		// Attack: a directory attribute that a user may edit is mapped to sub or aud and
		// turns a token into somebody else's. Decision: these names are never mapped.
		if slices.Contains(reserved(), path(row.Name)[0]) {
			return fault(i, "name", "The claim %q is set by the protocol and cannot be mapped: choose another name.", row.Name)
		}
	}
	return nil
}

// reserved are the claims of tokens themselves: OpenID Connect Core §2, JWT, access
// tokens (RFC 9068), introspection (RFC 7662), proof of possession (RFC 7800), logout.
func reserved() []string {
	return []string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "acr", "amr", "azp", "auth_time", "at_hash", "c_hash", "s_hash",
		"sid", "sub_jwk", "client_id", "scope", "active", "token_type", "cnf", "act", "may_act", "events", "toe", "txn",
		"typ", "authorization_details", "_claim_names", "_claim_sources",
	}
}

func checkRow(i int, row idp.Mapping) error {
	if row.Name == "" || !label(row.Name) {
		return fault(i, "name", "The name of a mapping row must have 1 to %d bytes, no control characters, and no spaces around it.", maxText)
	}
	switch {
	case slices.Contains(path(row.Name), ""):
		return fault(i, "name", "The name %q has an empty part: a dot stands between two names.", row.Name)
	case !printable(row.FriendlyName):
		return fault(i, "friendly_name", "The friendly name must have at most %d bytes and no control characters.", maxText)
	case !slices.Contains([]string{"", "basic", "uri", "unspecified"}, row.Format) && !absolute(row.Format):
		return fault(i, "format", "The format %q is unknown: use basic, uri, unspecified, or an absolute URI of at most %d bytes.", row.Format, maxText)
	}
	if err := checkSource(i, row); err != nil {
		return err
	}
	return checkSteps(i, row)
}

func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && printable(s) && !strings.ContainsFunc(s, unicode.IsSpace)
}

func label(s string) bool { return strings.TrimSpace(s) == s && printable(s) }

func printable(s string) bool { return len(s) <= maxText && characters(s) }

func characters(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func fault(row int, field, format string, args ...any) *idp.Error {
	return idp.Errorf(idp.Invalid, format, args...).On(fmt.Sprintf("/%d/%s", row, field))
}
