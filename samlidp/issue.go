package samlidp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"cloudsso/idp"
)

// backdate is how far before now an assertion becomes valid: applications refuse one
// from the future, and their clocks are often a little slow.
const backdate = time.Minute

// defaultLifetime of an assertion.
const defaultLifetime = 5 * time.Minute

// finish answers a settled flow.
func (p *Provider) finish(w http.ResponseWriter, r *http.Request, q *request, f idp.Flow) {
	a, err := p.answer(r.Context(), q, f)
	if err != nil {
		p.refuse(w, r, q, err)
		return
	}
	p.deliver(w, r, q, a)
}

// answer decides what the application hears and puts it on record.
func (p *Provider) answer(ctx context.Context, q *request, f idp.Flow) (*response, error) {
	if err := settled(q, f); err != nil {
		return nil, err
	}
	person, err := p.person(ctx, q.sp, f.Answer.Subject)
	if err != nil {
		return nil, err
	}
	a, err := p.assertion(ctx, q, f.Answer, person)
	if err != nil {
		return nil, err
	}
	if err := p.join(ctx, q, f.Answer, a); err != nil {
		return nil, err
	}
	r := p.response(q)
	r.assertion = a
	return r, p.recordIssued(ctx, q, person, r)
}

// settled says whether the login ended in what was asked for.
func settled(q *request, f idp.Flow) error {
	switch f.Answer.Outcome {
	case idp.SignedIn:
	case idp.Denied:
		return responder(subAuthnFailed, "The person cancelled the sign-in.")
	case idp.NotAssigned:
		return notAssigned()
	case idp.LoginRequired, idp.ConsentRequired:
		return responder(subNoPassive, "The request is passive (IsPassive), and the person would have to sign in first.")
	default:
		return errors.New("samlidp: the login handed back a flow that is not settled")
	}
	// The login sees to ForceAuthn; an assertion that claims it falsely is worth a second look.
	if q.msg != nil && q.msg.ForceAuthn && f.Answer.AuthTime.Before(f.CreatedAt.Truncate(time.Second)) {
		return responder(subAuthnFailed, "The request demands a fresh sign-in (ForceAuthn), and the person did not sign in again.")
	}
	return nil
}

// person asks the directory again: between sign-in and answer an admin may have acted.
func (p *Provider) person(ctx context.Context, sp idp.ServiceProvider, subject string) (idp.Person, error) {
	person, err := p.people.PersonFor(ctx, subject, sp.ProfileQuery)
	idp.TraceDirectory(ctx, person, err)
	if errors.Is(err, idp.ErrNotFound) {
		person, err = idp.Person{Subject: subject, Status: idp.Gone}, nil
	}
	if err != nil {
		return person, err
	}
	if person.Status != idp.Active {
		return person, responder(subRequestDenied, "The person may not sign in at the moment.").because(errors.New("directory status: " + string(person.Status)))
	}
	if !sp.Assigned.Allows(person) {
		return person, notAssigned()
	}
	return person, nil
}

func notAssigned() *fault {
	return responder(subRequestDenied, "The person is not assigned to this application.")
}

func (p *Provider) assertion(ctx context.Context, q *request, who idp.Answer, person idp.Person) (*assertion, error) {
	name, err := p.name(ctx, q, person)
	if err != nil {
		return nil, err
	}
	if err := expected(q, name); err != nil {
		return nil, err
	}
	rows, err := attributes(q.sp, q.wanted, person)
	if err != nil {
		return nil, err
	}
	if rows, err = p.subjectID(ctx, q.sp, person, rows); err != nil {
		return nil, err
	}
	a := &assertion{
		id: p.newID(), name: name, class: q.class, attributes: rows, recipient: firstOf(q.sp.Recipient, q.acs.Location),
		audiences: audiences(q.sp), oneTimeUse: q.sp.OneTimeUse, proxy: q.sp.ProxyRestriction,
		authTime: who.AuthTime, session: p.sessionIndex(who.SID, q.sp.App), untyped: q.sp.AttributeType == "none", sealer: q.sealer, idSealer: q.idSealer,
	}
	a.setTimes(p.now().UTC(), q.sp)
	return a, nil
}

