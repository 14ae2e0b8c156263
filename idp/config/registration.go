package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Policies of [Config.Registration].
const (
	RegistrationOpen  = "open"
	RegistrationToken = "token"
	RegistrationOff   = "off"
)

// Scope is a scope beside the standard ones.
type Scope struct {
	Name        string  `json:"name" required:"yes" doc:"As applications ask for it. Case matters."`
	Title       string  `json:"title,omitempty" doc:"What people are told that they agree to, in a few words."`
	Description string  `json:"description,omitempty" doc:"A sentence below it."`
	Claims      []Claim `json:"claims,omitempty" doc:"Claims about the person that come with the scope, at userinfo (and in the ID token of clients with claims_in_id_token)."`
}

// Claim is one claim of a [Scope].
type Claim struct {
	Name string `json:"name" required:"yes" doc:"As applications see it. A dotted name becomes a nested object."`
	From string `json:"from" required:"yes" doc:"Directory attribute. groups, username, subject and directory are always there."`
	Join string `json:"join,omitempty" doc:"Joins several values into one text with this separator."`
}

var standardScopes = []string{"openid", "profile", "email", "phone", "address", "groups", "offline_access"}

func (v *validator) checkScopes() {
	seen := map[string]bool{}
	for i, s := range v.Scopes {
		key := fmt.Sprintf("scopes[%d]", i)
		switch {
		case s.Name == "":
			// said already
		// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E.
		case strings.ContainsFunc(s.Name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }):
			v.fault(key, "name: expected letters, digits and signs without spaces, quotes and backslashes.")
		case slices.Contains(standardScopes, s.Name):
			v.fault(key, "name: the scope %s is there anyway, and what it gives is fixed.", s.Name)
		case seen[s.Name]:
			v.fault(key, "name: another scope is called %s too.", s.Name)
		}
		seen[s.Name] = true
	}
}

func (v *validator) checkRegistration() {
	for i, raw := range v.RegistrationResources {
		u, err := url.Parse(raw)
		if err != nil || !u.IsAbs() || strings.ContainsAny(raw, "# ") {
			v.fault("registration_resources", "Item %d: expected an absolute URI without a fragment, such as https://api.example.org.", i+1)
		}
	}
	if v.Registration == RegistrationOff && (v.RegistrationAllowImplicit || len(v.RegistrationResources) > 0) {
		v.fault("registration", "It is off, so nothing else about registration takes effect. Expected open or token.")
	}
}
