package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudsso/idp/config"
)

func loadText(t *testing.T, text string) (config.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cloudsso.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(config.Sources{File: file, Env: []string{issuer}})
}

func TestScopesAndRegistration(t *testing.T) {
	t.Parallel()
	c, err := loadText(t, `
registration: token
registration_resources: ["https://api.example.org"]
scopes:
  - name: hr
    title: See your employee record
    claims: [{name: employee.number, from: employeeNumber}]
  - {name: "mail:read"}
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Registration != "token" || c.RegistrationAllowImplicit || len(c.Scopes) != 2 || c.Scopes[0].Claims[0].From != "employeeNumber" || c.Scopes[1].Name != "mail:read" {
		t.Errorf("got %+v", c)
	}
}

func TestScopesAndRegistrationThatAreRefused(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"registration: everybody":                                        "registration: Expected one of open, token, off.",
		"registration_allow_implicit: true":                              "registration: It is off, so nothing else about registration takes effect.",
		"registration: open\nregistration_resources: [api]":              "registration_resources: Item 1: expected an absolute URI without a fragment",
		"scopes: [{title: x}]":                                           "scopes[0].name: It is missing.",
		"scopes: [{name: openid}]":                                       "the scope openid is there anyway",
		"scopes: [{name: a}, {name: a}]":                                 "another scope is called a too",
		"scopes: [{name: 'a b'}]":                                        "name: expected letters, digits and signs",
		"scopes: [{name: a, claims: [{name: b}]}]":                       "claims[0].from: It is missing.",
		"scopes: [{name: a, claims: [{name: b, from: c, format: uri}]}]": "format",
		"scopes: hr": "a list of scopes, each with a name, in the configuration file",
	} {
		_, err := loadText(t, text)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
