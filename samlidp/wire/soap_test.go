package wire_test

import (
	"errors"
	"strings"
	"testing"

	"cloudsso/samlidp/wire"
)

const envelope = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">`

func TestParseSOAP(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"a body":             envelope + `<s:Body><m xmlns="urn:m"><n/></m></s:Body></s:Envelope>`,
		"white space":        "\n" + envelope + "\n <s:Header/>\n <s:Body>\n  <m xmlns='urn:m'/>\n </s:Body>\n</s:Envelope>\n",
		"optional headers":   envelope + `<s:Header><h xmlns="urn:h" s:mustUnderstand="0"/><i xmlns="urn:h"/></s:Header><s:Body><m xmlns="urn:m"/></s:Body></s:Envelope>`,
		"namespace above it": strings.Replace(envelope, ">", ` xmlns:m="urn:m">`, 1) + `<s:Body><m:m/></s:Body></s:Envelope>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := wire.ParseSOAP([]byte(doc))
			if err != nil || !e.Is("urn:m", "m") || !wire.Whole(e) {
				t.Errorf("%v, %v", e, err)
			}
		})
	}
}

func TestParseSOAPRefuses(t *testing.T) {
	t.Parallel()
	const rest = `<s:Body><m/></s:Body></s:Envelope>`
	for name, c := range map[string]struct{ doc, want string }{
		"no XML":                    {"hello", "Line 1"},
		"a DOCTYPE":                 {"<!DOCTYPE x>" + envelope + rest, "DOCTYPE"},
		"no envelope":               {"<m/>", "takes a SOAP 1.1 Envelope"},
		"SOAP 1.2":                  {strings.Replace(envelope+rest, "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", 1), "takes a SOAP 1.1 Envelope"},
		"no body":                   {envelope + `<s:Header/></s:Envelope>`, "one Body with one SAML message"},
		"an empty body":             {envelope + `<s:Body/></s:Envelope>`, "one Body with one SAML message"},
		"two messages":              {envelope + `<s:Body><m/><m/></s:Body></s:Envelope>`, "one Body with one SAML message"},
		"two bodies":                {envelope + `<s:Body><m/></s:Body><s:Body><m/></s:Body></s:Envelope>`, "one Body with one SAML message"},
		"the header behind":         {envelope + `<s:Body><m/></s:Body><s:Header/></s:Envelope>`, "one Body with one SAML message"},
		"something behind":          {envelope + `<s:Body><m/></s:Body><x/></s:Envelope>`, "one Body with one SAML message"},
		"text in the body":          {envelope + `<s:Body>x<m/></s:Body></s:Envelope>`, "text and elements"},
		"one ID in header and body": {envelope + `<s:Header><m ID="_1"/></s:Header><s:Body><m ID="_1"/></s:Body></s:Envelope>`, "_1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.ParseSOAP([]byte(c.doc))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	for _, v := range []string{"1", "true", "yes", ""} {
		_, err := wire.ParseSOAP([]byte(envelope + `<s:Header><h s:mustUnderstand="` + v + `"/></s:Header>` + rest))
		if !errors.Is(err, wire.ErrMustUnderstand) {
			t.Errorf("mustUnderstand=%q: %v", v, err)
		}
	}
}

func TestWholeIsByPosition(t *testing.T) {
	t.Parallel()
	root, err := wire.Parse([]byte(`<x>` + envelope + `<s:Body><m/></s:Body></s:Envelope></x>`))
	if err != nil {
		t.Fatal(err)
	}
	inner := root.Elements()[0].Elements()[0].Elements()[0]
	if !wire.Whole(root) || wire.Whole(inner) || wire.Whole(root.Elements()[0]) {
		t.Error("a message inside another document counts as whole")
	}
}
