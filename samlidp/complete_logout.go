package samlidp

import (
	"fmt"
	"slices"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// completeLogout: a way of being told that the application does not have would leave its
// sessions alive for ever, and silently.
func completeLogout(sp *idp.ServiceProvider) error {
	for i := range sp.SLO {
		switch e := &sp.SLO[i]; e.Binding {
		case "", "HTTP-Redirect":
			e.Binding = wire.BindingRedirect
		case "HTTP-POST":
			e.Binding = wire.BindingPost
		case "SOAP":
			e.Binding = wire.BindingSOAP
		}
	}
	if len(sp.SLO) > maxACSEndpoint {
		return invalid("/slo", "More than %d SingleLogoutService endpoints are not supported.", maxACSEndpoint)
	}
	switch sp.SLOBinding {
	case "", sloAuto:
		return nil
	case sloRedirect, sloPost, sloSOAP:
	default:
		return invalid("/slo_binding", "slo_binding must be auto, redirect, post or soap.")
	}
	binding := sloBinding(sp.SLOBinding)
	if !slices.ContainsFunc(sp.SLO, func(e idp.Endpoint) bool { return e.Binding == binding }) {
		return invalid("/slo_binding", "The application has no SingleLogoutService with the binding %s. Leave slo_binding at auto, or have the application add that address to its metadata.", binding)
	}
	return nil
}

func checkLogoutLocations(endpoints []idp.Endpoint, dev bool, or string) error {
	check := func(i int, field, location string) error {
		if len(location) > 2048 || !sloAddress(location, dev) {
			return invalid(fmt.Sprintf("/slo/%d/%s", i, field), "The address %.200q must be a complete https:// address without user name and fragment%s, and without SAML parameters in its query.", location, or)
		}
		return nil
	}
	for i, e := range endpoints {
		if err := check(i, "location", e.Location); err != nil {
			return err
		}
		if e.ResponseLocation == "" {
			continue
		}
		if err := check(i, "response_location", e.ResponseLocation); err != nil {
			return err
		}
	}
	return nil
}
