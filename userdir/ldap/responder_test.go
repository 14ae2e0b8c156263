package ldap_test

import (
	"net"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// result is an LDAP result code with its diagnostic message.
type result struct {
	code   uint16
	text   string
	policy []byte // value of a password policy control, nil for none
}

// question is a search as it came.
type question struct {
	base, filter string
	scope        int64
	attributes   []string
}

// row is one entry of an answer.
type row struct {
	dn         string
	attributes map[string][]string
}

// responder answers as Active Directory would: what slapd cannot be made to say.
type responder struct {
	bind   func(dn, password string) result
	search func(q question) ([]row, result)
}

func (r responder) listen(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return "ldap://" + l.Addr().String()
}

func (r responder) serve(c net.Conn) {
	defer c.Close()
	for {
		p, err := ber.ReadPacket(c)
		if err != nil || len(p.Children) < 2 {
			return
		}
		id, op := p.Children[0].Value.(int64), p.Children[1]
		var answers []*ber.Packet
		var policy []byte
		switch op.Tag {
		case goldap.ApplicationBindRequest:
			password := op.Children[2].Data.String()
			said := r.bind(op.Children[1].Value.(string), password)
			policy = said.policy
			answers = append(answers, done(goldap.ApplicationBindResponse, said))
		case goldap.ApplicationSearchRequest:
			answers = r.answer(op)
		default:
			return
		}
		for _, a := range answers {
			envelope := ber.NewSequence("")
			envelope.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
			envelope.AppendChild(a)
			if policy != nil {
				control := ber.NewSequence("")
				control.AppendChild(octets(goldap.ControlTypeBeheraPasswordPolicy))
				control.AppendChild(octets(string(policy)))
				list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
				list.AppendChild(control)
				envelope.AppendChild(list)
			}
			if _, err := c.Write(envelope.Bytes()); err != nil {
				return
			}
		}
	}
}

func (r responder) answer(op *ber.Packet) (out []*ber.Packet) {
	filter, err := goldap.DecompileFilter(op.Children[6])
	if err != nil {
		return []*ber.Packet{done(goldap.ApplicationSearchResultDone, result{code: goldap.LDAPResultProtocolError})}
	}
	q := question{base: op.Children[0].Value.(string), scope: op.Children[1].Value.(int64), filter: filter}
	for _, a := range op.Children[7].Children {
		q.attributes = append(q.attributes, a.Value.(string))
	}
	rows, end := r.search(q)
	for _, one := range rows {
		e := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultEntry, nil, "")
		e.AppendChild(octets(one.dn))
		list := ber.NewSequence("")
		for name, values := range one.attributes {
			a := ber.NewSequence("")
			a.AppendChild(octets(name))
			set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
			for _, v := range values {
				set.AppendChild(octets(v))
			}
			a.AppendChild(set)
			list.AppendChild(a)
		}
		e.AppendChild(list)
		out = append(out, e)
	}
	return append(out, done(goldap.ApplicationSearchResultDone, end))
}

func done(tag ber.Tag, r result) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(r.code), ""))
	p.AppendChild(octets(""))
	p.AppendChild(octets(r.text))
	return p
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}
