package console_test

import (
	"net/http"
	"strings"
	"testing"

	"cloudsso/api"
)

func TestWhySomebodyCannotSignInIsAnswered(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	subject := w.patient(api.NewUser{Username: "mary", Password: password})
	if _, err := w.Owner.PatchClient(t.Context(), "wiki", []byte(`{"assigned":{"groups":["staff"]}}`), ""); err != nil {
		t.Fatal(err)
	}
	b, p := w.as("olga", "/admin/apps/wiki/access")
	at(t, p, http.StatusOK, "/admin/apps/wiki/access", "1 group")
	p = b.Open(w.Issuer + "/admin/apps/wiki/access?user=mary")
	if !strings.Contains(p.TextOf("verdict"), "cannot sign in") || strings.Contains(p.Body, "<script>alert") {
		t.Errorf("%q", p.TextOf("verdict"))
	}
	p = b.Open(w.Issuer + "/admin/apps/wiki/access?user=" + "nobody%3Cscript%3Ealert")
	if !strings.Contains(p.TextOf("verdict"), "cannot sign in") || strings.Contains(p.Body, "<script>alert") {
		t.Errorf("somebody unknown: %q", p.TextOf("verdict"))
	}
	hans, _ := w.as("hans", "/admin")
	page := "/admin/people/" + subject + "/access"
	p = hans.Open(w.Issuer+"/admin/people/"+subject).FormWith("app").Set("app", "wiki").Submit("Check")
	at(t, p, http.StatusOK, page, "mary cannot sign in")
	at(t, hans.Open(w.Issuer+page+"?app=nothing"), http.StatusNotFound, page, `There is no app "nothing".`)
	if _, err := w.Owner.PatchClient(t.Context(), "wiki", []byte(`{"assigned":{"users":["mary"]}}`), ""); err != nil {
		t.Fatal(err)
	}
	at(t, hans.Open(w.Issuer+page+"?app=wiki"), http.StatusOK, page, "mary can sign in")
	anton, _ := w.as("anton", "/admin")
	if p := anton.Open(w.Issuer + "/admin/apps/wiki/access?user=mary"); p.Has("verdict") {
		t.Error("an app admin asks about people")
	}
	at(t, anton.Open(w.Issuer+page+"?app=wiki"), http.StatusForbidden, page, "does not allow that")
}

// Attack: somebody calls themselves a formula, and an admin opens the report.
func TestTheReportOfAnAppIsShownAndDownloaded(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	w.patient(api.NewUser{Username: "=HYPERLINK(1)", Email: "f@example.org"})
	_, p := w.as("olga", "/admin/apps/wiki/access")
	p = p.Click("Who can use it, and who last did")
	at(t, p, http.StatusOK, "/admin/apps/wiki/people", "=HYPERLINK(1)")
	csv := p.Click("Download as CSV")
	if !strings.HasPrefix(csv.Header.Get("Content-Type"), "text/csv") || !strings.Contains(csv.Body, "'=HYPERLINK(1)") || strings.Contains(csv.Body, "\n=") {
		t.Errorf("CSV %q", csv.Body)
	}
	for person, status := range map[string]int{"rita": 200, "anton": 403, "bella": 404, "hans": 403} {
		b, _ := w.as(person, "/admin")
		for _, path := range []string{"people", "people.csv"} {
			if p := b.Open(w.Issuer + "/admin/apps/wiki/" + path); p.Status != status {
				t.Errorf("%s opens %s: %d", person, path, p.Status)
			}
		}
	}
}
