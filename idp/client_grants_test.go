package idp_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
)

func TestResponseTypesCompareWithoutOrder(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"code": "code", " code ": "code", "token id_token": "id_token token", "token code id_token": "code id_token token",
		"token code": "code token", "id_token code": "code id_token", "none": "none",
	} {
		if got, ok := idp.ResponseType(asked); got != want || !ok {
			t.Errorf("%q became %q, %v", asked, got, ok)
		}
	}
	for _, asked := range []string{"", "code code", "code none", "Code", "code,token", "id_token id_token", "tokens"} {
		if got, ok := idp.ResponseType(asked); ok {
			t.Errorf("%q passed as %q", asked, got)
		}
	}
}

// RFC 7591 §2.1: response types and grant types of a client agree.
func TestCompleteGrantsAndResponseTypes(t *testing.T) {
	t.Parallel()
	all := []string{"code", "id_token", "token", "id_token token", "code id_token", "code token", "code id_token token"}
	for name, c := range map[string]struct {
		implicit, password       bool
		grants, responses        []string
		wantGrants, wantResponse []string
	}{
		"nothing said":                     {wantGrants: []string{"authorization_code"}, wantResponse: []string{"code"}},
		"implicit allowed, nothing said":   {implicit: true, wantGrants: []string{"authorization_code", "implicit"}, wantResponse: all},
		"implicit alone":                   {implicit: true, grants: []string{"implicit"}, wantGrants: []string{"implicit"}, wantResponse: []string{"id_token", "token", "id_token token"}},
		"an implicit response type alone":  {implicit: true, responses: []string{"token id_token"}, wantGrants: []string{"implicit"}, wantResponse: []string{"id_token token"}},
		"a hybrid response type alone":     {implicit: true, responses: []string{"id_token code"}, wantGrants: []string{"authorization_code", "implicit"}, wantResponse: []string{"code id_token"}},
		"the switch beside the code grant": {implicit: true, grants: []string{"authorization_code"}, wantGrants: []string{"authorization_code", "implicit"}, wantResponse: all},
		"none":                             {responses: []string{"none"}, wantGrants: []string{"authorization_code"}, wantResponse: []string{"none"}},
		"passwords allowed":                {password: true, wantGrants: []string{"authorization_code", "password"}, wantResponse: []string{"code"}},
		"passwords alone, with refresh":    {password: true, grants: []string{"password", "refresh_token"}, wantGrants: []string{"password", "refresh_token"}},
		"a device":                         {grants: []string{idp.GrantDevice, "refresh_token"}, wantGrants: []string{idp.GrantDevice, "refresh_token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := idp.ClientMetadata{
				AllowImplicit: c.implicit, AllowPasswordGrant: c.password, GrantTypes: c.grants, ResponseTypes: c.responses,
				RedirectURIs: []string{"https://rp.example/cb"},
			}
			before := slices.Clone(c.responses)
			if err := m.Complete(false); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(m.GrantTypes, c.wantGrants) || !slices.Equal(m.ResponseTypes, c.wantResponse) {
				t.Errorf("got %v and %v", m.GrantTypes, m.ResponseTypes)
			}
			if !slices.Equal(before, c.responses) {
				t.Error("the caller's own list was changed")
			}
			if m.Scope == "" {
				t.Error("a client that signs people in has no scopes")
			}
		})
	}
}

// People sign in, and no browser ever comes back.
func TestCompleteWithoutRedirects(t *testing.T) {
	t.Parallel()
	for _, m := range []idp.ClientMetadata{
		{GrantTypes: []string{idp.GrantDevice}, TokenEndpointAuthMethod: "none"},
		{GrantTypes: []string{"password"}, AllowPasswordGrant: true},
	} {
		if err := m.Complete(false); err != nil || m.ResponseTypes != nil {
			t.Errorf("%v: %v, %v", m.GrantTypes, err, m.ResponseTypes)
		}
	}
	m := idp.ClientMetadata{GrantTypes: []string{"implicit"}, AllowImplicit: true}
	if err := m.Complete(false); err == nil || !strings.Contains(err.Error(), "At least one redirect URI") {
		t.Errorf("implicit without an address: %v", err)
	}
}

