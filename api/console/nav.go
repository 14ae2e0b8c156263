package console

import "strings"

// navItem is one line of the navigation: only what the actor may see is there.
type navItem struct {
	Text    string
	Path    string
	Current bool
}

func (v *visit) nav() (items []navItem) {
	add := func(text, path string, err error) {
		if err == nil {
			current := v.r.URL.Path == path || path != "/admin" && strings.HasPrefix(v.r.URL.Path, path+"/")
			items = append(items, navItem{text, path, current})
		}
	}
	_, readsApps := v.actor.AppsReader()
	_, readsPeople := v.actor.PeopleReader()
	_, readsKeys := v.actor.KeysReader()
	_, readsEvents := v.actor.EventsReader()
	_, readsAdmins := v.actor.AdminsReader()
	add("Overview", "/admin", nil)
	add("Apps", "/admin/apps", readsApps)
	add("People", "/admin/people", readsPeople)
	add("Groups", "/admin/groups", readsPeople)
	add("Keys", "/admin/keys", readsKeys)
	add("Events", "/admin/events", readsEvents)
	add("Sign-out deliveries", "/admin/deliveries", readsEvents)
	add("Traces", "/admin/traces", readsEvents)
	add("Admins", "/admin/admins", readsAdmins)
	add("API tokens", "/admin/tokens", readsAdmins)
	return items
}
