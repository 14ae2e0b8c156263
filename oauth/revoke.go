package oauth

import (
	"context"
	"log/slog"
	"net/http"

	"cloudsso/idp"
)

// Revoke is the revocation endpoint (RFC 7009 §2), for POST. An access token and a
// refresh token both stand for their grant, which ends with all of its tokens (§2.1
// allows that; one token alone has no record that could end).
func (p *Provider) Revoke(w http.ResponseWriter, r *http.Request) {
	if cors(w, r, http.MethodPost) {
		return
	}
	form, err := postForm(w, r, "revocation")
	if err != nil {
		p.fail(w, r, err)
		return
	}
	caller, held, err := p.authenticateFor(r.Context(), r, form, p.grantIn(form.Get("token")))
	if err == nil {
		err = present(form, "token")
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	idp.Note(r.Context(), slog.String("client", caller.ID))
	if err := p.revokeToken(r.Context(), caller, held, form.Get("token")); err != nil {
		p.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// revokeToken ends the grant of a token of this client. A token that is unknown or over
// is what the client wanted (§2.2); one that is somebody else's is refused, and the
// client is told (§2.1), where fosite says 200. A refresh token that was used before
// still ends its family: the client may have lost the answer that had the next one.
func (p *Provider) revokeToken(ctx context.Context, caller *idp.Client, held idp.Holding, token string) error {
	t, err := p.lookUp(ctx, held, token)
	switch {
	case isFault(err, invalidToken):
		return nil
	case err != nil:
		return err
	case t.grant.ClientID != caller.ID:
		return refuse(invalidGrant, "The token was issued to another client: only that client can revoke it.")
	}
	t.client = client{Client: caller}
	idp.Note(ctx, slog.String("subject", t.grant.Subject))
	return p.revoke(ctx, &t.unit, idp.EventGrantRevoked, "client_request")
}
