package oauth

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// Names in the store's table of persistent ids, beside the service providers' (whose
// names have no colon).
const (
	pairwiseOf   = "oidc:"         // + sector: subject → sub
	pairwiseBack = "oidc-subject:" // + sector: sub → subject
	subRequest   = "sub"           // where [idp.Grant.Request] keeps what the person is called
)

// subject is what the person is called towards the client: in every token and answer of
// the grant the same, whatever the client's settings have become.
func (u *unit) subject() string {
	if sub := u.grant.Request[subRequest]; sub != "" {
		return sub
	}
	return u.grant.Subject
}

// nameSubject gives the person of a pairwise client another name in each sector (OpenID
// Connect Core §8.1). The names are random and stored: nobody can compute one from
// another, and they outlive every key.
func (p *Provider) nameSubject(ctx context.Context, u *unit) error {
	if !u.client.Pairwise() || u.grant.Subject == "" || u.grant.Request[subRequest] != "" {
		return nil
	}
	sector := u.client.Sector()
	id, err := p.Records.PersistentID(ctx, idp.PersistentID{
		App: pairwiseOf + sector, Subject: u.grant.Subject, Value: idp.NewID(), CreatedAt: u.now,
	})
	if err != nil {
		return err
	}
	// The way back, for id_token_hint. It is written each time somebody is named, which is
	// once per grant, because the first write may have been cut off between the two.
	if _, err := p.Records.PersistentID(ctx, idp.PersistentID{
		App: pairwiseBack + sector, Subject: id.Value, Value: u.grant.Subject, CreatedAt: u.now,
	}); err != nil {
		return err
	}
	u.grant.Request = set(u.grant.Request, subRequest, id.Value)
	return nil
}

// checkSubject turns the name that id_token_hint and claims may have given the person into
// the one that the login knows.
func (p *Provider) checkSubject(ctx context.Context, a *authorization) error {
	if a.ask.Subject == "" {
		return nil
	}
	subject, err := p.subjectOf(ctx, &a.client, a.ask.Subject)
	if errors.Is(err, idp.ErrNotFound) {
		// Attack: a pairwise client asks for the name that a person has elsewhere, to learn
		// whether it is the same person. Decision: that is nobody, unless this client once got
		// that very name from us, before it was pairwise.
		subject, err = "nobody:"+a.ask.Subject, nil
		if a.form.Get("id_token_hint") != "" {
			subject = a.ask.Subject
		}
	}
	a.ask.Subject = subject
	return err
}

// subjectOf is the way back from what a client calls a person. ErrNotFound if nobody was
// ever named so to a pairwise client.
func (p *Provider) subjectOf(ctx context.Context, c *idp.Client, sub string) (string, error) {
	if !c.Pairwise() || sub == "" {
		return sub, nil
	}
	id, err := p.Records.PersistentIDOf(ctx, pairwiseBack+c.Sector(), sub)
	return id.Value, err
}

// calledSubject is what a client calls a person, outside of any grant; empty if a pairwise
// client has never heard of them.
func (p *Provider) calledSubject(ctx context.Context, c *idp.Client, subject string) (string, error) {
	if !c.Pairwise() {
		return subject, nil
	}
	id, err := p.Records.PersistentIDOf(ctx, pairwiseOf+c.Sector(), subject)
	if errors.Is(err, idp.ErrNotFound) {
		return "", nil
	}
	return id.Value, err
}
