package samlidp

import (
	"context"
	"slices"

	"cloudsso/idp"
	"cloudsso/samlidp/msg"
	"cloudsso/samlidp/xenc"
)

// What a request may wish for, and whether it can be had (Core §3.4.1).

// checkScoping: if the application names the identity providers it wants, we must be
// among them (Core §3.4.1.2). ProxyCount does not matter to one that never asks another.
func (p *Provider) checkScoping(_ context.Context, q *request) error {
	s := q.msg.Scoping
	if s == nil || s.IDPs == nil {
		return nil
	}
	for _, id := range s.IDPs {
		if id == p.entityID {
			return nil
		}
	}
	return responder(subNoSupportedIDP, "The IDPList of the request does not contain this identity provider, %s.", p.entityID)
}

// checkSubject reads whom the application expects. A verified signature covers the whole
// request, an EncryptedID in it too.
func (p *Provider) checkSubject(_ context.Context, q *request) error {
	s := q.msg.Subject
	if s == nil {
		return nil
	}
	if s.BaseID {
		return responder(subRequestUnsupported, "The Subject of the request holds a BaseID, which is not supported here. Name the person by NameID or leave the Subject out.")
	}
	if s.Encrypted != nil {
		inner, err := xenc.Open(s.Encrypted, p.ring.SAMLDecrypters(), q.signed())
		if err == nil {
			s, err = msg.DecodeSubjectNameID(inner)
		}
		if err != nil {
			return requester(subRequestUnsupported, "The EncryptedID in the Subject of the request cannot be read: %s", idp.AsError(err).Public).because(err)
		}
	}
	q.subject = s
	return nil
}

// chooseAttributes narrows what is released to what the request asks for by index. An
// application set up by hand has said of no index what it means.
func (p *Provider) chooseAttributes(_ context.Context, q *request) error {
	if q.msg.AttributeIndex == nil || len(q.sp.AttributeServices) == 0 {
		return nil
	}
	for _, s := range q.sp.AttributeServices {
		if s.Index == *q.msg.AttributeIndex {
			q.wanted = s.Names
			return nil
		}
	}
	return requester(subRequestUnsupported, "No AttributeConsumingService with the index %d is registered for this application.", *q.msg.AttributeIndex)
}

func (p *Provider) chooseContext(_ context.Context, q *request) error {
	var asked *msg.RequestedAuthnContext
	if q.msg != nil {
		asked = q.msg.RequestedAuthnContext
	}
	class, ok := authnContext(asked)
	if fixed := q.sp.AuthnContext; fixed != "" {
		// The admin's word is an answer to whoever asks for exactly that.
		ok = ok || asked.Comparison == "exact" && slices.Contains(asked.ClassRefs, fixed)
		class = fixed
	}
	if !ok {
		return responder(subNoAuthnContext, "None of the authentication contexts that the request asks for (%s) can be reached here. People sign in by %s.", asked.Comparison, classPasswordProtected)
	}
	q.class = class
	return nil
}
