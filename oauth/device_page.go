package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

const deviceContinuePath = devicePath + "/continue"

var (
	errNoSuchUserCode = idp.Errorf(idp.Invalid, "This code is not known, or it has expired. Please compare it with the one on your device.")
	errDeviceAnswered = idp.Errorf(idp.Expired, "This code has been answered already, or it took longer than a quarter of an hour. Please start again on your device.")
)

// DevicePage answers GET /device: it asks for the code, or with one, whether the device
// shows it too (RFC 8628 §3.3).
func (p *Provider) DevicePage(w http.ResponseWriter, r *http.Request) {
	typed := r.URL.Query().Get("user_code")
	if typed == "" {
		p.Pages.Device(w, r, http.StatusOK, web.Device{})
		return
	}
	v, err := p.visitDevice(r.Context(), typed)
	if err != nil {
		p.deviceFault(w, r, typed, err)
		return
	}
	p.Pages.DeviceConfirm(w, r, web.DeviceConfirm{
		App: pageApp(&v.client), UserCode: dashed(v.code), Token: p.Login.FormToken(w, r, v.step()),
	})
}

// DevicePost answers POST /device: a code that was typed in, or the answer to whether the
// device shows it.
func (p *Provider) DevicePost(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.Pages.Error(w, r, idp.Errorf(idp.Invalid, "The form could not be read.").Because(err))
		return
	}
	typed := r.PostForm.Get("user_code")
	code, ok := readUserCode(typed)
	if !ok {
		p.deviceFault(w, r, typed, errNoSuchUserCode)
		return
	}
	if r.PostForm.Get("confirm") == "" {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Location", p.Issuer+devicePath+"?"+url.Values{"user_code": {dashed(code)}}.Encode())
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	v, err := p.visitDevice(r.Context(), typed)
	if err == nil {
		// Attack: a page of somebody else's answers in the person's name, with a code of the
		// attacker's device.
		err = p.Login.CheckForm(r, v.step())
	}
	if err != nil {
		p.deviceFault(w, r, typed, err)
		return
	}
	p.confirmDevice(w, r, v)
}

// confirmDevice starts the sign-in, or ends the matter. Consent is asked for always:
// attack: somebody sends a code of their own device with a good story (RFC 8628 §5.4).
// Decision: nobody gets through without having read which application it is.
func (p *Provider) confirmDevice(w http.ResponseWriter, r *http.Request, v deviceVisit) {
	idp.Note(r.Context(), slog.String("client", v.client.ID))
	f := idp.Flow{
		Protocol: idp.ProtocolOIDC, App: v.client.ID, Return: deviceContinuePath, Request: v.id,
		Ask: idp.Ask{Scopes: v.scopes, Consent: true},
	}
	if r.PostForm.Get("confirm") != "yes" {
		f.Answer.Outcome = idp.Denied
		p.settleDevice(w, r, f)
		return
	}
	ready, err := p.Login.Begin(w, r, &f)
	switch {
	case err != nil:
		p.Pages.Error(w, r, err)
	case ready:
		p.settleDevice(w, r, f)
	}
}

// DeviceContinue goes on when the login has settled the flow.
func (p *Provider) DeviceContinue(w http.ResponseWriter, r *http.Request) {
	f, err := p.Login.Resume(w, r, idp.ProtocolOIDC)
	if err == nil && f.Return != deviceContinuePath {
		err = errOtherFlow
	}
	if err != nil {
		p.Pages.Error(w, r, err)
		return
	}
	p.settleDevice(w, r, f)
}

// settleDevice notes the answer where the device will ask for it.
func (p *Provider) settleDevice(w http.ResponseWriter, r *http.Request, f idp.Flow) {
	c, err := p.Records.Client(r.Context(), f.App)
	if err == nil && c.Disabled {
		err = refuse(unauthorizedClient, "This application has been switched off by an administrator.")
	}
	connected := f.Answer.Outcome == idp.SignedIn
	if err == nil {
		err = p.answerDevice(r.Context(), f.Request, func(d *deviceRequest) {
			if d.State = deviceDenied; connected {
				d.State, d.GrantID, d.Answer = deviceApproved, idp.NewID(), f.Answer
			}
		})
	}
	if err != nil {
		p.Pages.Error(w, r, err)
		return
	}
	idp.Trace(r.Context(), idp.Step{Name: "device", Result: idp.Answered, Received: string(f.Answer.Outcome), Text: "The device gets the answer when it asks next."})
	idp.Note(r.Context(), slog.String("client", c.ID), slog.String("subject", f.Answer.Subject))
	p.Pages.DeviceDone(w, r, web.DeviceDone{App: pageApp(&c), Connected: connected})
}

// answerDevice changes a request that nobody has answered yet. The device that polls
// meanwhile writes too, so it may take a second try.
func (p *Provider) answerDevice(ctx context.Context, id string, change func(*deviceRequest)) error {
	for range 8 {
		t, d, err := p.deviceRequest(ctx, id)
		switch {
		case errors.Is(err, idp.ErrNotFound), err == nil && d.State != devicePending:
			return errDeviceAnswered
		case err != nil:
			return err
		}
		change(&d)
		if err := p.updateDevice(ctx, t, d); !errors.Is(err, idp.ErrConflict) {
			return err
		}
	}
	return idp.ErrConflict
}

// deviceFault shows the form again where that helps.
func (p *Provider) deviceFault(w http.ResponseWriter, r *http.Request, typed string, err error) {
	if !errors.Is(err, errNoSuchUserCode) {
		p.Pages.ErrorWith(w, r, err, web.Action{Text: "Enter the code again", URL: devicePath})
		return
	}
	if len(typed) > 32 {
		typed = ""
	}
	p.Pages.Device(w, r, http.StatusBadRequest, web.Device{UserCode: typed, Error: errNoSuchUserCode.Public})
}

func pageApp(c *idp.Client) web.App {
	return web.App{Name: c.DisplayName(), LogoURL: c.LogoURI, PolicyURL: c.PolicyURI, TermsURL: c.TosURI}
}
