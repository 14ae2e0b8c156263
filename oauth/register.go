package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"cloudsso/idp"
)

const (
	registerPath = "/oauth2/register"
	// registrationPrefix lets people and secret scanners see what has leaked.
	registrationPrefix = "crg_"
	registerWindow     = 10 * time.Minute
	mostRegistrations  = 200 // in one window from one network
)

// Registration is the policy for clients that register themselves (RFC 7591). The zero
// value is off.
type Registration struct {
	Policy        string   // "open", "token" (an initial access token is needed) or "off"
	AllowImplicit bool     // they may have tokens from the authorization endpoint
	Resources     []string // resource servers that they may ask tokens for
	Registry      Registry
}

// Registry keeps clients by the rules that hold for administrators too. who is for its
// Events. What is wrong with a client is an [idp.Error], or several joined, of code Invalid
// whose Field is the member of the metadata.
type Registry interface {
	// Admit says who stands behind an initial access token: an [idp.Error] of code
	// Unauthorized or Forbidden if nobody does who may register clients.
	Admit(ctx context.Context, token string) (who string, err error)
	// Create completes and stores c.
	Create(ctx context.Context, who string, c idp.Client) (Registered, error)
	// Replace is Create for a client that is there; was is what its metadata were.
	Replace(ctx context.Context, who string, was idp.ClientMetadata, c idp.Client) (Registered, error)
	// Delete ends its grants too.
	Delete(ctx context.Context, who, id string) error
}

// Registered is a client as it was stored, with the secrets that were made for it, which
// are shown once.
type Registered struct {
	ID               string
	Metadata         idp.ClientMetadata
	IssuedAt         time.Time
	Secret           string // client_secret
	SharedSigningKey string // the key of its HS* tokens, if that is not the secret
}

func (r Registration) on() bool { return r.Policy == "open" || r.Policy == "token" }

// registrant is who asks for a registration.
type registrant struct {
	name    string // for Events
	trusted bool   // with an initial access token
}

// Register is the registration endpoint (RFC 7591 §3), for POST.
func (p *Provider) Register(w http.ResponseWriter, r *http.Request) {
	if cors(w, r, http.MethodPost) {
		return
	}
	who, err := p.registrant(r)
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	body, err := registrationBody(w, r)
	if err == nil {
		err = p.limitRegistrations(r.Context(), who)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	answer, err := p.register(r.Context(), body, who)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusCreated, answer)
}

// registrant holds the request against the policy. An initial access token counts where
// none is needed too, and then it must be right.
func (p *Provider) registrant(r *http.Request) (registrant, error) {
	if !p.Registration.on() {
		return registrant{}, registrationOff()
	}
	token, err := bearerHeader(r)
	switch {
	case errors.Is(err, errNoToken) && p.Registration.Policy == "open":
		return registrant{name: "registration"}, nil
	case err != nil:
		return registrant{}, err
	}
	name, err := p.Registration.Registry.Admit(r.Context(), token)
	if e := idp.AsError(err); err != nil && (e.Code == idp.Unauthorized || e.Code == idp.Forbidden) {
		return registrant{}, refuse(invalidToken, "The initial access token is unknown, has expired, or does not allow to register clients.").because(err)
	}
	return registrant{name, true}, err
}

func registrationOff() *fault {
	e := refuse(accessDenied, "Clients cannot register themselves here: an administrator registers them.")
	e.status = http.StatusForbidden
	return e
}

// bearerHeader takes a token from the Authorization header only.
func bearerHeader(r *http.Request) (string, error) {
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		return "", errNoToken
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	if len(header) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return "", refuse(invalidRequest, "The Authorization header must be there once, with the scheme Bearer.")
	}
	return strings.TrimSpace(token), nil
}

func registrationBody(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, refuse(invalidClientMetadata, "The body must be application/json.")
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return nil, tooLarge()
	}
	body, err := members(data)
	if err != nil {
		return nil, refuse(invalidClientMetadata, "The body must be one JSON object whose members have one name each.").because(err)
	}
	return body, nil
}

// limitRegistrations: attack: somebody fills the store with clients. Decision: a number
// from one network that no honest installation reaches; with an initial access token, an
// administrator has answered for it.
func (p *Provider) limitRegistrations(ctx context.Context, who registrant) error {
	network := idp.RequestOf(ctx).Network()
	if who.trusted || p.NoLimits || network == "" {
		return nil
	}
	n, err := p.Flows.Count(ctx, "oauth/register/"+network, registerWindow)
	if err == nil && n > mostRegistrations {
		e := refuse(temporarilyUnavailable, "Too many clients were registered from this address. Please try again in %d minutes.", int(registerWindow/time.Minute))
		e.status = http.StatusTooManyRequests
		return e
	}
	return err
}

// register makes the client. The answer holds the secrets that are shown once.
func (p *Provider) register(ctx context.Context, body map[string]json.RawMessage, who registrant) (map[string]any, error) {
	token := registrationPrefix + idp.NewSecret()
	c := idp.Client{ID: idp.NewID(), RegistrationTokenHash: idp.HashSecret(token)}
	if err := p.describeClient(ctx, &c, body, who); err != nil {
		return nil, err
	}
	done, err := p.Registration.Registry.Create(ctx, who.name, c)
	if err != nil {
		return nil, badMetadata(err)
	}
	idp.Note(ctx, slog.String("client", c.ID))
	return p.describeRegistered(done, token)
}