func TestCompleteRefusesGrants(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m           idp.ClientMetadata
		field, says string
	}{
		"implicit without the switch":      {idp.ClientMetadata{GrantTypes: []string{"implicit"}}, "grant_types", "allow_implicit"},
		"passwords without the switch":     {idp.ClientMetadata{GrantTypes: []string{"password"}}, "grant_types", "allow_password_grant"},
		"a front channel without it":       {idp.ClientMetadata{ResponseTypes: []string{"code token"}}, "response_types", "allow_implicit"},
		"codes without their grant":        {idp.ClientMetadata{AllowImplicit: true, GrantTypes: []string{"implicit"}, ResponseTypes: []string{"code id_token"}}, "response_types", "authorization_code"},
		"none without codes":               {idp.ClientMetadata{AllowImplicit: true, GrantTypes: []string{"implicit"}, ResponseTypes: []string{"none"}}, "response_types", "authorization_code"},
		"an unknown response type":         {idp.ClientMetadata{ResponseTypes: []string{"code", "saml"}}, "response_types", "is not supported"},
		"a word twice":                     {idp.ClientMetadata{ResponseTypes: []string{"code code"}}, "response_types", "is not supported"},
		"refresh tokens from the front":    {idp.ClientMetadata{AllowImplicit: true, GrantTypes: []string{"implicit", "refresh_token"}}, "grant_types", "refresh tokens come from these"},
		"a public client that acts itself": {idp.ClientMetadata{TokenEndpointAuthMethod: "none", GrantTypes: []string{"client_credentials"}}, "grant_types", "needs a client that authenticates"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.m.RedirectURIs = []string{"https://rp.example/cb"}
			var e *idp.Error
			if err := c.m.Complete(false); !errors.As(err, &e) || e.Field != c.field || !strings.Contains(e.Public, c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSwitchesTakeTheirGrantsAlong(t *testing.T) {
	t.Parallel()
	usual := idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}}
	if err := usual.Complete(false); err != nil {
		t.Fatal(err)
	}
	on := usual
	on.AllowImplicit, on.AllowPasswordGrant = true, true
	on.FollowSwitches(usual)
	if err := on.Complete(false); err != nil || !slices.Equal(on.GrantTypes, []string{"authorization_code", "password", "implicit"}) || len(on.ResponseTypes) != 7 {
		t.Fatalf("on: %v, %v, %v", err, on.GrantTypes, on.ResponseTypes)
	}
	off := on
	off.AllowImplicit, off.AllowPasswordGrant = false, false
	off.FollowSwitches(on)
	if err := off.Complete(false); err != nil || !slices.Equal(off.GrantTypes, usual.GrantTypes) || !slices.Equal(off.ResponseTypes, usual.ResponseTypes) {
		t.Errorf("off: %v, %v, %v", err, off.GrantTypes, off.ResponseTypes)
	}
	chosen := on
	chosen.AllowImplicit, chosen.GrantTypes = false, []string{"authorization_code", "implicit"}
	chosen.FollowSwitches(on)
	if err := chosen.Complete(false); err == nil {
		t.Error("a list that the caller wrote was changed behind his back")
	}
}

func TestWarningsSayWhy(t *testing.T) {
	t.Parallel()
	m := idp.ClientMetadata{AllowImplicit: true, AllowPasswordGrant: true, AllowAccessTokenInQuery: true}
	if got := strings.Join(m.Legacy(), " "); got != "allow_implicit allow_password_grant allow_access_token_in_query" {
		t.Errorf("legacy: %s", got)
	}
	for i, why := range []string{"RFC 9700 §2.1.2", "RFC 9700 §2.4", "RFC 9700 §4.3.2"} {
		if w := m.Warnings()[i]; !strings.Contains(w, why) || !strings.Contains(w, "OAuth 2.1") || !strings.HasPrefix(w, m.Legacy()[i]+" is on: ") {
			t.Errorf("warning %q", w)
		}
	}
	if none := (&idp.ClientMetadata{}).Warnings(); none != nil {
		t.Errorf("warnings of nothing: %v", none)
	}
}
