package ldap_test

import (
	"testing"

	"cloudsso/userdir"
	"cloudsso/userdir/ldap"
	"cloudsso/userdir/userdirtest"
)

func TestSuite(t *testing.T) {
	for name, change := range map[string]func(*ldap.Options){
		"LDAPS":    func(*ldap.Options) {},
		"StartTLS": func(o *ldap.Options) { o.URLs, o.StartTLS = []string{"ldap://" + shared.Plain}, true },
		"loopback": func(o *ldap.Options) { o.URLs, o.CAFile = []string{"ldap://" + shared.Plain}, "" },
	} {
		t.Run(name, func(t *testing.T) {
			userdirtest.Run(t, func(t *testing.T, _ []userdirtest.Person, passwords *userdir.Passwords) userdir.Directory {
				return open(t, func(o *ldap.Options) {
					o.Passwords = passwords
					change(o)
				})
			})
		})
	}
}
