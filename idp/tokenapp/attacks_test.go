package tokenapp_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/idp/memory"
)

func urlEncoded(s string) string { return url.QueryEscape(s) }

func plain(p idp.TokenAppPolicy) api.NewTokenApp {
	if p.ReturnURL == "" {
		p.ReturnURL = "/jwt"
	}
	return api.NewTokenApp{TokenAppSettings: api.TokenAppSettings{TokenAppPolicy: p}}
}

// Attack: a link of ours signs somebody in and leads them to a stranger's page.
func TestAttackReturnToElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain(idp.TokenAppPolicy{ReturnToParam: "return_to", ReturnOrigins: []string{"https://help.example.com"}}))
	b := idptest.NewBrowser(t)
	arrive(t, signIn(b.Open(w.link("")), "ada"))
	for _, good := range []string{w.site.URL + "/a", "/a/b?c=d", "https://help.example.com/x", "https://HELP.example.com:443/x"} {
		w.site.got = nil
		arrive(t, b.Open(w.link("?return_to="+urlEncoded(good))))
		if w.site.got.Get("return_to") != good {
			t.Errorf("%s: %v", good, w.site.got)
		}
	}
	w.site.got = nil
	for _, bad := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example`, "https:evil.example", "https://help.example.com.evil.example/",
		"https://help.example.com@evil.example/", "https://evil.example/#@help.example.com", "http://help.example.com/", "https://help.example.com:444/",
		"javascript:alert(1)", "data:text/html,x", "evil.example", "/a\tb", " /a", "https://help.example.com\\@evil.example/", "/" + strings.Repeat("a", 2050),
	} {
		w.refused(b.Open(w.link("?return_to="+urlEncoded(bad))), 400, "")
		w.refused(b.Open(w.Issuer+"/launch/"+w.app.App+"?return_to="+urlEncoded(bad)), 400, "")
	}
	w.refused(b.Open(w.link("?return_to=/a&return_to="+urlEncoded("https://evil.example"))), 400, "more than once")
}

// Attack: values that a person writes themselves break out of the address or the form.
func TestAttackInjectionThroughValues(t *testing.T) {
	t.Parallel()
	hostile := `"><script>alert(1)</script>&token=evil#x` + "\u2028"
	w := newWorld(t, plain(idp.TokenAppPolicy{Claims: rows(`[{"name":"name","from":"nick"}]`), ReturnToParam: "to", StateParam: "state"}))
	u := ada
	u.Username, u.Email, u.Attributes = "mallory", "m@example.com", attributes("nick", hostile)
	w.AddUser(t, u)
	b := idptest.NewBrowser(t)
	state := `x&token=evil"><script>`
	page := signIn(b.Open(w.link("?state="+urlEncoded(state)+"&to="+urlEncoded("/a&token=evil#b"))), "mallory")
	for _, method := range []string{"get", "post"} {
		arrive(t, page)
		got := w.site.got
		if len(got["token"]) != 1 || got.Get("state") != state || got.Get("to") != "/a&token=evil#b" || nameIn(t, got.Get("token")) != hostile {
			t.Errorf("%s: %v", method, got)
		}
		w.change(`{"method":"post"}`)
		page = b.Open(w.link("?state=" + urlEncoded(state) + "&to=" + urlEncoded("/a&token=evil#b")))
		if strings.Contains(page.Body, "<script>alert") || strings.Count(page.Body, "<script") != 1 {
			t.Errorf("the form: %s", page.Body)
		}
	}
}

func nameIn(t *testing.T, token string) string {
	t.Helper()
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Name string }
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Name
}

// Attack: our public key, which everybody has, as the key of an HMAC.
func TestAttackAlgorithmConfusion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain(idp.TokenAppPolicy{Algorithm: "HS256"}))
	arrive(t, signIn(idptest.NewBrowser(t).Open(w.link("")), "ada"))
	token, err := jose.ParseSignedCompact(w.site.got.Get("token"), []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	public := publicKey(t, w.Issuer)
	for _, key := range [][]byte{public, []byte(strings.TrimSpace(string(public))), []byte("AA"), {0}, {}} {
		if _, err := token.Verify(key); err == nil {
			t.Errorf("the token verifies with %.30q", key)
		}
	}
	_, err = w.Owner.RotateTokenAppKey(t.Context(), w.app.App, api.TokenAppKey{SharedKey: string(public)})
	if e := idp.AsError(err); e.Code != idp.Invalid || !strings.Contains(e.Public, "no certificate or public key") {
		t.Errorf("our public key as the shared key: %v", err)
	}
}

func publicKey(t *testing.T, issuer string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, issuer+"/oauth2/jwks", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if key, ok := k.Key.(*rsa.PublicKey); ok {
			der, err := x509.MarshalPKIXPublicKey(key)
			if err != nil {
				t.Fatal(err)
			}
			return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		}
	}
	t.Fatal("no RSA key in the JWKS")
	return nil
}

