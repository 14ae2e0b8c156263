package config_test

import (
	"strings"
	"testing"

	"cloudsso/idp/config"
)

func TestAnOrganisationThatCannotBePublishedIsRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ env, key string }{
		"a home page that is a script":   {"CLOUDSSO_ORGANISATION_URL=javascript:alert(1)", "organisation.url"},
		"a logo over plain http":         {"CLOUDSSO_ORGANISATION_LOGO_URL=http://a.example/x.png", "organisation.logo_url"},
		"a name beside an email address": {"CLOUDSSO_ORGANISATION_TECHNICAL_EMAIL=Ann <a@a.example>", "organisation.technical_email"},
		"a logo without size":            {"CLOUDSSO_ORGANISATION_LOGO_WIDTH=0", "organisation.logo_width"},
		"a page without a name":          {"CLOUDSSO_ORGANISATION_URL=https://a.example", "organisation.name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Sources{Env: []string{issuer, row.env}})
			if err == nil || !strings.Contains(err.Error(), row.key) {
				t.Errorf("got %v, want a fault of %s", err, row.key)
			}
		})
	}
	c := load(t, config.Sources{Env: []string{issuer, "CLOUDSSO_ORGANISATION_NAME=Ada", "CLOUDSSO_ORGANISATION_SUPPORT_URL=https://a.example/help"}})
	if c.Organisation.Name != "Ada" || c.Organisation.LogoWidth != 160 {
		t.Errorf("%+v", c.Organisation)
	}
}
