package oauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"cloudsso/idp"
)

// RegisteredClient is the client configuration endpoint (RFC 7592 §2), for GET, PUT and
// DELETE below /oauth2/register/, with the registration access token.
func (p *Provider) RegisteredClient(w http.ResponseWriter, r *http.Request) {
	if cors(w, r, "GET, PUT, DELETE") {
		return
	}
	c, token, err := p.registeredClient(r)
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	idp.Note(r.Context(), slog.String("client", c.ID))
	if r.Method == http.MethodDelete {
		p.deleteRegistered(w, r, c)
		return
	}
	shown := Registered{ID: c.ID, Metadata: c.ClientMetadata, IssuedAt: c.CreatedAt}
	if r.Method == http.MethodPut {
		shown, err = p.replaceRegistered(w, r, c)
	}
	var answer map[string]any
	if err == nil {
		answer, err = p.describeRegistered(shown, token)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// registeredClient authenticates by the registration access token. A client that does not
// exist, one that an administrator registered and a wrong token get the same answer.
func (p *Provider) registeredClient(r *http.Request) (idp.Client, string, error) {
	if !p.Registration.on() {
		return idp.Client{}, "", registrationOff()
	}
	token, err := bearerHeader(r)
	if err != nil {
		return idp.Client{}, "", err
	}
	c, err := p.Records.Client(r.Context(), r.PathValue("client_id"))
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return c, "", err
	}
	if err != nil || !idp.SecretMatches(token, c.RegistrationTokenHash) {
		return c, "", refuse(invalidToken, "The registration access token is not valid for this client.").because(err)
	}
	if c.Disabled {
		e := refuse(accessDenied, "This application has been switched off by an administrator.")
		e.status = http.StatusForbidden
		return c, "", e
	}
	return c, token, nil
}

// replaceRegistered takes the whole new metadata (RFC 7592 §2.2): what is not there goes
// back to its default. What an administrator said about the client stays.
func (p *Provider) replaceRegistered(w http.ResponseWriter, r *http.Request, c idp.Client) (Registered, error) {
	body, err := registrationBody(w, r)
	if err != nil {
		return Registered{}, err
	}
	secret, err := p.sameClient(c, body)
	if err != nil {
		return Registered{}, err
	}
	was := c.ClientMetadata
	// What was granted to it before, it may keep.
	trusted := registrant{trusted: c.AllowsGrant(clientCredentials)}
	if err := p.describeClient(r.Context(), &c, body, trusted); err != nil {
		return Registered{}, err
	}
	done, err := p.Registration.Registry.Replace(r.Context(), "client:"+c.ID, was, c)
	if e := idp.AsError(err); err != nil && e.Code == idp.Conflict {
		f := refuse(invalidRequest, "The client was changed by somebody else meanwhile: read it again, and try once more.").because(err)
		f.status = http.StatusConflict
		return Registered{}, f
	}
	if err != nil {
		return Registered{}, badMetadata(err)
	}
	if done.Secret == "" && done.Metadata.HasSecret() {
		done.Secret = secret // the caller knows it
	}
	return done, nil
}

// sameClient wants the client_id of the address in the body, and the secret, if one is
// there, to be the client's: a client cannot choose its own.
func (p *Provider) sameClient(c idp.Client, body map[string]json.RawMessage) (secret string, err error) {
	var id string
	if json.Unmarshal(body["client_id"], &id) != nil || id != c.ID {
		return "", refuse(invalidClientMetadata, "client_id: It must be there, and be the one in the address.")
	}
	if raw, ok := body["client_secret"]; ok {
		var same *idp.Client
		if json.Unmarshal(raw, &secret) == nil {
			same, err = p.secretMatches(&c, []string{secret})
		}
		if err == nil && same == nil {
			err = refuse(invalidClientMetadata, "client_secret: It must be the current secret, or be left out.")
		}
	}
	return secret, err
}

func (p *Provider) deleteRegistered(w http.ResponseWriter, r *http.Request, c idp.Client) {
	err := p.Registration.Registry.Delete(r.Context(), "client:"+c.ID, c.ID)
	if e := idp.AsError(err); err != nil && e.Code != idp.NotFound { // somebody else was faster: it is gone
		p.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}
