package main_test

import (
	"strings"
	"testing"
)

type samlKey struct {
	KID, Slot, State, App string
	Signing               bool
}

// An application's own key: made, published beside the shared one, used, left, retired, and
// published again.
func TestAnApplicationsOwnKeyGoesItsWay(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_ISSUER=https://sso.example.org")
	p.write("crm.xml", metadata)
	p.do("sp", "import-metadata", "crm.xml", "--app", "crm")
	const slot = "saml:crm/RS256/1"
	r := p.do("keys", "rotate", "--use", "saml", "--app", "crm")
	if !strings.Contains(r.out, slot) || !strings.Contains(r.err, "cloudsso keys activate "+slot+"\n") {
		t.Errorf("%q %q", r.out, r.err)
	}
	for _, c := range []struct {
		args, state string
		signs       bool
	}{
		{"activate " + slot + " --now", "active", true},
		{"deactivate " + slot, "", false},
		{"activate " + slot, "active", true}, // it is known by now
		{"deactivate " + slot, "", false},
		{"retire " + slot + " --now", "retired", false},
		{"publish " + slot, "", false},
	} {
		got := decode[samlKey](p.do(append([]string{"keys", "--json"}, strings.Fields(c.args)...)...))
		if got.Slot != slot || got.App != "crm" || got.Signing != c.signs || c.state != "" && got.State != c.state {
			t.Errorf("%s: %+v", c.args, got)
		}
	}
	if r := p.do("keys", "activate", slot); !strings.Contains(r.out, slot) || r.err != "A running server follows within a minute.\n" {
		t.Errorf("%q %q", r.out, r.err)
	}
	if r := p.do("keys", "deactivate", slot); !strings.Contains(r.out, "no") || r.err != "A running server follows within a minute.\n" {
		t.Errorf("%q %q", r.out, r.err)
	}
	for args, want := range map[string]string{
		"rotate --use saml --app nobody":  `There is no service provider "nobody".`,
		"rotate --app crm":                "app: Only a service provider has keys of its own. Give use saml with app.",
		"deactivate saml/RS256/1":         "Only an application's own key can be deactivated.",
		"deactivate " + slot:              "does not sign now.",
		"publish " + slot:                 "is published.",
		"publish sig/RS256/1":             "Only SAML keys can be published again. Rotate instead.",
		"apps sig/RS256/1":                "There is no SAML key",
		"apps saml:nobody/RS256/1 --json": `There is no SAML key "saml:nobody/RS256/1". List the keys to see which there are.`,
	} {
		if r := p.run("", append([]string{"keys"}, strings.Fields(args)...)...).want(1); !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: %q %q", args, r.out, r.err)
		}
	}
	for _, step := range []string{"deactivate", "publish", "apps", "retire"} {
		if r := p.run("", "keys", step).want(2); !strings.Contains(r.err, "accepts 1 arg(s), received 0") || r.out != "" {
			t.Errorf("%s: %q %q", step, r.out, r.err)
		}
	}
}

func TestTheApplicationsOfAKeyAreListed(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_ISSUER=https://sso.example.org")
	p.write("crm.xml", metadata)
	p.do("sp", "import-metadata", "crm.xml", "--app", "crm")
	r := p.do("keys", "apps", "saml/RS256/1")
	if lines := strings.Split(strings.TrimSpace(r.out), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], "APP  SIGNS  PINNED  SEEN  LAST READ") || strings.Join(strings.Fields(lines[1]), " ") != "crm yes no no -" {
		t.Errorf("%q", r.out)
	}
	type user struct {
		App                 string
		Signs, Pinned, Seen bool
	}
	if got := decode[[]user](p.do("keys", "apps", "saml/RS256/1", "--json")); len(got) != 1 || got[0] != (user{App: "crm", Signs: true}) {
		t.Errorf("%+v", got)
	}
}

// A key that was made elsewhere, for one application or for all.
func TestASAMLKeyIsImported(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_ISSUER=https://sso.example.org")
	p.write("crm.xml", metadata)
	p.do("sp", "import-metadata", "crm.xml", "--app", "crm")
	own, shared := newPair(t), newPair(t)
	p.write("own.key", own.keyPEM(t))
	p.write("own.crt", own.certPEM())
	p.write("shared.key", shared.keyPEM(t))
	p.write("shared.crt", shared.certPEM())
	p.write("nonsense", "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n")
	got := decode[samlKey](p.do("keys", "import", "own.key", "own.crt", "--app", "crm", "--json"))
	if got.Slot != "saml:crm/RS256/1" || got.App != "crm" || got.Signing || got.State != "next" {
		t.Errorf("%+v", got)
	}
	r := p.do("keys", "import", "shared.key", "shared.crt")
	if !strings.Contains(r.out, "saml/RS256/2") || !strings.Contains(r.err, "cloudsso keys activate saml/RS256/2\n") || strings.Contains(r.out+r.err, "PRIVATE") {
		t.Errorf("%q %q", r.out, r.err)
	}
	for args, want := range map[string]string{
		"own.key own.crt":              "is published already and waits to be activated. Activate or retire it first.",
		"own.key shared.crt":           "certificate: ",
		"nonsense own.crt":             "private_key: Expected one private key in PEM form",
		"own.crt own.key":              "private_key: Expected one private key in PEM form",
		"nowhere.key own.crt":          "open nowhere.key: no such file or directory",
		"own.key own.crt --app nobody": `There is no service provider "nobody".`,
	} {
		if r := p.run("", append([]string{"keys", "import"}, strings.Fields(args)...)...).want(1); !strings.Contains(r.err, want) || r.out != "" || strings.Contains(r.err, "QUJD") {
			t.Errorf("%s: %q %q", args, r.out, r.err)
		}
	}
	p.do("keys", "retire", "saml/RS256/2", "--now")
	if r := p.run("", "keys", "import", "shared.key", "shared.crt").want(1); !strings.Contains(r.err, "private_key: This key is in the ring already, as ") {
		t.Errorf("%q", r.err)
	}
	if r := p.run("", "keys", "import", "own.key").want(2); !strings.Contains(r.err, "accepts 2 arg(s), received 1") {
		t.Errorf("%q", r.err)
	}
}
