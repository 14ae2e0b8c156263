package md

import (
	"strconv"

	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// algorithms says what messages to us may be signed with (Metadata Profile for Algorithm
// Support; IIP-MD09). Shibboleth takes the first that it can do; where nothing is said it signs
// what it posts with SHA-1, which is refused here.
func algorithms(w *wire.Writer) {
	signatures, digests := dsig.Accepted()
	w.Start("md:Extensions")
	for _, uri := range digests {
		w.Start("alg:DigestMethod", wire.A("Algorithm", uri))
		w.End()
	}
	for _, uri := range signatures {
		w.Start("alg:SigningMethod", wire.A("Algorithm", uri))
		w.End()
	}
	w.End()
}

// extensions are how we are shown, and what may stand behind the @ of subject
// identifiers (SDP-IDP33).
func (m IdP) extensions(w *wire.Writer) {
	if m.Scope == "" && m.About.Name == "" {
		return
	}
	w.Start("md:Extensions")
	if m.Scope != "" {
		w.Element("shibmd:Scope", m.Scope, wire.A("regexp", "false"))
	}
	m.About.ui(w)
	w.End()
}

func english() wire.Arg { return wire.A("xml:lang", "en") }

// ui is how service providers show us where people choose their identity provider (MDUI).
func (a About) ui(w *wire.Writer) {
	if a.Name == "" {
		return
	}
	w.Start("mdui:UIInfo")
	for _, e := range [][2]string{{"mdui:DisplayName", a.Name}, {"mdui:Description", a.Description}, {"mdui:InformationURL", a.URL}, {"mdui:PrivacyStatementURL", a.PrivacyURL}} {
		if e[1] != "" {
			w.Element(e[0], e[1], english())
		}
	}
	if a.Logo != "" {
		w.Element("mdui:Logo", a.Logo, wire.A("height", strconv.Itoa(a.LogoHeight)), wire.A("width", strconv.Itoa(a.LogoWidth)))
	}
	w.End()
}

// organisation writes Organization and ContactPerson (Metadata §2.3.2.1, §2.3.2.2).
func (a About) organisation(w *wire.Writer) {
	if a.Name != "" && a.URL != "" {
		w.Start("md:Organization")
		w.Element("md:OrganizationName", a.Name, english())
		w.Element("md:OrganizationDisplayName", a.Name, english())
		w.Element("md:OrganizationURL", a.URL, english())
		w.End()
	}
	if a.TechnicalEmail != "" {
		w.Start("md:ContactPerson", wire.A("contactType", "technical"))
		w.Element("md:EmailAddress", "mailto:"+a.TechnicalEmail)
		w.End()
	}
}
