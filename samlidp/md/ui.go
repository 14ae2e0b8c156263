package md

import (
	"errors"
	"strings"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// names finds what to show to people.
func (r *reader) names(entity, sp *wire.Element) {
	if ui := child(sp, step{wire.NSMetadata, "Extensions"}, step{wire.NSMDUI, "UIInfo"}); ui != nil {
		r.sp.Name = localized(ui, wire.NSMDUI, "DisplayName")
		r.logo(ui)
	}
	if r.sp.Name == "" {
		r.sp.Name = localized(entity.Child(wire.NSMetadata, "Organization"), wire.NSMetadata, "OrganizationDisplayName")
	}
	if r.sp.Name == "" {
		r.sp.Name = localized(attributeService(sp), wire.NSMetadata, "ServiceName")
	}
}

func (r *reader) logo(ui *wire.Element) {
	for _, c := range ui.Elements() {
		if !c.Is(wire.NSMDUI, "Logo") {
			continue
		}
		if url := strings.TrimSpace(c.Text()); strings.HasPrefix(url, "https:") && webAddress(url) {
			r.sp.Logo = url
			return
		}
	}
}

// localized returns the English text among the children of this name, else the first.
func localized(parent *wire.Element, space, local string) string {
	first := ""
	if parent == nil {
		return ""
	}
	for _, c := range parent.Elements() {
		text := strings.Join(strings.Fields(c.Text()), " ")
		if !c.Is(space, local) || text == "" {
			continue
		}
		lang, _ := c.AttrNS(wire.NSXML, "lang")
		if lang == "en" || strings.HasPrefix(lang, "en-") {
			return text
		}
		if first == "" {
			first = text
		}
	}
	return first
}

type step struct{ space, local string }

// child walks down to a nested child, nil if a step is missing.
func child(e *wire.Element, path ...step) *wire.Element {
	for _, s := range path {
		if e = e.Child(s.space, s.local); e == nil {
			return nil
		}
	}
	return e
}

// public returns the sentence of an error that is meant for people.
func public(err error) string {
	var e *idp.Error
	if errors.As(err, &e) {
		return e.Public
	}
	return "It cannot be read."
}
