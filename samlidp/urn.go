package samlidp

import "strings"

// NameID formats (Core §8.3).
const (
	FormatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	FormatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	FormatX509        = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
	FormatWindows     = "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName"
	FormatKerberos    = "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"
	FormatEntity      = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
	FormatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	FormatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

	// formatEncrypted stands in a NameIDPolicy only: some name, encrypted (Core §3.4.1.1).
	formatEncrypted = "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"
	// formatNone is an admin's: a subject without a name (IIP-IDP11).
	formatNone = "none"
)

// formats are the NameID formats by their short names.
func formats() map[string]string {
	return map[string]string{
		"unspecified": FormatUnspecified, "emailAddress": FormatEmail, "X509SubjectName": FormatX509,
		"WindowsDomainQualifiedName": FormatWindows, "kerberos": FormatKerberos, "entity": FormatEntity,
		"persistent": FormatPersistent, "transient": FormatTransient,
	}
}

// shortFormat is the last word of a format.
func shortFormat(urn string) string { return urn[strings.LastIndexByte(urn, ':')+1:] }

// Authentication context classes that we know how to order (Authentication Context §3.4).
const (
	classPrefix               = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
	classUnspecified          = classPrefix + "unspecified"
	classPassword             = classPrefix + "Password"
	classPasswordProtected    = classPrefix + "PasswordProtectedTransport"
	classTimeSyncToken        = classPrefix + "TimeSyncToken"
	classMobileTwoFactor      = classPrefix + "MobileTwoFactorContract"
	classMobileTwoFactorUnreg = classPrefix + "MobileTwoFactorUnregistered"
	classSmartcard            = classPrefix + "Smartcard"
	classSmartcardPKI         = classPrefix + "SmartcardPKI"
	classTLSClient            = classPrefix + "TLSClient"
	classX509                 = classPrefix + "X509"
	classREFEDSMFA            = "https://refeds.org/profile/mfa"
)

const methodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// Status codes (Core §3.2.2.2).
const (
	statusPrefix    = "urn:oasis:names:tc:SAML:2.0:status:"
	statusSuccess   = statusPrefix + "Success"
	statusRequester = statusPrefix + "Requester"
	statusResponder = statusPrefix + "Responder"

	subAuthnFailed         = statusPrefix + "AuthnFailed"
	subInvalidNameIDPolicy = statusPrefix + "InvalidNameIDPolicy"
	subNoAuthnContext      = statusPrefix + "NoAuthnContext"
	subNoPassive           = statusPrefix + "NoPassive"
	subPartialLogout       = statusPrefix + "PartialLogout"
	subNoSupportedIDP      = statusPrefix + "NoSupportedIDP"
	subRequestDenied       = statusPrefix + "RequestDenied"
	subRequestUnsupported  = statusPrefix + "RequestUnsupported"
	subUnknownPrincipal    = statusPrefix + "UnknownPrincipal"
)
