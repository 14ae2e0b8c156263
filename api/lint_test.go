package api_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

func (f *front) lint(t *testing.T, app string) (l api.Lint, rules []string) {
	t.Helper()
	if status := f.call(t, "GET", "/api/v1/apps/"+app+"/lint", nil, &l); status != http.StatusOK {
		t.Fatalf("lint of %s: %d", app, status)
	}
	for _, x := range l.Findings {
		rules = append(rules, x.Rule)
		if x.Text == "" || x.Fix == "" {
			t.Errorf("%s says nothing: %+v", x.Rule, x)
		}
	}
	return l, rules
}

func TestEveryRuleForClients(t *testing.T) {
	t.Parallel()
	f, off := newFront(t), false
	for name, c := range map[string]struct {
		client idp.ClientMetadata
		grade  string
		rules  string
	}{
		"nothing to say":        {idp.ClientMetadata{ClientName: "x"}, "A", ""},
		"implicit":              {idp.ClientMetadata{ClientName: "x", AllowImplicit: true}, "D", "implicit"},
		"passwords":             {idp.ClientMetadata{ClientName: "x", AllowPasswordGrant: true}, "D", "password_grant"},
		"tokens in the address": {idp.ClientMetadata{ClientName: "x", AllowAccessTokenInQuery: true}, "C", "token_in_query"},
		"no PKCE":               {idp.ClientMetadata{ClientName: "x", RequirePKCE: &off}, "C", "no_pkce"},
		"http":                  {idp.ClientMetadata{ClientName: "x", RedirectURIs: []string{"http://127.0.0.1:9/cb"}}, "F", "http_redirect"},
		"long lives": {idp.ClientMetadata{ClientName: "x", AccessTokenTTL: 86400, RefreshTokenTTL: 31536000, GrantTypes: []string{"authorization_code", "refresh_token"}},
			"B", "long_access_token long_refresh_token"},
		"a refresh token in a browser": {idp.ClientMetadata{ClientName: "x", TokenEndpointAuthMethod: "none", RefreshTokenTTL: 2592000, GrantTypes: []string{"authorization_code", "refresh_token"}}, "B", "browser_refresh_token"},
		"HS512":                        {idp.ClientMetadata{ClientName: "x", IDTokenSignedResponseAlg: "HS512"}, "A", "shared_key"},
		"no signature":                 {idp.ClientMetadata{ClientName: "x", IDTokenSignedResponseAlg: "none", GrantTypes: []string{"authorization_code"}}, "D", "unsigned_id_token"},
		"GlobalID without email":       {idp.ClientMetadata{ClientName: "x", ClaimsMapping: []idp.Mapping{{Name: "GlobalID", From: "id"}}}, "C", "globalid_without_email"},
		"GlobalID with a mapped email": {idp.ClientMetadata{ClientName: "x", ClaimsMapping: []idp.Mapping{{Name: "GlobalID", From: "id"}, {Name: "email", From: "mail"}}}, "A", ""},
		"GlobalID with a scope email":  {idp.ClientMetadata{ClientName: "x", ClaimsInIDToken: true, ClaimsMapping: []idp.Mapping{{Name: "GlobalID", From: "id"}}}, "A", ""},
		"a secret in the body":         {idp.ClientMetadata{ClientName: "x", TokenEndpointAuthMethod: "client_secret_post"}, "A", "secret_in_body"},
		"OAuth without OpenID":         {idp.ClientMetadata{ClientName: "x", UserinfoWithoutOpenID: true}, "A", "plain_oauth"},
		"no name":                      {idp.ClientMetadata{}, "B", "nameless"},
		"introspecting all":            {idp.ClientMetadata{ClientName: "x", IntrospectAll: true}, "B", "introspects_all"},
	} {
		if len(c.client.RedirectURIs) == 0 {
			c.client.RedirectURIs = []string{"https://x.example/cb"}
		}
		l, rules := f.lint(t, f.AddClient(t, c.client).ClientID)
		if l.Grade != c.grade || strings.Join(rules, " ") != c.rules {
			t.Errorf("%s: %s %v, want %s %s", name, l.Grade, rules, c.grade, c.rules)
		}
	}
}

