package console_test

import (
	"net/http"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
)

// shop is a world with an app of each kind and one person of each role; anton looks after
// the client, and bella after the service provider.
func shop(t *testing.T) (w *world, client api.Client, sp api.ServiceProvider) {
	t.Helper()
	w = newWorld(t)
	client, err := w.Owner.CreateClient(t.Context(), api.NewClient{ClientID: "wiki", ClientMetadata: idp.ClientMetadata{
		ClientName: "Wiki <script>alert(1)</script>", RedirectURIs: []string{"https://wiki.example/cb"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	sp, err = w.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{
		App: "crm", EntityID: "urn:example:crm", ACS: []api.ACSEndpoint{{Location: "https://crm.example/acs", Index: -1}},
		ServiceProviderSettings: api.ServiceProviderSettings{Name: "Customers"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.hire("olga", api.RoleOwner)
	w.hire("anton", api.RoleAppAdmin, "wiki")
	w.hire("bella", api.RoleAppAdmin, "crm")
	w.hire("hans", api.RoleHelpDesk)
	w.hire("rita", api.RoleAuditor)
	return w, client, sp
}

func TestAnAppHasATabForWhoeverMayReadIt(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	for person, want := range map[string]struct{ wiki, crm int }{
		"olga": {200, 200}, "anton": {200, 404}, "bella": {404, 200}, "hans": {403, 403}, "rita": {200, 200},
	} {
		b, _ := w.as(person, "/admin")
		for app, status := range map[string]int{"wiki": want.wiki, "crm": want.crm} {
			for _, path := range []string{"/admin/apps/" + app, "/admin/apps/" + app + "/lint"} {
				p := b.Open(w.Issuer + path)
				if p.Status != status || strings.Contains(p.Body, "<script>") {
					t.Errorf("%s opens %s: status %d, want %d", person, path, p.Status, status)
				}
				if status != http.StatusOK && (strings.Contains(p.Text(), "Wiki") || strings.Contains(p.Text(), "Customers")) {
					t.Errorf("%s opens %s, and reads its name", person, path)
				}
			}
		}
	}
}

func TestATabThatDoesNotExistIsSaid(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	at(t, b.Open(w.Issuer+"/admin/apps/wiki/nothing"), http.StatusNotFound, "/admin/apps/wiki/nothing", "There is no page at this address.")
	at(t, b.Open(w.Issuer+"/admin/apps/nobody"), http.StatusNotFound, "/admin/apps/nobody", `There is no app "nobody".`)
}