// setTimes takes every time from our clock (S13).
func (a *assertion) setTimes(now time.Time, sp idp.ServiceProvider) {
	early, life := backdate, defaultLifetime
	if sp.ClockSkew != nil {
		early = time.Duration(*sp.ClockSkew) * time.Second
	}
	if sp.Lifetime > 0 {
		life = time.Duration(sp.Lifetime) * time.Second
	}
	a.notBefore, a.notOnOrAfter = now.Add(-early), now.Add(life)
	if sp.SessionLifetime > 0 {
		a.sessionEnd = now.Add(time.Duration(sp.SessionLifetime) * time.Second)
	}
}

func audiences(sp idp.ServiceProvider) []string {
	if sp.OmitEntityAudience {
		return sp.Audiences
	}
	return append([]string{sp.EntityID}, sp.Audiences...)
}

// expected: if the request names a person, nobody else will do (Core §3.4.1.4).
func expected(q *request, name nameID) error {
	s := q.subject
	if s == nil || s.NameID == "" {
		return nil
	}
	if s.NameID != name.Value || s.Format != "" && s.Format != FormatUnspecified && s.Format != name.Format {
		return responder(subUnknownPrincipal, "Somebody else signed in than the Subject of the request.")
	}
	return nil
}

// join tells the session that this application knows it now, so that logout can name it.
func (p *Provider) join(ctx context.Context, q *request, who idp.Answer, a *assertion) error {
	err := p.login.Joined(ctx, who.Session, idp.SessionApp{
		Protocol: idp.ProtocolSAML, App: q.sp.App, NameID: a.name.Value, NameIDFormat: a.name.Format,
		NameQualifier: a.name.NameQualifier, SPNameQualifier: a.name.SPNameQualifier, SessionIndex: a.session, At: p.now().UTC(),
	})
	if errors.Is(err, idp.ErrNotFound) {
		return idp.Errorf(idp.Expired, "You were signed out meanwhile. Start again at the application.").Because(err)
	}
	if err != nil {
		return err
	}
	return p.remember(ctx, q.sp, a.name.Value, who.Subject)
}

// recordIssued comes before the answer leaves: what is not on record is not handed out.
func (p *Provider) recordIssued(ctx context.Context, q *request, person idp.Person, r *response) error {
	idp.Note(ctx, slog.String("subject", person.Subject))
	traceIssued(ctx, q, r)
	detail := map[string]string{
		"assertion_id": r.assertion.id, "in_response_to": r.inResponseTo, "acs": q.acs.Location,
		"nameid_format": r.assertion.name.Format, "class": r.assertion.class,
	}
	q.markWeak(detail)
	return p.events.Record(ctx, idp.Event{Name: idp.EventSAMLIssued, Subject: person.Subject, App: q.sp.App, Detail: detail})
}

// markWeak lets an operator find who still depends on SHA-1.
func (q *request) markWeak(detail map[string]string) {
	if q.weak {
		detail["request_signature"] = "sha1"
	}
	if q.sp.SignatureAlgorithm == "rsa-sha1" {
		detail["answer_signature"] = "sha1"
	}
}

// refuse answers with a SAML status where the application can be told, and with a page of
// ours where it cannot or where the fault is on our side.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, q *request, err error) {
	p.recordRefused(r.Context(), q, err)
	traceRefused(r.Context(), q, err)
	var f *fault
	if !errors.As(err, &f) {
		p.pages.Error(w, r, err)
		return
	}
	if f.cause != nil {
		idp.Note(r.Context(), slog.String("cause", f.cause.Error()))
	}
	a := p.response(q)
	a.fault = f
	p.deliver(w, r, q, a)
}

// recordRefused keeps refusals of requests that somebody can be named for; junk from
// nowhere gets a log line only, or strangers could fill the audit log.
func (p *Provider) recordRefused(ctx context.Context, q *request, err error) {
	reason, status := err.Error(), ""
	var f *fault
	if errors.As(err, &f) {
		status = f.sub
	} else if e := idp.AsError(err); e.Code == idp.Internal || e.Code == idp.Unavailable {
		return
	} else {
		reason = e.Public
	}
	if q.entityID() == "" && q.sp.App == "" {
		return
	}
	idp.Note(ctx, slog.String("refused", reason))
	detail := map[string]string{"reason": reason, "status": status, "entity_id": q.entityID()}
	q.markWeak(detail)
	event := idp.Event{Name: idp.EventSAMLRefused, App: q.sp.App, Detail: detail}
	if err := p.events.Record(ctx, event); err != nil { // nothing is handed out: the refusal stands without its record
		idp.Note(ctx, slog.String("audit", err.Error()))
	}
}
