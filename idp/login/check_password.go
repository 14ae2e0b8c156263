package login

import (
	"net/http"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// CheckPassword checks a password that an application asked for itself, for the password
// grant. Attack: guessing there instead of here. Decision: the same counters, the same
// words, the same records. A refusal is an [idp.Error] of code Invalid (input that cannot
// be right), Forbidden, TooMany or Unavailable (nothing was tried).
func (h *Handler) CheckPassword(r *http.Request, app, username, password string) (idp.Person, error) {
	username = userdir.Username(username)
	if text := unfit(username, password); text != "" {
		return idp.Person{}, idp.Errorf(idp.Invalid, "%s", text)
	}
	t := h.newTry(r, username)
	person, refused, err := h.authenticate(r, &idp.Flow{App: app}, t, username, password)
	switch {
	case err != nil:
		return idp.Person{}, err
	case refused != nil:
		return idp.Person{}, idp.Errorf(refused.code(), "%s", refused.text)
	}
	return person, h.passed(r.Context(), t)
}

func (r *refusal) code() idp.Code {
	switch r.status {
	case http.StatusTooManyRequests:
		return idp.TooMany
	case http.StatusServiceUnavailable:
		return idp.Unavailable
	}
	return idp.Forbidden
}
