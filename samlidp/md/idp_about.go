package md

import (
	"strconv"

	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// extensions are what we can do and how we are shown (IIP-MD09, SDP-IDP33).
func (m IdP) extensions(w *wire.Writer) {
	w.Start("md:Extensions")
	if m.Scope != "" {
		w.Element("shibmd:Scope", m.Scope, wire.A("regexp", "false"))
	}
	m.About.ui(w)
	for _, uri := range dsig.Digests() {
		w.Start("alg:DigestMethod", wire.A("Algorithm", uri))
		w.End()
	}
	for _, uri := range dsig.Algorithms() {
		w.Start("alg:SigningMethod", wire.A("Algorithm", uri))
		w.End()
	}
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
