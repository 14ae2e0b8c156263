package md

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// consumers reads the AssertionConsumerService endpoints. They decide where assertions
// go, so a location that cannot be right is an error, not a warning (S08, S09).
func (r *reader) consumers(sp *wire.Element) error {
	var postable, defaulted bool
	for _, c := range sp.Elements() {
		if !c.Is(wire.NSMetadata, "AssertionConsumerService") {
			continue
		}
		ep, err := endpoint(c)
		if err != nil {
			return err
		}
		if err := r.index(c, &ep); err != nil {
			return err
		}
		if ep.IsDefault, err = boolean(c, "isDefault"); err != nil {
			return err
		}
		if ep.IsDefault && defaulted {
			r.warn(c, "More than one endpoint says isDefault; the first one is the default.")
			ep.IsDefault = false
		}
		if strings.HasPrefix(ep.Location, "http:") {
			r.warn(c, "The ACS URL %s is not https: assertions would travel unprotected.", ep.Location)
		}
		defaulted = defaulted || ep.IsDefault
		postable = postable || ep.Binding == wire.BindingPost
		r.sp.ACS = append(r.sp.ACS, ep)
	}
	if !postable {
		return sp.Errorf("there is no <AssertionConsumerService> with the binding %s. Add one.", wire.BindingPost)
	}
	return nil
}

// index reads the endpoint's index, which must be unique; a missing or repeated one is
// replaced by the next that is free.
func (r *reader) index(e *wire.Element, ep *idp.Endpoint) error {
	raw, ok := e.Attr("index")
	if ok {
		n, err := strconv.ParseUint(strings.TrimSpace(raw), 10, 16)
		if err != nil {
			return e.Errorf(`index="%.40s" is not a number from 0 to 65535. Correct it.`, raw)
		}
		ep.Index = int(n)
	}
	taken := func(n int) bool {
		return slices.ContainsFunc(r.sp.ACS, func(o idp.Endpoint) bool { return o.Index == n })
	}
	if ok && !taken(ep.Index) {
		return nil
	}
	for ep.Index = 0; taken(ep.Index); ep.Index++ {
	}
	r.warn(e, "The endpoint has no index of its own; it was given the index %d.", ep.Index)
	return nil
}

// logout reads the SingleLogoutService endpoints. Signing in does not need them, so a
// bad one is left out with a warning.
func (r *reader) logout(sp *wire.Element) error {
	for _, c := range sp.Elements() {
		if !c.Is(wire.NSMetadata, "SingleLogoutService") {
			continue
		}
		ep, err := endpoint(c)
		if err != nil {
			r.warn(c, "The logout endpoint was left out: %s", public(err))
			continue
		}
		ep.Index = len(r.sp.SLO)
		if to, ok := c.Attr("ResponseLocation"); ok {
			ep.ResponseLocation = r.responseLocation(c, to)
		}
		r.sp.SLO = append(r.sp.SLO, ep)
	}
	return nil
}

func (r *reader) responseLocation(e *wire.Element, to string) string {
	if to = strings.TrimSpace(to); !webAddress(to) {
		r.warn(e, "The ResponseLocation was left out: it is not an http or https address.")
		return ""
	}
	return to
}

func endpoint(e *wire.Element) (idp.Endpoint, error) {
	binding, _ := e.Attr("Binding")
	location, _ := e.Attr("Location")
	ep := idp.Endpoint{Binding: strings.TrimSpace(binding), Location: strings.TrimSpace(location)}
	switch {
	case ep.Binding == "":
		return ep, e.Errorf("the attribute Binding is missing. Add it.")
	case !webAddress(ep.Location):
		return ep, e.Errorf(`Location="%.80s" is not a complete http or https address. Put the real one there.`, ep.Location)
	}
	return ep, nil
}

// webAddress accepts only what a browser may be sent to with an assertion: no
// javascript: or data: (CVE-2023-45683), no user name that disguises the host, no fragment.
func webAddress(s string) bool {
	if strings.ContainsAny(s, " \t\r\n<>\"\\") {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && !strings.Contains(s, "#")
}
