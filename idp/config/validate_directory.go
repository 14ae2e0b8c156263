package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// partsOf says which keys a directory has beside those that all have.
var partsOf = map[string][]string{
	KindLocal: {"migrate_from"}, KindFile: {"path"}, KindLDAP: {KindLDAP, "guard"}, KindHTTP: {KindHTTP, "guard"}, KindIMIS: {KindIMIS, "guard"}, KindSQL: {KindSQL, "guard"},
}

func (v *validator) checkDirectories() {
	seen, locals := map[string]bool{}, 0
	for i, d := range v.Directories {
		key := fmt.Sprintf("directories[%d]", i)
		switch {
		case !directoryID.MatchString(d.ID):
			v.fault(key, "id: expected 1 to 32 lower-case letters, digits and dashes.")
		case seen[d.ID]:
			v.fault(key, "id: another directory is called %s too.", d.ID)
		case d.Kind == "":
			v.fault(key, "kind is missing. Expected one of local, file, ldap, http, imis, sql.")
		default:
			v.checkParts(key, d)
			v.checkBlocks(key, d)
			v.checkMigration(key, i, d)
			v.open(key, d)
		}
		seen[d.ID] = true
		if d.Kind == KindLocal {
			locals++
		}
		if locals > 1 {
			v.fault(key, "There is one set of built-in users, so one directory of kind local.")
			locals = 1
		}
	}
}

// checkParts holds that a directory has the parts of its kind and no others.
func (v *validator) checkParts(key string, d Directory) {
	parts := d.blocks()
	for _, part := range []string{"path", KindLDAP, KindHTTP, KindIMIS, KindSQL, "migrate_from", "guard"} {
		wanted := slices.Contains(partsOf[d.Kind], part)
		switch {
		case parts[part] && !wanted:
			v.fault(key, "%s: a directory of kind %s has none.", part, d.Kind)
		case !parts[part] && wanted && part == "path":
			v.fault(key, "path is missing. A directory of kind file needs the path of its YAML or CSV file.")
		case !parts[part] && wanted && part != "guard" && part != "migrate_from":
			v.fault(key, "%s is missing. A directory of kind %s needs a block of that name.", part, d.Kind)
		}
	}
}

func (v *validator) checkBlocks(key string, d Directory) {
	if l := d.LDAP; l != nil {
		v.checkNumbers(key+".ldap", *l)
		v.checkNumbers(key+".ldap.groups", l.Groups)
		v.checkURLs(key+".ldap.urls", l.StartTLS, l.URLs...)
		v.checkPair(key+".ldap", "bind_dn", l.BindDN, "bind_password", string(l.BindPassword))
	}
	if h := d.HTTP; h != nil {
		v.checkURLs(key+".http.verify_url", false, h.VerifyURL)
		v.checkURLs(key+".http.profile_url", false, h.ProfileURL)
		v.checkPair(key+".http", "username", h.Username, "password", string(h.Password))
		if h.Bearer != "" && h.Username != "" {
			v.fault(key+".http", "bearer and username are both here. Keep one of them.")
		}
	}
	if m := d.IMIS; m != nil {
		v.checkURLs(key+".imis.base_url", false, m.BaseURL)
		v.checkPair(key+".imis", "id_column", m.IDColumn, "id_query", m.IDQuery)
	}
	if q := d.SQL; q != nil {
		v.checkNumbers(key+".sql", *q)
		v.checkPair(key+".sql", "id_column", q.IDColumn, "id_query", q.IDQuery)
	}
	if g := d.Guard; g != nil {
		v.checkNumbers(key+".guard", *g)
	}
}

// checkMigration: people who are asked for here first must be found there only after that.
func (v *validator) checkMigration(key string, at int, d Directory) {
	if d.MigrateFrom == "" {
		return
	}
	i := slices.IndexFunc(v.Directories, func(o Directory) bool { return o.ID == d.MigrateFrom })
	switch {
	case i < 0:
		v.fault(key, "migrate_from: there is no directory %s.", d.MigrateFrom)
	case i <= at:
		v.fault(key, "migrate_from: the directory %s must stand below this one, so that whoever was copied is found here.", d.MigrateFrom)
	case len(v.Directories[i].Domains) > 0:
		v.fault(key, "migrate_from: the directory %s has domains, so that nobody with one of them would be found here. Take its domains away.", d.MigrateFrom)
	}
}

// open lets whoever knows the kind look at the directory, once nothing else is wrong with it.
func (v *validator) open(key string, d Directory) {
	if v.directory == nil || v.dataOnly || slices.ContainsFunc(v.faults, func(f Fault) bool { return strings.HasPrefix(f.Key, key) }) {
		return
	}
	field, problem := v.directory(d)
	if problem == "" {
		return
	}
	at := key + "." + field
	for place := at; place != ""; place = place[:max(strings.LastIndex(place, "."), 0)] {
		if v.where[place] != "" { // of the key, or of the block that should have it
			v.faults = append(v.faults, Fault{Where: v.where[place], Key: at, Problem: problem})
			return
		}
	}
	v.fault(at, "%s", problem)
}

// checkPair holds that two keys are there together or not at all.
func (v *validator) checkPair(block, a, valueA, b, valueB string) {
	switch {
	case valueA != "" && valueB == "":
		v.fault(block, "%s is here without %s. Set both or neither.", a, b)
	case valueA == "" && valueB != "":
		v.fault(block, "%s is here without %s. Set both or neither.", b, a)
	}
}

// checkNumbers holds that sizes and times that were given are above zero.
func (v *validator) checkNumbers(block string, of any) {
	values := reflect.ValueOf(of)
	for i, f := range members(values.Type()) {
		given := v.given(block + "." + f.key)
		if number := f.typ.Kind() == reflect.Int || f.typ == typeDuration; number && given && values.Field(i).Int() <= 0 {
			v.fault(block+"."+f.key, "Expected more than zero.")
		}
	}
}

// checkURLs never repeats a value: somebody may have put a password into it.
func (v *validator) checkURLs(key string, startTLS bool, urls ...string) {
	for _, raw := range urls {
		u, err := url.Parse(raw)
		schemes := []string{"https", "http"}
		if strings.HasSuffix(key, ".urls") {
			schemes = []string{"ldaps", "ldap"}
		}
		switch {
		case raw == "": // missing is said already
		case err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "" || u.User != nil || u.Fragment != "":
			v.fault(key, "Expected %s://, a host, and no user name.", schemes[0])
		case u.Scheme == schemes[1] && !startTLS && !thisMachine(u.Hostname()):
			v.fault(key, "Passwords would go there in clear text. Expected %s://.", schemes[0])
		}
	}
}

func thisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
