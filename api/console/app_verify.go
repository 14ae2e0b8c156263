package console

import (
	"net/http"
	"net/url"
	"time"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
)

type verifyPage struct {
	Self  *Form // nil for an admin whom no directory knows by now
	Other *Form // nil for whoever may not read people
	Fault string
}

// verifyTab offers a test sign-in.
func verifyTab(v *visit) error { return v.verifyTab(http.StatusOK, nil, "") }

func (v *visit) verifyTab(status int, other *Form, fault string) error {
	self := v.form("self", v.app.path("verify"), "Sign in for a test", Field{Name: "as", Kind: "hidden", Value: "self"})
	p := verifyPage{Self: &self, Other: other, Fault: fault}
	if _, err := v.actor.PeopleReader(); err == nil && other == nil {
		p.Other = v.verifyForm()
	}
	v.writeTab(status, "app_verify", p)
	return nil
}

func (v *visit) verifyForm() *Form {
	f := v.form("other", v.app.path("verify"), "Test as this person", Field{Name: "user", Label: "Person", Required: true, Autocomplete: "off", Help: "User name, id of a built-in user, or subject."})
	return &f
}

// startVerify begins a test: of a person who is named, at once; of the admin, through the
// login that the people of the app see.
func startVerify(v *visit) error {
	v.app.tab = "verify"
	if v.field("as") == "self" {
		return v.signInForTest()
	}
	reader, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	done, err := reader.Verify(v.r.Context(), v.app.ID, api.VerifyRequest{User: v.field("user")})
	if err == nil {
		return v.verified(done)
	}
	if f := v.verifyForm(); v.refill(f, err) {
		return v.verifyTab(http.StatusUnprocessableEntity, f, api.Faults(err)[0].Public)
	}
	return err
}

// signInForTest sends the admin to the login of the app. The flow is the ticket: it works once, in this
// browser, and for this session of this admin, which keeps its public name when they sign in again.
// It asks for no scopes, so nobody's consent is recorded.
func (v *visit) signInForTest() error {
	f := &idp.Flow{
		Protocol: idp.ProtocolVerify, App: v.app.ID, Return: v.app.path("verify/continue"), Request: v.session.SID,
		Ask: idp.Ask{Login: true, Subject: v.person.Subject, LoginHint: v.person.Login},
	}
	if ready, err := v.Login.Begin(v.w, v.r, f); err != nil || !ready {
		return err
	}
	return errNotAsked
}

var (
	errNotAsked = idp.Errorf(idp.Internal, "The login asked nothing.")
	errNotYours = idp.Errorf(idp.Forbidden, "This test sign-in was begun by somebody else, or for another app. Begin again on the page of the app.")
)

// continueVerify goes on when the login has an answer.
//
// Attack: the address is opened by somebody who is no admin, or no admin of this app, or is sent to
// another admin, or is opened again. Decision: the visit and onApp stop the first two; the flow is bound to the
// browser, taken once, and names the session and the app.
func continueVerify(v *visit) error {
	v.app.tab = "verify"
	f, err := v.Login.Resume(v.w, v.r, idp.ProtocolVerify)
	switch {
	case err != nil:
		return err
	case f.Request != v.session.SID || f.App != v.app.ID:
		return errNotYours
	case f.Answer.Outcome == idp.Denied:
		return v.done(v.app.path("verify"), "cancelled")
	}
	reader, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	done, err := reader.VerifySignedIn(v.r.Context(), v.app.ID, f.Answer)
	if err != nil {
		return err
	}
	return v.verified(done)
}

func (v *visit) verified(done api.Verification) error {
	v.goTo(v.w, v.r, v.app.path("verify/"+url.PathEscape(done.Support)))
	return nil
}

type verificationPage struct {
	Passed    bool
	Facts     []Fact
	Failed    []verify.Check
	Table     Table
	Documents []verify.Decoded
	Again     string // path
}

// verification shows the result of a test.
func verification(v *visit) error {
	v.app.tab = "verify"
	reader, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	r, err := reader.Verification(v.r.Context(), v.app.ID, v.r.PathValue("support"))
	if err != nil {
		return err
	}
	p := verificationPage{Passed: r.Passed, Documents: r.Documents, Again: v.app.path("verify"), Facts: []Fact{
		{"Person", Cell{Text: r.User.Username}}, {"Directory", Cell{Text: r.User.Directory}}, {"When", Cell{Text: when(r.At)}},
		{"Took", Cell{Text: formatMilliseconds(r.Milliseconds)}}, {"Support code", Cell{Text: r.Support, Link: "/admin/traces?" + url.Values{"support_code": {r.Support}}.Encode()}},
		{"Kept until", Cell{Text: when(r.ExpiresAt)}},
	}}
	p.Table = Table{Caption: "Checks", Columns: []string{"Check", "Result", "Expected", "Received"}}
	for _, c := range r.Checks {
		if c.Result == verify.Failed {
			p.Failed = append(p.Failed, c)
		}
		received := c.Received
		if c.Result == verify.NotApplicable {
			received = c.Advice
		}
		p.Table.Rows = append(p.Table.Rows, []Cell{{Text: c.Name}, resultCell(c.Result), {Text: c.Expected}, {Text: received}})
	}
	return v.showTab("app_verification", p)
}

func formatMilliseconds(n int64) string { return (time.Duration(n) * time.Millisecond).String() }

func resultCell(result string) Cell {
	switch result {
	case verify.Passed:
		return Cell{Text: "passed", Badge: "good"}
	case verify.Failed:
		return Cell{Text: "failed", Badge: "bad"}
	}
	return Cell{Text: "does not apply", Badge: "plain"}
}
