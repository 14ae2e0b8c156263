package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
)

const maxSector = 64 << 10 // bytes of the document at sector_identifier_uri

// registrable are the members that a client may say about itself. Everything else is an
// administrator's word or unknown, and ignored (RFC 7591 §2, §3.2.1); software_statement
// too: no issuer of them is trusted here.
func registrable() []string {
	return []string{
		"redirect_uris", "application_type", "grant_types", "response_types", "scope", "contacts",
		"client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks", "jwks_uri",
		"token_endpoint_auth_method", "token_endpoint_auth_signing_alg",
		"id_token_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg",
		"request_object_signing_alg", "require_signed_request_object", "request_uris", "require_pushed_authorization_requests",
		"subject_type", "sector_identifier_uri", "default_max_age", "require_auth_time", "initiate_login_uri", "hs_key",
		"post_logout_redirect_uris", "frontchannel_logout_uri", "frontchannel_logout_session_required",
		"backchannel_logout_uri", "backchannel_logout_session_required", "require_pkce",
	}
}

// describeClient replaces what c says about itself by body. The registry checks the whole.
func (p *Provider) describeClient(ctx context.Context, c *idp.Client, body map[string]json.RawMessage, who registrant) error {
	doc, err := fieldsOf(c.ClientMetadata)
	if err != nil {
		return err
	}
	for _, name := range registrable() {
		delete(doc, name)
		if raw, ok := body[name]; ok && string(raw) != "null" {
			doc[name] = raw
		}
	}
	if p.Registration.AllowImplicit && frontChannel(doc) {
		doc["allow_implicit"] = json.RawMessage("true")
	}
	whole, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	var m idp.ClientMetadata
	if err := json.Unmarshal(whole, &m); err != nil {
		return wrongType(err)
	}
	if err := p.restrict(&m, doc, who); err != nil {
		return err
	}
	c.ClientMetadata = m
	return p.checkSector(ctx, &m)
}

// frontChannel reports whether a client wants tokens from the authorization endpoint.
func frontChannel(doc map[string]json.RawMessage) bool {
	var types []string
	if json.Unmarshal(doc["response_types"], &types) != nil {
		return false
	}
	return slices.ContainsFunc(types, func(t string) bool { return strings.Contains(t, "token") })
}

// fieldsOf is the JSON form of a client's metadata, member by member.
func fieldsOf(m idp.ClientMetadata) (map[string]json.RawMessage, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return members(data)
}

func wrongType(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		name, _, _ := strings.Cut(wrong.Field, ".")
		return refuse(invalidClientMetadata, "%s: The value has the wrong type: %s is not expected here.", name, wrong.Value).because(err)
	}
	return refuse(invalidClientMetadata, "The metadata is not well-formed.").because(err)
}

// restrict keeps from a client what only an administrator gives, and adds what the
// operator allows all of them.
func (p *Provider) restrict(m *idp.ClientMetadata, doc map[string]json.RawMessage, who registrant) error {
	if slices.Contains(m.GrantTypes, clientCredentials) && !who.trusted {
		// Attack: anybody registers a client and gets tokens in its own name, without a person
		// who agreed. Decision: somebody must have answered for it.
		return refuse(invalidClientMetadata, "grant_types: The grant type client_credentials is for clients that are registered with an initial access token or by an administrator.")
	}
	if !m.AllowImplicit {
		withoutFrontChannel(m)
	}
	known := p.scopesSupported()
	m.Scope = strings.Join(among(strings.Fields(m.Scope), known), " ")
	m.Resources = p.Registration.Resources
	switch public := m.TokenEndpointAuthMethod == authNone; {
	case public:
		m.RequirePKCE = nil // it always must
	case doc["require_pkce"] == nil:
		// It cannot know that we would demand more of a confidential client than OpenID Connect
		// does. A code_challenge that it sends is still checked.
		m.RequirePKCE = new(bool)
	}
	return nil
}

// withoutFrontChannel leaves a client the other ways in, if it named some. Software that
// knows every way lists them all (mod_auth_openidc does); the answer says what it got
// (RFC 7591 §2, §3.2.1).
func withoutFrontChannel(m *idp.ClientMetadata) {
	kept := slices.DeleteFunc(slices.Clone(m.ResponseTypes), idp.FrontChannel)
	if len(m.GrantTypes) > 0 && !slices.Contains(m.GrantTypes, idp.GrantCode) || len(kept) == 0 && len(m.ResponseTypes) > 0 {
		return
	}
	m.GrantTypes = slices.DeleteFunc(m.GrantTypes, func(g string) bool { return g == idp.GrantImplicit })
	m.ResponseTypes = kept
}

// badMetadata words the faults of the rules: each by the name of its member (RFC 7591
// §3.2.2). Any other error stays what it is.
func badMetadata(err error) error {
	name, sentences := invalidClientMetadata, []string(nil)
	for i, e := range each(err) {
		if e.Code != idp.Invalid {
			return err
		}
		if i == 0 && e.Field == "redirect_uris" {
			name = invalidRedirectURI
		}
		sentences = append(sentences, e.Field+": "+e.Public)
	}
	return refuse(name, "%s", strings.Join(sentences, " ")).because(err)
}

// each takes joined errors apart.
func each(err error) []*idp.Error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []*idp.Error{idp.AsError(err)}
	}
	var out []*idp.Error
	for _, e := range joined.Unwrap() {
		out = append(out, each(e)...)
	}
	return out
}

// checkSector asks the host of sector_identifier_uri whether it knows the redirect URIs.
func (p *Provider) checkSector(ctx context.Context, m *idp.ClientMetadata) error {
	if m.SectorIdentifierURI == "" {
		return nil
	}
	document, _, err := p.Fetch.Fetch(ctx, m.SectorIdentifierURI, maxSector)
	if err != nil {
		return refuse(invalidClientMetadata, "sector_identifier_uri: The document could not be fetched.").because(err)
	}
	if err := m.CheckSector(document); err != nil {
		return badMetadata(err)
	}
	return nil
}

// describeRegistered is the answer about a client (RFC 7591 §3.2.1, RFC 7592 §3). A secret
// is in it only when it was made just now or the caller has shown it: a hash is all that
// is kept.
func (p *Provider) describeRegistered(r Registered, token string) (map[string]any, error) {
	doc, err := fieldsOf(r.Metadata)
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"client_id": r.ID, "client_id_issued_at": r.IssuedAt.Unix(),
		"registration_access_token": token, "registration_client_uri": p.Issuer + registerPath + "/" + url.PathEscape(r.ID),
	}
	for _, name := range registrable() {
		if raw, ok := doc[name]; ok {
			out[name] = raw
		}
	}
	if r.Secret != "" {
		out["client_secret"], out["client_secret_expires_at"] = r.Secret, 0
	}
	if r.SharedSigningKey != "" {
		out["shared_signing_key"] = r.SharedSigningKey
	}
	return out, nil
}
