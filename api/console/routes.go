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
		{"POST /admin/apps/{app}/settings", false, onApp(saveSettings)},
		{"POST /admin/apps/{app}/disable", false, onApp(disableApp)},
		{"POST /admin/apps/{app}/enable", false, onApp(enableApp)},
		{"POST /admin/apps/{app}/delete", true, onApp(deleteApp)},
		{"POST /admin/apps/{app}/secrets", true, onApp(makeSecret)},
		{"POST /admin/apps/{app}/secrets/{secret}/delete", true, onApp(retireSecret)},
		{"POST /admin/apps/{app}/secrets/key", true, onApp(rotateKey)},
		{"POST /admin/apps/{app}/secrets/key/link", true, onApp(linkKey)},
		{"POST /admin/apps/{app}/test", false, onApp(probe)},
		{"GET /admin/events", false, events},
		{"GET /admin/events.jsonl", false, exportEvents},
		{"GET /admin/traces", false, traces},
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
