package ldap_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/ldap"
	"cloudsso/userdir/ldap/slapdtest"
)

func authenticate(t testing.TB, d userdir.Directory, login, password string) (userdir.User, error) {
	t.Helper()
	return d.Authenticate(t.Context(), userdir.Credentials{Login: login, Password: idp.Secret(password)})
}

func TestInjectionFindsNobody(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for _, login := range []string{
		"*", "a*", "*)(uid=*", "*)(uid=*))(|(uid=*", "ann)(objectClass=*", "ann)(|(mail=*)", `ann\2a`, `\2a`, "ann\x00", "(uid=ann)", "&", "|", "!", "{login}", "{dn}",
		"ann,ou=people", "uid=ann", "ann+cn=ann", `ann\`, "ann;", "<ann>", "#ann", "ann\r\nobjectClass: top",
	} {
		if u, err := authenticate(t, d, login, "correct horse"); !errors.Is(err, userdir.ErrNotFound) {
			t.Errorf("login %q: %q, %v; want ErrNotFound", login, u.ID, err)
		}
		if u, err := d.Lookup(t.Context(), userdir.Ref{ID: login}); !errors.Is(err, userdir.ErrNotFound) {
			t.Errorf("id %q: %q, %v; want ErrNotFound", login, u.ID, err)
		}
	}
	if u, err := authenticate(t, d, odd, "odd's password"); err != nil || u.ID != "40" || u.Login != odd {
		t.Errorf("a name made of syntax: %+v, %v", u, err)
	}
}

func TestEmptyPasswordsAreNeverSent(t *testing.T) {
	t.Parallel()
	// This slapd takes a name without a password for a successful anonymous bind.
	for name, change := range map[string]func(*ldap.Options){
		"search first": nil,
		"bind first":   func(o *ldap.Options) { o.UserDN = "uid={login}," + people },
	} {
		for _, password := range []string{"", "\x00", "a\x00b"} {
			if u, err := authenticate(t, open(t, change), "ann", password); !errors.Is(err, userdir.ErrInvalidCredentials) {
				t.Errorf("%s, password %q: %+v, %v", name, password, u, err)
			}
		}
	}
}

func TestBindAsUser(t *testing.T) {
	t.Parallel()
	template := func(o *ldap.Options) { o.UserDN = "uid={login}," + people }
	alone := func(o *ldap.Options) {
		template(o)
		o.BindDN, o.BindPassword, o.Groups = "", "", ldap.Groups{}
	}
	for _, c := range []struct {
		name            string
		change          func(*ldap.Options)
		login, password string
		id              string
		err             error
	}{
		{"the right password", template, "ann", "correct horse", "1", nil},
		{"a wrong password", template, "ann", "guessing", "", userdir.ErrInvalidCredentials},
		{"nobody", template, "nobody", "guessing", "", userdir.ErrNotFound},
		{"somebody who is disabled", template, "bob", "bob's own password", "", userdir.ErrDisabled},
		{"a DN as a login", template, "ann," + people, "correct horse", "", userdir.ErrNotFound},
		{"another RDN", template, "x+uid=ann", "correct horse", "", userdir.ErrNotFound},
		{"a name made of syntax", template, odd, "odd's password", "40", nil},
		{"without a service account", alone, "ann", "correct horse", "1", nil},
		{"without a service account, wrong", alone, "ann", "guessing", "", userdir.ErrInvalidCredentials},
		{"without a service account, nobody", alone, "nobody", "guessing", "", userdir.ErrInvalidCredentials},
		{"without a service account, disabled", alone, "bob", "bob's own password", "", userdir.ErrDisabled},
		{"a person whom the filter leaves out", func(o *ldap.Options) { alone(o); o.UserFilter = "(&(uid={login})(employeeNumber=2))" }, "ann", "correct horse", "", userdir.ErrInvalidCredentials},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := authenticate(t, open(t, c.change), c.login, c.password)
			if !errors.Is(err, c.err) || u.ID != c.id {
				t.Errorf("%q, %v; want %q, %v", u.ID, err, c.id, c.err)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	d, open0 := open(t, nil), open(t, func(o *ldap.Options) { o.RevealLocked = true })
	for _, c := range []struct {
		name            string
		dir             *ldap.Directory
		login, password string
		err             error
		status          idp.Status
	}{
		{"an expired password, right", d, "olga", "olga's password", userdir.ErrPasswordExpired, idp.Active},
		{"an expired password, wrong", d, "olga", "guessing", userdir.ErrInvalidCredentials, idp.Active},
		{"a password that was reset, right", d, "rita", "rita's password", userdir.ErrPasswordExpired, idp.PasswordExpired},
		{"a password that was reset, wrong", d, "rita", "guessing", userdir.ErrInvalidCredentials, idp.PasswordExpired},
		{"a locked account says nothing", d, "lars", "lars's password", userdir.ErrInvalidCredentials, idp.Locked},
		{"a locked account, when that is wanted", open0, "lars", "lars's password", userdir.ErrLocked, idp.Locked},
		{"disabled and wrong", d, "bob", "guessing", userdir.ErrInvalidCredentials, idp.Disabled},
	} {
		if _, err := authenticate(t, c.dir, c.login, c.password); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		if u, err := c.dir.Lookup(t.Context(), userdir.Ref{Login: c.login}); err != nil || u.Status != c.status {
			t.Errorf("%s: status %q, %v; want %q", c.name, u.Status, err, c.status)
		}
	}
	for range 3 {
		if _, err := authenticate(t, open0, "guesses", "guessing"); !errors.Is(err, userdir.ErrInvalidCredentials) {
			t.Fatalf("guessing: %v", err)
		}
	}
	if _, err := authenticate(t, open0, "guesses", "guesses's password"); !errors.Is(err, userdir.ErrLocked) {
		t.Errorf("after three wrong passwords: %v, want ErrLocked", err)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range manyGroups {
		many = append(many, fmt.Sprintf("many%02d", i))
	}
	for _, c := range []struct {
		name, login string
		change      func(*ldap.Options)
		want        []string
	}{
		{"direct ones only", "nina", nil, []string{"inner"}},
		{"nested, through a cycle", "nina", func(o *ldap.Options) { o.Groups.Nested = "walk" }, []string{"inner", "middle", "outer"}},
		{"nested, not deeper than told", "nina", func(o *ldap.Options) { o.Groups.Nested, o.Groups.MaxDepth = "walk", 1 }, []string{"inner", "middle"}},
		{"whole DNs", "nina", func(o *ldap.Options) { o.Groups.NameAttribute = "dn" }, []string{"cn=inner," + groupBase}},
		{"another attribute as the name", "nina", func(o *ldap.Options) { o.Groups.NameAttribute = "objectClass" }, []string{"groupOfNames"}},
		{"more than the server gives at once", "many", nil, many},
		{"memberOf without those outside the base", "mona", func(o *ldap.Options) { o.Groups.MemberOf, o.Groups.Filter = "csGroup", "" }, []string{"outer"}},
		{"memberOf without a base", "mona", func(o *ldap.Options) { o.Groups = ldap.Groups{MemberOf: "csGroup"} }, []string{"outer", "admins"}},
		{"both ways, nested", "mona", func(o *ldap.Options) { o.Groups.MemberOf, o.Groups.Nested = "csGroup", "walk" }, []string{"outer", "inner", "middle"}},
		{"by login", "nina", func(o *ldap.Options) { o.Groups.Filter = "(&(cn=outer)(!(cn={login})))" }, []string{"outer"}},
		{"none wanted", "nina", func(o *ldap.Options) { o.Groups = ldap.Groups{} }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := open(t, c.change).Lookup(t.Context(), userdir.Ref{Login: c.login})
			if err != nil || !slices.Equal(u.Groups, c.want) {
				t.Errorf("%v, %v; want %v", u.Groups, err, c.want)
			}
		})
	}
	if u, err := open(t, func(o *ldap.Options) { o.PageSize = 500 }).Lookup(t.Context(), userdir.Ref{Login: "many"}); !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("a page that the server refuses: %v, %v; want ErrUnavailable and never some of the groups", u.Groups, err)
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	all := open(t, func(o *ldap.Options) { o.Attributes = nil })
	u, err := all.Lookup(t.Context(), userdir.Ref{Login: "photo"})
	if err != nil || u.Attributes.First("jpegPhoto") != "/9j/AA==" || u.Attributes.First("sn") != "Test" || len(u.Attributes["objectClass"]) != 2 {
		t.Errorf("everything: %v, %v", u.Attributes, err)
	}
	alone := open(t, func(o *ldap.Options) {
		o.Attributes, o.UserDN, o.BindDN, o.Groups = []ldap.Attribute{{From: "userPassword", Name: "nickname"}}, "uid={login},"+people, "", ldap.Groups{}
	})
	if u, err = authenticate(t, alone, "ann", "correct horse"); err != nil || len(u.Attributes) != 2 {
		t.Errorf("a password under another name: %v, %v", u.Attributes, err)
	}
	columns, err := open(t, nil).Columns(t.Context(), userdir.Ref{Login: "ann"})
	if err != nil || len(columns) != 8 || columns[0].Name != "address" || columns[0].Type != "object" || columns[0].Values != 1 || columns[1].Values != 2 {
		t.Errorf("columns = %+v, %v", columns, err)
	}
	var e *idp.Error
	if _, err := open(t, nil).Columns(t.Context(), userdir.Ref{Login: "nobody"}); !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != "login" {
		t.Errorf("columns of nobody: %v", err)
	}
}

func TestMalformedAnswersNameTheField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		login, field string
		change       func(*ldap.Options)
	}{
		"a level that is no number": {"bad", "csLevel", nil},
		"an object that is none":    {"ann", "givenName", func(o *ldap.Options) { o.Attributes[0].Type = "json" }},
		"a boolean that is none":    {"ann", "givenName", func(o *ldap.Options) { o.Attributes[0].Type = "boolean" }},
		"a GUID that is none":       {"ann", "givenName", func(o *ldap.Options) { o.Attributes[0].Type = "guid" }},
		"a time that is none":       {"ann", "givenName", func(o *ldap.Options) { o.Attributes[0].Type = "time" }},
		"a file time that is none":  {"ann", "givenName", func(o *ldap.Options) { o.Attributes[0].Type = "filetime" }},
		"no id":                     {"ann", "roomNumber", func(o *ldap.Options) { o.IDAttribute = "roomNumber" }},
		"two ids":                   {"ann", "objectClass", func(o *ldap.Options) { o.IDAttribute = "objectClass" }},
		"no user name":              {"ann", "roomNumber", func(o *ldap.Options) { o.LoginAttribute = "roomNumber" }},
		"a group that is no DN":     {"ann", "sn", func(o *ldap.Options) { o.Groups.MemberOf = "sn" }},
	} {
		t.Run(name, func(t *testing.T) {
			var e *idp.Error
			u, err := authenticate(t, open(t, c.change), c.login, map[string]string{"bad": "bad's password", "ann": "correct horse"}[c.login])
			if !errors.As(err, &e) || e.Field != c.field || !errors.Is(err, userdir.ErrMalformed) || !errors.Is(err, userdir.ErrUnavailable) || strings.Contains(e.Public, c.field) {
				t.Errorf("%+v, %v; want the field %s", u, err, c.field)
			}
			if _, err := authenticate(t, open(t, c.change), c.login, "guessing"); !errors.Is(err, userdir.ErrInvalidCredentials) {
				t.Errorf("a wrong password tells about the entry: %v", err)
			}
		})
	}
}

func TestEntryUUIDIsTheUsualID(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *ldap.Options) { o.IDAttribute = "" })
	u, err := authenticate(t, d, "ann", "correct horse")
	if err != nil || !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(u.ID) {
		t.Fatalf("id %q, %v", u.ID, err)
	}
	again, err := d.Lookup(t.Context(), userdir.Ref{ID: u.ID})
	if err != nil || again.Login != "ann" {
		t.Errorf("by id: %+v, %v", again, err)
	}
	if _, err := d.Lookup(t.Context(), userdir.Ref{ID: strings.ToUpper(u.ID)}); !errors.Is(err, userdir.ErrNotFound) {
		t.Errorf("an id in capitals is another subject: %v", err)
	}
	without := open(t, func(o *ldap.Options) {
		o.UserFilter = "(&(objectClass=person)(uid={login})(!(uid=ann)))"
		o.IDAttribute = ""
	})
	if _, err := without.Lookup(t.Context(), userdir.Ref{ID: u.ID}); !errors.Is(err, userdir.ErrNotFound) {
		t.Errorf("somebody whom the filter no longer takes: %v, want ErrNotFound", err)
	}
}

func TestSearchesThatFailSignNobodyOut(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ldap.Options){
		"a base that is not there":        func(o *ldap.Options) { o.BaseDN = "ou=nowhere," + base },
		"a base of another server":        func(o *ldap.Options) { o.BaseDN = "dc=elsewhere" },
		"a group base that is not there":  func(o *ldap.Options) { o.Groups.BaseDN = "ou=nowhere," + base },
		"a wrong password of the service": func(o *ldap.Options) { o.BindPassword = "guessing" },
		"a service that does not exist":   func(o *ldap.Options) { o.BindDN = "cn=nobody," + base },
		"anonymous, which sees nothing":   func(o *ldap.Options) { o.BindDN, o.BaseDN = "", base },
		"a certificate of a strange CA":   func(o *ldap.Options) { o.CAFile = "" },
		"StartTLS with a strange CA":      func(o *ldap.Options) { o.URLs, o.StartTLS, o.CAFile = []string{"ldap://" + shared.Plain}, true, "" },
		"a certificate of another host":   func(o *ldap.Options) { o.URLs = []string{strings.Replace(o.URLs[0], "127.0.0.1", "localhost", 1)} },
		"TLS where there is none":         func(o *ldap.Options) { o.URLs = []string{"ldaps://" + shared.Plain} },
		"StartTLS where there is TLS":     func(o *ldap.Options) { o.URLs, o.StartTLS = []string{"ldap://" + shared.TLS}, true },
		"nobody listens":                  func(o *ldap.Options) { o.URLs = []string{"ldap://" + slapdtest.FreePort()} },
		"nobody listens at several places": func(o *ldap.Options) {
			o.URLs = []string{"ldap://" + slapdtest.FreePort(), "ldaps://" + slapdtest.FreePort()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, func(o *ldap.Options) { o.Timeout = 500 * time.Millisecond; change(o) })
			_, err := authenticate(t, d, "ann", "correct horse")
			_, err2 := d.Lookup(t.Context(), userdir.Ref{ID: "1"})
			if !errors.Is(err, userdir.ErrUnavailable) || !errors.Is(err2, userdir.ErrUnavailable) {
				t.Errorf("%v and %v, want ErrUnavailable", err, err2)
			}
			if strings.Contains(fmt.Sprint(err, err2), servicePwd) || strings.Contains(fmt.Sprint(err, err2), "correct horse") {
				t.Errorf("a password stands in %v, %v", err, err2)
			}
		})
	}
}

func TestCallersThatGoAway(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *ldap.Options) { o.URLs, o.Timeout = []string{"ldap://" + silent(t)}, time.Minute })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.Lookup(ctx, userdir.Ref{ID: "1"}); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("a deadline: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := d.Authenticate(ctx, userdir.Credentials{Login: "ann", Password: "correct horse"}); !errors.Is(err, context.Canceled) || errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("a browser that goes away: %v", err)
	}
}
