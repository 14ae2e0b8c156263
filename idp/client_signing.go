package idp

import (
	"slices"
	"strings"
)

// Values of [ClientMetadata.HSKey].
const (
	HSKeyClientSecret = "client_secret"
	HSKeyDedicated    = "dedicated"
)

// AsymmetricAlgs returns the JWA names (RFC 7518 §3.1, RFC 8037 §3.1) of the algorithms
// with a key pair: first the one that everybody must know (OpenID Connect Core §15.1),
// then the other that the provider has a key for from its first start.
func AsymmetricAlgs() []string {
	return []string{"RS256", "ES256", "PS256", "EdDSA", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512"}
}

// SymmetricAlgs returns those whose key an app and the provider share.
func SymmetricAlgs() []string { return []string{"HS256", "HS384", "HS512"} }

func symmetric(alg string) bool { return slices.Contains(SymmetricAlgs(), alg) }

// HasSecret reports whether the client authenticates with a client_secret.
func (m *ClientMetadata) HasSecret() bool {
	return strings.HasPrefix(m.TokenEndpointAuthMethod, "client_secret_")
}

// ResponseAlgs are the algorithms that answers to the client are signed with.
func (m *ClientMetadata) ResponseAlgs() []string {
	algs := []string{m.IDTokenSignedResponseAlg, m.UserInfoSignedResponseAlg, m.IntrospectionSignedResponseAlg}
	return slices.DeleteFunc(algs, func(alg string) bool { return alg == "" || alg == "none" })
}

// SymmetricAlgs are those of ResponseAlgs whose key the client shares with us.
func (m *ClientMetadata) SymmetricAlgs() []string {
	return slices.DeleteFunc(m.ResponseAlgs(), func(alg string) bool { return !symmetric(alg) })
}

// SharedKeyBytes is the least length of a secret that serves the client as a key as well;
// 0: none does, and a hash of the secret is enough. A key is at least as long as the hash
// (RFC 7518 §3.2).
func (m *ClientMetadata) SharedKeyBytes(use string) (most int) {
	var algs []string
	if use == SecretSigns == (m.HSKey == HSKeyDedicated) {
		algs = m.SymmetricAlgs()
	}
	if use == SecretAuthenticates && m.TokenEndpointAuthMethod == "client_secret_jwt" {
		algs = append(algs, m.TokenEndpointAuthAlg, "HS256")
	}
	if use == SecretAuthenticates {
		algs = append(algs, m.RequestObjectSigningAlg)
	}
	for _, alg := range algs {
		if i := slices.Index(SymmetricAlgs(), alg); i >= 0 {
			most = max(most, []int{32, 48, 64}[i])
		}
	}
	return most
}

func (m *ClientMetadata) completeSigning() {
	setDefault(&m.IDTokenSignedResponseAlg, "RS256")
	if string(m.JWKS) == "null" {
		m.JWKS = nil
	}
	switch {
	case len(m.SymmetricAlgs()) == 0:
		m.HSKey = ""
	case m.HasSecret():
		setDefault(&m.HSKey, HSKeyClientSecret)
	default:
		setDefault(&m.HSKey, HSKeyDedicated)
	}
}

func (m *ClientMetadata) checkAuthentication(bool) *Error {
	const alg = "token_endpoint_auth_signing_alg"
	switch method := m.TokenEndpointAuthMethod; method {
	case "client_secret_basic", "client_secret_post", "none":
		if m.TokenEndpointAuthAlg != "" {
			return badMember(alg, "A client that authenticates by %s signs nothing: leave the algorithm out.", method)
		}
	case "client_secret_jwt":
		if m.TokenEndpointAuthAlg != "" && !symmetric(m.TokenEndpointAuthAlg) {
			return badMember(alg, "With client_secret_jwt the algorithm must be HS256, HS384 or HS512.")
		}
	case "private_key_jwt":
		if m.TokenEndpointAuthAlg != "" && !slices.Contains(AsymmetricAlgs(), m.TokenEndpointAuthAlg) {
			return badMember(alg, "With private_key_jwt the algorithm must be one of %s.", strings.Join(AsymmetricAlgs(), ", "))
		}
		if len(m.JWKS) == 0 && m.JWKSURI == "" {
			return badMember("token_endpoint_auth_method", "With private_key_jwt the client's public keys are needed: give jwks or jwks_uri.")
		}
	default:
		return badMember("token_endpoint_auth_method", "The authentication method must be client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt or none.")
	}
	return nil
}

func (m *ClientMetadata) checkKeySet(dev bool) *Error {
	if len(m.JWKS) > 0 && m.JWKSURI != "" { // RFC 7591 §2
		return badMember("jwks_uri", "Give jwks or jwks_uri, not both.")
	}
	if m.JWKSURI != "" {
		return badPageURI("jwks_uri", m.JWKSURI, dev)
	}
	if len(m.JWKS) == 0 {
		return nil
	}
	keys, err := ParseJWKS(m.JWKS)
	if err != nil {
		first := AsError(err)
		return first.On("jwks." + first.Field)
	}
	if len(keys) == 0 {
		return badMember("jwks", "The set has no key that signatures can be checked with.")
	}
	return nil
}

func (m *ClientMetadata) checkSigning(bool) *Error {
	known := slices.Concat(AsymmetricAlgs(), SymmetricAlgs())
	for _, f := range [][2]string{
		{"id_token_signed_response_alg", m.IDTokenSignedResponseAlg}, {"userinfo_signed_response_alg", m.UserInfoSignedResponseAlg},
		{"introspection_signed_response_alg", m.IntrospectionSignedResponseAlg},
	} {
		name, alg := f[0], f[1]
		switch {
		case alg == "" || slices.Contains(known, alg) && !symmetric(alg):
		case alg == "none" && name == "id_token_signed_response_alg":
			if err := m.checkUnsigned(); err != nil {
				return err
			}
		case !slices.Contains(known, alg):
			return badMember(name, "The signing algorithm must be one of %s.", strings.Join(known, ", "))
		case m.TokenEndpointAuthMethod == "none":
			// Whoever has the application has its key, and could sign as this provider.
			return badMember(name, "A public client cannot keep the key of %s to itself: choose another algorithm, such as RS256.", alg)
		}
	}
	switch {
	case m.HSKey != "" && m.HSKey != HSKeyClientSecret && m.HSKey != HSKeyDedicated:
		return badMember("hs_key", "The key of HS* tokens must be client_secret or dedicated.")
	case m.HSKey == HSKeyClientSecret && !m.HasSecret():
		return badMember("hs_key", "A client that authenticates by %s has no client_secret: choose dedicated.", m.TokenEndpointAuthMethod)
	}
	return nil
}

// checkUnsigned: an unsigned ID token is as trustworthy as the way that it came (OpenID
// Connect Core §3.1.3.7): over TLS from the token endpoint, to a client that it knows.
func (m *ClientMetadata) checkUnsigned() *Error {
	const name = "id_token_signed_response_alg"
	if m.TokenEndpointAuthMethod == "none" {
		return badMember(name, "Unsigned ID tokens are for clients that authenticate; token_endpoint_auth_method is none.")
	}
	for _, r := range m.ResponseTypes {
		if r != "code" {
			return badMember(name, "Unsigned ID tokens are for the response type code only, not for %q.", r)
		}
	}
	return nil
}

// badPageURI refuses an address that is not https with a host; with dev, http will do.
func badPageURI(name, raw string, dev bool) *Error {
	u, why := absolute(raw)
	switch {
	case why != "":
	case u.Scheme != "https" && !(dev && u.Scheme == "http"):
		why = "it must be https."
	case u.Hostname() == "":
		why = "it has no host."
	}
	if why != "" {
		return badMember(name, "The address %q cannot be used: %s", raw, why)
	}
	return nil
}
