package web_test

import (
	"net/http"
	"strings"
	"testing"

	"cloudsso/idp/web"
)

func progress(t *testing.T, apps ...web.LogoutApp) (http.Header, string) {
	t.Helper()
	w, _ := render(t, func(w http.ResponseWriter, r *http.Request) {
		newPages(t, "/sso").LogoutProgress(w, r, web.LogoutProgress{Apps: apps, Next: "/sso/logout/end?id=x"})
	})
	return w.Header(), w.Body.String()
}

func TestProgressFramesExactlyWhatIsRegistered(t *testing.T) {
	t.Parallel()
	header, body := progress(t,
		web.LogoutApp{Name: "Post", Visit: "https://sso.example/saml/slo/send?x=1", Through: []string{"https://sp.example/slo"}, Answers: true},
		web.LogoutApp{Name: "Open", Visit: "https://open.example:8443/out"},
		web.LogoutApp{Name: "Told", Outcome: "told"},
	)
	if csp := header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; frame-src 'self' https://sso.example https://sp.example https://open.example:8443") {
		t.Errorf("policy %q", csp)
	}
	if header.Get("Refresh") != "5; url=/sso/logout/end?id=x" || strings.Count(body, "<iframe") != 2 || strings.Count(body, "data-answers") != 1 {
		t.Errorf("Refresh %q: %s", header.Get("Refresh"), body)
	}
}

// Attack: an address that breaks out of the policy, or runs in our origin.
func TestProgressWithHostileAddresses(t *testing.T) {
	t.Parallel()
	for _, at := range []string{
		"javascript:alert(1)", "data:text/html,x", "//evil.example/", "https://evil.example;script-src *", "https://evil.example,x", "https://*", "https:///x",
	} {
		header, body := progress(t, web.LogoutApp{Name: "Evil", Visit: at, Through: []string{at}})
		if csp := header.Get("Content-Security-Policy"); strings.Contains(csp, "evil") || strings.Contains(csp, "script-src *") || strings.Count(csp, "*") > 0 || strings.Count(csp, ";") != strings.Count(policyOf(t), ";")+1 {
			t.Errorf("%s: policy %q", at, csp)
		}
		if strings.Contains(body, `src="javascript:`) || strings.Contains(body, `src="data:`) {
			t.Errorf("%s: %s", at, body)
		}
	}
}

// policyOf is the policy of a page without frames.
func policyOf(t *testing.T) string {
	t.Helper()
	w, _ := render(t, func(w http.ResponseWriter, r *http.Request) { newPages(t, "").SignedOut(w, r, web.SignedOut{}) })
	return w.Header().Get("Content-Security-Policy")
}

func TestAFormInAFrame(t *testing.T) {
	t.Parallel()
	w, _ := render(t, func(w http.ResponseWriter, r *http.Request) {
		newPages(t, "").AutoPost(w, r, web.AutoPost{Action: "https://sp.example/slo", Framed: true})
	})
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'self'") || w.Header().Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("policy %q, %q", csp, w.Header().Get("X-Frame-Options"))
	}
}
