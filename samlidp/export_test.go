package samlidp

import (
	"time"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/samlidp/xenc"
)

// FixIDs makes message ids predictable, for golden files.
func (p *Provider) FixIDs(next func() string) { p.newID = next }

// WriteResponse builds and signs one Response with these attributes, for benchmarks.
func (p *Provider) WriteResponse(attributes []mapping.Attribute) ([]byte, error) {
	return p.writeResponse(attributes, nil)
}

// WriteEncrypted is the same with an assertion that only sp can read.
func (p *Provider) WriteEncrypted(sp idp.ServiceProvider, attributes []mapping.Attribute) ([]byte, error) {
	s, err := sealer(sp)
	if err != nil {
		return nil, err
	}
	return p.writeResponse(attributes, s)
}

func (p *Provider) writeResponse(attributes []mapping.Attribute, sealer *xenc.Sealer) ([]byte, error) {
	q := &request{sp: idp.ServiceProvider{EntityID: "https://wiki.example/saml"}, acs: idp.Endpoint{Location: "https://wiki.example/acs"}}
	r, now := p.response(q), p.now()
	r.inResponseTo = "_request1"
	r.assertion = &assertion{
		id: p.newID(), name: nameID{Format: FormatPersistent, Value: "abc", NameQualifier: p.entityID}, audiences: []string{q.sp.EntityID}, recipient: q.acs.Location,
		notBefore: now, notOnOrAfter: now.Add(time.Minute), authTime: now, session: "sid", class: classPasswordProtected, attributes: attributes, sealer: sealer,
	}
	s, err := p.signs()
	if err != nil {
		return nil, err
	}
	return r.write(p.entityID, s)
}
