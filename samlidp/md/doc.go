// Package md reads the metadata of service providers and writes our own
// (SAML Metadata 2.0).
//
// [ParseSP] reads what an admin pastes or uploads, says in one sentence with line and
// column what is wrong with it, and keeps a list of warnings about what it could do
// without. [ToServiceProvider] makes the kernel's record of it. [IdP.Marshal] writes
// our own document.
package md
