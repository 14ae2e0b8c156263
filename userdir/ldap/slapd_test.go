package ldap_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/userdir/ldap"
	"cloudsso/userdir/ldap/slapdtest"
	"cloudsso/userdir/userdirtest"
)

const (
	base       = "dc=example,dc=com"
	people     = "ou=people," + base
	groupBase  = "ou=groups," + base
	serviceDN  = "cn=service," + base
	servicePwd = "the service's password"
	manyGroups = 57
)

// shared is the one server that tests which only read use.
var shared *slapdtest.Server

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "slapd")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if shared, err = slapdtest.Start(slapdtest.Options{Dir: dir, Base: base, Schema: schema, Config: rules, LDIF: tree()}); err != nil {
			fmt.Fprintln(os.Stderr, "slapd is needed for these tests (Debian package slapd):", err)
			return 1
		}
		defer shared.Stop()
		return m.Run()
	}())
}

const schema = `
attributetype ( 1.3.6.1.4.1.4203.666.1.90 NAME 'csMember' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 )
attributetype ( 1.3.6.1.4.1.4203.666.1.91 NAME 'csLevel' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.92 NAME 'csAccess' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.93 NAME 'csAddress' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.94 NAME 'csState' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.95 NAME 'csGroup' SUP distinguishedName )
objectclass ( 1.3.6.1.4.1.4203.666.3.90 NAME 'csPerson' SUP top AUXILIARY MAY ( csMember $ csLevel $ csAccess $ csAddress $ csState $ csGroup ) )
`

const rules = `limits dn.exact="` + serviceDN + `" size.soft=20 size.hard=20 size.pr=20 size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="` + serviceDN + `" read by self read by * none
overlay ppolicy
ppolicy_use_lockout`

type ldif struct{ slapdtest.Entries }

func tree() string {
	var l ldif
	l.Add(base, "objectClass: dcObject", "objectClass: organization", "o: Example", "dc: example")
	l.Add(people, "objectClass: organizationalUnit", "ou: people")
	l.Add(groupBase, "objectClass: organizationalUnit", "ou: groups")
	l.Add(serviceDN, "objectClass: organizationalRole", "objectClass: simpleSecurityObject", "cn: service", "userPassword: "+servicePwd)
	l.Add("cn=policy,"+base, "objectClass: pwdPolicy", "objectClass: device", "cn: policy", "pwdAttribute: userPassword", "pwdLockout: TRUE", "pwdMaxFailure: 3", "pwdMustChange: TRUE")
	l.Add("cn=old,"+base, "objectClass: pwdPolicy", "objectClass: device", "cn: old", "pwdAttribute: userPassword", "pwdMaxAge: 60")
	for _, p := range userdirtest.People() {
		l.person(p)
	}
	l.Add("cn=staff,"+groupBase, "objectClass: groupOfNames", "cn: staff", "member: "+dnOf("ann"))
	l.Add("cn=editors,"+groupBase, "objectClass: groupOfNames", "cn: editors", "member: "+dnOf("ann"))
	special(&l)
	return l.String()
}

// dnOf is where a person of the suite is: by user name, which RFC 4514 lets stand as it is here.
func dnOf(uid string) string { return "uid=" + uid + "," + people }

func (l *ldif) person(p userdirtest.Person, more ...string) {
	rows := []string{"objectClass: inetOrgPerson", "objectClass: csPerson", "uid: " + p.Username, "cn: " + p.Username, "sn: Test", "mail: " + p.Email, "employeeNumber: " + p.ID}
	if p.Password != "" {
		rows = append(rows, "userPassword: "+p.Password)
	}
	if p.Disabled {
		rows = append(rows, "csState: Disabled")
	}
	for name, values := range p.Attributes {
		from := map[string]string{"given_name": "givenName", "member": "csMember", "level": "csLevel", "df_access": "csAccess", "address": "csAddress"}[name]
		for _, v := range values {
			text := idp.Text(v)
			switch v := v.(type) {
			case bool:
				text = strings.ToUpper(text)
			case map[string]any:
				b, err := json.Marshal(v)
				if err != nil {
					panic(err)
				}
				text = string(b)
			}
			if from != "" {
				rows = append(rows, from+": "+text)
			}
		}
	}
	l.Add(dnOf(p.Username), append(rows, more...)...)
}

// special are the people and groups of single tests.
func special(l *ldif) {
	add := func(id, name string, more ...string) {
		l.person(userdirtest.Person{ID: id, Username: name, Email: name + "@special.example", Password: name + "'s password"}, more...)
	}
	add("20", "nina")
	for n, members := range map[string]string{"inner": dnOf("nina"), "middle": "cn=inner," + groupBase, "outer": "cn=middle," + groupBase} {
		rows := []string{"objectClass: groupOfNames", "cn: " + n, "member: " + members}
		if n == "inner" {
			rows = append(rows, "member: cn=outer,"+groupBase) // a cycle
		}
		l.Add("cn="+n+","+groupBase, rows...)
	}
	add("21", "mona", "csGroup: cn=outer,"+groupBase, "csGroup: cn=admins,ou=self-service,"+base)
	add("22", "many")
	for i := range manyGroups {
		l.Add(fmt.Sprintf("cn=many%02d,%s", i, groupBase), "objectClass: groupOfNames", fmt.Sprintf("cn: many%02d", i), "member: "+dnOf("many"))
	}
	add("23", "olga", "pwdPolicySubentry: cn=old,"+base, "pwdChangedTime: 20200101000000Z")
	add("24", "lars", "pwdAccountLockedTime: 000001010000Z", "pwdPolicySubentry: cn=policy,"+base)
	add("25", "rita", "pwdReset: TRUE", "pwdPolicySubentry: cn=policy,"+base)
	add("26", "guesses", "pwdPolicySubentry: cn=policy,"+base)
	add("27", "bad", "csLevel: not a number")
	add("28", "photo", "jpegPhoto: \xff\xd8\xff\x00")
	add("29", "twice", "employeeNumber: 30")
	// Names that are syntax in a DN.
	l.Add(`uid=o\2c hara\2bx \22q\22 \3c\3e\3b\5c\23,`+people, "objectClass: inetOrgPerson", "objectClass: csPerson", "uid: "+odd, "cn: x", "sn: x", "employeeNumber: 40", "userPassword: odd's password")
}

const odd = `o, hara+x "q" <>;\#`

// options are those of the suite; tests change what they are about.
func options() ldap.Options {
	return ldap.Options{
		ID: "corp", URLs: []string{"ldaps://" + shared.TLS}, CAFile: shared.CA, BindDN: serviceDN, BindPassword: servicePwd, BaseDN: people,
		IDAttribute: "employeeNumber", DisabledAttribute: "csState", DisabledValues: []string{"disabled"},
		Attributes: []ldap.Attribute{
			{From: "givenName", Name: "given_name"}, {From: "csMember", Name: "member", Type: "boolean"}, {From: "csLevel", Name: "level", Type: "number"},
			{From: "csAccess", Name: "df_access"}, {From: "csAddress", Name: "address", Type: "json"}, {From: "givenName", Name: "urn:oid:2.5.4.42"},
		},
		Groups: ldap.Groups{BaseDN: groupBase, Filter: "(&(objectClass=groupOfNames)(member={dn}))"}, PageSize: 20,
	}
}

func open(t testing.TB, change func(*ldap.Options)) *ldap.Directory {
	t.Helper()
	o := options()
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