func TestImplicitThatNobodyUsesForNinetyDays(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := f.AddClient(t, idp.ClientMetadata{ClientName: "x", RedirectURIs: []string{"https://x.example/cb"}, AllowImplicit: true})
	used := f.AddClient(t, idp.ClientMetadata{ClientName: "x", RedirectURIs: []string{"https://x.example/cb"}, AllowImplicit: true})
	ctx := t.Context()
	f.Clock.Advance(91 * 24 * time.Hour)
	grant := idp.Grant{ID: idp.NewID(), ClientID: used.ClientID, CreatedAt: f.Clock.Now(), ExpiresAt: f.Clock.Now().Add(time.Hour)}
	if err := f.Records.CreateGrant(ctx, grant, idp.Event{ID: idp.NewID(), Time: f.Clock.Now(), Name: idp.EventGrantCreated, App: used.ClientID}); err != nil {
		t.Fatal(err)
	}
	unused, err := f.Owner.Lint(ctx, c.ClientID)
	still, err2 := f.Owner.Lint(ctx, used.ClientID)
	if err != nil || err2 != nil || unused.Findings[0].Rule != "implicit_unused" || still.Findings[0].Rule != "implicit" {
		t.Errorf("unused %v, used %v; %v %v", unused.Findings, still.Findings, err, err2)
	}
}

func TestEveryRuleForServiceProviders(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for i, c := range []struct {
		policy idp.ServiceProviderPolicy
		acs    string
		grade  string
		rule   string
	}{
		{idp.ServiceProviderPolicy{}, "", "A", ""},
		{idp.ServiceProviderPolicy{SignatureAlgorithm: "rsa-sha1", LegacyUntil: "2099-01-01"}, "", "D", "sha1"},
		{idp.ServiceProviderPolicy{AllowSHA1Requests: true, LegacyUntil: "2099-01-01"}, "", "C", "sha1_requests"},
		{idp.ServiceProviderPolicy{AllowIDPInitiated: true}, "", "C", "idp_initiated"},
		{idp.ServiceProviderPolicy{Canonicalization: "inclusive"}, "", "B", "inclusive_c14n"},
		{idp.ServiceProviderPolicy{Lifetime: 3600}, "", "B", "long_assertion"},
		{idp.ServiceProviderPolicy{NameID: idp.NameIDCfg{Format: "emailAddress"}}, "", "A", "address_as_name"},
		{idp.ServiceProviderPolicy{OmitEntityAudience: true, Audiences: []string{"x"}}, "", "C", "no_audience"},
		{idp.ServiceProviderPolicy{}, "http://127.0.0.1:9/acs", "F", "http_acs"},
	} {
		if c.acs == "" {
			c.acs = "https://x.example/acs"
		}
		sp, err := f.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{
			EntityID: "urn:x:" + string(rune('a'+i)), ACS: []api.ACSEndpoint{{Location: c.acs}},
			ServiceProviderSettings: api.ServiceProviderSettings{ServiceProviderPolicy: c.policy},
		})
		if err != nil {
			t.Fatal(err)
		}
		l, rules := f.lint(t, sp.App)
		if rules = slices.DeleteFunc(rules, func(r string) bool { return r == "unsigned_requests" }); l.Grade != c.grade || strings.Join(rules, " ") != c.rule {
			t.Errorf("%s: %s %v", c.rule, l.Grade, rules)
		}
	}
}

func TestOurCertificateThatIsAboutToExpireIsAFinding(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	sp, err := f.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{EntityID: "urn:x", ACS: []api.ACSEndpoint{{Location: "https://x.example/acs"}}})
	if err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(time.Until(sp.SigningCertificate.NotAfter.Add(-20*24*time.Hour - time.Hour)))
	l, err := f.Owner.Lint(t.Context(), sp.App)
	i := slices.IndexFunc(l.Findings, func(x api.Finding) bool { return x.Rule == "our_certificate_expires" })
	if err != nil || i < 0 || l.Grade != "C" || !strings.Contains(l.Findings[i].Text, "expires in 20 days") {
		t.Errorf("%s %+v, %v", l.Grade, l.Findings, err)
	}
}

