package wire

// Namespace names, each with the one prefix that the [Writer] uses for it.
const (
	NSProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"        // samlp
	NSAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"       // saml
	NSMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"        // md
	NSMDUI      = "urn:oasis:names:tc:SAML:metadata:ui"         // mdui
	NSAlg       = "urn:oasis:names:tc:SAML:metadata:algsupport" // alg
	NSDSig      = "http://www.w3.org/2000/09/xmldsig#"          // ds
	NSDSig11    = "http://www.w3.org/2009/xmldsig11#"           // dsig11
	NSEnc       = "http://www.w3.org/2001/04/xmlenc#"           // xenc
	NSEnc11     = "http://www.w3.org/2009/xmlenc11#"            // xenc11
	NSSchema    = "http://www.w3.org/2001/XMLSchema"            // xs
	NSInstance  = "http://www.w3.org/2001/XMLSchema-instance"
	NSSOAP      = "http://schemas.xmlsoap.org/soap/envelope/"          // soap
	NSAsyncSLO  = "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo" // aslo
	NSScope     = "urn:mace:shibboleth:metadata:1.0"                   // shibmd
	NSXML       = "http://www.w3.org/XML/1998/namespace"
)

// Bindings (SAML Bindings §3).
const (
	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	BindingArtifact = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
	BindingSOAP     = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
	BindingPAOS     = "urn:oasis:names:tc:SAML:2.0:bindings:PAOS"
)

// namespaceOf returns the namespace name of one of the Writer's prefixes, "" if it has none.
func namespaceOf(prefix string) string {
	switch prefix {
	case "samlp":
		return NSProtocol
	case "saml":
		return NSAssertion
	case "md":
		return NSMetadata
	case "mdui":
		return NSMDUI
	case "alg":
		return NSAlg
	case "ds":
		return NSDSig
	case "dsig11":
		return NSDSig11
	case "xenc":
		return NSEnc
	case "xenc11":
		return NSEnc11
	case "xs":
		return NSSchema
	case "xsi":
		return NSInstance
	case "shibmd":
		return NSScope
	case "soap":
		return NSSOAP
	case "aslo":
		return NSAsyncSLO
	}
	return ""
}
