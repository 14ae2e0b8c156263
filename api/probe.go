package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"cloudsso/idp"
)

// Reached is what an address answered.
type Reached struct {
	Status   int       // of HTTP
	Date     time.Time // header Date; zero without one
	NotAfter time.Time // of the TLS certificate; zero over plain http
}

// Prober asks an address without following it anywhere; it must guard against addresses
// inside our own network.
type Prober interface {
	Probe(ctx context.Context, url string) (Reached, error)
}

// maxSkew is how much clocks may differ before signed things are refused.
const maxSkew = time.Minute

// Probe is one thing that was looked at.
type Probe struct {
	What   string `json:"what" doc:"The setting whose address it is."`
	URL    string `json:"url"`
	Result string `json:"result" enum:"ok,warning,failed"`
	Text   string `json:"text"`
}

// probeInput names the app; there is nothing to say in the body.
type probeInput struct {
	Caller
	ID   string `path:"id" maxLength:"256" doc:"client_id, or the app of a service provider."`
	Body struct{}
}

type target struct{ what, url string }

// Probe looks whether the addresses of an app can be reached from here.
func (o AppsWriter) Probe(ctx context.Context, app string) (List[Probe], error) {
	if o.Options.Probe == nil {
		return List[Probe]{}, idp.Errorf(idp.Unavailable, "Probes need the running server.")
	}
	targets, err := o.targets(ctx, app)
	if err != nil {
		return List[Probe]{}, err
	}
	out := List[Probe]{Items: make([]Probe, len(targets))}
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() { out.Items[i] = o.probe(ctx, t) })
	}
	wg.Wait()
	return out, o.record(ctx, idp.Event{Name: idp.EventAppProbed, App: app})
}

// maxTargets bounds what one call makes us ask.
const maxTargets = 20

func (o acting) targets(ctx context.Context, app string) (out []target, err error) {
	add := func(what string, urls ...string) {
		for _, u := range urls {
			if u != "" && len(out) < maxTargets {
				out = append(out, target{what, u})
			}
		}
	}
	found, err := o.app(ctx, app)
	switch {
	case err != nil:
		return nil, err
	case found.client != nil:
		c := found.client
		add("jwks_uri", c.JWKSURI)
		if c.ApplicationType != "native" {
			add("redirect_uris", c.RedirectURIs...)
		}
		add("backchannel_logout_uri", c.BackchannelLogoutURI)
		add("frontchannel_logout_uri", c.FrontchannelLogoutURI)
		add("initiate_login_uri", c.InitiateLoginURI)
	case found.sp != nil:
		for _, e := range found.sp.ACS {
			add("acs", e.Location)
		}
		for _, e := range found.sp.SLO {
			add("slo", e.Location)
		}
		add("start_url", found.sp.StartURL)
	default:
		add("return_url", found.token.ReturnURL)
		add("start_url", found.token.StartURL)
	}
	return out, nil
}

// probe asks by GET, which does nothing: a page that wants POST answers 4xx, and is there.
func (o acting) probe(ctx context.Context, t target) Probe {
	p := Probe{What: t.what, URL: t.url, Result: "ok"}
	r, err := o.Options.Probe.Probe(ctx, t.url)
	if err != nil {
		var known *idp.Error
		if p.Result, p.Text = "failed", "It cannot be reached."; errors.As(err, &known) {
			p.Text = known.Public
		}
		return p
	}
	p.Text = fmt.Sprintf("It answers with status %d.", r.Status)
	skew := o.now().Sub(r.Date)
	switch days := int(r.NotAfter.Sub(o.now()).Hours() / 24); {
	case r.Status >= 500 || r.Status == http.StatusNotFound || r.Status == http.StatusGone:
		p.Result = "failed"
		p.Text += " Check the address."
	case t.what == "jwks_uri" && r.Status != http.StatusOK:
		p.Result = "failed"
		p.Text += " A key set has to be read without signing in."
	case !r.NotAfter.IsZero() && days <= 30:
		p.Result = "warning"
		p.Text += fmt.Sprintf(" Its TLS certificate expires in %d days.", days)
	case !r.Date.IsZero() && (skew > maxSkew || skew < -maxSkew):
		p.Result = "warning"
		p.Text += fmt.Sprintf(" Its clock differs from ours by %s.", skew.Abs().Round(time.Second))
	}
	return p
}
