package ldap_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/ldap"
)

var (
	clock = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	guid  = "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
)

const adAnn = "CN=Ann,OU=People,DC=corp,DC=example"

func filetimeOf(t time.Time) string {
	return strconv.FormatInt((t.Unix()+11644473600)*1e7, 10)
}

// activeDirectory knows ann, whose password is "right", with further attributes.
func activeDirectory(t testing.TB, bind result, more map[string][]string, change func(*ldap.Options)) *ldap.Directory {
	t.Helper()
	ann := map[string][]string{"objectGUID": {guid}, "sAMAccountName": {"ann"}, "mail": {"ann@corp.example"}, "userAccountControl": {"512"}, "accountExpires": {"9223372036854775807"}, "pwdLastSet": {filetimeOf(clock)}}
	maps.Copy(ann, more)
	r := responder{
		bind: func(dn, password string) result {
			switch {
			case dn == "svc@corp.example" && password == "svc":
				return result{}
			case dn != adAnn || password != "right":
				return result{code: 49, text: "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839"}
			}
			return bind
		},
		search: func(q question) ([]row, result) {
			switch {
			case q.scope == goldap.ScopeBaseObject && strings.Contains(q.attributes[0], ";range="):
				var out []string
				for i := range 1200 {
					out = append(out, fmt.Sprintf("CN=g%d,DC=corp,DC=example", 1500+i))
				}
				return []row{{adAnn, map[string][]string{"memberOf;range=1500-*": out}}}, result{}
			case strings.Contains(q.filter, "member:1.2.840.113556.1.4.1941:="+adAnn):
				return []row{{"CN=Staff,DC=corp,DC=example", nil}, {"CN=Everyone,DC=corp,DC=example", nil}}, result{}
			case strings.Contains(q.filter, "=ann)"), strings.Contains(q.filter, "(objectGUID=3\"\x11\\00UDwf\\88\\99\\aa\\bb\\cc\\dd\\ee\\ff)"):
				return []row{{adAnn, ann}}, result{}
			case strings.Contains(q.filter, "=elsewhere)"):
				return nil, result{code: goldap.LDAPResultReferral, text: "0000202B: RefErr: DSID-0310084A"}
			}
			return nil, result{}
		},
	}
	o := ldap.Options{
		ID: "ad", Preset: ldap.ActiveDirectory, URLs: []string{r.listen(t)}, BindDN: "svc@corp.example", BindPassword: "svc", BaseDN: "DC=corp,DC=example",
		Attributes: []ldap.Attribute{{From: "objectGUID", Type: "guid"}, {From: "accountExpires", Type: "filetime"}}, Now: func() time.Time { return clock },
	}
	if change != nil {
		change(&o)
	}
	d, err := ldap.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// The codes and when they are told: "LDAP Wiki: Common Active Directory Bind Errors".
func TestActiveDirectorySubCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"525": userdir.ErrInvalidCredentials, "52e": userdir.ErrInvalidCredentials, "530": userdir.ErrDisabled, "531": userdir.ErrDisabled,
		"532": userdir.ErrPasswordExpired, "533": userdir.ErrDisabled, "701": userdir.ErrDisabled, "773": userdir.ErrPasswordExpired,
		"775": userdir.ErrInvalidCredentials, "999": userdir.ErrInvalidCredentials,
	} {
		text := "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data " + code + ", v3839\x00"
		if _, err := authenticate(t, activeDirectory(t, result{code: 49, text: text}, nil, nil), "ann", "right"); !errors.Is(err, want) {
			t.Errorf("data %s: %v, want %v", code, err, want)
		}
		if _, err := authenticate(t, activeDirectory(t, result{code: 49, text: text}, nil, nil), "ann", "wrong"); !errors.Is(err, userdir.ErrInvalidCredentials) {
			t.Errorf("data %s with a wrong password: %v", code, err)
		}
	}
	reveal := func(o *ldap.Options) { o.RevealLocked = true }
	if _, err := authenticate(t, activeDirectory(t, result{code: 49, text: "AcceptSecurityContext error, data 775, v1db1"}, nil, reveal), "ann", "right"); !errors.Is(err, userdir.ErrLocked) {
		t.Errorf("locked, and it is wanted to be told: %v", err)
	}
}

