package idp_test

import (
	"errors"
	"strings"
	"testing"

	"cloudsso/idp"
)

func complete(change func(*idp.ClientMetadata)) (idp.ClientMetadata, error) {
	m := idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}}
	change(&m)
	err := m.Complete(false)
	return m, err
}

func TestRequestMembers(t *testing.T) {
	t.Parallel()
	many := make([]string, 101)
	for name, c := range map[string]struct {
		change      func(*idp.ClientMetadata)
		field, says string // empty: it works
	}{
		"request objects by https, with a hash": {change: func(m *idp.ClientMetadata) { m.RequestURIs = []string{"https://rp.example/o#hash"} }},
		"request objects by http":               {func(m *idp.ClientMetadata) { m.RequestURIs = []string{"http://rp.example/o"} }, "request_uris", "it must be https"},
		"request objects from nowhere":          {func(m *idp.ClientMetadata) { m.RequestURIs = []string{"https:///o"} }, "request_uris", "it has no host"},
		"too many addresses of request objects": {func(m *idp.ClientMetadata) { m.RequestURIs = many }, "request_uris", "more than 100"},
		"unsigned request objects":              {func(m *idp.ClientMetadata) { m.RequestObjectSigningAlg = "none" }, "request_object_signing_alg", "must be one of RS256"},
		"request objects by the secret":         {change: func(m *idp.ClientMetadata) { m.RequestObjectSigningAlg = "HS256" }},
		"by a secret that there is not":         {func(m *idp.ClientMetadata) { m.RequestObjectSigningAlg, m.TokenEndpointAuthMethod = "HS256", "none" }, "request_object_signing_alg", "has no client_secret"},
		"a format of access tokens":             {func(m *idp.ClientMetadata) { m.AccessTokenFormat = "paseto" }, "access_token_format", "opaque or jwt"},
		"resources":                             {change: func(m *idp.ClientMetadata) { m.Resources = []string{"https://api.example", "urn:x:y"} }},
		"a resource with a fragment":            {func(m *idp.ClientMetadata) { m.Resources = []string{"https://api.example#x"} }, "resources", "it has a fragment"},
		"a resource that is a name":             {func(m *idp.ClientMetadata) { m.Resources = []string{"api"} }, "resources", "not an absolute URI"},
		"too many resources":                    {func(m *idp.ClientMetadata) { m.Resources = many }, "resources", "more than 100"},
		"a public resource server": {func(m *idp.ClientMetadata) {
			m.ResourceServerFor, m.TokenEndpointAuthMethod = []string{"urn:x"}, "none"
		}, "resource_server_for", "authenticates"},
		"a resource server for a name": {func(m *idp.ClientMetadata) { m.ResourceServerFor = []string{"api"} }, "resource_server_for", "not an absolute URI"},
		"a subject type":               {func(m *idp.ClientMetadata) { m.SubjectType = "x" }, "subject_type", "public or pairwise"},
		"pairwise on one host": {change: func(m *idp.ClientMetadata) {
			m.SubjectType, m.RedirectURIs = "pairwise", []string{"https://rp.example/a", "https://rp.example/b"}
		}},
		"pairwise on two hosts": {func(m *idp.ClientMetadata) {
			m.SubjectType, m.RedirectURIs = "pairwise", []string{"https://a.example/", "https://b.example/"}
		}, "sector_identifier_uri", "needs a sector_identifier_uri"},
		"pairwise without a host": {func(m *idp.ClientMetadata) {
			m.SubjectType, m.ApplicationType, m.RedirectURIs = "pairwise", "native", []string{"com.example.app:/cb"}
		}, "sector_identifier_uri", "needs a sector_identifier_uri"},
		"a sector by http": {func(m *idp.ClientMetadata) { m.SectorIdentifierURI = "http://rp.example/s" }, "sector_identifier_uri", "it must be https"},
		"a pairwise machine, which names nobody": {change: func(m *idp.ClientMetadata) {
			m.SubjectType, m.RedirectURIs, m.GrantTypes = "pairwise", nil, []string{"client_credentials"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := complete(c.change)
			if c.field == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *idp.Error
			if !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != c.field || !strings.Contains(e.Public, c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	_, err := complete(func(m *idp.ClientMetadata) { m.SubjectType, m.AccessTokenFormat, m.LogoURI = "x", "x", "x" })
	for _, field := range []string{"(subject_type)", "(access_token_format)", "(logo_uri)"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in %v", field, err)
		}
	}
}

func TestMatchRequestURI(t *testing.T) {
	t.Parallel()
	m := idp.ClientMetadata{RequestURIs: []string{"https://rp.example/a#1", "https://rp.example/b"}}
	for requested, want := range map[string]string{
		"https://rp.example/a": "https://rp.example/a", "https://rp.example/a#1": "https://rp.example/a", "https://rp.example/a#2": "https://rp.example/a",
		"https://rp.example/b#x": "https://rp.example/b", "https://rp.example/c": "", "https://rp.example/a?": "", "#1": "", "": "",
	} {
		if address, ok := m.MatchRequestURI(requested); ok != (want != "") || ok && address != want {
			t.Errorf("%q: %q %v", requested, address, ok)
		}
	}
}

func TestSectors(t *testing.T) {
	t.Parallel()
	m := idp.ClientMetadata{RedirectURIs: []string{"https://rp.example:8443/cb"}}
	if m.Sector() != "rp.example" {
		t.Errorf("got %q", m.Sector())
	}
	m.SectorIdentifierURI = "https://sector.example/list.json"
	if m.Sector() != "sector.example" || (&idp.ClientMetadata{}).Sector() != "" {
		t.Errorf("got %q", m.Sector())
	}
	for document, says := range map[string]string{
		`["https://rp.example:8443/cb"]`: "", `["https://rp.example/cb"]`: "does not list", `[]`: "does not list",
		`{}`: "not a JSON array", `[1]`: "not a JSON array", ``: "not a JSON array", `["https://rp.example:8443/CB"]`: "does not list",
	} {
		err := m.CheckSector([]byte(document))
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", document, err)
		}
	}
}
