package verify

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
)

// TokenApp is one application that takes signed tokens, played by us. All fields are needed but
// the shared key, which most have no use for.
type TokenApp struct {
	Issuer    string
	App       idp.TokenApp // as it is stored
	Person    idp.Person   // who signs in
	Missing   error        // a required row of the mapping that has no value for the person
	Endpoints http.Handler // the app's address and the key set
	SharedKey []byte
	PublicKey func() string // in PEM form, as the hand-over sheet shows it now
	Now       func() time.Time
}

// tokenVisit is one sign-in of such an application.
type tokenVisit struct {
	*TokenApp
	sheet
	http  endpoints
	asked url.Values // the request
	nonce string     // that has to come back
}

// SignIn is [RelyingParty.SignIn] by a signed token.
func (a *TokenApp) SignIn(ctx context.Context) (Report, error) {
	start := a.Now()
	v := &tokenVisit{TokenApp: a, sheet: sheet{Report{Protocol: idp.ProtocolToken}}, http: endpoints{a.Issuer, a.Endpoints}}
	err := v.run(ctx)
	v.Milliseconds = a.Now().Sub(start).Milliseconds()
	return v.done(), err
}

func (v *tokenVisit) run(ctx context.Context) error {
	must := v.refusals(v.App.Disabled, v.App.Assigned, v.Person, v.Missing)
	if !v.holdsKey() {
		return nil
	}
	v.asked = v.link()
	if v.App.Scheme == idp.SchemeDiscourse {
		v.asked = v.question(v.App.ReturnURL)
	}
	got, err := v.open(ctx, v.asked)
	if err != nil {
		return err
	}
	if must {
		v.refused(got.refused(), v.said(got))
		return nil
	}
	if !v.check(got.fields != nil, "Sign-in", "an answer at "+v.App.ReturnURL, word(got.fields != nil, "an answer at "+v.App.ReturnURL, v.said(got)),
		"Read what the provider says: the person would see it on a page of the provider, and the application would hear nothing.") {
		return nil
	}
	v.checkDelivery(got)
	if v.App.Scheme == idp.SchemeDiscourse {
		return v.checkForum(ctx, got.fields)
	}
	return v.checkToken(ctx, got.fields)
}

// holdsKey looks at what the application verifies with.
func (v *tokenVisit) holdsKey() bool {
	least := v.App.KeyBytes()
	if least == 0 {
		v.skip("Shared key", "There is none: tokens are verified with our public key.")
		return true
	}
	return v.check(len(v.SharedKey) >= least, "Shared key", fmt.Sprintf("at least %d bytes", least), word(len(v.SharedKey) > 0, fmt.Sprintf("%d bytes", len(v.SharedKey)), "none that this server can read"),
		"Make a new shared key for the application and hand it over: what it verifies with is missing or too short.")
}

// delivery is what the browser would carry to return_url.
type delivery struct {
	said
	method string
	fields url.Values // nil: nothing goes there
}

// refused: nobody got anything, wherever.
func (d delivery) refused() bool { return d.fields == nil && d.status >= http.StatusBadRequest }

func (v *tokenVisit) open(ctx context.Context, asked url.Values) (delivery, error) {
	address := v.Issuer + "/token/" + url.PathEscape(v.App.App)
	if len(asked) > 0 {
		address += "?" + asked.Encode()
	}
	got, err := v.http.get(ctx, address, nil)
	d := delivery{said: got}
	if err == nil {
		d.read(v.App.ReturnURL)
	}
	return d, err
}

// read takes what goes to exactly one address, and nothing from elsewhere.
func (d *delivery) read(returnURL string) {
	if d.status == http.StatusSeeOther {
		rest, ok := strings.CutPrefix(d.header.Get("Location"), returnURL+word(strings.Contains(returnURL, "?"), "&", "?"))
		if values, err := url.ParseQuery(rest); ok && err == nil {
			d.method, d.fields = "get", values
		}
		return
	}
	if f, err := readForm(d.body); err == nil && d.status == http.StatusOK && f.action == returnURL && strings.EqualFold(f.method, "post") {
		d.method, d.fields = "post", f.fields
	}
}

// said is what the person would see. An address is cut: there is a token in it that works.
func (v *tokenVisit) said(d delivery) string {
	if to := d.header.Get("Location"); to != "" {
		return "a redirect to " + clip(idp.Origin(to), 200)
	}
	return d.reason(fmt.Sprintf("a page with status %d", d.status))
}

// checkDelivery looks at how the answer travels.
func (v *tokenVisit) checkDelivery(d delivery) {
	want := []string{v.App.TokenParam}
	if v.App.Scheme == idp.SchemeDiscourse {
		want = []string{"sso", "sig"}
	}
	for _, echoed := range []string{v.App.ReturnToParam, v.App.StateParam} {
		if echoed != "" {
			want = append(want, echoed)
		}
	}
	slices.Sort(want)
	method := word(v.App.Method == "post", "post", "get")
	v.equal("Delivery", method, d.method, "Report this: the token must travel as the setting method says.")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d.fields)) {
		for range d.fields[name] {
			names = append(names, name)
		}
	}
	v.equal("Parameters", strings.Join(want, ", "), strings.Join(names, ", "), "Report this: the application must get each of its parameters once, and no other.")
	v.check(strings.Contains(d.header.Get("Cache-Control"), "no-store"), "Cache-Control", "no-store", d.header.Get("Cache-Control"), "Report this: the token could be kept on the way, and by the browser.")
}

// mustRefuse asks for what nobody may get.
func (v *tokenVisit) mustRefuse(ctx context.Context, name, expected string, asked url.Values, advice string) error {
	got, err := v.open(ctx, asked)
	if err != nil {
		return err
	}
	v.check(got.refused(), name, expected, word(got.refused(), "refused", v.said(got)), advice)
	return nil
}
