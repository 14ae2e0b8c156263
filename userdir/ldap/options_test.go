package ldap_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/userdir/ldap"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		field  string
		change func(*ldap.Options)
	}{
		"no id":                           {"id", func(o *ldap.Options) { o.ID = "" }},
		"an unknown preset":               {"preset", func(o *ldap.Options) { o.Preset = "novell" }},
		"no server":                       {"urls", func(o *ldap.Options) { o.URLs = nil }},
		"another scheme":                  {"urls", func(o *ldap.Options) { o.URLs = []string{"https://ldap.example"} }},
		"no host":                         {"urls", func(o *ldap.Options) { o.URLs = []string{"ldaps:///"} }},
		"a user in the URL":               {"urls", func(o *ldap.Options) { o.URLs = []string{"ldaps://a:b@ldap.example"} }},
		"a DN in the URL":                 {"urls", func(o *ldap.Options) { o.URLs = []string{"ldaps://ldap.example/dc=example"} }},
		"passwords in clear text":         {"urls", func(o *ldap.Options) { o.URLs = []string{"ldap://ldap.example"} }},
		"clear text beside TLS":           {"urls", func(o *ldap.Options) { o.URLs = []string{"ldaps://ldap.example", "ldap://10.0.0.1"} }},
		"a service without a password":    {"bind_password", func(o *ldap.Options) { o.BindPassword = "" }},
		"no base":                         {"base_dn", func(o *ldap.Options) { o.BaseDN = "" }},
		"a base that is no DN":            {"base_dn", func(o *ldap.Options) { o.BaseDN = "example.com" }},
		"a filter without the login":      {"user_filter", func(o *ldap.Options) { o.UserFilter = "(uid=ann)" }},
		"a filter that is none":           {"user_filter", func(o *ldap.Options) { o.UserFilter = "(uid={login}" }},
		"an extensible match":             {"user_filter", func(o *ldap.Options) { o.UserFilter = "(uid:caseExactMatch:={login})" }},
		"a template that is no DN":        {"user_dn", func(o *ldap.Options) { o.UserDN = "{login}@corp.example" }},
		"a template without the login":    {"user_dn", func(o *ldap.Options) { o.UserDN = "uid=ann,dc=example" }},
		"a template of a login alone":     {"user_dn", func(o *ldap.Options) { o.UserDN = "uid={login}" }},
		"an unknown type":                 {"attributes", func(o *ldap.Options) { o.Attributes = []ldap.Attribute{{From: "x", Type: "date"}} }},
		"an attribute without a name":     {"attributes", func(o *ldap.Options) { o.Attributes = []ldap.Attribute{{Name: "x"}} }},
		"an unknown way to nested groups": {"groups.nested", func(o *ldap.Options) { o.Groups.Nested = "deep" }},
		"a group filter without a base":   {"groups.base_dn", func(o *ldap.Options) { o.Groups.BaseDN = "" }},
		"a group base that is no DN":      {"groups.base_dn", func(o *ldap.Options) { o.Groups.BaseDN = "groups" }},
		"a group filter without a person": {"groups.filter", func(o *ldap.Options) { o.Groups.Filter = "(cn=staff)" }},
		"a CA file that is not there":     {"ca_file", func(o *ldap.Options) { o.CAFile = empty + ".x" }},
		"a CA file without a certificate": {"ca_file", func(o *ldap.Options) { o.CAFile = empty }},
		"a negative size":                 {"pool_size", func(o *ldap.Options) { o.PoolSize = -1 }},
	} {
		o := options()
		c.change(&o)
		var e *idp.Error
		if _, err := ldap.Open(o); !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != c.field || strings.Contains(e.Error(), servicePwd) {
			t.Errorf("%s: %v, want a fault of %s", name, err, c.field)
		}
	}
}

func TestOpenDoesNotConnect(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *ldap.Options) { o.URLs = []string{"ldap://ldap.invalid"}; o.StartTLS = true })
	if i := d.Info(); i.ID != "corp" || i.Kind != "ldap" {
		t.Errorf("info = %+v", i)
	}
}
