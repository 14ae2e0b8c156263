// Package dsig signs and verifies XML signatures as SAML uses them (Core §5): enveloped
// ones inside a message, and detached ones over the query of the redirect binding.
//
// Out: [Signer.Begin] writes the signature element with room for its values while a
// [wire.Writer] is right after the Issuer; [Pending.Finish] fills them in when the element is
// closed. One pass, one private-key operation.
//
// In: [Verify] checks the one signature a message may carry, on the one tree it was
// parsed into, and says yes only when the signature covers the root, which is what is
// decoded next. [VerifyQuery] checks the octets of a redirect as received. Trust comes only
// from the keys that the caller gives; KeyInfo is not looked at.
package dsig
