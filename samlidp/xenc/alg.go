package xenc

import (
	"crypto"
	_ "crypto/sha1" // OAEP's default hash; collisions do not matter there
	_ "crypto/sha256"
	_ "crypto/sha512"
)

// Block ciphers (XML Encryption 1.1 §5.2).
const (
	AES128GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	AES192GCM = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
	AES256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	AES128CBC = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	AES192CBC = "http://www.w3.org/2001/04/xmlenc#aes192-cbc"
	AES256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
)

// Key transports (XML Encryption 1.1 §5.5).
const (
	OAEPMGF1P = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" // MGF1 with SHA-1, whatever the digest
	OAEP      = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
)

// Digests and mask generation functions of OAEP.
const (
	DigestSHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	DigestSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	DigestSHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	DigestSHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"

	mgfPrefix = "http://www.w3.org/2009/xmlenc11#mgf1"
)

// transport is a key transport with its parameters.
type transport struct {
	uri         string
	digest, mgf crypto.Hash
}

// transportOf reads the parameters; empty ones are SHA-1 (§5.5.2).
func transportOf(uri, digest, mgf string) (transport, bool) {
	t := transport{uri: uri, mgf: crypto.SHA1}
	var known, masked bool
	t.digest, known = digestOf(digest)
	switch uri {
	case OAEPMGF1P:
		masked = mgf == ""
	case OAEP:
		t.mgf, masked = mgfOf(mgf)
	}
	return t, known && masked
}

func digestOf(uri string) (crypto.Hash, bool) {
	switch uri {
	case "", DigestSHA1:
		return crypto.SHA1, true
	case DigestSHA256:
		return crypto.SHA256, true
	case DigestSHA384:
		return crypto.SHA384, true
	case DigestSHA512:
		return crypto.SHA512, true
	}
	return 0, false
}

func digestURI(h crypto.Hash) string {
	switch h {
	case crypto.SHA256:
		return DigestSHA256
	case crypto.SHA384:
		return DigestSHA384
	case crypto.SHA512:
		return DigestSHA512
	}
	return DigestSHA1
}

func mgfOf(uri string) (crypto.Hash, bool) {
	switch uri {
	case "", mgfPrefix + "sha1":
		return crypto.SHA1, true
	case mgfPrefix + "sha256":
		return crypto.SHA256, true
	case mgfPrefix + "sha384":
		return crypto.SHA384, true
	case mgfPrefix + "sha512":
		return crypto.SHA512, true
	}
	return 0, false
}

func mgfURI(h crypto.Hash) string {
	switch h {
	case crypto.SHA256:
		return mgfPrefix + "sha256"
	case crypto.SHA384:
		return mgfPrefix + "sha384"
	case crypto.SHA512:
		return mgfPrefix + "sha512"
	}
	return mgfPrefix + "sha1"
}
