package verify

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// checkResponse checks the answer as Profiles §4.1.4.2 and §4.1.4.3 have it.
func (v *samlVisit) checkResponse() {
	root := v.message.doc.Root()
	v.show("response", "xml", shown(root))
	v.checkStructure("Structure of the response", root, "Issuer", "Signature", "Extensions", "Status", "Assertion|EncryptedAssertion")
	v.checkDestination(root)
	v.equal("RelayState", v.relayState, v.message.relayState, "Report this: the provider must echo RelayState unchanged.")
	v.checkMessageSignature(root)
	v.equal("Issuer of the response", v.entityID, textAt(root, "./Issuer"), "Report this: the issuer must be the entity ID of the metadata.")
	v.equal("InResponseTo", v.request, attr(root, "InResponseTo"), "Report this: the answer must name the request.")
	at := instant(attr(root, "IssueInstant"))
	v.check(!at.IsZero() && v.Now().Sub(at).Abs() <= leeway, "IssueInstant", "about "+stamp(v.Now()), stamp(at), "Check the clock of this server.")
	if a := v.assertion(root); a != nil {
		v.checkAssertion(a)
	}
}

// checkStructure wants children in the order of the schema, each at most once.
func (v *samlVisit) checkStructure(name string, e *etree.Element, order ...string) {
	var tags []string
	at, ok := -1, true
	for _, child := range e.ChildElements() {
		i := slices.IndexFunc(order, func(tag string) bool { return slices.Contains(strings.Split(tag, "|"), child.Tag) })
		ok, at = ok && i > at, i
		tags = append(tags, child.Tag)
	}
	v.check(ok && attr(e, "Version") == "2.0" && attr(e, "ID") != "", name, "ID, Version 2.0, children in the order of the schema", strings.Join(tags, ", "), "Report this: the message does not fit the schema.")
}

func (v *samlVisit) checkDestination(root *etree.Element) {
	binding := bindingPost
	if v.App.ResponseBinding == "redirect" {
		binding = bindingRedirect
	}
	var registered []string
	for _, e := range v.App.ACS {
		if e.Binding == binding {
			registered = append(registered, e.Location)
		}
	}
	v.check(slices.Contains(registered, v.message.to), "Address of the answer", strings.Join(registered, " or "), v.message.to, "Report this: the answer must go to a registered address.")
	v.equal("Destination", v.message.to, attr(root, "Destination"), "Report this: the Destination must be the address that the answer goes to.")
}

// checkMessageSignature holds the signature of the response against the settings.
func (v *samlVisit) checkMessageSignature(root *etree.Element) {
	switch {
	case v.message.query != "":
		alg, err := sealedQuery(v.message.query, v.certificates)
		v.checkSignature("Signature of the redirect", alg, err)
	case v.App.Sign == "assertion":
		v.skip("Signature of the response", "Only the assertion is signed (sign).")
	default:
		alg, err := sealed(root, v.certificates)
		v.checkSignature("Signature of the response", alg, err)
	}
}

func (v *samlVisit) checkSignature(name, alg string, err error) {
	want := cmp.Or(v.App.SignatureAlgorithm, "rsa-sha256")
	v.check(err == nil && alg == want, name, want+", by a certificate of the metadata", textOf(err, alg+", verified"), "The application would refuse the answer. Look at signature_algorithm and signing_key, and give the application the current metadata.")
}

// assertion finds the one assertion, and opens it if it is encrypted.
func (v *samlVisit) assertion(root *etree.Element) *etree.Element {
	a, whole := root.FindElement("./Assertion"), root.FindElement("./EncryptedAssertion")
	wanted := v.Encrypts && (v.App.Encrypt == "required" || v.App.Encrypt == "optional")
	if wanted || whole != nil {
		opened, err := v.open(whole)
		if !v.check(err == nil && wanted, "Encryption", word(wanted, "an encrypted assertion", "an assertion in the clear"), textOf(err, "an encrypted assertion, opened"), "Look at encrypt and encryption_algorithm.") {
			return nil
		}
		a = opened
		v.show("assertion", "xml", shown(a))
	} else {
		v.skip("Encryption", "Assertions go to this application in the clear (encrypt).")
	}
	if !v.check(a != nil, "Assertion", "one", word(a != nil, "one", "none"), "Report this: the answer says nothing about anybody.") {
		return nil
	}
	return a
}

func (v *samlVisit) open(e *etree.Element) (*etree.Element, error) {
	if e == nil {
		return nil, errNoMessage
	}
	alone, err := detach(e)
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	doc.SetRoot(alone)
	raw, err := doc.WriteToBytes()
	if err == nil {
		raw, err = v.Open(raw)
	}
	inner := etree.NewDocument()
	if err == nil {
		err = inner.ReadFromBytes(raw)
	}
	if err == nil && inner.Root() == nil {
		err = errNoMessage
	}
	return inner.Root(), err
}

func (v *samlVisit) checkAssertion(a *etree.Element) {
	v.checkStructure("Structure of the assertion", a, "Issuer", "Signature", "Subject", "Conditions", "AuthnStatement", "AttributeStatement")
	if v.App.Sign == "assertion" || v.App.Sign == "both" || v.App.WantsAssertionsSigned {
		alg, err := sealed(a, v.certificates)
		v.checkSignature("Signature of the assertion", alg, err)
	} else {
		v.skip("Signature of the assertion", "The response is signed, with the assertion in it (sign).")
	}
	v.equal("Issuer of the assertion", v.entityID, textAt(a, "./Issuer"), "Report this: the issuer must be the entity ID of the metadata.")
	v.checkSubject(a)
	v.checkConditions(a)
	v.checkStatement(a)
	v.checkAttributes(a)
}

