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
	case m == nil && q.in.ACS != "":
		return q.byShire()
	case m == nil:
		return q.defaultACS(answerBinding(q.sp))
	case m.ACSIndex != nil && (m.ACSURL != "" || m.ProtocolBinding != ""):
		return idp.Endpoint{}, q.root.Errorf("AssertionConsumerServiceIndex excludes AssertionConsumerServiceURL and ProtocolBinding (Core §3.4.1).")
	case m.ACSIndex != nil:
		return q.byIndex(*m.ACSIndex)
	case m.ProtocolBinding != "" && !answers(q.sp, m.ProtocolBinding):
		return idp.Endpoint{}, q.root.Errorf("answers to this application are sent by %s only; the ProtocolBinding of the request asks for another.", bindingsOf(q.sp))
	case m.ACSURL != "":
		return q.byURL(m.ACSURL)
	}
	return q.defaultACS(firstOf(m.ProtocolBinding, answerBinding(q.sp)))
}

// answers reports whether answers to the application can travel this way. By redirect only
// where an admin said so: the profile forbids it, since answers hardly fit (Profiles §4.1.2).
func answers(sp idp.ServiceProvider, binding string) bool {
	return binding == wire.BindingPost || binding == answerBinding(sp)
}

// answerBinding is how answers travel if the request does not say.
func answerBinding(sp idp.ServiceProvider) string {
	if sp.ResponseBinding == "redirect" {
		return wire.BindingRedirect
	}
	return wire.BindingPost
}

func bindingsOf(sp idp.ServiceProvider) string {
	if b := answerBinding(sp); b != wire.BindingPost {
		return b + " and " + wire.BindingPost
	}
	return wire.BindingPost
}

func (q *request) byIndex(index int) (idp.Endpoint, error) {
	for _, e := range q.sp.ACS {
		if e.Index == index {
			if !answers(q.sp, e.Binding) {
				return idp.Endpoint{}, q.root.Errorf("the AssertionConsumerServiceIndex %d belongs to an endpoint that does not take %s, the only way answers are sent.", index, bindingsOf(q.sp))
			}
			return e, nil
		}
	}
	return idp.Endpoint{}, q.root.Errorf("no AssertionConsumerService with the index %d is registered for this application.", index)
}

func (q *request) byURL(location string) (idp.Endpoint, error) {
	if e, ok := q.registered(location, q.msg.ProtocolBinding); ok {
		return e, nil
	}
	return idp.Endpoint{}, q.root.Errorf("the AssertionConsumerServiceURL %.200q is not registered for this application. Addresses are compared character by character.", location)
}

// byShire is byURL for an IdP-initiated sign-in that names its address.
func (q *request) byShire() (idp.Endpoint, error) {
	if e, ok := q.registered(q.in.ACS, ""); ok {
		return e, nil
	}
	return idp.Endpoint{}, idp.Errorf(idp.Invalid, "The address %.200q is not registered for this application. Addresses are compared character by character.", q.in.ACS).On("shire")
}

// registered finds an endpoint by its address; without a binding, the usual one first.
func (q *request) registered(location, binding string) (idp.Endpoint, bool) {
	bindings := []string{binding}
	if binding == "" {
		bindings = []string{answerBinding(q.sp), wire.BindingPost}
	}
	for _, b := range bindings {
		for _, e := range q.sp.ACS {
			if e.Location == location && e.Binding == b {
				return e, true
			}
		}
	}
	return idp.Endpoint{}, false
}

// defaultACS is the one marked as default, else the first (Metadata §2.2.3).
func (q *request) defaultACS(binding string) (idp.Endpoint, error) {
	var first *idp.Endpoint
	for i, e := range q.sp.ACS {
		if e.Binding != binding {
			continue
		}
		if e.IsDefault {
			return e, nil
		}
		if first == nil {
			first = &q.sp.ACS[i]
		}
	}
	if first == nil {
		return idp.Endpoint{}, idp.Errorf(idp.Invalid, "No AssertionConsumerService with %s is registered for this application.", binding)
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