func TestBindAnswers(t *testing.T) {
	t.Parallel()
	for code, want := range map[uint16]error{
		0: nil, goldap.LDAPResultInvalidCredentials: userdir.ErrInvalidCredentials, goldap.LDAPResultInappropriateAuthentication: userdir.ErrInvalidCredentials,
		goldap.LDAPResultNoSuchObject: userdir.ErrInvalidCredentials, goldap.LDAPResultUnwillingToPerform: userdir.ErrInvalidCredentials,
		goldap.LDAPResultConstraintViolation: userdir.ErrInvalidCredentials, goldap.LDAPResultReferral: userdir.ErrUnavailable, goldap.LDAPResultBusy: userdir.ErrUnavailable,
		goldap.LDAPResultUnavailable: userdir.ErrUnavailable, goldap.LDAPResultStrongAuthRequired: userdir.ErrUnavailable, goldap.LDAPResultConfidentialityRequired: userdir.ErrUnavailable,
		goldap.LDAPResultInsufficientAccessRights: userdir.ErrUnavailable, goldap.LDAPResultOther: userdir.ErrUnavailable, goldap.LDAPResultOperationsError: userdir.ErrUnavailable,
	} {
		if _, err := authenticate(t, activeDirectory(t, result{code: code}, nil, nil), "ann", "right"); !errors.Is(err, want) {
			t.Errorf("code %d: %v, want %v", code, err, want)
		}
	}
}

