package main_test

import (
	"strings"
	"testing"
)

func TestLinkPrintsWhereToStart(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_ISSUER=https://sso.example.org")
	p.write("crm.xml", metadata)
	p.do("sp", "import-metadata", "crm.xml", "--app", "crm", "--allow-idp-initiated")
	p.write("hr.xml", strings.ReplaceAll(metadata, "crm", "hr"))
	p.do("sp", "import-metadata", "hr.xml", "--app", "hr")
	if r := p.do("link", "crm"); r.out != "https://sso.example.org/saml/init/crm\n" {
		t.Errorf("%q", r.out)
	}
	if r := p.do("link", "crm", "--relay-state", "/a b&c"); r.out != "https://sso.example.org/saml/init/crm?RelayState=%2Fa+b%26c\n" {
		t.Errorf("%q", r.out)
	}
	if got := decode[map[string]string](p.do("link", "crm", "--json")); got["app"] != "crm" || got["url"] != "https://sso.example.org/saml/init/crm" {
		t.Errorf("%v", got)
	}
	for app, want := range map[string]string{
		"hr":      "hr does not take sign-ins that start here: an answer that nobody asked for can be planted",
		"nothing": "There is no service provider",
	} {
		if r := p.run("", "link", app).want(1); !strings.Contains(r.err, want) {
			t.Errorf("%s: %q", app, r.err)
		}
	}
	if r := newPlace(t).run("", "link").want(2); !strings.Contains(r.err, "accepts 1 arg(s), received 0") {
		t.Errorf("%q", r.err)
	}
}
