package md

import (
	"slices"
	"strconv"
	"strings"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// attributeService returns the default AttributeConsumingService, else the first.
func attributeService(sp *wire.Element) *wire.Element {
	first := sp.Child(wire.NSMetadata, "AttributeConsumingService")
	for _, c := range sp.Elements() {
		if isDefault, _ := boolean(c, "isDefault"); isDefault && c.Is(wire.NSMetadata, "AttributeConsumingService") {
			return c
		}
	}
	return first
}

// wishes reads the attributes that the services ask for.
func (r *reader) wishes(sp *wire.Element) error {
	usual := attributeService(sp)
	for _, c := range sp.Elements() {
		if !c.Is(wire.NSMetadata, "AttributeConsumingService") {
			continue
		}
		requested, err := requestedAttributes(c)
		if err != nil {
			return err
		}
		if c == usual {
			r.sp.RequestedAttributes = requested
		}
		r.service(c, requested)
	}
	return nil
}

// service keeps what a request can ask for by index. Signing in does not need it, so a
// bad index is left out with a warning.
func (r *reader) service(e *wire.Element, requested []RequestedAttribute) {
	raw, _ := e.Attr("index")
	n, err := strconv.ParseUint(strings.TrimSpace(raw), 10, 16)
	taken := slices.ContainsFunc(r.sp.AttributeServices, func(s idp.AttributeService) bool { return s.Index == int(n) })
	if err != nil || taken {
		r.warn(e, "The <AttributeConsumingService> has no index of its own; requests cannot ask for it.")
		return
	}
	s := idp.AttributeService{Index: int(n)}
	for _, a := range requested {
		s.Names = append(s.Names, a.Name)
	}
	r.sp.AttributeServices = append(r.sp.AttributeServices, s)
}

func requestedAttributes(service *wire.Element) (out []RequestedAttribute, err error) {
	for _, c := range service.Elements() {
		name, _ := c.Attr("Name")
		if !c.Is(wire.NSMetadata, "RequestedAttribute") || name == "" {
			continue
		}
		a := RequestedAttribute{Name: name}
		if a.Required, err = boolean(c, "isRequired"); err != nil {
			return nil, err
		}
		a.NameFormat, _ = c.Attr("NameFormat")
		a.FriendlyName, _ = c.Attr("FriendlyName")
		out = append(out, a)
	}
	return out, nil
}

// subjectID reads which subject identifier the application wants (SAML V2.0 Subject
// Identifier Attributes Profile §2.4).
func (r *reader) subjectID(entity *wire.Element) {
	const req = "urn:oasis:names:tc:SAML:profiles:subject-id:req"
	attributes := child(entity, step{wire.NSMetadata, "Extensions"}, step{nsAttribute, "EntityAttributes"})
	if attributes == nil {
		return
	}
	for _, a := range attributes.Elements() {
		if name, _ := a.Attr("Name"); name != req || !a.Is(wire.NSAssertion, "Attribute") {
			continue
		}
		value := ""
		if v := a.Child(wire.NSAssertion, "AttributeValue"); v != nil {
			value = strings.TrimSpace(v.Text())
		}
		switch value {
		case "subject-id", "pairwise-id", "none", "any":
			r.sp.SubjectIDReq = value
		default:
			r.warn(a, "The value of subject-id:req is not one of subject-id, pairwise-id, none and any, and was left out.")
		}
	}
}

const nsAttribute = "urn:oasis:names:tc:SAML:metadata:attribute"