// Values of the control as draft-behera-ldap-password-policy-10 §6.2 encodes them.
func TestPasswordPolicyControl(t *testing.T) {
	t.Parallel()
	const expired, locked, reset, grace, soon = "\x30\x03\x81\x01\x00", "\x30\x03\x81\x01\x01", "\x30\x03\x81\x01\x02", "\x30\x05\xa0\x03\x81\x01\x02", "\x30\x05\xa0\x03\x80\x01\x3c"
	for name, c := range map[string]struct {
		code  uint16
		value string
		want  error
	}{
		"refused, expired":             {49, expired, userdir.ErrPasswordExpired},
		"refused, locked":              {49, locked, userdir.ErrInvalidCredentials},
		"refused, without an error":    {49, "\x30\x00", userdir.ErrInvalidCredentials},
		"let in, must change first":    {0, reset, userdir.ErrPasswordExpired},
		"let in, two logins are left":  {0, grace, nil},
		"let in, it expires in 60 s":   {0, soon, nil},
		"let in, nothing to say":       {0, "\x30\x00", nil},
		"let in, and locked: not in":   {0, locked, userdir.ErrInvalidCredentials},
		"let in, and expired: not in ": {0, expired, userdir.ErrPasswordExpired},
	} {
		d := activeDirectory(t, result{code: c.code, policy: []byte(c.value)}, nil, nil)
		if _, err := authenticate(t, d, "ann", "right"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestActiveDirectoryStatus(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) []string { return []string{filetimeOf(clock.Add(-d))} }
	for name, c := range map[string]struct {
		attributes map[string][]string
		want       idp.Status
	}{
		"as it should be":              {nil, idp.Active},
		"ACCOUNTDISABLE":               {map[string][]string{"userAccountControl": {"514"}}, idp.Disabled},
		"expired yesterday":            {map[string][]string{"accountExpires": ago(24 * time.Hour)}, idp.Disabled},
		"expires tomorrow":             {map[string][]string{"accountExpires": ago(-24 * time.Hour)}, idp.Active},
		"never expires":                {map[string][]string{"accountExpires": {"0"}}, idp.Active},
		"locked a minute ago":          {map[string][]string{"lockoutTime": ago(time.Minute)}, idp.Locked},
		"locked an hour ago":           {map[string][]string{"lockoutTime": ago(time.Hour)}, idp.Active},
		"not locked":                   {map[string][]string{"lockoutTime": {"0"}}, idp.Active},
		"the server says it is locked": {map[string][]string{"msDS-User-Account-Control-Computed": {"16"}}, idp.Locked},
		"the server says it is not":    {map[string][]string{"msDS-User-Account-Control-Computed": {"0"}, "lockoutTime": ago(time.Minute)}, idp.Active},
		"the server says it is old":    {map[string][]string{"msDS-User-Account-Control-Computed": {"8388608"}}, idp.PasswordExpired},
		"must change":                  {map[string][]string{"pwdLastSet": {"0"}}, idp.PasswordExpired},
		"never has to change":          {map[string][]string{"pwdLastSet": {"0"}, "userAccountControl": {"66048"}}, idp.Active},
		"both disabled and locked":     {map[string][]string{"userAccountControl": {"514"}, "lockoutTime": ago(time.Minute)}, idp.Disabled},
	} {
		d := activeDirectory(t, result{}, c.attributes, nil)
		u, err := d.Lookup(t.Context(), userdir.Ref{Login: "ann"})
		if err != nil || u.Status != c.want {
			t.Errorf("%s: %q, %v; want %q", name, u.Status, err, c.want)
		}
		if _, err := authenticate(t, d, "ann", "right"); (err == nil) != (c.want == idp.Active) {
			t.Errorf("%s: sign-in = %v", name, err)
		}
	}
	var e *idp.Error
	for _, name := range []string{"userAccountControl", "accountExpires", "lockoutTime", "pwdLastSet", "msDS-User-Account-Control-Computed"} {
		_, err := activeDirectory(t, result{}, map[string][]string{name: {"soon"}}, nil).Lookup(t.Context(), userdir.Ref{Login: "ann"})
		if !errors.As(err, &e) || e.Field != name || !errors.Is(err, userdir.ErrMalformed) {
			t.Errorf("%s that is no number: %v", name, err)
		}
	}
}

func TestObjectGUIDIsTheID(t *testing.T) {
	t.Parallel()
	const want = "00112233-4455-6677-8899-aabbccddeeff" // as Microsoft writes these bytes
	d := activeDirectory(t, result{}, nil, nil)
	u, err := authenticate(t, d, "ann", "right")
	if err != nil || u.ID != want || u.Attributes.First("objectGUID") != want || u.Attributes.First("accountExpires") != "9999-12-31T00:00:00Z" {
		t.Fatalf("%+v, %v", u, err)
	}
	if again, err := d.Lookup(t.Context(), userdir.Ref{ID: want}); err != nil || again.Login != "ann" {
		t.Errorf("by id: %+v, %v", again, err)
	}
	for _, id := range []string{strings.ToUpper(want), strings.ReplaceAll(want, "-", ""), "ann", "*", want[1:], ""} {
		if _, err := d.Lookup(t.Context(), userdir.Ref{ID: id}); !errors.Is(err, userdir.ErrNotFound) {
			t.Errorf("id %q: %v, want ErrNotFound", id, err)
		}
	}
	var e *idp.Error
	if _, err := activeDirectory(t, result{}, map[string][]string{"objectGUID": {guid[:8]}}, nil).Lookup(t.Context(), userdir.Ref{Login: "ann"}); !errors.As(err, &e) || e.Field != "objectGUID" {
		t.Errorf("half a GUID: %v", err)
	}
}

func TestActiveDirectoryGroups(t *testing.T) {
	t.Parallel()
	d := activeDirectory(t, result{}, nil, func(o *ldap.Options) { o.Groups.BaseDN = "DC=corp,DC=example" })
	if u, err := d.Lookup(t.Context(), userdir.Ref{Login: "ann"}); err != nil || !slices.Equal(u.Groups, []string{"Staff", "Everyone"}) {
		t.Errorf("by the matching rule: %v, %v", u.Groups, err)
	}
	var first []string
	for i := range 1500 {
		first = append(first, fmt.Sprintf("CN=g%d,DC=corp,DC=example", i))
	}
	ranged := map[string][]string{"memberOf": nil, "memberOf;range=0-1499": first}
	u, err := activeDirectory(t, result{}, ranged, nil).Lookup(t.Context(), userdir.Ref{Login: "ann"})
	if err != nil || len(u.Groups) != 2700 || u.Groups[0] != "g0" || u.Groups[2699] != "g2699" {
		t.Errorf("values in ranges: %d groups, %v", len(u.Groups), err)
	}
}

func TestReferralsAreNotFollowed(t *testing.T) {
	t.Parallel()
	if _, err := authenticate(t, activeDirectory(t, result{}, nil, nil), "elsewhere", "right"); !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}
