package idp

import (
	"slices"
	"strings"
)

// RequestObjectAlgs are the algorithms that the client may sign request objects with. none
// is never among them: an object that nobody signed protects nothing (RFC 9101 §10.1).
func (m *ClientMetadata) RequestObjectAlgs() []string {
	if m.RequestObjectSigningAlg != "" {
		return []string{m.RequestObjectSigningAlg}
	}
	return AsymmetricAlgs()
}

func (m *ClientMetadata) checkRequestObjects(dev bool) *Error {
	known := slices.Concat(AsymmetricAlgs(), SymmetricAlgs())
	switch alg := m.RequestObjectSigningAlg; {
	case alg != "" && !slices.Contains(known, alg):
		return badMember("request_object_signing_alg", "The algorithm of request objects must be one of %s.", strings.Join(known, ", "))
	case symmetric(alg) && !m.HasSecret():
		return badMember("request_object_signing_alg", "A client that authenticates by %s has no client_secret to sign request objects with: choose an algorithm with a key pair.", m.TokenEndpointAuthMethod)
	case len(m.RequestURIs) > maxURIs:
		return badMember("request_uris", "There are more than %d addresses of request objects.", maxURIs)
	}
	for _, raw := range m.RequestURIs {
		address, _, _ := strings.Cut(raw, "#") // OpenID Connect Core §6.2 lets it be a hash of the content
		if why := badFetch(address, dev); why != "" {
			return badMember("request_uris", "The address %q cannot be used: %s", raw, why)
		}
	}
	return nil
}

// MatchRequestURI reports whether a request object may be fetched from requested, and
// returns the address to fetch.
func (m *ClientMetadata) MatchRequestURI(requested string) (string, bool) {
	address, _, _ := strings.Cut(requested, "#")
	return address, slices.ContainsFunc(m.RequestURIs, func(registered string) bool {
		registered, _, _ = strings.Cut(registered, "#")
		return registered == address
	})
}

func (m *ClientMetadata) checkResources(bool) *Error {
	switch {
	case m.AccessTokenFormat != "opaque" && m.AccessTokenFormat != "jwt":
		return badMember("access_token_format", "The format of access tokens must be opaque or jwt.")
	case len(m.ResourceServerFor) > 0 && m.TokenEndpointAuthMethod == "none":
		return badMember("resource_server_for", "Only a client that authenticates may introspect tokens; token_endpoint_auth_method is none.")
	}
	if err := checkResourceList("resources", m.Resources); err != nil {
		return err
	}
	return checkResourceList("resource_server_for", m.ResourceServerFor)
}

// checkResourceList: RFC 8707 §2 wants absolute URIs without a fragment.
func checkResourceList(name string, list []string) *Error {
	if len(list) > maxURIs {
		return badMember(name, "There are more than %d resources.", maxURIs)
	}
	for _, raw := range list {
		if _, why := absolute(raw); why != "" {
			return badMember(name, "The resource %q cannot be used: %s", raw, why)
		}
	}
	return nil
}
