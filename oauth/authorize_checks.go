package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloudsso/idp"
)

// checks is the ordered list. Only after the first three may a fault be answered to
// redirect_uri: before them, that would be an open redirector (RFC 9700 §4.11).
func (p *Provider) checks() []check {
	return []check{
		{"client", p.checkClient, []string{"client_id"}},
		{"request object", p.openRequest, []string{"request", "request_uri"}},
		{"redirect_uri", checkRedirectURI, []string{"redirect_uri"}},

		{"response_mode", checkResponseMode, []string{"response_mode"}},
		{"once each", checkSingle, nil},
		{"registration", checkRegistration, []string{"registration"}},
		{"response_type", checkResponseType, []string{"response_type"}},
		{"scope", checkScope, []string{"scope"}},
		{"resource", p.checkResource, []string{"resource"}},
		{"nonce", checkNonce, []string{"nonce"}},
		{"PKCE", checkPKCE, []string{"code_challenge", "code_challenge_method"}},
		{"prompt", p.checkPrompt, []string{"prompt"}},
		{"max_age", checkMaxAge, []string{"max_age"}},
		{"id_token_hint", p.checkHint, []string{"id_token_hint"}},
		{"acr_values", checkContext, []string{"acr_values"}},
		{"claims", checkClaims, []string{"claims"}},
		{"subject", p.checkSubject, nil},
	}
}

// check is one step of the list: its name in traces, and the parameters that it reads.
type check struct {
	name  string
	run   func(context.Context, *authorization) error
	reads []string
}

func (p *Provider) checkClient(ctx context.Context, a *authorization) error {
	id := a.form["client_id"]
	if len(id) != 1 || id[0] == "" {
		return refuse(invalidRequest, "The application did not say who it is: the parameter client_id must be there exactly once.")
	}
	var err error
	a.client, err = p.Records.Client(ctx, id[0])
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return refuse(invalidRequest, "There is no application with this client_id.").because(err)
	case err != nil:
		return err
	}
	idp.TraceAbout(ctx, idp.About{App: a.client.ID})
	if a.client.Disabled {
		return refuse(unauthorizedClient, "This application has been switched off by an administrator.")
	}
	return nil
}

// checkRedirectURI wants the parameter always: with one registered address a default
// would be defined, but not for OpenID Connect, and it breaks when a second is added.
func checkRedirectURI(_ context.Context, a *authorization) error {
	sent := a.form["redirect_uri"]
	if len(sent) != 1 || sent[0] == "" {
		return refuse(invalidRequest, "The application did not say where to return to: the parameter redirect_uri must be there exactly once.")
	}
	matched, ok := a.client.MatchRedirect(sent[0])
	if !ok {
		return refuse(invalidRequest, "The application wants to return to an address that is not registered for it. It must be registered exactly as it is sent in redirect_uri.")
	}
	a.redirectURI = matched
	if state := a.form["state"]; len(state) == 1 {
		a.state = state[0]
	}
	return nil
}

// checkSingle leaves out our own marks: a request object that was pushed has two.
func checkSingle(_ context.Context, a *authorization) error {
	form := maps.Clone(a.form)
	form.Del(onceParam)
	return single(form)
}

// checkRegistration: ignoring it would go on with other settings than the client meant
// (OpenID Connect Core §7.2.1).
func checkRegistration(_ context.Context, a *authorization) error {
	if a.form.Has("registration") {
		return refuse(registrationUnsupported, "The parameter registration is not supported: register the client beforehand.")
	}
	return nil
}

func checkScope(_ context.Context, a *authorization) error {
	a.scopes = grantable(&a.client, a.form.Get("scope"), a.wants("code"))
	a.ask.Scopes = a.scopes
	a.nonce = a.form.Get("nonce")
	return nil
}

