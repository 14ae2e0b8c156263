package tokenapp_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"sync"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/keys"
)

// The example of Discourse's own documentation ("Setup DiscourseConnect").
const (
	docSecret = "d836444a9e4084d5b224a60c208dce14"
	docNonce  = "cb68251eefb5211e58c00ff1395f0c0b"
	docSSO    = "bm9uY2U9Y2I2ODI1MWVlZmI1MjExZTU4YzAwZmYxMzk1ZjBjMGI="
	docSig    = "1ce1494f94484b6f6a092be9b15ccc1cdafb1f8460a3838fbb0e0883c4390471"
)

func signed(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// asked is the query that a forum sends.
func asked(key string, values url.Values) string {
	sso := base64.StdEncoding.EncodeToString([]byte(values.Encode()))
	return "?" + url.Values{"sso": {sso}, "sig": {signed(key, sso)}}.Encode()
}

func newForum(t *testing.T, o idptest.Options) *world {
	t.Helper()
	return worldAt(t, o, api.NewTokenApp{SharedKey: docSecret, TokenAppSettings: api.TokenAppSettings{Name: "Forum", TokenAppPolicy: idp.TokenAppPolicy{
		Scheme: idp.SchemeDiscourse, ReturnURL: "/session/sso_login",
		Claims: rows(`[{"name":"email","from":"email"},{"name":"username","from":"username"},{"name":"name","from":"name"},{"name":"groups","from":"groups"},
			{"name":"moderator","from":{"cel":"'Moderators' in groups"}},{"name":"custom.team","from":{"constant":"a&b=c"}}]`),
	}}})
}

// told is what the forum is told; the answer must be the forum's own kind of proof.
func (w *world) told() url.Values {
	w.t.Helper()
	sso := w.site.got.Get("sso")
	if w.site.got.Get("sig") != signed(docSecret, sso) || len(w.site.got) != 2 {
		w.t.Fatalf("the forum got %v", w.site.got)
	}
	raw, err := base64.StdEncoding.DecodeString(sso)
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := url.ParseQuery(string(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func TestSignInToAForum(t *testing.T) {
	t.Parallel()
	w := newForum(t, idptest.Options{})
	if w.app.SharedKey != "" || w.app.StartURL != w.site.URL+"/session/sso" {
		t.Errorf("%+v", w.app)
	}
	b := idptest.NewBrowser(t)
	arrive(t, signIn(b.Open(w.link("?sso="+url.QueryEscape(docSSO)+"&sig="+docSig)), "ada"))
	got := w.told()
	for name, want := range map[string]string{
		"nonce": docNonce, "external_id": w.subject, "email": "ada@example.com", "username": "ada", "name": "Ada Lovelace", "groups": "Engineering,Moderators",
		"moderator": "true", "custom.team": "a&b=c", "require_activation": "true",
	} {
		if len(got[name]) != 1 || got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if len(got) != 9 {
		t.Errorf("%v", got)
	}
	// The link of a tile goes to the forum, which asks then.
	if page := b.Open(w.Issuer + "/launch/" + w.app.App); page.URL.Path != "/session/sso" {
		t.Errorf("launch leads to %s", page.URL)
	}
}

// The documented answer, which has another order of its fields than ours.
func TestTheDocumentedAnswerIsSignedAsWeSign(t *testing.T) {
	t.Parallel()
	sso := base64.StdEncoding.EncodeToString([]byte("nonce=" + docNonce + "&name=sam&username=samsam&email=test%40test.com&external_id=hello123&require_activation=true"))
	if got := signed(docSecret, sso); got != "3d7e5ac755a87ae3ccf90272644ed2207984db03cf020377c8b92ff51be3abc3" {
		t.Error(got)
	}
}

func TestNobodyIsAskedIfTheForumSaysSo(t *testing.T) {
	t.Parallel()
	w := newForum(t, idptest.Options{})
	b := idptest.NewBrowser(t)
	arrive(t, b.Open(w.link(asked(docSecret, url.Values{"nonce": {"a"}, "prompt": {"none"}}))))
	if got := w.told(); got.Get("failed") != "true" || got.Get("nonce") != "a" || len(got) != 2 {
		t.Errorf("%v", got)
	}
	signIn(b.Open(w.link(asked(docSecret, url.Values{"nonce": {"b"}}))), "ada")
	arrive(t, b.Open(w.link(asked(docSecret, url.Values{"nonce": {"c"}, "prompt": {"none"}}))))
	if got := w.told(); got.Get("external_id") != w.subject {
		t.Errorf("%v", got)
	}
}

func TestAttackWrongSignatureOfAForum(t *testing.T) {
	t.Parallel()
	w := newForum(t, idptest.Options{})
	good := url.Values{"nonce": {"n"}, "return_sso_url": {w.app.ReturnURL}}
	sso := base64.StdEncoding.EncodeToString([]byte(good.Encode()))
	with := func(sso, sig string) string { return "?" + url.Values{"sso": {sso}, "sig": {sig}}.Encode() }
	other := base64.StdEncoding.EncodeToString([]byte("nonce=other"))
	for name, c := range map[string]struct {
		query, text string
		status      int
	}{
		"another key":               {asked(strings.Repeat("x", 32), good), "The signature of the forum's request is not right", 403},
		"the signature of another":  {with(other, signed(docSecret, sso)), "is not right", 403},
		"half of it":                {with(sso, signed(docSecret, sso)[:32]), "is not right", 403},
		"none":                      {with(sso, ""), "is not right", 403},
		"no hex":                    {with(sso, "zz"), "is not right", 403},
		"sig is missing":            {"?sso=" + url.QueryEscape(sso), "The parameter sig must be there once", 400},
		"sso is missing":            {"?sig=x", "The parameter sso must be there once", 400},
		"nothing":                   {"", "Open the forum itself", 400},
		"sso twice":                 {with(sso, signed(docSecret, sso)) + "&sso=" + url.QueryEscape(other), "must be there once", 400},
		"no base64":                 {with("%%%", signed(docSecret, "%%%")), "is not base64", 400},
		"without a nonce":           {asked(docSecret, url.Values{"return_sso_url": {w.app.ReturnURL}}), "holds no nonce", 400},
		"an answer to elsewhere":    {asked(docSecret, url.Values{"nonce": {"n"}, "return_sso_url": {"https://evil.example/session/sso_login"}}), "at another address", 400},
		"an answer with a tail":     {asked(docSecret, url.Values{"nonce": {"n"}, "return_sso_url": {w.app.ReturnURL + "/../x"}}), "at another address", 400},
		"an answer to two":          {asked(docSecret, url.Values{"nonce": {"n"}, "return_sso_url": {w.app.ReturnURL, "https://evil.example/"}}), "at another address", 400},
		"a nonce without end":       {asked(docSecret, url.Values{"nonce": {strings.Repeat("n", 257)}}), "holds no nonce", 400},
		"a request without end":     {asked(docSecret, url.Values{"nonce": {"n"}, "x": {strings.Repeat("n", 4096)}}), "must be there once", 400},
		"a nonce and another nonce": {asked(docSecret, url.Values{"nonce": {"n", "m"}}), "holds no nonce", 400},
	} {
		page := idptest.NewBrowser(t).Open(w.link(c.query))
		if page.Status != c.status || !strings.Contains(page.Text(), c.text) || w.site.got != nil {
			t.Errorf("%s: %d %s", name, page.Status, page.Text())
		}
	}
}

// Attack: the same request is answered twice, by two nodes at once.
func TestAttackNonceReplayOnTwoNodes(t *testing.T) {
	t.Parallel()
	kek, err := keys.LoadKEK(t.TempDir(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	one := newForum(t, idptest.Options{KEK: kek})
	two := idptest.New(t, idptest.Options{Records: one.Records, Flows: one.Flows, KEK: kek})
	query := asked(docSecret, url.Values{"nonce": {"once"}})
	var pages [2]*idptest.Page
	var wg sync.WaitGroup
	for i, issuer := range []string{one.Issuer, two.Issuer} {
		b := idptest.NewBrowser(t)
		if page := signIn(b.Open(issuer+"/login"), "ada"); page.Status != 200 {
			t.Fatal(page.Text())
		}
		wg.Go(func() { pages[i] = b.Open(issuer + "/token/" + one.app.App + query) })
	}
	wg.Wait()
	arrived, refused := 0, 0
	for _, page := range pages {
		if strings.Contains(page.Body, "arrived") {
			arrived++
		} else if strings.Contains(page.Text(), "This sign-in was used already") {
			refused++
		}
	}
	if arrived != 1 || refused != 1 {
		t.Errorf("%d arrived, %d were refused", arrived, refused)
	}
}

// Attack: somebody writes another one's address into a directory where people write it themselves,
// and the forum hands that account over.
func TestAttackAnAddressThatNobodyProved(t *testing.T) {
	t.Parallel()
	w := newForum(t, idptest.Options{})
	for verified, want := range map[any]string{"true": "", true: "", "false": "true", "": "true"} {
		u := ada
		u.Username, u.Email, u.Attributes = idp.NewID(), idp.NewID()+"@example.com", attributes("email_verified", verified)
		w.AddUser(t, u)
		arrive(t, signIn(idptest.NewBrowser(t).Open(w.link(asked(docSecret, url.Values{"nonce": {idp.NewID()}}))), u.Username))
		if got := w.told(); got.Get("require_activation") != want {
			t.Errorf("email_verified %v: require_activation %q", verified, got.Get("require_activation"))
		}
	}
}

func TestAForumNeedsAnAddress(t *testing.T) {
	t.Parallel()
	w := newForum(t, idptest.Options{})
	w.change(`{"claims":[{"name":"username","from":"username"}]}`)
	w.refused(signIn(idptest.NewBrowser(t).Open(w.link("?sso="+url.QueryEscape(docSSO)+"&sig="+docSig)), "ada"), 403, "needs an e-mail address")
}
