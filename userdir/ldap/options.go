package ldap

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// ActiveDirectory is the Preset for Microsoft Active Directory.
const ActiveDirectory = "active_directory"

// Options describe one directory. The defaults in brackets are those of the
// [ActiveDirectory] preset, where they differ.
type Options struct {
	ID     string   // of the directory
	Preset string   // "" or ActiveDirectory
	URLs   []string // ldap://host:389, ldaps://host:636; asked in this order

	StartTLS bool   // for ldap:// URLs
	CAFile   string // PEM; default: the system's authorities

	BindDN       string // service account; empty: anonymous
	BindPassword idp.Secret

	BaseDN     string // people are below
	UserFilter string // {login} is what was typed; default (&(objectClass=person)(|(uid={login})(mail={login})))
	UserDN     string // "uid={login},ou=people,dc=example,dc=com": bind as this DN at once instead of searching first

	IDAttribute    string // stable id; default entryUUID [objectGUID]
	LoginAttribute string // user name; default uid [sAMAccountName]
	EmailAttribute string // default mail

	// Attributes to take. None: everything but passwords, under the server's names.
	Attributes []Attribute
	Groups     Groups

	DisabledAttribute string   // with one of DisabledValues, the account is disabled
	DisabledValues    []string // case does not matter; default TRUE

	// LockoutDuration is how long lockoutTime and pwdAccountLockedTime lock an account;
	// default 30 minutes. A server that computes the state itself (AD) is believed instead.
	LockoutDuration time.Duration
	// RevealLocked tells people that their account is locked even where the server says so
	// without looking at the password (AD 775, ppolicy): it also tells strangers that it exists.
	RevealLocked bool

	PageSize       int           // groups asked for at once (RFC 2696); default 500
	PoolSize       int           // connections of the service account, and as many of people signing in; default 8
	ConnectTimeout time.Duration // of one server, TLS included; default 1 s
	Timeout        time.Duration // of one request; default 2 s

	Passwords *userdir.Passwords // nil: the process's own
	Now       func() time.Time   // default time.Now
}

// Attribute is one attribute to take.
type Attribute struct {
	From string // the server's name
	Name string // ours; default From
	Type string // text (default), number, boolean, json, binary (base64), guid, time, filetime
}

// Groups say how the groups of a person are found; both ways may be used together.
type Groups struct {
	MemberOf string // attribute of the person with the DNs of groups [memberOf]

	BaseDN string // groups are below; what MemberOf names elsewhere is left out if this is set
	Filter string // {dn} and {login} are the person's, such as (&(objectClass=groupOfNames)(member={dn}))

	Nested   string // "" (direct groups only), "walk", or "matching_rule": AD's own, with a default Filter [matching_rule if BaseDN is set]
	MaxDepth int    // of a walk; default 8

	NameAttribute string // of the group; default: the value of the first RDN. "dn" gives whole DNs
}

// matchingRule is LDAP_MATCHING_RULE_IN_CHAIN ([MS-ADTS] 3.1.1.3.4.4.3).
const matchingRule = "1.2.840.113556.1.4.1941"