// grantable are the scopes out of asked that the client may have. The others are dropped
// instead of refused: OpenID Connect Core §3.1.2.1 wants unknown values ignored. The
// answer of the token endpoint names what was granted. Nobody is asked to agree to what
// cannot happen: offline_access without a refresh token.
func grantable(c *idp.Client, asked string, refreshable bool) (scopes []string) {
	allowed := c.Scopes()
	for scope := range strings.FieldsSeq(asked) {
		switch {
		case !slices.Contains(allowed, scope), slices.Contains(scopes, scope):
		case scope == offlineOnly && !(refreshable && c.AllowsGrant(idp.GrantRefresh)):
		default:
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

func checkPKCE(_ context.Context, a *authorization) error {
	if !a.wants("code") {
		return nil // nothing to prove later
	}
	var err error
	if a.challenge, err = readChallenge(a.form); err != nil {
		return err
	}
	if a.challenge == "" && a.client.NeedsPKCE() {
		return refuse(invalidRequest, "The parameter code_challenge is missing: this client must use PKCE (RFC 7636) with code_challenge_method=S256.")
	}
	return nil
}

// readChallenge returns the S256 code_challenge of a request, "" if there is none.
func readChallenge(form url.Values) (string, error) {
	challenge, method := form.Get("code_challenge"), form.Get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return "", refuse(invalidRequest, "There is a code_challenge_method without a code_challenge.")
	case challenge == "":
		return "", nil
	case method != "S256":
		// plain shows the verifier to whoever sees the request (RFC 9700 §2.1.1). Left out
		// means plain (RFC 7636 §4.3).
		return "", refuse(invalidRequest, "The code_challenge_method must be S256.")
	}
	if sum, err := base64.RawURLEncoding.Strict().DecodeString(challenge); err != nil || len(sum) != 32 {
		return "", refuse(invalidRequest, "The code_challenge is not a SHA-256 sum in base64url: it has 43 characters without padding.")
	}
	return challenge, nil
}

func (p *Provider) checkPrompt(_ context.Context, a *authorization) error {
	prompts := strings.Fields(a.form.Get("prompt"))
	for _, prompt := range prompts {
		switch prompt {
		case "none":
			a.ask.Passive = true
		case "login":
			a.ask.Login = true
		case "consent":
			a.ask.Consent = true
		case "select_account":
			a.ask.SelectAccount = true
		case "create":
			a.ask.Create, a.ask.Login = true, true
		}
		// create too, where nobody can register: Initiating User Registration §4 wants this
		// answer, so that nobody waits for an account that cannot be made.
		if !slices.Contains(p.prompts(), prompt) {
			return refuse(invalidRequest, "The parameter prompt has a value that is not supported: use %s.", strings.Join(p.prompts(), ", "))
		}
	}
	if a.ask.Passive && len(prompts) > 1 {
		return refuse(invalidRequest, "The prompt value none cannot be combined with others.")
	}
	a.ask.LoginHint = a.form.Get("login_hint")
	if len(a.ask.LoginHint) > 256 {
		a.ask.LoginHint = ""
	}
	return nil
}

// prompts are the values of prompt that are obeyed here.
func (p *Provider) prompts() []string {
	values := []string{"none", "login", "consent", "select_account"}
	if p.SignUp {
		values = append(values, "create")
	}
	return values
}

// checkMaxAge: 0 is a value, not "none" (OpenID Connect Core §3.1.2.1).
func checkMaxAge(_ context.Context, a *authorization) error {
	seconds := a.client.DefaultMaxAge
	if sent := a.form.Get("max_age"); sent != "" {
		n, err := strconv.ParseUint(sent, 10, 63)
		if err != nil {
			return refuse(invalidRequest, "The parameter max_age must be a whole number of seconds, 0 or more.")
		}
		n = min(n, math.MaxInt64/uint64(time.Second))
		seconds = new(int64(n))
	}
	if seconds != nil {
		age := time.Duration(*seconds) * time.Second
		a.ask.MaxAge = &age
	}
	return nil
}

// checkHint takes an ID token of ours, also an expired one, as the name of the only
// person whose login will do (OpenID Connect Core §3.1.2.1). One that is not ours, or was
// for another client, is refused: going on without it might sign in somebody else than
// the client means.
func (p *Provider) checkHint(ctx context.Context, a *authorization) error {
	sent := a.form.Get("id_token_hint")
	if sent == "" {
		return nil
	}
	h, err := p.readHint(ctx, sent)
	if err == nil && !slices.Contains(h.Audience, a.client.ID) {
		err = errors.New("another audience")
	}
	if err != nil {
		return refuse(invalidRequest, "The id_token_hint is not an ID token that this provider issued to this client.").because(err)
	}
	a.ask.Subject = h.Subject
	return nil
}