// checkSubject: the bearer confirmation of Profiles §4.1.4.2, and the name.
func (v *samlVisit) checkSubject(a *etree.Element) {
	data := a.FindElement("./Subject/SubjectConfirmation/SubjectConfirmationData")
	v.equal("Recipient", cmp.Or(v.App.Recipient, v.message.to), attr(data, "Recipient"), "Look at recipient: it must be what the application compares with.")
	v.equal("InResponseTo of the confirmation", v.request, attr(data, "InResponseTo"), "Report this: the confirmation must name the request.")
	end := instant(attr(data, "NotOnOrAfter"))
	v.check(end.After(v.Now()), "NotOnOrAfter of the confirmation", "after "+stamp(v.Now()), stamp(end), "Check the clock of this server, and lifetime.")
	name, err := a.FindElement("./Subject/NameID"), error(nil)
	if v.App.NameID.Encrypt {
		name, err = v.open(a.FindElement("./Subject/EncryptedID"))
		v.check(err == nil, "Encrypted NameID", "an EncryptedID", textOf(err, "an EncryptedID, opened"), "Look at nameid.encrypt, and at the encryption certificate.")
	}
	formats := v.formats()
	if slices.Contains(formats, "none") {
		v.check(name == nil, "NameID", "none", word(name == nil, "none", "one"), "Look at nameid.format.")
		return
	}
	format, value := attr(name, "Format"), ""
	if name != nil {
		value = name.Text()
	}
	v.check(slices.Contains(formats, format), "NameID format", strings.Join(formats, " or "), format, "Look at nameid.format: the application asks for another.")
	v.check(value != "", "NameID", "a name", value, "Look at nameid.from: this person has no value there.")
}

// formats are those that the settings allow, as their URIs.
func (v *samlVisit) formats() []string {
	const v1, v2 = "urn:oasis:names:tc:SAML:1.1:nameid-format:", "urn:oasis:names:tc:SAML:2.0:nameid-format:"
	switch f := v.App.NameID.Format; f {
	case "unspecified", "emailAddress", "X509SubjectName", "WindowsDomainQualifiedName":
		return []string{v1 + f}
	case "persistent", "transient", "kerberos", "entity":
		return []string{v2 + f}
	case "":
		return append(slices.Clone(v.App.NameIDFormats), v2+"persistent")
	default:
		return []string{f}
	}
}

func (v *samlVisit) checkConditions(a *etree.Element) {
	c, now := a.FindElement("./Conditions"), v.Now()
	from, until := instant(attr(c, "NotBefore")), instant(attr(c, "NotOnOrAfter"))
	v.check(!from.IsZero() && !from.After(now) && until.After(now), "Conditions", "valid at "+stamp(now), stamp(from)+" to "+stamp(until), "Check the clock of this server, and lifetime.")
	var audiences []string
	for _, e := range a.FindElements("./Conditions/AudienceRestriction/Audience") {
		audiences = append(audiences, e.Text())
	}
	want := slices.Clone(v.App.Audiences)
	if !v.App.OmitEntityAudience {
		want = append([]string{v.App.EntityID}, want...)
	}
	v.equal("Audience", strings.Join(want, " "), strings.Join(audiences, " "), "Look at the entity ID, audiences and omit_entity_audience.")
}

func (v *samlVisit) checkStatement(a *etree.Element) {
	s := a.FindElement("./AuthnStatement")
	at := instant(attr(s, "AuthnInstant"))
	v.check(!at.IsZero() && !at.After(v.Now().Add(leeway)), "AuthnInstant", "when the person last proved who they are", stamp(at), "Check the clock of this server.")
	v.check(attr(s, "SessionIndex") != "", "SessionIndex", "one", cmp.Or(attr(s, "SessionIndex"), "none"), "Report this: the application could not be signed out of.")
	class := textAt(a, "./AuthnStatement/AuthnContext/AuthnContextClassRef")
	v.check(class != "" && (v.App.AuthnContext == "" || class == v.App.AuthnContext), "Authentication context", cmp.Or(v.App.AuthnContext, "a class"), class, "Look at authn_context.")
}

func (v *samlVisit) checkAttributes(a *etree.Element) {
	var names, required, missing []string
	for _, e := range a.FindElements("./AttributeStatement/Attribute") {
		if e.FindElement("./AttributeValue") != nil {
			names = append(names, attr(e, "Name"))
		}
	}
	for _, row := range v.App.Attributes {
		if row.Required {
			required = append(required, row.Name)
		}
	}
	missing = slices.DeleteFunc(slices.Clone(required), func(name string) bool { return slices.Contains(names, name) })
	if len(required) == 0 {
		v.skip("Required attributes", "No row of the mapping is required. Received: "+cmp.Or(clip(strings.Join(names, ", "), maxText), "none")+".")
		return
	}
	v.check(len(missing) == 0, "Required attributes", strings.Join(required, ", "), word(len(missing) == 0, strings.Join(names, ", "), "missing: "+strings.Join(missing, ", ")), "Look at the mapping: the application does not get what it needs.")
}

func textAt(e *etree.Element, path string) string {
	if found := e.FindElement(path); found != nil {
		return found.Text()
	}
	return ""
}

func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
