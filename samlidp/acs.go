package samlidp

import (
	"context"
	"net"
	"net/url"
	"strings"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// chooseACS decides where the answer goes: always an endpoint of the registration,
// by index, or by a URL compared character by character (S08). A signature on the request is no
// excuse for an address that is not registered.
func (p *Provider) chooseACS(_ context.Context, q *request) error {
	acs, err := p.findACS(q)
	if err != nil {
		return err
	}
	// The registration was checked when it was saved; this holds when the rules have changed since.
	if !deliverable(acs.Location, p.dev) {
		return idp.Errorf(idp.Invalid, "The registered address of this application for answers is not an https address.").On("AssertionConsumerServiceURL")
	}
	q.acs = acs
	return nil
}

func (p *Provider) findACS(q *request) (idp.Endpoint, error) {
	m := q.msg
	switch {
	case m == nil:
		return defaultACS(q.sp)
	case m.ACSIndex != nil && (m.ACSURL != "" || m.ProtocolBinding != ""):
		return idp.Endpoint{}, q.root.Errorf("AssertionConsumerServiceIndex excludes AssertionConsumerServiceURL and ProtocolBinding (Core §3.4.1).")
	case m.ACSIndex != nil:
		return q.byIndex(*m.ACSIndex)
	case m.ProtocolBinding != "" && m.ProtocolBinding != wire.BindingPost:
		return idp.Endpoint{}, q.root.Errorf("answers are sent by %s only; the ProtocolBinding of the request asks for another.", wire.BindingPost)
	case m.ACSURL != "":
		return q.byURL(m.ACSURL)
	}
	return defaultACS(q.sp)
}

func (q *request) byIndex(index int) (idp.Endpoint, error) {
	for _, e := range q.sp.ACS {
		if e.Index == index {
			if e.Binding != wire.BindingPost {
				return idp.Endpoint{}, q.root.Errorf("the AssertionConsumerServiceIndex %d belongs to an endpoint that does not take %s, the only way answers are sent.", index, wire.BindingPost)
			}
			return e, nil
		}
	}
	return idp.Endpoint{}, q.root.Errorf("no AssertionConsumerService with the index %d is registered for this application.", index)
}

func (q *request) byURL(location string) (idp.Endpoint, error) {
	for _, e := range q.sp.ACS {
		if e.Location == location && e.Binding == wire.BindingPost {
			return e, nil
		}
	}
	return idp.Endpoint{}, q.root.Errorf("the AssertionConsumerServiceURL %.200q is not registered for this application. Addresses are compared character by character.", location)
}

// defaultACS is the one marked as default, else the first (Metadata §2.2.3).
func defaultACS(sp idp.ServiceProvider) (idp.Endpoint, error) {
	var first *idp.Endpoint
	for i, e := range sp.ACS {
		if e.Binding != wire.BindingPost {
			continue
		}
		if e.IsDefault {
			return e, nil
		}
		if first == nil {
			first = &sp.ACS[i]
		}
	}
	if first == nil {
		return idp.Endpoint{}, idp.Errorf(idp.Invalid, "No AssertionConsumerService with HTTP-POST is registered for this application.")
	}
	return *first, nil
}

// deliverable reports whether a browser may be sent to location with an answer: https, or
// http to this machine in development. javascript: and the like run in our origin: S09.
func deliverable(location string, dev bool) bool {
	if strings.ContainsFunc(location, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return false
	}
	u, err := url.Parse(location)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || strings.Contains(location, "#") {
		return false
	}
	return u.Scheme == "https" || dev && u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
