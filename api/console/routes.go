package console

import (
	"net/http"

	"cloudsso/idp"
)

// page is one line of the list: what a visit of it does. danger pages ask for the password
// again if that was long ago.
type page struct {
	pattern string
	danger  bool
	serve   func(v *visit) error
}

// table is the one list of pages for people who are signed in.
func (c *Console) table() []page {
	return []page{
		{"GET /admin", false, overview},
		{"GET /admin/apps", false, apps},
		{"GET /admin/apps/new", false, newApp},
		{"POST /admin/apps/new", false, addApp},
		{"GET /admin/apps/{app}", false, onApp(appPage)},
		{"GET /admin/apps/{app}/{tab}", false, onApp(appPage)},
		{"POST /admin/apps/{app}/handover", false, onApp(shareHandover)},
		{"POST /admin/apps/{app}/handover/end", false, onApp(endHandoverLinks)},
		{"POST /admin/apps/{app}/settings", false, onApp(saveSettings)},
		{"POST /admin/apps/{app}/mapping", false, onApp(changeMapping)},
		{"POST /admin/apps/{app}/access", false, onApp(changeAccess)},
		{"GET /admin/apps/{app}/people", false, onApp(appPeople)},
		{"GET /admin/apps/{app}/people.csv", false, onApp(appPeopleCSV)},
		{"GET /admin/people/{id}/access", false, personAccess},
		{"POST /admin/apps/{app}/settings/disable", false, onApp(disableApp)},
		{"POST /admin/apps/{app}/settings/enable", false, onApp(enableApp)},
		{"POST /admin/apps/{app}/settings/delete", true, onApp(deleteApp)},
		{"POST /admin/apps/{app}/secrets", true, onApp(makeSecret)},
		{"POST /admin/apps/{app}/secrets/{secret}/delete", true, onApp(retireSecret)},
		{"POST /admin/apps/{app}/secrets/key", true, onApp(rotateSharedKey)},
		{"POST /admin/apps/{app}/secrets/key/link", true, onApp(linkSharedKey)},
		{"POST /admin/apps/{app}/metadata", false, onApp(replaceMetadata)},
		{"POST /admin/apps/{app}/metadata/refresh", false, onApp(refreshMetadata)},
		{"POST /admin/apps/{app}/test", false, onApp(probe)},
		{"POST /admin/apps/{app}/verify", true, onApp(startVerify)},
		{"GET /admin/apps/{app}/verify/continue", false, onApp(continueVerify)},
		{"GET /admin/apps/{app}/verify/{support}", false, onApp(verification)},
		{"GET /admin/events", false, events},
		{"GET /admin/events.jsonl", false, exportEvents},
		{"GET /admin/traces", false, traces},
		{"GET /admin/people", false, people},
		{"GET /admin/people/new", false, newPerson},
		{"POST /admin/people/new", false, addPerson},
		{"GET /admin/people/{id}", false, person},
		{"POST /admin/people/{id}", false, changePerson},
		{"POST /admin/people/{id}/disable", false, setDisabled(true, "disabled")},
		{"POST /admin/people/{id}/enable", false, setDisabled(false, "enabled")},
		{"POST /admin/people/{id}/unlock", false, help("unlocked", unlock)},
		{"POST /admin/people/{id}/end-sessions", false, help("ended", endSessions)},
		{"POST /admin/people/{id}/end-session", false, help("ended", endSession)},
		{"POST /admin/people/{id}/revoke", false, help("revoked", revoke)},
		{"POST /admin/people/{id}/forget", false, help("revoked", forget)},
		{"POST /admin/people/{id}/link", true, link},
		{"POST /admin/people/{id}/password", true, setPassword},
		{"POST /admin/people/{id}/merge", true, mergePeople},
		{"POST /admin/people/{id}/move", true, movePerson},
		{"POST /admin/people/{id}/delete", true, deletePerson},
		{"GET /admin/users/{id}", false, user},
		{"GET /admin/groups", false, groups},
		{"POST /admin/groups", false, addGroup},
		{"GET /admin/groups/{name}", false, group},
		{"POST /admin/groups/{name}", false, changeGroup},
		{"POST /admin/groups/{name}/add", false, addMember},
		{"POST /admin/groups/{name}/remove", false, removeMember},
		{"POST /admin/groups/{name}/delete", true, deleteGroup},
		{"GET /admin/keys", false, keyBoard},
		{"POST /admin/keys", true, rotateKey},
		{"GET /admin/keys/{kid}", false, oneKey},
		{"GET /admin/keys/{kid}/certificate.pem", false, keyPEM},
		{"POST /admin/keys/{kid}/activate", true, keyStep("activated", activateKey)},
		{"POST /admin/keys/{kid}/retire", true, keyStep("retired", retireKey)},
		{"POST /admin/keys/{kid}/deactivate", true, keyStep("deactivated", deactivateKey)},
		{"POST /admin/keys/{kid}/publish", true, keyStep("published", publishKey)},
		{"GET /admin/rollovers/{app}", false, rollover},
		{"GET /admin/deliveries", false, deliveries},
		{"GET /admin/admins", false, admins},
		{"POST /admin/admins", true, addAdmin},
		{"GET /admin/admins/{id}", false, admin},
		{"POST /admin/admins/{id}", true, changeAdmin},
		{"POST /admin/admins/{id}/delete", true, deleteAdmin},
		{"GET /admin/tokens", false, tokens},
		{"POST /admin/tokens", true, addToken},
		{"POST /admin/tokens/{id}/delete", true, deleteToken},
	}
}

func (c *Console) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, p := range c.table() {
		mux.HandleFunc(p.pattern, func(w http.ResponseWriter, r *http.Request) { c.visit(w, r, p) })
	}
	mux.HandleFunc("GET /admin/continue", c.resume)
	mux.HandleFunc("GET /admin/setup", c.setUp)
	mux.HandleFunc("POST /admin/setup", c.setUpPost)
	mux.HandleFunc("GET /admin/assets/{name}", c.asset)
	mux.HandleFunc("/admin/", func(w http.ResponseWriter, r *http.Request) {
		c.visit(w, r, page{serve: func(*visit) error { return errNoPage }})
	})
	return mux
}

var errNoPage = idp.Errorf(idp.NotFound, "There is no page at this address. Please check the link.")
