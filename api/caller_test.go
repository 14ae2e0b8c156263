package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

const noToken = `401 An admin token is needed: send the header Authorization: Bearer, then the token. "cloudsso token create" makes one.`
const deadToken = `401 The admin token is unknown or has expired. "cloudsso token create" makes a new one.`

func TestEveryOperationRefusesWhoeverIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	expired, err := w.owner().CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 60})
	if err != nil {
		t.Fatal(err)
	}
	w.advance(2 * time.Minute)
	for _, c := range []struct{ name, authorization, want, challenge string }{
		{"without a token", "", noToken, `Bearer realm="cloudsso admin API"`},
		{"with Basic", "Basic YTpi", noToken, `Bearer realm="cloudsso admin API", error="invalid_token"`},
		{"with an empty token", "Bearer ", noToken, `Bearer realm="cloudsso admin API", error="invalid_token"`},
		{"with a token of another kind", "Bearer cat_abcdef", deadToken, `Bearer realm="cloudsso admin API", error="invalid_token"`},
		{"with an unknown token", "Bearer cloudsso_admin_" + idp.NewSecret(), deadToken, `Bearer realm="cloudsso admin API", error="invalid_token"`},
		{"with a token and more", "Bearer " + w.token + " x", deadToken, `Bearer realm="cloudsso admin API", error="invalid_token"`},
		{"with an endless token", "Bearer cloudsso_admin_" + strings.Repeat("a", 9000), deadToken, `Bearer realm="cloudsso admin API", error="invalid_token"`},
		{"with an expired token", "Bearer " + expired.Secret, deadToken, `Bearer realm="cloudsso admin API", error="invalid_token"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, op := range operations() {
				// A broken body: whoever may not ask learns nothing about it.
				a := w.call(op.method, op.somewhere(), "{", "Authorization", c.authorization)
				if a.problem() != c.want {
					t.Errorf("%s: %s", op.ID, a.problem())
				}
				if got := a.header.Get("WWW-Authenticate"); got != c.challenge {
					t.Errorf("%s: WWW-Authenticate %q", op.ID, got)
				}
			}
		})
	}
}

func TestTheSchemeOfTheTokenIsReadWithoutCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(http.MethodGet, "/api/v1/clients", nil, "Authorization", "bearer "+w.token).want(http.StatusOK)
}

// downTokens is a store that does not answer.
type downTokens struct{ api.Records }

func (downTokens) AdminToken(context.Context, string) (idp.AdminToken, error) {
	return idp.AdminToken{}, fmt.Errorf("secret internals: %w", idp.ErrUnavailable)
}

func TestAStoreThatIsDownIsNotABadToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *api.Options) { o.Records = downTokens{o.Records} })
	a := w.call(http.MethodGet, "/api/v1/clients", nil).want(http.StatusServiceUnavailable)
	if a.header.Get("WWW-Authenticate") != "" || strings.Contains(a.raw, "internals") {
		t.Errorf("header %v, body %s", a.header, a.raw)
	}
}

func TestTokensAreRefusedUnlessTheyMakeSense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name string
		in   api.NewToken
		want string
	}{
		{"an unknown role", api.NewToken{Role: "king"}, `The role "king" is unknown. Expected one of owner, app_admin, help_desk, auditor, registration.`},
		{"no role", api.NewToken{}, `The role "" is unknown. Expected one of owner, app_admin, help_desk, auditor, registration.`},
		{"a moment", api.NewToken{Role: api.RoleOwner, ExpiresIn: 59}, "A token lives between one minute and 365 days."},
		{"negative time", api.NewToken{Role: api.RoleOwner, ExpiresIn: -60}, "A token lives between one minute and 365 days."},
		{"for ever", api.NewToken{Role: api.RoleOwner, ExpiresIn: 366 * 24 * 3600}, "A token lives between one minute and 365 days."},
		{"a name with a line break", api.NewToken{Role: api.RoleOwner, Name: "a\nb"}, "A name has up to 200 bytes and no control characters."},
		{"an app admin of nothing", api.NewToken{Role: api.RoleAppAdmin}, "The role app_admin needs apps: the client_ids and slugs of the apps that it is for."},
		{"an owner of one app", api.NewToken{Role: api.RoleOwner, Apps: []string{"wiki"}}, "The role owner is not for single apps. Leave apps out, or choose app_admin."},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.owner().CreateToken(t.Context(), c.in)
			if got := idp.AsError(err).Public; err == nil || got != c.want {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestATokenThatIsOnNoRecordDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.events.broken = true
	tok, err := w.owner().CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 3600})
	if err == nil || tok.Secret != "" {
		t.Fatalf("token %+v, error %v", tok, err)
	}
}

func TestOnlyAnAuthenticatedOwnerGetsAHandle(t *testing.T) {
	t.Parallel()
	var nobody api.Actor
	if owner, err := nobody.Owner(); err == nil || owner != nil {
		t.Errorf("the zero Actor got a handle: %v", owner)
	}
}
