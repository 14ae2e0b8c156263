package ldap

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// Bits of userAccountControl and msDS-User-Account-Control-Computed ([MS-ADTS] 2.2.16, 3.1.1.4.5.17).
const (
	uacDisabled        = 0x2
	uacLockout         = 0x10
	uacPasswordKept    = 0x10000 // DONT_EXPIRE_PASSWORD
	uacPasswordExpired = 0x800000
)

// Names of the attributes that [Directory.status] reads.
const (
	adControl  = "userAccountControl"
	adComputed = "msDS-User-Account-Control-Computed"
	adExpires  = "accountExpires"
	adLockout  = "lockoutTime"
	adPassword = "pwdLastSet"
)

var subcodePattern = regexp.MustCompile(`(?i)\bAcceptSecurityContext error, data ([0-9a-f]{1,8})\b`)

// subcode reads why Active Directory refused a bind. All but 775 are told only after the
// right password; 52e and 525 are the wrong one and nobody.
func subcode(err error) error {
	m := subcodePattern.FindStringSubmatch(err.Error())
	if m == nil {
		return nil
	}
	switch strings.ToLower(m[1]) {
	case "530", "531": // not at this time; not from this machine
		return fmt.Errorf("%w: not permitted at this time or from here (AD %s)", userdir.ErrDisabled, m[1])
	case "533", "701": // disabled; account expired
		return fmt.Errorf("%w: AD %s", userdir.ErrDisabled, m[1])
	case "532", "773": // password expired; must be changed first
		return fmt.Errorf("%w: AD %s", userdir.ErrPasswordExpired, m[1])
	case "775": // locked out
		return errUnchecked
	}
	return nil
}

// adStatus is what the attributes of Active Directory say; Active if there are none.
func (d *Directory) adStatus(e entry) (idp.Status, error) {
	n := make(map[string]int64)
	for _, name := range []string{adControl, adComputed, adExpires, adLockout, adPassword} {
		text, ok := e.first(name)
		if !ok {
			n[name] = -1
			continue
		}
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return "", userdir.Malformed(d.o.ID, name, "%s is not a number", name)
		}
		n[name] = v
	}
	has := func(name string, bit int64) bool { return n[name] >= 0 && n[name]&bit != 0 }
	now := d.o.Now()
	switch {
	case has(adControl, uacDisabled):
		return idp.Disabled, nil
	case n[adExpires] > 0 && !filetime(n[adExpires]).After(now):
		return idp.Disabled, nil
	case n[adComputed] >= 0 && has(adComputed, uacLockout):
		return idp.Locked, nil
	case n[adComputed] < 0 && n[adLockout] > 0 && now.Before(filetime(n[adLockout]).Add(d.o.LockoutDuration)):
		return idp.Locked, nil
	case has(adComputed, uacPasswordExpired), n[adPassword] == 0 && n[adControl] >= 0 && !has(adControl, uacPasswordKept):
		return idp.PasswordExpired, nil
	}
	return idp.Active, nil
}

// never is how [filetime] shows what AD calls never, and what lies beyond Go's times.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// filetime is a count of 100 ns since 1601-01-01 UTC.
func filetime(n int64) time.Time {
	const epoch = 11644473600 // seconds from 1601 to 1970
	t := time.Unix(n/1e7-epoch, n%1e7*100).UTC()
	if t.After(never) {
		return never
	}
	return t
}

var errGUID = errors.New("it is not a GUID of 16 bytes")

// formatGUID writes the bytes of an objectGUID as Microsoft does: the first three
// fields are little-endian ([MS-DTYP] 2.3.4.2).
func formatGUID(b []byte) (string, error) {
	if len(b) != 16 {
		return "", errGUID
	}
	b = swapGUID(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]), nil
}

// parseGUID is the way back. It takes only what formatGUID writes.
func parseGUID(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 {
		return nil, errGUID
	}
	b = swapGUID(b)
	if again, _ := formatGUID(b); again != s {
		return nil, errGUID
	}
	return b, nil
}

func swapGUID(b []byte) []byte {
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

// isGUID reports whether the id attribute holds bytes instead of text.
func isGUID(attribute string) bool { return strings.EqualFold(attribute, "objectGUID") }

// idFilter finds the person of an id; ok is false if nobody can have it.
func (d *Directory) idFilter(id string) (filter string, ok bool) {
	value := goldap.EscapeFilter(id)
	if isGUID(d.o.IDAttribute) {
		b, err := parseGUID(id)
		if err != nil {
			return "", false
		}
		var escaped strings.Builder
		for _, one := range b {
			fmt.Fprintf(&escaped, `\%02x`, one)
		}
		value = escaped.String()
	}
	// Whoever is not one of UserFilter's people any more is gone.
	return "(&" + fill(d.o.UserFilter, "{login}", "*") + "(" + d.o.IDAttribute + "=" + value + "))", true
}
