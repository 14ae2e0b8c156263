package samlidp

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// traceFault records the fault that a step ended in, of either kind.
func traceFault(ctx context.Context, step idp.Step, err error) {
	idp.TraceAbout(ctx, idp.About{Protocol: idp.ProtocolSAML})
	var f *fault
	if !errors.As(err, &f) {
		idp.TraceFailed(ctx, step, err)
		return
	}
	step.Result, step.Text = idp.Failed, f.message
	if f.cause != nil {
		step.Cause = f.cause.Error()
	}
	idp.Trace(ctx, step)
}

// traceCheck records how one check of a request ended. A stored request that passes again
// is not worth a second list.
func (p *Provider) traceCheck(ctx context.Context, q *request, name string, first bool, err error) {
	idp.TraceAbout(ctx, idp.About{Protocol: idp.ProtocolSAML})
	if err == nil && !first {
		return
	}
	step := idp.Step{Name: name, Result: idp.Passed}
	step.Expected, step.Received = p.compared(q, name)
	switch {
	case err != nil:
		traceFault(ctx, step, err)
	case name == "message":
		idp.Trace(ctx, idp.Step{Name: "AuthnRequest", Result: idp.Received, Values: q.traceValues()})
	default:
		idp.Trace(ctx, step)
	}
}

// traceValues is the decoded request. RelayState and signatures are there by name only: the
// one is the application's business, the others would let somebody send the message again.
func (q *request) traceValues() []idp.Value {
	m := q.msg
	values := []idp.Value{
		{Name: "binding", Text: q.wire.Binding}, {Name: "ID", Text: m.ID}, {Name: "Issuer", Text: m.Issuer},
		{Name: "Version", Text: m.Version}, {Name: "IssueInstant", Text: m.IssueInstant.UTC().Format(time.RFC3339)}, {Name: "Destination", Text: m.Destination},
		{Name: "AssertionConsumerServiceURL", Text: m.ACSURL}, {Name: "ProtocolBinding", Text: m.ProtocolBinding},
		{Name: "AssertionConsumerServiceIndex", Text: number(m.ACSIndex)}, {Name: "AttributeConsumingServiceIndex", Text: number(m.AttributeIndex)},
		{Name: "ForceAuthn", Text: yes(m.ForceAuthn)}, {Name: "IsPassive", Text: yes(m.IsPassive)},
	}
	if m.NameIDPolicy != nil {
		values = append(values, idp.Value{Name: "NameIDPolicy", Text: m.NameIDPolicy.Format}, idp.Value{Name: "SPNameQualifier", Text: m.NameIDPolicy.SPNameQualifier})
	}
	if c := m.RequestedAuthnContext; c != nil {
		values = append(values, idp.Value{Name: "RequestedAuthnContext", Text: c.Comparison + " " + strings.Join(slices.Concat(c.ClassRefs, c.DeclRefs), " ")})
	}
	if q.wire.Relayed {
		values = append(values, idp.Value{Name: "RelayState", Text: idp.Unseen})
	}
	return slices.DeleteFunc(values, func(v idp.Value) bool { return v.Text == "" })
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// compared is what a check wants and what it found.
func (p *Provider) compared(q *request, name string) (expected, found string) {
	switch name {
	case "application":
		return "an application that is registered here and not switched off", firstOf(q.entityID(), q.in.App)
	case "address for the answer":
		return "one of " + locations(q.sp.ACS), firstOf(q.acs.Location, q.askedACS())
	case "encryption":
		return q.sp.Encrypt, ""
	case "NameID format":
		return q.sp.NameID.Format, q.format
	case "authentication context":
		return "", q.class
	}
	if q.msg == nil {
		return "", ""
	}
	switch name {
	case "signature":
		return signatureWanted(q.sp), signatureFound(q)
	case "Destination":
		return p.ssoURL, q.msg.Destination
	case "IssueInstant":
		return "at most " + maxAge.String() + " before " + q.in.At.Format(time.RFC3339), q.msg.IssueInstant.UTC().Format(time.RFC3339)
	case "used once":
		return "an ID that was not used before", q.msg.ID
	case "Version":
		return "2.0", q.msg.Version
	}
	return "", ""
}

func (q *request) askedACS() string {
	if q.msg == nil {
		return q.in.ACS
	}
	return firstOf(q.msg.ACSURL, number(q.msg.ACSIndex))
}

func locations(endpoints []idp.Endpoint) string {
	var out []string
	for _, e := range endpoints {
		out = append(out, e.Location)
	}
	return strings.Join(out, " ")
}

func signatureWanted(sp idp.ServiceProvider) string {
	if sp.SignsRequests || sp.WantAuthnRequestsSigned {
		return "a signature by one of " + strconv.Itoa(len(sp.SigningCerts)) + " registered certificates"
	}
	return "none needed; one that is there must verify"
}

func signatureFound(q *request) string {
	switch {
	case q.wire.SigAlg != "":
		return "of the query, " + q.wire.SigAlg
	case dsig.Signed(q.root):
		return "in the message, " + signatureAlgorithmOf(q.root)
	}
	return "none"
}

func signatureAlgorithmOf(root *wire.Element) string {
	for e := range root.All() {
		if e.Is(wire.NSDSig, "SignatureMethod") {
			alg, _ := e.Attr("Algorithm")
			return alg
		}
	}
	return ""
}

// traceIssued says what the application is told.
func traceIssued(ctx context.Context, q *request, r *response) {
	a := r.assertion
	step := idp.Step{Name: "assertion", Result: idp.Answered, Values: []idp.Value{
		{Name: "to", Text: q.acs.Location}, {Name: "InResponseTo", Text: r.inResponseTo}, {Name: "ID", Text: a.id},
		{Name: "NameID", Text: a.name.Value}, {Name: "NameID format", Text: a.name.Format},
		{Name: "audience", Text: strings.Join(a.audiences, " ")}, {Name: "context", Text: a.class},
		{Name: "not before", Text: a.notBefore.Format(time.RFC3339)}, {Name: "not on or after", Text: a.notOnOrAfter.Format(time.RFC3339)},
		{Name: "encrypted", Text: yes(a.sealer != nil)},
	}}
	step.Values = slices.DeleteFunc(step.Values, func(v idp.Value) bool { return v.Text == "" })
	attributes := idp.Step{Name: "attributes", Result: idp.Answered}
	for _, row := range a.attributes {
		attributes.Values = append(attributes.Values, idp.Value{Name: row.Name, Text: strings.Join(row.Values, ", ")})
	}
	idp.Trace(ctx, step, attributes)
}

// traceRefused says what the application or the person is told instead.
func traceRefused(ctx context.Context, q *request, err error) {
	step := idp.Step{Name: "answer", Received: "error page"}
	var f *fault
	if errors.As(err, &f) {
		step.Received = f.status + " " + f.sub + " to " + q.acs.Location
	}
	traceFault(ctx, step, err)
}
