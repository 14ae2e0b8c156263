package samlidp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

// recorded opens an address as a request with a trace.
func (h *house) recorded(support, target string) (*httptest.ResponseRecorder, idp.Recording) {
	h.t.Helper()
	request := &idp.Request{Support: support, Now: func() time.Time { return noon }}
	r := httptest.NewRequest(http.MethodGet, target, nil)
	w := h.do(r.WithContext(idp.WithRequest(r.Context(), request)))
	rec, keep, _ := request.Recording()
	if !keep {
		h.t.Errorf("the trace of %.60s is not kept", target)
	}
	return w, rec
}

func steps(rec idp.Recording) (list []string) {
	for _, s := range rec.Steps {
		list = append(list, s.Name+" "+string(s.Result))
	}
	return list
}

func TestALogoutLeavesItsStepsUnderOneCode(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	asked := bySP(t, "sp", "SAMLRequest", logoutRequest(), "relay & state")
	w, rec := h.recorded("FIRS-TONE", asked)
	want := []string{"LogoutRequest received", "application passed", "signature passed", "Destination passed", "IssueInstant passed", "used once passed", "sessions noted"}
	if got := steps(rec); !slices.Equal(got[:min(len(got), len(want))], want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if rec.Protocol != idp.ProtocolSAML || rec.App != "wiki" || rec.Subject != alice {
		t.Errorf("%+v", rec.About)
	}
	_, rec = h.recorded("SECO-NDXX", w.Header().Get("Location"))
	if got := steps(rec); rec.Support != "FIRS-TONE" || !slices.Contains(got, "LogoutResponse answered") {
		t.Errorf("%s: %q", rec.Support, got)
	}
}

// Attack: a message whose signature is wrong is sent in, and what is in the trace is used.
func TestAttack_TracesOfLogoutHoldNoSignatures(t *testing.T) {
	t.Parallel()
	h := twoApps(t)
	asked := bySP(t, "other", "SAMLRequest", logoutRequest(), "secret-relay")
	_, rec := h.recorded("FIRS-TONE", asked)
	i := slices.IndexFunc(rec.Steps, func(s idp.Step) bool { return s.Name == "signature" && s.Result == idp.Failed })
	if i < 0 || rec.Steps[i].Expected != "a signature by one of 1 registered certificates" || rec.Steps[i].Text == "" {
		t.Fatalf("%+v", rec.Steps)
	}
	all, err := json.Marshal(rec)
	must(t, err)
	_, signature, _ := strings.Cut(asked, "Signature=")
	for _, secret := range []string{signature[:40], "secret-relay", email} {
		if strings.Contains(string(all), secret) {
			t.Errorf("the trace holds %q", secret)
		}
	}
}

func TestARefusedSignInSaysWhatWasExpected(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	for name, c := range map[string]struct{ doc, step, expected, received string }{
		"another address":     {authnRequest(spACS, "https://evil.example/acs"), "address for the answer", "one of " + spACS + " " + spACS + "/second https://wiki.example/saml/artifact", "https://evil.example/acs"},
		"another destination": {authnRequest(ssoURL, "https://evil.example/sso"), "Destination", ssoURL, "https://evil.example/sso"},
		"a stale request":     {authnRequest("T12:00:00Z", "T11:00:00Z"), "IssueInstant", "at most 5m0s before 2026-11-21T12:00:00Z", "2026-11-21T11:00:00Z"},
		"an unknown name":     {authnRequest(spEntity+"</", "https://nobody.example</"), "application", "an application that is registered here and not switched off", "https://nobody.example"},
	} {
		_, rec := h.recorded("CODE-CODE", redirect(c.doc))
		i := slices.IndexFunc(rec.Steps, func(s idp.Step) bool { return s.Result == idp.Failed })
		if i < 0 || rec.Steps[i].Name != c.step || rec.Steps[i].Expected != c.expected || rec.Steps[i].Received != c.received {
			t.Errorf("%s: %+v", name, rec.Steps[max(i, 0)])
		}
	}
}
