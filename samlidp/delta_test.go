package samlidp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// everything is a good request with everything in it.
func everything() string {
	return strings.Replace(with(`<samlp:Extensions><x:e xmlns:x="urn:x" a="b"/></samlp:Extensions>`+
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" NameQualifier="q">alice@example.org</saml:NameID><saml:SubjectConfirmation Method="urn:m"/></saml:Subject>`+
		`<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" SPNameQualifier="`+spEntity+`" AllowCreate="true"/>`+
		`<saml:Conditions NotBefore="2026-11-21T12:00:00Z"><saml:AudienceRestriction><saml:Audience>urn:a</saml:Audience></saml:AudienceRestriction></saml:Conditions>`+
		`<samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef>`+ppt+`</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`+
		`<samlp:Scoping ProxyCount="1"><samlp:IDPList><samlp:IDPEntry ProviderID="`+entityID+`" Name="n" Loc="l"/><samlp:GetComplete>urn:g</samlp:GetComplete></samlp:IDPList><samlp:RequesterID>urn:r</samlp:RequesterID></samlp:Scoping>`),
		" ID=", ` ForceAuthn="false" IsPassive="false" ProviderName="n" Consent="urn:c" AttributeConsumingServiceIndex="0" ID=`, 1)
}

// S26: each element, attribute and text is taken away, emptied and doubled once. Nothing
// panics, nothing is our fault, and an answer goes to a registered address only.
func TestS26_Delta(t *testing.T) {
	t.Parallel()
	n, issued := 0, 0
	try := func(what, doc string) {
		n++
		h := newHouse(t)
		h.register()
		h.signedIn()
		w := h.send(doc)
		switch f, ok := formOf(w); {
		case w.Code >= 500:
			t.Errorf("%s: status %d: %s", what, w.Code, pageText(w))
		case ok && f.Action != spACS:
			t.Errorf("%s: an answer went to %q", what, f.Action)
		case ok:
			issued++
		case w.Code != http.StatusBadRequest && w.Code != http.StatusForbidden && w.Code != http.StatusGone:
			t.Errorf("%s: status %d", what, w.Code)
		}
	}
	tree := etree.NewDocument()
	must(t, tree.ReadFromString(everything()))
	for i := range tree.FindElements("//*") {
		change := func(what string, f func(e *etree.Element)) {
			c := tree.Copy()
			e := c.FindElements("//*")[i]
			f(e)
			try(fmt.Sprintf("%s %s", e.Tag, what), text(t, c))
		}
		change("removed", func(e *etree.Element) { e.Parent().RemoveChild(e) })
		change("emptied", func(e *etree.Element) { e.Child = nil })
		change("renamed", func(e *etree.Element) { e.Tag += "X" })
		change("moved to another namespace", func(e *etree.Element) { e.Space = ""; e.CreateAttr("xmlns", "urn:x") })
		change("doubled", func(e *etree.Element) {
			if e.Parent() != nil {
				e.Parent().InsertChildAt(e.Index(), e.Copy())
			}
		})
		for j := range tree.FindElements("//*")[i].Attr {
			change(fmt.Sprint("without attribute ", j), func(e *etree.Element) { e.Attr = append(e.Attr[:j:j], e.Attr[j+1:]...) })
			change(fmt.Sprint("with an empty attribute ", j), func(e *etree.Element) { e.Attr[j].Value = "" })
			change(fmt.Sprint("with junk in attribute ", j), func(e *etree.Element) { e.Attr[j].Value = "\u00e4 <&" })
		}
	}
	if n < 150 || issued < 20 {
		t.Errorf("%d variants, %d answered: the test no longer tests", n, issued)
	}
}
