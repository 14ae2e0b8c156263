package samlidp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cloudsso/idp"
	"cloudsso/samlidp/md"
	"cloudsso/samlidp/wire"
)

// Init is IdP-initiated sign-in (Profiles §4.1.5): /saml/init/{app}?RelayState=…
//
// Anybody's page can send a browser here, and its session cookie comes along. What they gain is
// that a person is signed in, as themselves, to an application that takes such sign-ins;
// the answer goes to a registered address, and RelayState is a word that we only echo (S10, S21).
func (p *Provider) Init(w http.ResponseWriter, r *http.Request) {
	in := &received{App: r.PathValue("app"), At: p.now().UTC()}
	query := r.URL.Query()
	in.RelayState, in.Relayed = query.Get("RelayState"), query.Has("RelayState")
	p.initiate(w, r, in, once(query, "RelayState"))
}

// InitByName is the same with the parameters of Shibboleth: /saml/init?providerId=…, and perhaps
// shire (the address for the answer), target (the RelayState) and time (seconds since 1970).
func (p *Provider) InitByName(w http.ResponseWriter, r *http.Request) {
	in := &received{At: p.now().UTC()}
	query := r.URL.Query()
	err := once(query, "providerId", "shire", "target", "time")
	if err == nil {
		err = p.readInit(r.Context(), in, query)
	}
	p.initiate(w, r, in, err)
}

func (p *Provider) readInit(ctx context.Context, in *received, query url.Values) error {
	in.ACS, in.RelayState, in.Relayed = query.Get("shire"), query.Get("target"), query.Has("target")
	name := query.Get("providerId")
	if name == "" {
		return idp.Errorf(idp.Invalid, "The parameter providerId is missing: the entity ID of the application.").On("providerId")
	}
	if at := query.Get("time"); at != "" {
		seconds, err := strconv.ParseInt(at, 10, 40)
		if err != nil {
			return idp.Errorf(idp.Invalid, "The parameter time must be a number of seconds since 1970.").On("time")
		}
		if age := in.At.Sub(time.Unix(seconds, 0)); age > maxAge || age < -md.Skew {
			return idp.Errorf(idp.Expired, "This link was made at another time and works for %d minutes only. Start again where you found it.", int(maxAge.Minutes())).On("time")
		}
	}
	sp, err := p.records.ServiceProviderByEntityID(ctx, name)
	if errors.Is(err, idp.ErrNotFound) || err == nil && sp.Disabled {
		return nowhere.Because(err)
	}
	in.App = sp.App
	return err
}

func (p *Provider) initiate(w http.ResponseWriter, r *http.Request, in *received, err error) {
	q := &request{in: in}
	if err == nil {
		q, err = p.accept(r.Context(), in, true)
	}
	if err != nil {
		p.refuse(w, r, q, err)
		return
	}
	p.begin(w, r, q)
}

// once refuses a parameter that two readers could read differently.
func once(query url.Values, names ...string) error {
	for _, name := range names {
		if len(query[name]) > 1 {
			return idp.Errorf(idp.Invalid, "%s is there more than once.", name).On(name)
		}
	}
	return nil
}

var nowhere = idp.Errorf(idp.NotFound, "There is no application at this address, or it is switched off.")

// lookUpApp finds the application that an IdP-initiated sign-in is for. It must have
// asked for that: an answer without a question can be planted in a stranger's browser, who
// is then signed in as somebody else (S21).
func (p *Provider) lookUpApp(ctx context.Context, q *request) error {
	sp, err := p.records.ServiceProvider(ctx, q.in.App)
	if errors.Is(err, idp.ErrNotFound) || err == nil && sp.Disabled {
		return nowhere.Because(err)
	}
	if err != nil {
		return err
	}
	q.sp = sp
	idp.TraceAbout(ctx, idp.About{App: sp.App})
	idp.Note(ctx, slog.String("app", sp.App))
	if !sp.AllowIDPInitiated {
		return idp.Errorf(idp.Forbidden, "%s does not take sign-ins that start here. Open %s itself and choose to sign in there.", sp.Name, sp.Name)
	}
	if err := p.stale(sp); err != nil {
		return err
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