func (o *Options) complete() {
	if o.Preset == ActiveDirectory {
		setDefault(&o.UserFilter, "(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={login})(userPrincipalName={login})(mail={login})))")
		setDefault(&o.IDAttribute, "objectGUID")
		setDefault(&o.LoginAttribute, "sAMAccountName")
		if o.Groups.BaseDN != "" && o.Groups.Filter == "" && o.Groups.MemberOf == "" {
			setDefault(&o.Groups.Nested, "matching_rule")
		}
		if o.Groups.Nested != "matching_rule" && o.Groups.Filter == "" {
			setDefault(&o.Groups.MemberOf, "memberOf")
		}
	}
	if o.Groups.Nested == "matching_rule" {
		setDefault(&o.Groups.Filter, "(&(objectClass=group)(member:"+matchingRule+":={dn}))")
	}
	setDefault(&o.UserFilter, "(&(objectClass=person)(|(uid={login})(mail={login})))")
	setDefault(&o.IDAttribute, "entryUUID")
	setDefault(&o.LoginAttribute, "uid")
	setDefault(&o.EmailAttribute, "mail")
	setDefault(&o.Groups.MaxDepth, 8)
	setDefault(&o.LockoutDuration, 30*time.Minute)
	setDefault(&o.PageSize, 500)
	setDefault(&o.PoolSize, 8)
	setDefault(&o.ConnectTimeout, time.Second)
	setDefault(&o.Timeout, 2*time.Second)
	if len(o.DisabledValues) == 0 {
		o.DisabledValues = []string{"TRUE"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// bad is a fault of the configuration; the field has the name it has in a file.
func bad(field, format string, args ...any) error {
	return idp.Errorf(idp.Invalid, format, args...).On(field)
}

func (o *Options) check() error {
	switch {
	case o.ID == "":
		return bad("id", "A directory needs an id: people's subjects hang on it.")
	case o.Preset != "" && o.Preset != ActiveDirectory:
		return bad("preset", "The preset %q is unknown: leave it out or use %s.", o.Preset, ActiveDirectory)
	case len(o.URLs) == 0:
		return bad("urls", "At least one server is needed, such as ldaps://ldap.example.com.")
	case o.BindDN != "" && o.BindPassword == "":
		// RFC 4513 §5.1.2: a name without a password is an anonymous bind that looks like a real one.
		return bad("bind_password", "The service account %q has no password.", o.BindDN)
	case o.PageSize < 0 || o.PoolSize < 0 || o.Timeout < 0 || o.ConnectTimeout < 0 || o.Groups.MaxDepth < 0 || o.LockoutDuration < 0:
		return bad("pool_size", "Sizes, depths and times must not be negative.")
	}
	if _, err := goldap.ParseDN(o.BaseDN); err != nil || o.BaseDN == "" {
		return bad("base_dn", "The base DN %q is not a distinguished name, such as ou=people,dc=example,dc=com.", o.BaseDN)
	}
	if err := o.checkUsers(); err != nil {
		return err
	}
	if err := o.checkGroups(); err != nil {
		return err
	}
	for _, a := range o.Attributes {
		if _, known := converters[a.Type]; !known || a.From == "" {
			return bad("attributes", "The attribute %q cannot be taken as %q: a row needs from, and a type out of text, number, boolean, json, binary, guid, time and filetime.", a.From, a.Type)
		}
	}
	return nil
}

func (o *Options) checkUsers() error {
	if _, err := goldap.CompileFilter(fill(o.UserFilter, "{login}", "x")); err != nil || !strings.Contains(o.UserFilter, "{login}") {
		return bad("user_filter", "The filter %q is not an LDAP filter that contains {login}.", o.UserFilter)
	}
	if strings.Contains(o.UserFilter, ":={login}") {
		return bad("user_filter", "The filter %q has {login} in an extensible match, which cannot be used to find people by their id as well.", o.UserFilter)
	}
	if o.UserDN == "" {
		return nil
	}
	// Attack: "{login}@corp.example" binds as whoever has that userPrincipalName, and the
	// filter may then find somebody else. Decision: only a DN, which names one entry.
	dn, err := goldap.ParseDN(fill(o.UserDN, "{login}", "x"))
	if err != nil || !strings.Contains(o.UserDN, "={login}") || len(dn.RDNs) < 2 {
		return bad("user_dn", "The template %q is not a distinguished name that contains {login} as a whole value, such as uid={login},ou=people,dc=example,dc=com.", o.UserDN)
	}
	return nil
}

func (o *Options) checkGroups() error {
	g := o.Groups
	if g.Nested != "" && g.Nested != "walk" && g.Nested != "matching_rule" {
		return bad("groups.nested", "The way %q to find nested groups is unknown: leave it out or use walk or matching_rule.", g.Nested)
	}
	if _, err := goldap.ParseDN(g.BaseDN); err != nil || g.Filter != "" && g.BaseDN == "" {
		return bad("groups.base_dn", "Searching for groups needs a distinguished name to search below, not %q.", g.BaseDN)
	}
	if g.Filter == "" {
		return nil
	}
	if _, err := goldap.CompileFilter(fill(g.Filter, "{dn}", "x", "{login}", "x")); err != nil || !strings.Contains(g.Filter, "{dn}") && !strings.Contains(g.Filter, "{login}") {
		return bad("groups.filter", "The filter %q is not an LDAP filter that contains {dn} or {login}.", g.Filter)
	}
	return nil
}

// fill puts values into a template in one pass, so that a value never becomes a placeholder.
func fill(template string, oldnew ...string) string {
	return strings.NewReplacer(oldnew...).Replace(template)
}

// servers reads the URLs and the authorities.
func (o *Options) servers() ([]*server, error) {
	roots, err := o.roots()
	if err != nil {
		return nil, err
	}
	var out []*server
	for _, raw := range o.URLs {
		u, err := url.Parse(raw)
		if err != nil || u.Hostname() == "" || u.Scheme != "ldap" && u.Scheme != "ldaps" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return nil, bad("urls", "The server %q is not ldaps://host:port or ldap://host:port.", raw)
		}
		s := &server{name: u.Host, tls: &tls.Config{ServerName: u.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12}, secure: u.Scheme == "ldaps"}
		s.startTLS = o.StartTLS && !s.secure
		if !s.secure && !s.startTLS && !loopback(u.Hostname()) {
			return nil, bad("urls", "The server %q would be sent passwords in clear text: use ldaps:// or set start_tls.", raw)
		}
		port := u.Port()
		if port == "" {
			port = map[bool]string{false: goldap.DefaultLdapPort, true: goldap.DefaultLdapsPort}[s.secure]
		}
		s.address = net.JoinHostPort(u.Hostname(), port)
		out = append(out, s)
	}
	return out, nil
}

func (o *Options) roots() (*x509.CertPool, error) {
	if o.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, idp.Errorf(idp.Invalid, "The file %s with the authorities cannot be read.", o.CAFile).On("ca_file").Because(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, bad("ca_file", "The file %s has no certificate in PEM form.", o.CAFile)
	}
	return roots, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