func TestAllAppsAreGraded(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for range 3 {
		f.AddClient(t, idp.ClientMetadata{ClientName: "x", RedirectURIs: []string{"https://x.example/cb"}})
	}
	if _, err := f.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{EntityID: "urn:x", ACS: []api.ACSEndpoint{{Location: "https://x.example/acs"}}}); err != nil {
		t.Fatal(err)
	}
	var all api.List[api.Lint]
	if status := f.call(t, "GET", "/api/v1/lint", nil, &all); status != http.StatusOK || len(all.Items) != 4 || all.Items[3].Kind != "service_provider" {
		t.Errorf("%d %+v", status, all.Items)
	}
}

// An app admin sees, grades, shares and probes their own apps; those of others are as good
// as none.
func TestAnAppAdminHandsOverNoAppsButTheirOwn(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	mine := f.AddClient(t, idp.ClientMetadata{ClientName: "x", RedirectURIs: []string{"https://x.example/cb"}})
	other := f.AddClient(t, idp.ClientMetadata{ClientName: "x", RedirectURIs: []string{"https://x.example/cb"}})
	tok, err := f.Owner.CreateToken(t.Context(), api.NewToken{Role: api.RoleAppAdmin, Apps: []string{mine.ClientID}, ExpiresIn: 3600})
	if err != nil {
		t.Fatal(err)
	}
	f.token = tok.Secret
	for _, c := range []struct{ method, before, after string }{
		{"GET", "/api/v1/apps/", "/handover"}, {"GET", "/api/v1/apps/", "/lint"},
		{"POST", "/api/v1/apps/", "/handover/share"}, {"DELETE", "/api/v1/apps/", "/handover/share"}, {"POST", "/api/v1/clients/", "/secrets/new/link"},
	} {
		var ignored any
		if status := f.call(t, c.method, c.before+mine.ClientID+c.after, map[string]any{}, &ignored); status/100 != 2 {
			t.Errorf("own app, %s: %d", c.after, status)
		}
		if status := f.call(t, c.method, c.before+other.ClientID+c.after, map[string]any{}, &ignored); status != http.StatusNotFound {
			t.Errorf("foreign app, %s: %d", c.after, status)
		}
	}
	var ignored any
	if status := f.call(t, "POST", "/api/v1/apps/"+other.ClientID+"/probe", map[string]any{}, &ignored); status != http.StatusNotFound {
		t.Errorf("foreign app, probe: %d", status)
	}
	var all api.List[api.Lint]
	if f.call(t, "GET", "/api/v1/lint", nil, &all); len(all.Items) != 1 || all.Items[0].App != mine.ClientID {
		t.Errorf("lint of all: %+v", all.Items)
	}
}

func TestProbesSayWhatEachAddressAnswers(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cb", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no code", http.StatusBadRequest) })
	mux.HandleFunc("GET /late", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", f.Clock.Now().Add(-time.Hour).Format(http.TimeFormat))
	})
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	})
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	c := f.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{app.URL + "/cb", app.URL + "/gone", app.URL + "/late", app.URL + "/away", "https://10.1.2.3/cb"}, JWKSURI: app.URL + "/gone"})
	var l api.List[api.Probe]
	if status := f.call(t, "POST", "/api/v1/apps/"+c.ClientID+"/probe", map[string]any{}, &l); status != http.StatusOK {
		t.Fatal(status)
	}
	var got []string
	for _, p := range l.Items {
		got = append(got, p.What+" "+strings.TrimPrefix(p.URL, app.URL)+": "+p.Result+". "+p.Text)
	}
	want := []string{
		"jwks_uri /gone: failed. It answers with status 404. Check the address.",
		"redirect_uris /cb: ok. It answers with status 400.",
		"redirect_uris /gone: failed. It answers with status 404. Check the address.",
		"redirect_uris /late: warning. It answers with status 200. Its clock differs from ours by 1h0m0s.",
		"redirect_uris /away: ok. It answers with status 302.", // and is not followed
		// Attack: an admin of one app looks around in our network.
		`redirect_uris https://10.1.2.3/cb: failed. 10.1.2.3 is not on the public internet, so it is not fetched. If that is intended, the operator adds "10.1.2.3:443" to outbound.allow_hosts.`,
	}
	for i := range got {
		got[i] = strings.Replace(got[i], "1h0m1s", "1h0m0s", 1)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
