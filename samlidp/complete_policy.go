package samlidp

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// Bounds of a policy, in seconds.
const (
	minLifetime        = 30
	maxLifetime        = 86400
	maxClockSkew       = 600
	minSessionLifetime = 60
	maxSessionLifetime = 30 * 86400

	maxProxyCount = 10
)

func completeSign(sp *idp.ServiceProvider) error {
	if sp.Sign == "" {
		sp.Sign = "response"
	}
	for _, c := range []struct {
		field, value string
		allowed      []string
	}{
		{"sign", sp.Sign, []string{"response", "assertion", "both"}},
		{"signature_algorithm", sp.SignatureAlgorithm, []string{"", "rsa-sha256", "rsa-sha384", "rsa-sha512", "ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512", "rsa-sha1"}},
		{"canonicalization", sp.Canonicalization, []string{"", "exclusive", "inclusive"}},
		{"response_binding", sp.ResponseBinding, []string{"", "post", "redirect"}},
		{"attribute_type", sp.AttributeType, []string{"", "string", "none"}},
		{"subject_id", sp.SubjectID, []string{"", "none", "subject-id", "pairwise-id"}},
	} {
		if !slices.Contains(c.allowed, c.value) {
			return oneOf(c.field, c.allowed)
		}
	}
	return nil
}

func oneOf(field string, allowed []string) error {
	if allowed[0] == "" {
		allowed = allowed[1:]
	}
	last := len(allowed) - 1
	return invalid("/"+field, "%s must be %s or %s.", field, strings.Join(allowed[:last], ", "), allowed[last])
}

// completeLegacy: broken algorithms are let in for a time, never for good (S14).
func completeLegacy(sp *idp.ServiceProvider) error {
	if sp.LegacyUntil == "" {
		if sp.SignatureAlgorithm == "rsa-sha1" || sp.AllowSHA1Requests {
			return invalid("/legacy_until", "SHA-1 is broken. If the application cannot do better yet, say in legacy_until by which day it will, such as 2027-06-30.")
		}
		return nil
	}
	if _, err := time.Parse(time.DateOnly, sp.LegacyUntil); err != nil {
		return invalid("/legacy_until", "legacy_until must be a day such as 2027-06-30.").Because(err)
	}
	return nil
}

func completeEncryption(sp *idp.ServiceProvider) error {
	ciphers := []string{"", "aes128-gcm", "aes192-gcm", "aes256-gcm", "aes128-cbc", "aes192-cbc", "aes256-cbc"}
	levels := []string{"", "never", "optional", "required"}
	switch {
	case !slices.Contains(levels, sp.Encrypt):
		return oneOf("encrypt", levels)
	case !slices.Contains(ciphers, sp.EncryptionAlgorithm):
		return oneOf("encryption_algorithm", ciphers)
	case sp.Canonicalization == "inclusive" && sp.Encrypt != "" && sp.Encrypt != "never":
		return invalid("/canonicalization", "An encrypted assertion cannot be signed with inclusive canonicalization: the signature would break when it is decrypted. Leave one of them out.")
	}
	_, err := sealer(*sp)
	switch {
	case err == nil:
		return nil
	case sp.Encrypt == "required":
		return invalid("/encrypt", "Encryption is required, and not possible: %s", idp.AsError(err).Public).Because(err)
	case sp.NameID.Encrypt:
		return invalid("/nameid/encrypt", "The NameID cannot be encrypted: %s", idp.AsError(err).Public).Because(err)
	}
	return nil
}

func completeNameID(sp *idp.ServiceProvider) error {
	c := &sp.NameID
	if urn := formats()[c.Format]; urn != "" {
		c.Format = urn
	}
	switch c.Format {
	case "", formatNone, FormatUnspecified, FormatEmail, FormatX509, FormatWindows, FormatKerberos, FormatEntity, FormatPersistent, FormatTransient:
	case "email":
		c.Format = FormatEmail
	default:
		return invalid("/nameid/format", "The NameID format must be unspecified, emailAddress, persistent, transient, X509SubjectName, WindowsDomainQualifiedName, kerberos, entity, none, or the full URN of one of them.")
	}
	if c.From != "" && (c.Format == FormatPersistent || c.Format == FormatTransient || c.Format == formatNone) {
		return invalid("/nameid/from", "A persistent or transient NameID is made here and comes from no directory attribute. Leave from out, or choose the format unspecified.")
	}
	if !word(c.NameQualifier) {
		return invalid("/nameid/name_qualifier", "A qualifier is one word, such as an entity ID, of at most %d bytes.", maxEntityID)
	}
	if !word(c.SPNameQualifier) {
		return invalid("/nameid/sp_name_qualifier", "A qualifier is one word, such as an entity ID, of at most %d bytes.", maxEntityID)
	}
	return nil
}

