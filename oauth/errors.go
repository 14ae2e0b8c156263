package oauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/ory/fosite"

	"cloudsso/idp"
)

// The registered values of "error" that this package answers with: RFC 6749 §4.1.2.1 and
// §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2, RFC 8628 §3.5, RFC 8707 §2, RFC 9101 §6, OpenID Connect
// Core §3.1.2.6, and OpenID Connect Core Unmet Authentication Requirements. There are no others.
const (
	invalidRequest          = "invalid_request"
	invalidClient           = "invalid_client"
	invalidGrant            = "invalid_grant"
	invalidScope            = "invalid_scope"
	invalidToken            = "invalid_token"
	insufficientScope       = "insufficient_scope"
	unauthorizedClient      = "unauthorized_client"
	authorizationPending    = "authorization_pending"
	slowDown                = "slow_down"
	expiredToken            = "expired_token"
	unsupportedGrantType    = "unsupported_grant_type"
	unsupportedResponseType = "unsupported_response_type"
	accessDenied            = "access_denied"
	loginRequired           = "login_required"
	consentRequired         = "consent_required"
	registrationUnsupported = "registration_not_supported"
	unmetAuthentication     = "unmet_authentication_requirements"
	invalidTarget           = "invalid_target"
	invalidRequestURI       = "invalid_request_uri"
	invalidRequestObject    = "invalid_request_object"
	invalidRedirectURI      = "invalid_redirect_uri"
	invalidClientMetadata   = "invalid_client_metadata"
	serverError             = "server_error"
	temporarilyUnavailable  = "temporarily_unavailable"
)

// fault is an OAuth error answer: a registered name beside the public sentence and the
// private cause of an [idp.Error].
type fault struct {
	name   string
	status int // 0: by name
	sentence
}

type sentence = idp.Error

// refuse builds a fault.
func refuse(name, format string, args ...any) *fault {
	return &fault{name: name, sentence: *idp.Errorf(class(name), format, args...)}
}

func (e *fault) because(err error) *fault { e.Cause = err; return e }

// class tells pages which words fit.
func class(name string) idp.Code {
	switch name {
	case serverError:
		return idp.Internal
	case temporarilyUnavailable:
		return idp.Unavailable
	case accessDenied, unauthorizedClient:
		return idp.Forbidden
	}
	return idp.Invalid
}

func (e *fault) httpStatus() int {
	switch {
	case e.status != 0:
		return e.status
	case e.name == invalidClient || e.name == invalidToken:
		return http.StatusUnauthorized
	case e.name == insufficientScope:
		return http.StatusForbidden
	case e.name == serverError:
		return http.StatusInternalServerError
	case e.name == temporarilyUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// isFault reports whether err is, or wraps, a fault of this name.
func isFault(err error, name string) bool {
	var e *fault
	return errors.As(err, &e) && e.name == name
}

// asFault turns any error into one that may leave the house. fosite wraps what storage
// and strategies answer, so ours is looked for first.
func asFault(err error) *fault {
	var own *fault
	var core *fosite.RFC6749Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, idp.ErrUnavailable):
		return unavailable(err)
	case errors.As(err, &core):
		return fromCore(core, err)
	}
	return refuse(serverError, "Something went wrong on our side.").because(err)
}

// fromCore keeps fosite's refusals that have a registered name; anything else of fosite
// (misconfiguration, insufficient_entropy, …) is our fault and not told.
func fromCore(core *fosite.RFC6749Error, err error) *fault {
	switch core.ErrorField {
	case invalidRequest, invalidGrant, invalidScope, unauthorizedClient, unsupportedResponseType:
		sentence := core.HintField
		if sentence == "" {
			sentence = core.DescriptionField
		}
		return refuse(core.ErrorField, "%s", sentence).because(err)
	}
	return refuse(serverError, "Something went wrong on our side.").because(err)
}

func unavailable(err error) *fault {
	return refuse(temporarilyUnavailable, "A service that is needed for this does not answer. Nothing was used up: please try again in a moment.").because(err)
}

// describe fits a sentence into the characters that error_description may have
// (RFC 6749 §5.2): no quote, no backslash, ASCII only.
func describe(sentence string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '“' || r == '”':
			return '\''
		case r == '\\':
			return '/'
		case r < ' ':
			return ' '
		case r > '~' || r == utf8.RuneError:
			return '?'
		}
		return r
	}, strings.ReplaceAll(sentence, "§", "section "))
}

// note writes what happened into the request's log line.
func note(r *http.Request, e *fault) {
	attrs := []slog.Attr{slog.String("error", e.name), slog.String("reason", e.Public)}
	if e.Cause != nil {
		attrs = append(attrs, slog.String("cause", e.Cause.Error()))
	}
	idp.Note(r.Context(), attrs...)
}

// fail answers the token endpoint's caller (RFC 6749 §5.2).
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := asFault(err)
	note(r, e)
	if e.httpStatus() == http.StatusUnauthorized && len(r.Header.Values("Authorization")) > 0 {
		// RFC 6749 §5.2: a client that tried the Authorization header is told which scheme
		// works. The others are told by the description, which libraries (openid-client)
		// hide behind a challenge.
		w.Header().Set("WWW-Authenticate", `Basic realm="`+p.Issuer+`", charset="UTF-8"`)
	}
	writeJSON(w, e.httpStatus(), errorBody{e.name, describe(e.Public)})
}

type errorBody struct {
	Name        string `json:"error"`
	Description string `json:"error_description"`
}

// writeJWT writes an answer that is one JWT.
func writeJWT(w http.ResponseWriter, contentType, token string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(token)) // the caller has gone away: nobody is left to be told
}

// writeJSON writes an answer that must not be kept by anybody (RFC 6749 §5.1).
func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil { // our own types and values of directories that were JSON before
		status, data = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the caller has gone away: nobody is left to be told
}
