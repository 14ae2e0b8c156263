package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"cloudsso/idp"
)

const (
	devicePath     = "/device"
	deviceTicket   = "device" // kind of ticket; its ID is Provider.userCodeID
	deviceTTL      = 15 * time.Minute
	deviceInterval = 5 // seconds between two polls, and what slow_down adds (RFC 8628 §3.5)
)

// States of a deviceRequest.
const (
	devicePending  = ""
	deviceApproved = "approved"
	deviceDenied   = "denied"
)

// deviceRequest is what the ticket remembers while a person goes from the device to a
// browser. The user code leads to it, the device code opens it.
type deviceRequest struct {
	Client    string    `json:"client"`
	CodeHash  string    `json:"code_hash"` // idp.HashSecret of the device code
	Scopes    []string  `json:"scopes,omitempty"`
	Challenge string    `json:"challenge,omitempty"` // PKCE, if the device sent one
	Resources []string  `json:"resources,omitempty"`
	Interval  int64     `json:"interval"`           // seconds
	NextPoll  time.Time `json:"next_poll,omitzero"` // earlier is too early

	State   string     `json:"state,omitempty"`
	GrantID string     `json:"grant,omitempty"` // of the grant to be: it can be created once
	Answer  idp.Answer `json:"answer,omitzero"`
}

type deviceResponse struct {
	DeviceCode      string `json:"device_code"`
	UserCode        string `json:"user_code"`
	Verification    string `json:"verification_uri"`
	VerificationAll string `json:"verification_uri_complete"`
	ExpiresIn       int64  `json:"expires_in"`
	Interval        int64  `json:"interval"`
}

// Device is the device authorization endpoint (RFC 8628 §3.1), for POST.
func (p *Provider) Device(w http.ResponseWriter, r *http.Request) {
	p.serve(w, r, "device authorization", http.StatusOK, func(form url.Values) (any, error) { return p.startDevice(r.Context(), r, form) })
}

func (p *Provider) startDevice(ctx context.Context, r *http.Request, form url.Values) (*deviceResponse, error) {
	c, err := p.authenticate(ctx, r, form)
	if err != nil {
		return nil, err
	}
	idp.TraceAbout(ctx, idp.About{App: c.ID})
	idp.Note(ctx, slog.String("client", c.ID))
	switch {
	case c.Disabled:
		return nil, refuse(unauthorizedClient, "This application has been switched off by an administrator.")
	case !c.AllowsGrant(idp.GrantDevice):
		return nil, notForDevices()
	}
	d := deviceRequest{Client: c.ID, Scopes: grantable(c, form.Get("scope"), true), Interval: deviceInterval}
	if d.Challenge, err = readChallenge(form); err != nil {
		return nil, err
	}
	if d.Resources, err = p.resourcesOf(form, c.Resources); err != nil {
		return nil, err
	}
	for range 3 {
		answer, err := p.createDevice(ctx, d)
		if !errors.Is(err, idp.ErrConflict) { // somebody else has this user code at the moment
			return answer, err
		}
	}
	return nil, errors.New("three user codes in a row were taken")
}

func (p *Provider) createDevice(ctx context.Context, d deviceRequest) (*deviceResponse, error) {
	now, userCode := p.now(), newUserCode()
	t := idp.Ticket{Kind: deviceTicket, ID: p.userCodeID(userCode), CreatedAt: now, ExpiresAt: now.Add(deviceTTL)}
	deviceCode, err := newDeviceCode(t.ID, t.ExpiresAt)
	if err != nil {
		return nil, err
	}
	d.CodeHash = idp.HashSecret(deviceCode)
	if t.Data, err = json.Marshal(d); err != nil {
		return nil, err
	}
	page := p.Issuer + devicePath
	return &deviceResponse{
		DeviceCode: deviceCode, UserCode: dashed(userCode), Verification: page,
		VerificationAll: page + "?" + url.Values{"user_code": {dashed(userCode)}}.Encode(),
		ExpiresIn:       int64(deviceTTL / time.Second), Interval: d.Interval,
	}, p.Flows.CreateTicket(ctx, t)
}

func notForDevices() *fault {
	return refuse(unauthorizedClient, "This client is not registered for the grant type %s.", idp.GrantDevice)
}

// deviceTickets reads one; what is not there any more is idp.ErrNotFound.
func (p *Provider) deviceRequest(ctx context.Context, id string) (t idp.Ticket, d deviceRequest, err error) {
	if t, err = p.Flows.Ticket(ctx, deviceTicket, id); err != nil {
		return t, d, err
	}
	return t, d, json.Unmarshal(t.Data, &d)
}

func (p *Provider) updateDevice(ctx context.Context, t idp.Ticket, d deviceRequest) error {
	var err error
	if t.Data, err = json.Marshal(d); err != nil {
		return err
	}
	return p.Flows.UpdateTicket(ctx, t)
}
