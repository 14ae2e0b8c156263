package samlidp

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/msg"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// envelope is a message of single logout as far as the checks have understood it.
type envelope struct {
	at   time.Time     // when it arrived, by our clock
	to   string        // our address that it was sent to
	wire *wire.Message // nil: it came by SOAP
	root *wire.Element
	head *msg.Header
	sp   idp.ServiceProvider // set (App is not empty) once the sender is known
}

// authenticate establishes that an application of ours has sent the message, to us and
// just now. Logout is worth nothing without a signature: anybody could sign anybody out (S22), so
// here it is demanded whatever the registration says (Profiles §4.4.3.1, §4.4.4.1).
func (p *Provider) authenticate(ctx context.Context, e *envelope) error {
	e.traceReceived(ctx)
	for _, c := range []struct {
		name string
		run  func(context.Context, *envelope) error
	}{{"application", p.knownSender}, {"signature", p.signedBySender}, {"Destination", p.addressed}, {"IssueInstant", p.timely}} {
		err := c.run(ctx, e)
		e.traceCheck(ctx, c.name, err)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Provider) knownSender(ctx context.Context, e *envelope) error {
	sp, err := p.records.ServiceProviderByEntityID(ctx, e.head.Issuer)
	if errors.Is(err, idp.ErrNotFound) || err == nil && sp.Disabled {
		return notHere(e.head.Issuer).Because(errors.Join(err, errors.New("unknown or disabled")))
	}
	if err != nil {
		return err
	}
	e.sp = sp
	idp.TraceAbout(ctx, idp.About{App: sp.App})
	idp.Note(ctx, slog.String("app", sp.App))
	return nil
}

// signedBySender: by Redirect the signature must be the one of the query, which covers
// RelayState too; one inside the message must verify besides.
func (p *Provider) signedBySender(ctx context.Context, e *envelope) error {
	keys, err := dsig.PublicKeys(e.sp.SigningCerts)
	if err != nil {
		return idp.Errorf(idp.Invalid, "Messages of logout must be signed, and no certificate is registered here to check this application's with. Its administrator should have its metadata with a signing certificate imported.").On("Signature").Because(err)
	}
	q := &request{sp: e.sp}
	redirected := e.wire != nil && e.wire.Binding == wire.BindingRedirect
	if !redirected || dsig.Signed(e.root) {
		err = p.verify(q, func(r dsig.Rules) error { return r.Verify(e.root, keys) })
	}
	if redirected && err == nil {
		err = p.verify(q, func(r dsig.Rules) error { return r.VerifyQuery(e.wire, keys) })
	}
	if q.weak {
		idp.Note(ctx, slog.String("signature", "sha1"))
	}
	return err
}

// addressed compares with the configured address, as checkDestination does: S11. SOAP
// does not ask for a Destination; the browser's bindings do (Bindings §3.4.5.2, §3.5.5.2).
func (p *Provider) addressed(_ context.Context, e *envelope) error {
	switch {
	case e.head.Version != "2.0":
		return e.root.Errorf("the attribute Version must be 2.0.")
	case e.head.Destination == e.to, e.head.Destination == "" && e.wire == nil:
		return nil
	}
	return e.root.Errorf("the Destination must be our address for this, which is %s.", e.to)
}

// timely is checkTime for logout: S13.
func (p *Provider) timely(_ context.Context, e *envelope) error {
	return recent("message of logout", e.root, e.head.IssueInstant, e.at, e.sp)
}

// logoutTask is a LogoutRequest that has passed every check: what is stored while the
// browser is elsewhere.
type logoutTask struct {
	Support      string     `json:"support,omitempty"` // of the trace
	App          string     `json:"app"`
	ID           string     `json:"id"` // of the request
	Binding      string     `json:"binding"`
	RelayState   string     `json:"relay_state,omitempty"`
	Asynchronous bool       `json:"asynchronous,omitempty"`
	Name         msg.NameID `json:"name"`
	Indexes      []string   `json:"indexes,omitempty"`
	Untold       bool       `json:"untold,omitempty"` // some app could not be told so far
}

// acceptLogout takes e, whose root is set, as a LogoutRequest. The task comes back even
// with an error, as far as an answer needs it. A *fault goes to the application; any
// other error means that nobody is there who could be answered.
func (p *Provider) acceptLogout(ctx context.Context, e *envelope) (logoutTask, error) {
	m, err := msg.DecodeLogoutRequest(e.root)
	if err != nil {
		return logoutTask{}, err
	}
	e.head = &m.Header
	if err := p.authenticate(ctx, e); err != nil {
		return logoutTask{}, err
	}
	err = p.once(ctx, "request to sign out", e.sp.App, e.head.ID, e.head.IssueInstant)
	e.traceCheck(ctx, "used once", err)
	if err != nil {
		return logoutTask{}, err
	}
	t := logoutTask{Support: idp.RequestOf(ctx).Support, App: e.sp.App, ID: m.ID, Binding: wire.BindingSOAP, Asynchronous: m.Asynchronous, Indexes: m.SessionIndexes}
	if e.wire != nil {
		t.Binding, t.RelayState = e.wire.Binding, e.wire.RelayState
	}
	// NotOnOrAfter is the sender's wish not to be obeyed later; a clock may be slow.
	if end := m.NotOnOrAfter; !end.IsZero() && !e.at.Before(end.Add(clockSkew(e.sp))) {
		return t, requester(subRequestDenied, "The LogoutRequest came after its NotOnOrAfter. Our time was %s.", e.at.Format(time.RFC3339))
	}
	name, err := p.principal(m)
	if err != nil {
		return t, err
	}
	t.Name = *name
	return t, nil
}

// principal is whom the request names.
func (p *Provider) principal(m *msg.LogoutRequest) (*msg.NameID, error) {
	switch {
	case m.NameID != nil:
		return m.NameID, nil
	case m.BaseID:
		return nil, requester(subRequestUnsupported, "The LogoutRequest names the person by BaseID, which is not supported here. Use the NameID that was in the assertion.")
	}
	// One sentence for every fault: how far decryption came is nobody's business (S16). The
	// signature was checked before, so nobody but the application gets this far.
	unreadable := requester(subRequestDenied, "The EncryptedID cannot be decrypted here. Encrypt a NameID with the encryption key of our metadata.")
	el, err := xenc.Open(m.EncryptedID, p.ring.SAMLDecrypters(), true)
	if err != nil {
		return nil, unreadable.because(err)
	}
	name, err := msg.DecodeNameID(el)
	if err != nil {
		return nil, unreadable.because(err)
	}
	return name, nil
}
