package oauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"cloudsso/idp"
)

// deviceGrant answers a poll (RFC 8628 §3.4, §3.5). Once somebody has said yes, it makes
// the grant, whose id the ticket has had since then: of polls that come at once, one
// creates it.
func (p *Provider) deviceGrant(ctx context.Context, u *unit, form url.Values) error {
	if !u.client.AllowsGrant(idp.GrantDevice) {
		return notForDevices()
	}
	t, d, err := p.ownDevice(ctx, u, form.Get("device_code"))
	switch {
	case err != nil:
		return err
	case d.State == deviceDenied:
		return refuse(accessDenied, "The person did not agree.")
	case d.State == devicePending:
		return p.notYet(ctx, u, t, d)
	}
	if err := d.verify(form.Get("code_verifier")); err != nil {
		return err
	}
	u.grant = idp.Grant{
		ID: d.GrantID, ClientID: u.client.ID, Subject: d.Answer.Subject, GrantType: idp.GrantDevice,
		Scopes:   slices.DeleteFunc(slices.Clone(d.Scopes), func(s string) bool { return !slices.Contains(d.Answer.Scopes, s) }),
		AuthTime: d.Answer.AuthTime, AMR: d.Answer.AMR,
		CreatedAt: u.now, ExpiresAt: t.ExpiresAt, // not before the ticket, or its id could be used again
	}
	u.keepResources(d.Resources)
	u.ticket = t.ID
	return nil
}

// ownDevice finds the request that a device code opens. One that is another client's is
// answered like one that never was.
func (p *Provider) ownDevice(ctx context.Context, u *unit, code string) (idp.Ticket, deviceRequest, error) {
	unknown := refuse(invalidGrant, "The device_code is not one that was issued to this client, or it was used before.")
	id, expires, err := readDeviceCode(code)
	if err != nil {
		return idp.Ticket{}, deviceRequest{}, unknown.because(err)
	}
	t, d, err := p.deviceRequest(ctx, id)
	switch {
	case errors.Is(err, idp.ErrNotFound) && !u.now.Before(expires):
		return t, d, refuse(expiredToken, "The device_code has expired: start again with a new one.").because(err)
	case errors.Is(err, idp.ErrNotFound):
		return t, d, unknown.because(err)
	case err != nil:
		return t, d, err
	case d.Client != u.client.ID || !idp.SecretMatches(code, d.CodeHash):
		return t, d, unknown.because(errors.New("another client's, or not the ticket's code"))
	}
	return t, d, nil
}

// notYet tells a device to go on polling, and one that polls too fast to slow down. A
// second is forgiven: requests do not travel equally fast.
func (p *Provider) notYet(ctx context.Context, u *unit, t idp.Ticket, d deviceRequest) error {
	early := u.now.Before(d.NextPoll)
	if early {
		d.Interval += deviceInterval
	}
	d.NextPoll = u.now.Add(time.Duration(d.Interval)*time.Second - time.Second)
	err := p.updateDevice(ctx, t, d)
	switch {
	case early, errors.Is(err, idp.ErrConflict): // another poll at the same time
		return refuse(slowDown, "The device asks too often: wait 5 seconds longer between two requests from now on.")
	case errors.Is(err, idp.ErrNotFound):
		return refuse(expiredToken, "The device_code has expired: start again with a new one.").because(err)
	case err != nil:
		return err
	}
	return refuse(authorizationPending, "The person has not answered yet: ask again in a few seconds.")
}

// verify is PKCE for devices: not asked for by RFC 8628, and binding once it was used
// (RFC 9700 §2.1.1; CVE-2026-123542).
func (d *deviceRequest) verify(verifier string) error {
	switch {
	case d.Challenge == "" && verifier != "":
		return refuse(invalidGrant, "There is a code_verifier, but the device authorization request had no code_challenge.")
	case d.Challenge != "" && subtle.ConstantTimeCompare([]byte(idp.HashSecret(verifier)), []byte(d.Challenge)) != 1:
		return refuse(invalidGrant, "The code_verifier does not fit the code_challenge of the device authorization request.")
	}
	return nil
}

// beginDevice writes the grant. The ticket has done its work then; if it cannot be taken
// away, the grant's id is what keeps it from working twice.
func (p *Provider) beginDevice(ctx context.Context, u *unit) error {
	err := p.begin(ctx, u)
	switch {
	case errors.Is(err, idp.ErrConflict):
		return refuse(invalidGrant, "The device_code is not one that was issued to this client, or it was used before.").because(err)
	case err != nil:
		return err
	}
	if _, err := p.Flows.TakeTicket(ctx, deviceTicket, u.ticket); err != nil {
		idp.Note(ctx, slog.String("device_ticket", err.Error()))
	}
	return nil
}
