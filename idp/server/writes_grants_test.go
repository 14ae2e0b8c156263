package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// One write is one Grant, however it comes into being; a device has a ticket besides.
func TestWritesOfOtherGrants(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.AddClient(t, idp.ClientMetadata{ClientName: "TV", GrantTypes: []string{idp.GrantDevice, "password", "refresh_token"}, AllowPasswordGrant: true})
	as := func(r *http.Request) { r.SetBasicAuth(c.ClientID, c.ClientSecret) }
	byPassword := url.Values{"grant_type": {"password"}, "username": {"ada"}, "password": {password}, "scope": {"openid offline_access"}}
	h.call(t, http.MethodPost, "/oauth2/token", byPassword, as) // the first one gives ada her subject
	h.records.w.take()
	h.flows.w.take()

	h.call(t, http.MethodPost, "/oauth2/token", byPassword, as)
	h.wrote(t, "a password", "CreateGrant", "CreateTicket")

	codes := h.call(t, http.MethodPost, "/oauth2/device", url.Values{"scope": {"openid"}}, as)
	h.wrote(t, "asking for device codes", "", "CreateTicket")
	page := idptest.NewBrowser(t).Open(codes["verification_uri_complete"].(string)).FormWith("confirm").Submit("device-confirm")
	signIn(page, "ada", password).FormWith("consent").Submit("consent-allow")
	h.records.w.take()
	h.flows.w.take()
	h.call(t, http.MethodPost, "/oauth2/token", url.Values{"grant_type": {idp.GrantDevice}, "device_code": {codes["device_code"].(string)}}, as)
	h.wrote(t, "the tokens of a device", "CreateGrant", "TakeTicket")
}
