package samlidp

// NameID formats (Core §8.3).
const (
	FormatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	FormatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	FormatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	FormatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

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
