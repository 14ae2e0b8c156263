package tokenapp

import (
	"context"
	"net/http"

	"cloudsso/idp"
)

// Stage is where a sign-in to one app is rehearsed: this provider's own address for it with all
// its checks, and a store that nobody else has.
type Stage struct {
	Endpoints http.Handler // paths are below the issuer
	SharedKey []byte       // of HS* and of discourse; nil: there is none that this server can open
}

// Rehearse sets the stage for an app as it is stored.
//
// Attack: what comes of a test is used for real. Decision: a nonce is remembered on the stage only
// and is one that the application never asked for; tokens are the caller's to keep.
func (p *Provider) Rehearse(app idp.TokenApp, r *idp.Rehearsal) Stage {
	o := p.Options
	o.Records, o.Marks, o.Login, o.Events = stageRecords{p.Records, app}, r, r, r
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{app}", New(o).Start)
	out := Stage{Endpoints: mux}
	if key, err := p.sharedKey(app); err == nil { // without, the sign-in fails and says why
		out.SharedKey = key
	}
	return out
}

// stageRecords knows one app.
type stageRecords struct {
	Records
	app idp.TokenApp
}

// TokenApp implements [Records].
func (s stageRecords) TokenApp(_ context.Context, app string) (idp.TokenApp, error) {
	if app != s.app.App {
		return idp.TokenApp{}, idp.ErrNotFound
	}
	return s.app, nil
}
