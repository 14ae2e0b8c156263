package api

import (
	"slices"
	"strings"

	"cloudsso/idp"
)

// Roles of admins and of admin tokens.
const (
	RoleOwner        = "owner"        // everything
	RoleAppAdmin     = "app_admin"    // settings of their own apps
	RoleHelpDesk     = "help_desk"    // helps people to sign in; no apps, no keys
	RoleAuditor      = "auditor"      // reads everything, changes nothing
	RoleRegistration = "registration" // of tokens only: registering clients at the registration endpoint
)

// right is one thing that a role may allow. Each has its handle (handles.go), and only an
// [Actor] whose role has the right can produce that.
type right uint

const (
	readApps right = 1 << iota
	writeApps
	makeApps
	readPeople
	helpPeople
	writePeople
	readKeys
	writeKeys
	readEvents
	readAdmins
	writeAdmins
	register
	everything = register<<1 - 1
)

// role is a name for rights. This table is the one place that says who may do what.
type role struct {
	name   string
	rights right
	own    bool // confined to the apps that are named with it
}

func roles() []role {
	return []role{
		{RoleOwner, everything, false},
		{RoleAppAdmin, readApps | writeApps | readKeys | readEvents, true},
		{RoleHelpDesk, readPeople | helpPeople | readEvents, false},
		{RoleAuditor, readApps | readPeople | readKeys | readEvents | readAdmins, false},
		{RoleRegistration, register, false},
	}
}

func roleOf(name string) (role, bool) {
	for _, r := range roles() {
		if r.name == name {
			return r, true
		}
	}
	return role{name: name}, false
}

// rolesWith names the roles that have a right.
func rolesWith(need right) (names []string) {
	for _, r := range roles() {
		if r.rights&need == need {
			names = append(names, r.name)
		}
	}
	return names
}

// checkRole refuses a role that is none of the names, and apps where they make no sense.
func checkRole(name string, apps []string, names ...string) error {
	r, known := roleOf(name)
	switch {
	case !known || !slices.Contains(names, name):
		return idp.Errorf(idp.Invalid, "The role %q is unknown. Expected one of %s.", name, strings.Join(names, ", ")).On("role")
	case r.own && len(apps) == 0:
		return idp.Errorf(idp.Invalid, "The role %s needs apps: the client_ids and slugs of the apps that it is for.", name).On("apps")
	case !r.own && len(apps) > 0:
		return idp.Errorf(idp.Invalid, "The role %s is not for single apps. Leave apps out, or choose app_admin.", name).On("apps")
	}
	return nil
}

// appSet is what of the apps somebody may see.
type appSet struct {
	confined bool
	apps     []string // sorted
}

func newAppSet(r role, apps []string) appSet {
	sorted := slices.Clone(apps)
	slices.Sort(sorted)
	return appSet{r.own, slices.Compact(sorted)}
}

func (s appSet) has(app string) bool { return !s.confined || slices.Contains(s.apps, app) }