// Attack: an app has tokens made that a client takes for its ID tokens.
func TestAttackTheAudienceOfAClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain(idp.TokenAppPolicy{Audience: "desk"}))
	b := idptest.NewBrowser(t)
	arrive(t, signIn(b.Open(w.link("")), "ada"))
	w.site.got = nil
	if _, err := w.Owner.CreateClient(t.Context(), api.NewClient{ClientID: "desk", ClientMetadata: idp.ClientMetadata{RedirectURIs: []string{"https://desk.example/cb"}}}); err != nil {
		t.Fatal(err)
	}
	w.refused(b.Open(w.link("")), 403, "its audience belongs to another one")
	_, err := w.Owner.PatchTokenApp(t.Context(), w.app.App, json.RawMessage(`{"lifetime":60}`), "")
	if e := idp.AsError(err); e.Field != "audience" || !strings.Contains(e.Public, "the name of another app") {
		t.Error(err)
	}
	for _, name := range []string{"sub", "aud", "iss", "exp", "nonce"} {
		_, err := w.Owner.PatchTokenApp(t.Context(), w.app.App, json.RawMessage(`{"audience":null,"claims":[{"name":"`+name+`","from":"email"}]}`), "")
		if !strings.Contains(idp.AsError(err).Public, "set by the protocol") {
			t.Errorf("a row %s: %v", name, err)
		}
	}
}

func TestNobodyGetsInWhoMayNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain(idp.TokenAppPolicy{Assigned: &idp.Assignment{Users: []string{"grace"}}}))
	b := idptest.NewBrowser(t)
	page := signIn(b.Open(w.link("")), "ada")
	w.refused(page, 403, "You have no access to Community")
	w.refused(page.FormWith("back").Submit("noaccess-back"), 403, "You have no access to this application")
	if e := w.event(idp.EventTokenAppRefused); e.Detail["reason"] == "" {
		t.Errorf("%+v", e)
	}
	if e := w.event(idp.EventAccessDenied); e.Subject != w.subject {
		t.Errorf("%+v", e)
	}

	w.change(`{"assigned":null}`)
	arrive(t, b.Open(w.link("")))
	w.site.got = nil
	w.change(`{"disabled":true}`)
	for _, path := range []string{w.link(""), w.link("/continue?flow=x"), w.Issuer + "/token/nobody", w.Issuer + "/launch/" + w.app.App} {
		if page := b.Open(path); page.Status < 400 || w.site.got != nil {
			t.Errorf("%s: %d", path, page.Status)
		}
	}
	w.refused(b.Open(w.link("")), 404, "switched off")
	w.change(`{"disabled":null}`)

	users, err := w.Owner.Users(t.Context(), api.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Owner.PatchUser(t.Context(), users.Items[0].ID, json.RawMessage(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	if page := b.Open(w.link("")); !page.Has("login-submit") || w.site.got != nil {
		t.Errorf("somebody who was disabled: %d %s", page.Status, page.Text())
	}
}

// Attack: somebody goes on with a sign-in that another browser began.
func TestAttackAnotherBrowsersFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain(idp.TokenAppPolicy{}))
	victim, attacker := idptest.NewBrowser(t), idptest.NewBrowser(t)
	flow := attacker.Open(w.link("")).URL.Query().Get("flow")
	w.refused(victim.Open(w.link("/continue?flow="+flow)), 400, "did not send the cookie")
	arrive(t, signIn(victim.Open(w.link("")), "ada"))
	w.site.got = nil
	if page := victim.Open(w.link("/continue?flow=" + flow)); page.Status < 400 || w.site.got != nil {
		t.Errorf("%d %s", page.Status, page.Text())
	}
}

// Whoever was disabled or taken off the list while they typed is not signed in any more.
func TestTheStoredRequestIsCheckedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain(idp.TokenAppPolicy{}))
	page := idptest.NewBrowser(t).Open(w.link(""))
	w.change(`{"disabled":true}`)
	w.refused(signIn(page, "ada"), 404, "switched off")
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain(idp.TokenAppPolicy{}))
	page := idptest.NewBrowser(t).Open(w.link(""))
	w.refused(page.FormWith("password").Submit("login-cancel"), 403, "The sign-in was cancelled.")
}

func TestAnAnswerThatIsTooLongForAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain(idp.TokenAppPolicy{Claims: rows(`[{"name":"bio","from":"bio"}]`)}))
	u := ada
	u.Username, u.Email, u.Attributes = "bob", "b@example.com", attributes("bio", strings.Repeat("long ", 1600))
	w.AddUser(t, u)
	b := idptest.NewBrowser(t)
	w.refused(signIn(b.Open(w.link("")), "bob"), 400, "set method to post")
	w.change(`{"method":"post"}`)
	arrive(t, b.Open(w.link("")))
}

// What is on no record is not handed out.
func TestNothingWithoutItsEvent(t *testing.T) {
	t.Parallel()
	m := memory.New(time.Now)
	store := &deaf{Records: m}
	w := worldAt(t, idptest.Options{Records: store, Flows: m}, plain(idp.TokenAppPolicy{}))
	b := idptest.NewBrowser(t)
	page := b.Open(w.link(""))
	arrive(t, signIn(page, "ada"))
	w.site.got = nil
	store.name = idp.EventTokenAppIssued
	w.refused(b.Open(w.link("")), 503, "")
}

// deaf is a store that does not take Events of one name.
type deaf struct {
	idp.Records
	name string
}

func (d *deaf) AppendEvent(ctx context.Context, e idp.Event) error {
	if d.name == e.Name {
		return idp.ErrUnavailable
	}
	return d.Records.AppendEvent(ctx, e)
}
