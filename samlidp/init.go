package samlidp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// Init is IdP-initiated sign-in (Profiles §4.1.5): /saml/init/{app}?RelayState=…
func (p *Provider) Init(w http.ResponseWriter, r *http.Request) {
	in := &received{App: r.PathValue("app"), At: p.now().UTC()}
	q := &request{in: in}
	query := r.URL.Query()
	if len(query["RelayState"]) > 1 {
		p.refuse(w, r, q, idp.Errorf(idp.Invalid, "RelayState is there more than once.").On("RelayState"))
		return
	}
	in.RelayState, in.Relayed = query.Get("RelayState"), query.Has("RelayState")
	q, err := p.accept(r.Context(), in, true)
	if err != nil {
		p.refuse(w, r, q, err)
		return
	}
	p.begin(w, r, q)
}

// lookUpApp finds the application that an IdP-initiated sign-in is for. It must have
// asked for that: an answer without a question can be planted in a stranger's browser, who
// is then signed in as somebody else (S21).
func (p *Provider) lookUpApp(ctx context.Context, q *request) error {
	sp, err := p.records.ServiceProvider(ctx, q.in.App)
	if errors.Is(err, idp.ErrNotFound) || err == nil && sp.Disabled {
		return idp.Errorf(idp.NotFound, "There is no application at this address, or it is switched off.").Because(err)
	}
	if err != nil {
		return err
	}
	q.sp = sp
	idp.Note(ctx, slog.String("app", sp.App))
	if !sp.AllowIDPInitiated {
		return idp.Errorf(idp.Forbidden, "%s does not take sign-ins that start here. Open %s itself and choose to sign in there.", sp.Name, sp.Name)
	}
	q.relayState, q.relayed = q.in.RelayState, q.in.Relayed
	if !q.relayed && sp.DefaultRelayState != "" {
		q.relayState, q.relayed = sp.DefaultRelayState, true
	}
	return checkRelayState(q.relayState)
}

// checkRelayState holds a RelayState that comes from us to what wire demands of one that
// comes with a message: short, and of characters that a form field echoes byte for byte.
func checkRelayState(s string) error {
	if len(s) > wire.MaxRelayState || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return idp.Errorf(idp.Invalid, "The RelayState must be text without control characters, of at most %d bytes.", wire.MaxRelayState).On("RelayState")
	}
	return nil
}