// completeNameIDSources: a format that only the directory can fill needs to know from where.
func completeNameIDSources(sp *idp.ServiceProvider) error {
	c := sp.NameID
	for format, from := range c.Sources {
		urn, known := formats()[format]
		if !known || urn == FormatPersistent || urn == FormatTransient {
			return invalid("/nameid/sources", "sources names a directory attribute for each of unspecified, emailAddress, X509SubjectName, WindowsDomainQualifiedName, kerberos and entity; %.40q is none of them.", format)
		}
		if from == "" || len(from) > maxName || wire.CheckText(from) != nil {
			return invalid("/nameid/sources", "The directory attribute for %s must be ordinary text of at most %d bytes.", format, maxName)
		}
	}
	if c.Format != "" && c.Format != formatNone && !canMake(c, c.Format) {
		return invalid("/nameid/from", "Say in from which directory attribute holds the NameID of the format %s.", shortFormat(c.Format))
	}
	return nil
}

func word(s string) bool { return len(s) <= maxEntityID && opaque(s) }

func completeAudiences(sp *idp.ServiceProvider) error {
	for i, a := range sp.Audiences {
		if a == "" || !word(a) {
			return invalid(fmt.Sprintf("/audiences/%d", i), "An audience is one word, such as an entity ID, of at most %d bytes.", maxEntityID)
		}
	}
	if sp.OmitEntityAudience && len(sp.Audiences) == 0 {
		return invalid("/omit_entity_audience", "Without the entity ID there must be at least one entry in audiences: an assertion for nobody in particular is for everybody.")
	}
	if sp.ProxyRestriction == nil {
		return nil
	}
	if n := sp.ProxyRestriction.Count; n != nil && (*n < 0 || *n > maxProxyCount) {
		return invalid("/proxy_restriction/count", "The count must be from 0 to %d.", maxProxyCount)
	}
	for i, a := range sp.ProxyRestriction.Audiences {
		if a == "" || !word(a) {
			return invalid(fmt.Sprintf("/proxy_restriction/audiences/%d", i), "An audience is one word, such as an entity ID, of at most %d bytes.", maxEntityID)
		}
	}
	return nil
}

func completeTimes(sp *idp.ServiceProvider) error {
	if sp.Lifetime == 0 {
		sp.Lifetime = int64(defaultLifetime.Seconds())
	}
	switch {
	case sp.Lifetime < minLifetime || sp.Lifetime > maxLifetime:
		return invalid("/lifetime", "The lifetime of assertions must be from %d to %d seconds.", minLifetime, maxLifetime)
	case sp.ClockSkew != nil && (*sp.ClockSkew < 0 || *sp.ClockSkew > maxClockSkew):
		return invalid("/clock_skew", "The clock skew must be from 0 to %d seconds.", maxClockSkew)
	case sp.SessionLifetime != 0 && (sp.SessionLifetime < minSessionLifetime || sp.SessionLifetime > maxSessionLifetime):
		return invalid("/session_lifetime", "The session lifetime must be from %d to %d seconds.", minSessionLifetime, maxSessionLifetime)
	}
	return nil
}

func completeAssigned(sp *idp.ServiceProvider) error {
	if err := sp.Assigned.Check(); err != nil {
		return err.On("/assigned" + err.Field)
	}
	return nil
}

func completePolicy(sp *idp.ServiceProvider) error {
	if checkRelayState(sp.DefaultRelayState) != nil {
		return invalid("/default_relay_state", "The RelayState must be text of at most %d bytes.", wire.MaxRelayState)
	}
	if sp.Recipient != "" && !absolute(sp.Recipient) {
		return invalid("/recipient", "The recipient must be a complete address such as https://app.example.com/saml/acs.")
	}
	if sp.AuthnContext == "" {
		return nil
	}
	if !absolute(sp.AuthnContext) {
		return invalid("/authn_context", "The authentication context must be an absolute URI.")
	}
	// Whoever reads it may open doors that a password alone does not open.
	if s, known := strength(sp.AuthnContext); known && s > strengthPasswordProtected {
		return invalid("/authn_context", "People sign in by password here, and this context claims more than that.")
	}
	return nil
}

func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && len(s) <= 2048 && opaque(s)
}
