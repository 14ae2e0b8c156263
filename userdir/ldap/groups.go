package ldap

import (
	"context"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/userdir"
)

// group is one group: its DN and its name.
type group struct{ dn, name string }

// groups returns the names of a person's groups, direct ones first.
func (d *Directory) groups(ctx context.Context, c *conn, e entry, login string) (names []string, err error) {
	if d.o.Groups.MemberOf == "" && d.o.Groups.Filter == "" {
		return nil, nil
	}
	seen := make(map[string]bool) // by DN: a cycle ends where it began
	level, err := d.direct(ctx, c, e.dn, login, e.values(d.o.Groups.MemberOf))
	for depth := 0; err == nil && len(level) > 0; depth++ {
		var next []group
		for _, g := range level {
			if key := foldDN(g.dn); !seen[key] {
				seen[key] = true
				next = append(next, g)
				names = append(names, g.name)
			}
		}
		if len(names) > maxGroups {
			return nil, userdir.Malformed(d.o.ID, "groups", "somebody is in more than %d groups", maxGroups)
		}
		if d.o.Groups.Nested != "walk" || depth >= d.o.Groups.MaxDepth {
			return names, nil
		}
		level, err = d.above(ctx, c, next)
	}
	return names, err
}

// direct returns the groups that one DN is a member of.
func (d *Directory) direct(ctx context.Context, c *conn, dn, login string, memberOf [][]byte) (out []group, err error) {
	for _, v := range memberOf {
		g, ok, err := d.named(string(v))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, g)
		}
	}
	if d.o.Groups.Filter == "" {
		return out, nil
	}
	found, err := d.searchGroups(ctx, c, fill(d.o.Groups.Filter, "{dn}", goldap.EscapeFilter(dn), "{login}", goldap.EscapeFilter(login)))
	return append(out, found...), err
}

// above returns the groups that groups are members of: by their own memberOf, or with one
// search for up to 50 of them.
func (d *Directory) above(ctx context.Context, c *conn, groups []group) (out []group, err error) {
	if d.o.Groups.MemberOf != "" {
		for _, g := range groups {
			more, err := d.aboveOne(ctx, c, g)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	if !strings.Contains(d.o.Groups.Filter, "{dn}") {
		return out, nil
	}
	for len(groups) > 0 {
		some := groups[:min(50, len(groups))]
		groups = groups[len(some):]
		var filter strings.Builder
		for _, g := range some {
			// No group has a login; \00 in its place matches none.
			filter.WriteString(fill(d.o.Groups.Filter, "{dn}", goldap.EscapeFilter(g.dn), "{login}", `\00`))
		}
		found, err := d.searchGroups(ctx, c, "(|"+filter.String()+")")
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (d *Directory) aboveOne(ctx context.Context, c *conn, g group) ([]group, error) {
	found, _, err := d.search(ctx, c, &goldap.SearchRequest{
		BaseDN: g.dn, Scope: goldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: []string{d.o.Groups.MemberOf},
	})
	if goldap.IsErrorWithCode(err, goldap.LDAPResultNoSuchObject) || err == nil && len(found) == 0 {
		return nil, nil // of another domain, or not to be read by us
	}
	if err != nil {
		return nil, err
	}
	if err := d.whole(ctx, c, found[0]); err != nil {
		return nil, err
	}
	var out []group
	for _, v := range found[0].values(d.o.Groups.MemberOf) {
		above, ok, err := d.named(string(v))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, above)
		}
	}
	return out, nil
}

// named is a group that memberOf names. Attack: somebody who may make groups somewhere
// in the tree makes one of the name of an important one. Decision: groups outside
// Groups.BaseDN do not count.
func (d *Directory) named(dn string) (g group, ok bool, err error) {
	parsed, err := goldap.ParseDN(dn)
	if err != nil || len(parsed.RDNs) == 0 {
		return group{}, false, userdir.Malformed(d.o.ID, d.o.Groups.MemberOf, "%s names what is no distinguished name", d.o.Groups.MemberOf)
	}
	if d.o.Groups.BaseDN != "" {
		base, err := goldap.ParseDN(d.o.Groups.BaseDN)
		if err != nil || !base.AncestorOfFold(parsed) {
			return group{}, false, err
		}
	}
	if strings.EqualFold(d.o.Groups.NameAttribute, "dn") {
		return group{dn, dn}, true, nil
	}
	return group{dn, parsed.RDNs[0].Attributes[0].Value}, true, nil
}

func (d *Directory) searchGroups(ctx context.Context, c *conn, filter string) ([]group, error) {
	name := d.o.Groups.NameAttribute
	asked := name
	if name == "" || strings.EqualFold(name, "dn") {
		asked = "1.1" // no attributes (RFC 4511 §4.5.1.8)
	}
	found, err := d.pages(ctx, c, &goldap.SearchRequest{
		BaseDN: d.o.Groups.BaseDN, Scope: goldap.ScopeWholeSubtree, DerefAliases: goldap.NeverDerefAliases, Filter: filter, Attributes: []string{asked},
	})
	if err != nil {
		return nil, err
	}
	var out []group
	for _, e := range found {
		g, ok, err := d.named(e.dn)
		if err != nil {
			return nil, err
		}
		if value, has := e.first(name); has {
			g.name = value
		}
		if ok {
			out = append(out, g)
		}
	}
	return out, nil
}

func foldDN(dn string) string {
	if parsed, err := goldap.ParseDN(dn); err == nil {
		return strings.ToLower(parsed.String())
	}
	return strings.ToLower(dn)
}
