package console

import (
	"net/http"
	"net/url"
	"slices"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp"
)

// openApp is the app that a page below /admin/apps/{app} is about.
type openApp struct {
	ID       string
	Kind     string // one of presets.Kind…
	Name     string
	Disabled bool
	File     string      // the file that keeps it, "" if people do: nothing can be changed here then
	Version  api.IfMatch // forms send it back, so that nobody overwrites another's change
	view     any         // api.Client, api.ServiceProvider or api.TokenApp
	tab      string      // slug of the tab that is shown
}

// tab is one line of the list: its address below the app's, its name, who may see it at
// this app, and what it shows. What its forms do is in the list of pages (routes.go),
// within [onApp].
type tab struct {
	slug  string
	title string
	may   func(v *visit) bool
	serve func(v *visit) error
}

// tabs is the one list of tabs of an app's page, whatever its kind.
func tabs() []tab {
	return []tab{
		{"handover", "Hand-over", readsApps, handoverTab},
		{"settings", "Settings", readsApps, settingsTab},
		{"mapping", "Mapping", readsApps, mappingTab},
		{"access", "Access", readsApps, accessTab},
		{"secrets", "Secrets", ofKind(presets.KindClient, presets.KindTokenApp), secretsTab},
		{"metadata", "Metadata", ofKind(presets.KindServiceProvider), metadataTab},
		{"test", "Reachability", readsApps, probeTab},
		{"verify", "Test sign-in", readsApps, verifyTab},
		{"lint", "Lint", readsApps, lintTab},
	}
}

// Who may see a tab. Of another's app not even the frame is shown.
func readsApps(v *visit) bool  { _, err := v.actor.AppsReader(); return err == nil }
func writesApps(v *visit) bool { _, err := v.actor.AppsWriter(); return err == nil }
func mayChange(v *visit) bool  { return writesApps(v) && v.app.File == "" }
func ofKind(kinds ...string) func(v *visit) bool {
	return func(v *visit) bool { return readsApps(v) && slices.Contains(kinds, v.app.Kind) }
}

// path is the address of one of the app's tabs, or of something below it.
func (a *openApp) path(tab string) string {
	return "/admin/apps/" + url.PathEscape(a.ID) + "/" + tab
}

// onApp opens the app that the address names, for pages and forms below it. An app that
// the actor may not see is as good as none.
func onApp(serve func(v *visit) error) func(v *visit) error {
	return func(v *visit) error {
		reader, err := v.actor.AppsReader()
		if err != nil {
			return err
		}
		app, err := v.open(reader, v.r.PathValue("app"))
		if err != nil {
			return err
		}
		v.app = app
		return serve(v)
	}
}

func (v *visit) open(reader api.AppsReader, id string) (*openApp, error) {
	ctx := v.r.Context()
	c, err := reader.Client(ctx, id)
	if err == nil {
		return &openApp{ID: id, Kind: presets.KindClient, Name: c.DisplayName(), Disabled: c.Disabled, File: c.ManagedBy.File, Version: c.ETag(), view: c}, nil
	}
	if idp.AsError(err).Code != idp.NotFound {
		return nil, err
	}
	sp, err := reader.ServiceProvider(ctx, id)
	if err == nil {
		return &openApp{ID: id, Kind: presets.KindServiceProvider, Name: sp.Name, Disabled: sp.Disabled, File: sp.ManagedBy.File, Version: sp.ETag(), view: sp}, nil
	}
	if idp.AsError(err).Code != idp.NotFound {
		return nil, err
	}
	t, err := reader.TokenApp(ctx, id)
	if err != nil && idp.AsError(err).Code == idp.NotFound {
		err = idp.Errorf(idp.NotFound, "There is no app %q. Look for it in the list of apps.", id)
	}
	return &openApp{ID: id, Kind: presets.KindTokenApp, Name: t.Name, Disabled: t.Disabled, File: t.ManagedBy.File, Version: t.ETag(), view: t}, err
}

// appPage serves the tab that the address names, or the first that the visitor may see.
func appPage(v *visit) error {
	for _, t := range tabs() {
		if slug := v.r.PathValue("tab"); (slug == "" || slug == t.slug) && t.may(v) {
			v.app.tab = t.slug
			return t.serve(v)
		}
	}
	return errNoPage
}

// appHead is what stands above every tab.
type appHead struct {
	Badges []Cell
	Tabs   []navItem
}

func (v *visit) appHead() *appHead {
	if v.app == nil {
		return nil
	}
	h := &appHead{Badges: []Cell{{Text: kindText(v.app.Kind), Badge: "plain"}}}
	if v.app.Disabled {
		h.Badges = append(h.Badges, Cell{Text: "disabled", Badge: "bad"})
	}
	if v.app.File != "" {
		h.Badges = append(h.Badges, Cell{Text: "kept in the file " + v.app.File, Badge: "plain"})
	}
	for _, t := range tabs() {
		if t.may(v) {
			h.Tabs = append(h.Tabs, navItem{t.title, v.app.path(t.slug), t.slug == v.app.tab})
		}
	}
	return h
}

// showTab shows one of the app's tabs.
func (v *visit) showTab(name string, page any) error {
	v.writeTab(http.StatusOK, name, page)
	return nil
}

// writeTab is showTab for a tab whose form comes back with faults, too.
func (v *visit) writeTab(status int, name string, page any) { v.write(status, name, v.app.Name, page) }

func kindText(kind string) string {
	return map[string]string{
		presets.KindClient: "OpenID Connect / OAuth 2", presets.KindServiceProvider: "SAML", presets.KindTokenApp: "Signed token",
	}[kind]
}
